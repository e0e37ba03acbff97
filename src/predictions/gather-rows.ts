/** Rows of predictions in another order. */
import { JOINT_COUNT } from '../hand/joints.js';
import { MANO_JOINT_COUNT } from '../hand/mano-layer.js';
import type { PredictionSource } from './prediction-source.js';

type PointArrays = Pick<PredictionSource, 'joints' | 'keypoints' | 'chainJoints' | 'roots'>;

/** The arrays of a source at `rows`; where one is −1, NaN. */
export function gatherArrays(source: PointArrays, rows: Int32Array): PointArrays {
  const at = (values: Float64Array | null, width: number): Float64Array | null =>
    values === null ? null : gatherRows(values, rows, width);
  return {
    joints: at(source.joints, JOINT_COUNT * 3),
    keypoints: at(source.keypoints, JOINT_COUNT * 2),
    chainJoints: at(source.chainJoints, MANO_JOINT_COUNT * 3),
    roots: at(source.roots, 3),
  };
}

/** The rows of `values`, each of `width` numbers. */
export function gatherRows(values: Float64Array, rows: Int32Array, width: number): Float64Array {
  const out = new Float64Array(rows.length * width).fill(Number.NaN);
  rows.forEach((row, index) => {
    if (row >= 0) out.set(values.subarray(row * width, (row + 1) * width), index * width);
  });
  return out;
}
