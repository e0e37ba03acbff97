/**
 * Position error after similarity alignment: PA-MPJPE on joints, PA-MPVPE on vertices.
 *
 *     PA = (1/N) Σ ‖aligned(p)_i − g_i‖₂
 *
 * Reference: `align_w_scale` then `EvalUtil` of FreiHAND and HO-3D `eval.py`.
 * Units: metres in, metres out. Direction: lower is better. The alignment
 * minimises squared error, so PA ≤ unaligned holds for the root mean square, not
 * strictly for this mean. Empty or differently sized input throws a `RangeError`.
 */

import type { Points } from './points.js';
import { positionErrors } from './position-error.js';
import { alignSimilarity, type Reflection } from './procrustes.js';

/** Mean position error of one sample after alignment, metres. */
export function paMeanPositionError(prediction: Points, groundTruth: Points, reflection: Reflection): number {
  const { aligned } = alignSimilarity(prediction, groundTruth, reflection);
  const errors = positionErrors(aligned, groundTruth);
  let sum = 0;
  for (const error of errors) sum += error;
  return sum / errors.length;
}
