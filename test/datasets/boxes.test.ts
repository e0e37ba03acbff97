/** Squares by hand: HaMeR's `expand_to_aspect_ratio` with 192:256, and `rescale_factor` 2. */
import { describe, expect, it } from 'vitest';
import {
  boxFromCorners,
  doubledLongerSide,
  grownLongerSide,
  grownToAspect,
} from '../../src/datasets/boxes.js';

describe('the side of a crop', () => {
  it.each([
    // Wider than 3:4: the height grows to width · 4/3.
    ['grown to the aspect', 90, 90, 120, grownToAspect],
    ['grown to the aspect', 90, 30, 120, grownToAspect],
    // Narrower: the height is the longer side already.
    ['grown to the aspect', 30, 90, 90, grownToAspect],
    ['grown to the aspect', 75, 100, 100, grownToAspect],
    ['the longer side, grown', 30, 90, 120, grownLongerSide],
    ['the longer side, grown', 90, 30, 120, grownLongerSide],
    ['twice the longer side', 30, 90, 180, doubledLongerSide],
    ['twice the longer side', 90, 30, 180, doubledLongerSide],
  ])('%s of %d × %d px is %d', (_, width, height, side, sideOf) => {
    expect(sideOf(width, height)).toBeCloseTo(side, 10);
  });

  it('is taken around the middle of the corners', () => {
    expect(boxFromCorners([10, 20, 40, 80], doubledLongerSide)).toEqual({ center: [25, 50], side: 120 });
    expect(boxFromCorners([-10, -20, 10, 0], doubledLongerSide)).toEqual({ center: [0, -10], side: 40 });
  });
});
