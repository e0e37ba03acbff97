/**
 * PCK is no mean of per-sample values: it is taken joint by joint over the
 * labelled keypoints, then averaged over the joints. What each sample gives to
 * that is in per_keypoint.csv: which of its keypoints are labelled, and within
 * which threshold each lies.
 */
import { JOINT_COUNT } from '../hand/joints.js';
import { KEYPOINT_METRICS } from '../metrics/index.js';
import type { KeypointTable } from '../runs/tables/keypoint-table.js';

/**
 * 1 for each labelled keypoint within the threshold: what a metric is a mean of ratios of, for the given rows. Where it
 * is a mean over passes, the share of them in which the keypoint is within.
 */
export function hitsOf(
  passes: readonly KeypointTable[],
  metric: string,
  rows: Int32Array,
): { numerators: Float64Array; denominators: Float64Array } {
  const { subset, threshold } = KEYPOINT_METRICS.find(({ key }) => key === metric)!;
  // The labels are those of the dataset, the same in every pass.
  const mask = passes[0]!.labelled[subset];
  const numerators = new Float64Array(rows.length * JOINT_COUNT);
  const denominators = new Float64Array(numerators.length);
  rows.forEach((row, sample) => {
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      const from = row * JOINT_COUNT + joint;
      const to = sample * JOINT_COUNT + joint;
      if (mask?.[from] !== 1) continue;
      denominators[to] = 1;
      const hits = passes.reduce((sum, { within }) => sum + (within[from]! <= threshold ? 1 : 0), 0);
      numerators[to] = hits / passes.length;
    }
  });
  return { numerators, denominators };
}
