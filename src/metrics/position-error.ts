/**
 * Position error: the Euclidean distance between a predicted and a true point.
 *
 *     e_i = ‖p_i − g_i‖₂,   MPJPE = (1/N) Σ e_i  (vertices: MPVPE)
 *
 * Reference: `EvalUtil.feed` of FreiHAND and HO-3D (`np.sqrt(np.sum(np.square(diff), axis=1))`).
 * Axes: those of the two inputs, which must agree. Units: metres in, metres out.
 * Direction: lower is better. Empty or differently sized input throws a
 * `RangeError`; a NaN in the input gives NaN, which `evaluateSample` turns away
 * before it comes here.
 */

import { asDoubles, pairedCount, type Points } from './points.js';

/** Per-point distances of the first `count` points, written to `out`; returns their sum. No checks: hot loop. */
export function distancesInto(
  prediction: Float64Array,
  groundTruth: Float64Array,
  count: number,
  out: Float64Array,
): number {
  let sum = 0;
  for (let i = 0, k = 0; i < count; i++, k += 3) {
    const dx = prediction[k]! - groundTruth[k]!;
    const dy = prediction[k + 1]! - groundTruth[k + 1]!;
    const dz = prediction[k + 2]! - groundTruth[k + 2]!;
    const distance = Math.sqrt(dx * dx + dy * dy + dz * dz);
    out[i] = distance;
    sum += distance;
  }
  return sum;
}

/** Distance of each predicted point to the true point of the same index, metres. */
export function positionErrors(prediction: Points, groundTruth: Points): Float64Array {
  const count = pairedCount(prediction, groundTruth);
  const out = new Float64Array(count);
  distancesInto(asDoubles(prediction), asDoubles(groundTruth), count, out);
  return out;
}

/**
 * Mean position error of one sample, metres: MPJPE on joints, MPVPE on
 * vertices. No alignment of any kind, no root subtraction.
 */
export function meanPositionError(prediction: Points, groundTruth: Points): number {
  const count = pairedCount(prediction, groundTruth);
  const out = new Float64Array(count);
  return distancesInto(asDoubles(prediction), asDoubles(groundTruth), count, out) / count;
}
