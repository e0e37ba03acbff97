/** What a fusion of points is made of; each stands in a file of its own. */
import type { Pass } from './sweep.js';

/** The joints and vertices of one pass, N×3, metres; one of them may be missing. */
export interface HandPoints {
  readonly joints?: Float64Array;
  readonly vertices?: Float64Array;
}

/** Brings the points of a pass to the reference before they are averaged. */
export interface PointFusion {
  /** How often the reference counts beside being a pass of its own. */
  readonly extraReferences: 0 | 1;
  /**
   * @param reference the points of the un-augmented pass, the same parts
   * @param mirrored the photograph was flipped before it was cropped, and the points mirrored back
   * @returns the same parts in arrays of their own, or why this pass cannot be used.
   */
  bring(points: HandPoints, reference: HandPoints, pass: Pass, mirrored: boolean): HandPoints | string;
}
