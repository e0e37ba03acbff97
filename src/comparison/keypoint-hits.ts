/**
 * PCK is no mean of per-sample values: it is taken joint by joint over the
 * labelled keypoints, then averaged over the joints. What each sample gives to
 * that is in per_keypoint.csv: which of its keypoints are labelled, and within
 * which threshold each lies.
 */
import { UserError } from '../errors.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { KEYPOINT_METRICS, KEYPOINT_SUBSETS, type KeypointSubset } from '../metrics/index.js';
import { columnPositions, csvRows, damaged, numberIn, type CsvRow } from './csv-rows.js';

export interface KeypointHits {
  /** N × 21: the smallest threshold of the curve that each keypoint is within; Infinity beyond all, and where it is not labelled. */
  readonly within: Float64Array;
  /** N × 21, 1 where labelled; null where the dataset does not say. */
  readonly labelled: Readonly<Record<KeypointSubset, Uint8Array | null>>;
}

/** @param rowOf the row of each sample in per_sample.csv. */
export async function readKeypoints(file: string, rowOf: ReadonlyMap<string, number>): Promise<KeypointHits> {
  const within = new Float64Array(rowOf.size * JOINT_COUNT).fill(Infinity);
  const labelled: Record<KeypointSubset, Uint8Array | null> = { all: null, vis: null, occ: null };
  let places: number[] = [];
  let subsets: [KeypointSubset, number][] = [];
  let header: CsvRow | null = null;
  try {
    for await (const row of csvRows(file)) {
      if (header === null) {
        header = row;
        places = columnPositions(file, row, ['id', 'joint', 'within']);
        subsets = KEYPOINT_SUBSETS.map((subset): [KeypointSubset, number] => [
          subset,
          row.cells.indexOf(`labelled_${subset}`),
        ]).filter(([, at]) => at >= 0);
        for (const [subset] of subsets) labelled[subset] = new Uint8Array(within.length);
        continue;
      }
      const sample = rowOf.get(row.cells[places[0]!]!);
      const joint = numberIn(file, row, places[1]!, 'joint');
      if (sample === undefined)
        throw damaged(file, row.line, 'an id of per_sample.csv', row.cells[places[0]!]!);
      if (!Number.isInteger(joint) || joint < 0 || joint >= JOINT_COUNT) {
        throw damaged(file, row.line, 'a joint from 0 to 20', row.cells[places[1]!]!);
      }
      const at = sample * JOINT_COUNT + joint;
      const threshold = numberIn(file, row, places[2]!, 'within');
      within[at] = Number.isNaN(threshold) ? Infinity : threshold;
      for (const [subset, place] of subsets) labelled[subset]![at] = row.cells[place] === '1' ? 1 : 0;
    }
  } catch (error) {
    throw error instanceof UserError && error.code === 'file-missing' ? withoutKeypoints(file) : error;
  }
  return { within, labelled };
}

function withoutKeypoints(file: string): UserError {
  return new UserError({
    code: 'run-incomplete',
    message: 'The run directory does not say which keypoints were hit',
    file,
    expected: 'per_keypoint.csv, from which PCK is compared joint by joint',
    got: 'no such file: the run was made before it was written, or it was removed',
    next: 'make the run again with hamba-eval run --force',
  });
}

/**
 * 1 for each labelled keypoint within the threshold: what a metric is a mean of ratios of, for the given rows. Where it
 * is a mean over passes, the share of them in which the keypoint is within.
 */
export function hitsOf(
  passes: readonly KeypointHits[],
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
