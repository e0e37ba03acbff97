/** How a prediction fits a ground truth after alignment, and how far a rotation is from a change of axes. */
import { centroid } from '../hand/vectors.js';
import { alignSimilarity, positionErrors, type Points, type Reflection } from '../metrics/index.js';
import { median } from './finding.js';
import { type PairedPart, rowOf } from './probe.js';

/** Joint errors after the official alignment, metres. */
export function alignedErrors(
  prediction: Points,
  truth: Points,
  reflection: Reflection = 'allowed',
): Float64Array {
  return positionErrors(alignSimilarity(prediction, truth, reflection).aligned, truth);
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k]!;
  return sum / values.length;
}

/** Mean error after alignment, metres. */
export function alignedError(prediction: Points, truth: Points, reflection: Reflection = 'allowed'): number {
  return mean(alignedErrors(prediction, truth, reflection));
}

/** Median over the rows of the mean error after alignment, metres. */
export function medianAlignedError(part: PairedPart): number {
  return median(part.rows.map((row) => alignedError(rowOf(part.predicted, row), rowOf(part.truth, row))));
}

/** Signs of x, y, z. */
export type Flip = readonly [1 | -1, 1 | -1, 1 | -1];

/**
 * Angle in degrees between an orthogonal 3×3 matrix and `flip`, of the same
 * determinant: arccos((tr(R·F) − 1) / 2), up to the common sign of a reflection.
 */
export function angleToFlip(rotation: ArrayLike<number>, flip: Flip): number {
  const trace = rotation[0]! * flip[0] + rotation[4]! * flip[1] + rotation[8]! * flip[2];
  return (Math.acos(Math.min(1, Math.max(-1, (trace - 1) / 2))) * 180) / Math.PI;
}

/** Depths nearer to the camera than this have no side, metres. */
export const CLEAR_DEPTH = 0.1;

/** The prediction lies on the other side of the camera than the truth. */
export function isBehind(prediction: Float64Array, truth: Float64Array): boolean {
  const z = centroid(prediction)[2];
  const g = centroid(truth)[2];
  return Math.min(Math.abs(z), Math.abs(g)) >= CLEAR_DEPTH && z * g < 0;
}

/** Mean distance of corresponding points once the centroids coincide, prediction times `flip`; metres. */
export function centredError(prediction: Float64Array, truth: Float64Array, flip: Flip): number {
  const [px, py, pz] = centroid(prediction);
  const [gx, gy, gz] = centroid(truth);
  const [fx, fy, fz] = flip;
  let sum = 0;
  for (let k = 0; k < truth.length; k += 3) {
    const x = (prediction[k]! - px) * fx - (truth[k]! - gx);
    const y = (prediction[k + 1]! - py) * fy - (truth[k + 1]! - gy);
    const z = (prediction[k + 2]! - pz) * fz - (truth[k + 2]! - gz);
    sum += Math.sqrt(x * x + y * y + z * z);
  }
  return sum / (truth.length / 3);
}
