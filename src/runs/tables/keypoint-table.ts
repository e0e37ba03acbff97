/**
 * `per_keypoint.csv`: what PCK is made of, for whoever compares two runs joint by joint. One row a labelled keypoint of
 * a scored sample; `within` is empty where it lies beyond every threshold.
 */
import { UserError } from '../../errors.js';
import { JOINT_COUNT, jointNames } from '../../hand/joints.js';
import { KEYPOINT_SUBSETS, type KeypointSubset } from '../../metrics/index.js';
import { tableCsv, type Cell } from '../../text/csv.js';
import type { RunDirectory } from '../run-directory.js';
import { CsvTable } from './csv-table.js';

export interface KeypointTable {
  /** N × 21: the smallest threshold of the curve (share of the longer side of the box) that each keypoint is within; Infinity beyond all, and where it is not labelled. */
  readonly within: Float64Array;
  /** N × 21, 1 where labelled; null where the dataset does not say. */
  readonly labelled: Readonly<Record<KeypointSubset, Uint8Array | null>>;
}

const columnOf = (subset: KeypointSubset): string => `labelled_${subset}`;

/** @param ids of the N samples. */
export async function writeKeypointTable(
  run: RunDirectory,
  ids: readonly string[],
  { within, labelled }: KeypointTable,
): Promise<void> {
  const names = jointNames('openpose');
  const known = KEYPOINT_SUBSETS.filter((subset) => labelled[subset] !== null);
  const rows: Cell[][] = [];
  within.forEach((threshold, at) => {
    const labels = known.map((subset) => labelled[subset]![at]!);
    if (!labels.includes(1)) return;
    const joint = at % JOINT_COUNT;
    const shown = threshold === Infinity ? undefined : threshold;
    rows.push([ids[(at - joint) / JOINT_COUNT], joint, names[joint], shown, ...labels]);
  });
  await run.writeText(
    'perKeypoint',
    tableCsv(['id', 'joint', 'name', 'within', ...known.map(columnOf)], rows),
  );
}

/**
 * @param ids of the samples, as per_sample.csv has them.
 * @throws UserError where the file is not there or damaged.
 */
export async function readKeypointTable(file: string, ids: readonly string[]): Promise<KeypointTable> {
  const table = await CsvTable.read(file, (header) => ({
    texts: ['id'],
    numbers: ['joint', 'within', ...KEYPOINT_SUBSETS.map(columnOf).filter((name) => header.includes(name))],
  })).catch((error: unknown) => {
    throw error instanceof UserError && error.code === 'file-missing' ? withoutKeypoints(file) : error;
  });
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const joints = table.number('joint');
  const places = table.text('id').map((id, row) => {
    const sample = rowOf.get(id);
    const joint = joints[row]!;
    if (sample === undefined) throw table.damaged(row, 'an id of per_sample.csv', id);
    if (!Number.isInteger(joint) || joint < 0 || joint >= JOINT_COUNT) {
      throw table.damaged(row, 'a joint from 0 to 20', String(joint));
    }
    return sample * JOINT_COUNT + joint;
  });
  const within = new Float64Array(ids.length * JOINT_COUNT).fill(Infinity);
  table.number('within').forEach((threshold, row) => {
    if (!Number.isNaN(threshold)) within[places[row]!] = threshold;
  });
  const flags = (subset: KeypointSubset): Uint8Array | null => {
    if (!table.header.includes(columnOf(subset))) return null;
    const labelled = new Uint8Array(within.length);
    table.number(columnOf(subset)).forEach((label, row) => {
      labelled[places[row]!] = label === 1 ? 1 : 0;
    });
    return labelled;
  };
  return { within, labelled: { all: flags('all'), vis: flags('vis'), occ: flags('occ') } };
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
