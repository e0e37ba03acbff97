/**
 * Puts predicted hands where the benchmark publishes the wrist. Models of the HaMeR family know a
 * hand's shape and pose, not its place in the room; HO-3D publishes the wrist of each sample, and
 * what its evaluator sees is the prediction moved there.
 */
import { JOINT_COUNT } from './joints.js';

/** The wrist is joint 0 in every order of the 21 joints. */
const WRIST = 0;

/**
 * What has to be added to each hand: N × 3; NaN where the wrist is not predicted or not published.
 *
 * @param joints N × 21 × 3, in the roots' axes, metres.
 * @param roots N × 3.
 */
export function wristOffsets(joints: Float64Array, roots: Float64Array): Float64Array {
  const offsets = new Float64Array(roots.length);
  for (let at = 0; at < roots.length; at++) {
    const sample = Math.floor(at / 3);
    offsets[at] = roots[at]! - joints[(sample * JOINT_COUNT + WRIST) * 3 + (at % 3)]!;
  }
  return offsets;
}

/** Moves `points` (each sample `count` × 3) in place; `first` is the sample the points begin with. */
export function moveBy(points: Float64Array, count: number, offsets: Float64Array, first = 0): void {
  for (let k = 0; k < points.length; k++) {
    const sample = first + Math.floor(k / (count * 3));
    points[k] = points[k]! + offsets[sample * 3 + (k % 3)]!;
  }
}
