/** The frame header of a JPEG file (ITU T.81, B.2.2): what is in it, before anything is decoded. */

export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** Bits a sample. */
  readonly precision: number;
  /** Colour components. */
  readonly components: number;
}

/** Null where none is found. */
export function jpegFrame(bytes: Uint8Array): JpegFrame | null {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    const word = (from: number): number => (bytes[from]! << 8) | bytes[from + 1]!;
    if (isFrame) {
      return {
        precision: bytes[at + 4]!,
        height: word(at + 5),
        width: word(at + 7),
        components: bytes[at + 9]!,
      };
    }
    at += 2 + word(at + 2);
  }
  return null;
}

/** Pixels of the largest photograph that is decoded in WebAssembly, whose memory never shrinks. */
const MOST_PIXELS = 2 ** 24;

/** Whether `JpegDecoder` is for such a file; another kind is `decodeImage`'s. */
export function isOrdinary({ width, height, precision, components }: JpegFrame): boolean {
  return precision === 8 && (components === 1 || components === 3) && width * height <= MOST_PIXELS;
}
