/** What became of each joint, over the samples that all runs have scored. */
import { JOINT_COUNT, jointNames } from '../hand/joints.js';
import { KEYPOINT_METRIC_KEYS, PckHistogram, type JointErrors } from '../metrics/index.js';
import type { JointChange } from './comparison-document.js';
import { hitsOf } from './keypoint-hits.js';
import type { JointScores, RunScores } from './run-scores.js';

/** Which errors a figure of a joint is of, and whether it is their mean or the area under their curve. */
const FIGURES: readonly (readonly [key: string, kind: keyof JointErrors, isMean: boolean])[] = [
  ['pa_mpjpe_mm', 'aligned', true],
  ['mpjpe_mm', 'raw', true],
  ['auc_aligned', 'aligned', false],
  ['auc', 'raw', false],
  ['sta_mpjpe_mm', 'scaleTranslation', true],
  ['auc_sta', 'scaleTranslation', false],
];

/**
 * The figures of a run's joints over some of its samples: its own result where those are all it has scored.
 *
 * @returns null where no joint is scored, or the run does not say what each sample gave to it.
 */
export function jointsOver(run: RunScores, rows: Int32Array): JointScores | null {
  if (run.joints === null) return null;
  if (rows.length === run.scored.reduce((sum, scored) => sum + scored, 0)) return run.joints;
  if (run.keypoints !== null) return keypointsOver(run, rows);
  return run.jointErrors === undefined || run.jointErrors === null ? null : errorsOver(run, run.joints, rows);
}

function keypointsOver({ joints, keypoints }: RunScores, rows: Int32Array): JointScores {
  const keys = KEYPOINT_METRIC_KEYS.filter((key) => joints!.columns.has(key));
  const columns = keys.map((key) => {
    const { numerators, denominators } = hitsOf(keypoints!, key, rows);
    const of = (values: Float64Array, joint: number): number =>
      values.reduce((sum, value, at) => (at % JOINT_COUNT === joint ? sum + value : sum), 0);
    const shares = Float64Array.from(
      { length: JOINT_COUNT },
      (_, joint) => of(numerators, joint) / of(denominators, joint),
    );
    return [key, shares] as const;
  });
  return { names: jointNames('openpose'), columns: new Map(columns) };
}

function errorsOver(
  { jointErrors, document }: RunScores,
  { names, columns: own }: JointScores,
  rows: Int32Array,
): JointScores {
  const { protocol } = document;
  const thresholds = protocol.measure === 'hands-3d' ? protocol.aucThresholdsMm : undefined;
  const samples = Array.from(rows, (row) => jointErrors![row]!);
  const columns = FIGURES.flatMap(([key, kind, isMean]): [string, Float64Array][] => {
    if (!own.has(key)) return [];
    const errors = samples.map((sample) => sample[kind]!);
    const histogram = new PckHistogram(names.length, thresholds);
    if (!isMean) for (const one of errors) histogram.add(one);
    const value = (joint: number): number =>
      isMean
        ? (errors.reduce((sum, one) => sum + one[joint]!, 0) / errors.length) * 1000
        : (histogram.keypointAuc(joint) ?? NaN);
    return [[key, Float64Array.from(names, (_, joint) => value(joint))]];
  });
  return { names, columns: new Map(columns) };
}

/** By figure, each joint that both have. */
export function jointChanges(before: JointScores, after: JointScores): Record<string, JointChange[]> {
  const keys = [...before.columns.keys()].filter((key) => after.columns.has(key));
  return Object.fromEntries(
    keys.map((key) => {
      const [old, values] = [before.columns.get(key)!, after.columns.get(key)!];
      const changes = before.names.map((joint, i) => {
        const at = after.names.indexOf(joint);
        const value = at < 0 ? NaN : values[at]!;
        return { joint, baseline: old[i]!, value, difference: value - old[i]! };
      });
      return [key, changes.filter(({ difference }) => !Number.isNaN(difference))];
    }),
  );
}
