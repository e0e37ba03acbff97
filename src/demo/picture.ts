/** Sizes of pictures and rectangles in them, px; x right, y down, origin at the centre of the top left pixel. */
import { type PinholeCamera, projectPoints } from '../hand/camera.js';
import type { RgbImage } from '../imaging/decode.js';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Whole pixels of a picture: columns `left` … `left` + `width` − 1. */
export interface PixelWindow extends ImageSize {
  readonly left: number;
  readonly top: number;
}

/** The rectangle between two corners. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A square, as crops are taken of. */
export interface SquareBox {
  readonly center: readonly [number, number];
  readonly side: number;
}

export function wholePicture({ width, height }: ImageSize): PixelWindow {
  return { left: 0, top: 0, width, height };
}

/**
 * The tight rectangle around projected points, clipped to the picture.
 *
 * @param points N×3, camera frame (OpenCV axes)
 */
export function tightRectangle(points: Float64Array, camera: PinholeCamera, size: ImageSize): Rectangle {
  const pixels = projectPoints(points, camera);
  const extent = { left: size.width - 1, top: size.height - 1, right: 0, bottom: 0 };
  for (let i = 0; i < pixels.length; i += 2) {
    extent.left = Math.min(extent.left, pixels[i]!);
    extent.right = Math.max(extent.right, pixels[i]!);
    extent.top = Math.min(extent.top, pixels[i + 1]!);
    extent.bottom = Math.max(extent.bottom, pixels[i + 1]!);
  }
  return {
    left: Math.max(0, extent.left),
    top: Math.max(0, extent.top),
    right: Math.min(size.width - 1, extent.right),
    bottom: Math.min(size.height - 1, extent.bottom),
  };
}

export function longerSide({ left, top, right, bottom }: Rectangle): number {
  return Math.max(right - left, bottom - top);
}

export function centreOf({ left, top, right, bottom }: Rectangle): readonly [number, number] {
  return [(left + right) / 2, (top + bottom) / 2];
}

/** The rectangle in the picture flipped left to right. */
export function mirroredRectangle({ left, top, right, bottom }: Rectangle, width: number): Rectangle {
  return { left: width - 1 - right, top, right: width - 1 - left, bottom };
}

/** Every pixel of the picture that a crop of `box` interpolates between. */
export function windowAround({ center: [x, y], side }: SquareBox, size: ImageSize): PixelWindow {
  const reach = side / 2 + 1;
  const left = Math.max(0, Math.floor(x - reach));
  const top = Math.max(0, Math.floor(y - reach));
  const right = Math.min(size.width - 1, Math.ceil(x + reach));
  const bottom = Math.min(size.height - 1, Math.ceil(y + reach));
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The picture flipped left to right. */
export function mirroredPicture({
  width,
  height,
  data,
}: RgbImage): RgbImage & { data: Uint8Array<ArrayBuffer> } {
  const mirrored = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      const to = (y * width + width - 1 - x) * 3;
      mirrored[to] = data[from]!;
      mirrored[to + 1] = data[from + 1]!;
      mirrored[to + 2] = data[from + 2]!;
    }
  }
  return { width, height, data: mirrored };
}
