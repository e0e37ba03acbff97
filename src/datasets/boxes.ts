/**
 * From the box a dataset gives to the square that is cropped (HaMeR's evaluation, `datasets/image_dataset.py`):
 * FreiHAND and HO-3D grow the box to the aspect the network sees, HInt doubles its longer side.
 */
import type { Box } from '../hand/view.js';
import { grownSide } from '../imaging/crop.js';

/** The word for boxes of the true hands, in `--boxes` and in the protocol. */
export const TRUTH_BOXES = 'truth';

/** Corners of a box, px: left, top, right, bottom. */
export type Corners = readonly [number, number, number, number];

/** The side of the square for a box of width × height, px. */
export type BoxSide = (width: number, height: number) => number;

/** Grown to 192:256, then the longer side; a square box s gives 4s/3. */
export const grownToAspect: BoxSide = grownSide;

/** Twice the longer side (`rescale_factor` 2). */
export const doubledLongerSide: BoxSide = (width, height) => 2 * Math.max(width, height);

/**
 * The longer side, as a square, grown to the aspect. No rule is published for a box that comes without
 * HaMeR's metadata; this is ours, and `boxes: annotations` in a result says that it was followed.
 */
export const grownLongerSide: BoxSide = (width, height) => {
  const longer = Math.max(width, height);
  return grownSide(longer, longer);
};

/**
 * No photograph is larger (a JPEG ends at 65,535 px). Beyond it, and for smaller boxes, the points that the crop is
 * laid through fall together in single precision.
 */
const MOST_PX = 100_000;
const LEAST_PX = 0.1;

/** What every box must be, for errors. */
export const BOX_RANGE = `a box of ${LEAST_PX} px at least, within 100,000 px of the corner of the photograph`;

export function isUsableCenter(center: ArrayLike<number>): boolean {
  return Array.from(center).every((value) => Math.abs(value) <= MOST_PX);
}

/** @param size width and height */
export function isUsableSize(size: ArrayLike<number>): boolean {
  const sides = Array.from(size);
  return sides.every((side) => side > 0 && side <= 2 * MOST_PX) && Math.max(...sides) >= LEAST_PX;
}

export function isUsableBox([left, top, right, bottom]: Corners): boolean {
  return isUsableCenter([left, top, right, bottom]) && isUsableSize([right - left, bottom - top]);
}

export function boxFromCorners([left, top, right, bottom]: Corners, sideOf: BoxSide): Box {
  return {
    center: [(left + right) / 2, (top + bottom) / 2],
    side: sideOf(right - left, bottom - top),
  };
}
