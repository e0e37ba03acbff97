/**
 * From the box a dataset gives to the square that is cropped (HaMeR's evaluation, `datasets/image_dataset.py`):
 * FreiHAND and HO-3D grow the box to the aspect the network sees, HInt doubles its longer side.
 */
import type { Box } from '../hand/view.js';
import { grownSide } from '../imaging/crop.js';

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

export function boxFromCorners([left, top, right, bottom]: Corners, sideOf: BoxSide): Box {
  return {
    center: [(left + right) / 2, (top + bottom) / 2],
    side: sideOf(right - left, bottom - top),
  };
}
