/** A finished run as a comparison needs it: its result, and the values of each sample by id. */
import { UserError } from '../errors.js';
import { KEYPOINT_METRIC_KEYS, METRIC_KEYS, METRICS } from '../metrics/index.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import { readMetrics } from '../runs/read-metrics.js';
import { RunDirectory } from '../runs/run-directory.js';
import { columnPositions, csvRows, damaged, numberIn, type CsvRow } from './csv-rows.js';
import { readKeypoints, type KeypointHits } from './keypoint-hits.js';

/**
 * The metrics a comparison looks at, in the order of a paper's table. Not the
 * twins with a proper rotation: they ask the same question once more.
 */
export const COMPARED_METRICS: readonly string[] = [...METRIC_KEYS, ...KEYPOINT_METRIC_KEYS];

export interface JointScores {
  readonly names: readonly string[];
  /** One value a joint, NaN where there is none; in metrics.json's units. */
  readonly columns: ReadonlyMap<string, Float64Array>;
}

export interface RunScores {
  readonly path: string;
  readonly document: MetricsDocument;
  /** Whether the predictions came from a file: which boxes they were made from is then not known. */
  readonly imported: boolean;
  /** Of the dataset folder's files, see `fingerprint`. */
  readonly fingerprint: string | null;
  readonly ids: readonly string[];
  /** Row of each sample. */
  readonly rowOf: ReadonlyMap<string, number>;
  /** 1 where the sample is scored. */
  readonly scored: Uint8Array;
  /** What each sample must be resampled together with; null where they are independent or it is not known. */
  readonly sequences: readonly string[] | null;
  /** One value a sample, NaN where there is none. */
  readonly columns: ReadonlyMap<string, Float64Array>;
  readonly joints: JointScores | null;
  /** Keypoints in the photograph: what PCK is made of; several where it is a mean over passes. Null for hands in 3D. */
  readonly keypoints: readonly KeypointHits[] | null;
}

/** @throws UserError where the folder holds no finished, scored run, or a file of it cannot be read. */
export async function readRunScores(path: string): Promise<RunScores> {
  const run = await RunDirectory.read(path);
  const document = await readMetrics(run);
  if (document === null) throw notScored(path);
  const samples = await readSamples(run.file('perSample'), document);
  const keypoints =
    document.protocol.measure === 'keypoints-2d'
      ? [await readKeypoints(run.file('perKeypoint'), samples.rowOf)]
      : null;
  const { configuration } = run.manifest;
  const { fingerprint } = configuration;
  return {
    path,
    document,
    imported: configuration.model === undefined,
    fingerprint: typeof fingerprint === 'string' ? fingerprint : null,
    ...samples,
    joints: await readJoints(run.file('perJoint'), document),
    keypoints,
  };
}

function notScored(path: string): UserError {
  return new UserError({
    code: 'run-unscored',
    message: 'This run predicted without ground truth: there is nothing to compare',
    file: path,
    expected: 'a finished run with scores',
    got: 'predictions alone',
    next: 'score its predictions on a folder with ground truth: hamba-eval run --predictions RUN_DIR',
  });
}

type Samples = Pick<RunScores, 'ids' | 'rowOf' | 'scored' | 'sequences' | 'columns'>;

async function readSamples(file: string, { metrics }: MetricsDocument): Promise<Samples> {
  const keys = COMPARED_METRICS.filter((key) => metrics[key] !== undefined);
  const ids: string[] = [];
  const rowOf = new Map<string, number>();
  const scored: number[] = [];
  const sequences: string[] = [];
  const values = keys.map((): number[] => []);
  let header: CsvRow | null = null;
  let places: number[] = [];
  for await (const row of csvRows(file)) {
    if (header === null) {
      header = row;
      places = columnPositions(file, header, ['id', 'state', ...keys]);
      continue;
    }
    const id = row.cells[places[0]!]!;
    if (rowOf.has(id)) throw damaged(file, row.line, 'every sample once', `${id} for the second time`);
    rowOf.set(id, ids.length);
    ids.push(id);
    scored.push(row.cells[places[1]!] === 'scored' ? 1 : 0);
    const sequence = header.cells.indexOf('sequence');
    if (sequence >= 0) sequences.push(row.cells[sequence]!);
    keys.forEach((key, k) => values[k]!.push(numberIn(file, row, places[k + 2]!, key)));
  }
  return {
    ids,
    rowOf,
    scored: Uint8Array.from(scored),
    sequences: sequences.length === 0 ? null : sequences,
    columns: new Map(keys.map((key, k) => [key, Float64Array.from(values[k]!)])),
  };
}

/** Null where no joint was scored (meshes alone). */
async function readJoints(file: string, { metrics }: MetricsDocument): Promise<JointScores | null> {
  const hasJoints = METRICS.some(({ key, of }) => metrics[key] !== undefined && of !== 'vertices');
  if (!hasJoints) return null;
  const names: string[] = [];
  const values = new Map<string, number[]>();
  let header: CsvRow | null = null;
  let name = 0;
  for await (const row of csvRows(file)) {
    if (header === null) {
      header = row;
      [name] = columnPositions(file, header, ['name']) as [number];
      for (const column of header.cells.filter(isJointFigure)) values.set(column, []);
      continue;
    }
    names.push(row.cells[name]!);
    for (const [column, list] of values) {
      list.push(numberIn(file, row, header.cells.indexOf(column), column));
    }
  }
  return { names, columns: new Map([...values].map(([key, list]) => [key, Float64Array.from(list)])) };
}

/** What per_joint.csv has beside names and counts. */
function isJointFigure(column: string): boolean {
  return column !== 'joint' && column !== 'name' && column !== 'samples' && !column.startsWith('labelled_');
}
