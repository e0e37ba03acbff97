/** A photograph in memory. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** height × width × 3, row-major, R G B. */
  readonly data: Uint8Array;
  /** A JPEG file that stops before its end marker, with all its pixels. */
  readonly lacksEnd?: true;
}

/** Grey is repeated, an alpha channel is dropped without blending, both as OpenCV does. */
export function toRgb(data: Uint8Array, pixels: number, channels: number): Uint8Array {
  if (channels === 3) return data;
  const rgb = new Uint8Array(pixels * 3);
  const green = channels >= 3 ? 1 : 0;
  const blue = channels >= 3 ? 2 : 0;
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++, from += channels, to += 3) {
    rgb[to] = data[from]!;
    rgb[to + 1] = data[from + green]!;
    rgb[to + 2] = data[from + blue]!;
  }
  return rgb;
}
