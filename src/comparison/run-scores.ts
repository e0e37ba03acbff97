/** A finished run as a comparison needs it: its result, and the values of each sample by id. */
import { KEYPOINT_METRIC_KEYS, METRIC_KEYS, METRICS } from '../metrics/index.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import type { StoredRun } from '../runs/stored-run.js';
import type { JointErrorTable } from '../runs/tables/joint-errors.js';
import type { JointTable } from '../runs/tables/joint-table.js';
import type { KeypointTable } from '../runs/tables/keypoint-table.js';

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
  /** Fingerprint of the dataset folder's files, see `fingerprint`. */
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
  /** What those are made of, where it is read: see `withJointErrors`. Null where the run does not have it. */
  readonly jointErrors?: JointErrorTable | null;
  /** Keypoints in the photograph: what PCK is made of; several where it is a mean over passes. Null for hands in 3D. */
  readonly keypoints: readonly KeypointTable[] | null;
}

/** @throws UserError where the run is not finished or not scored, or a file of it cannot be read. */
export async function readRunScores(run: StoredRun): Promise<RunScores> {
  const document = await run.scored('compare');
  const present = COMPARED_METRICS.filter((key) => document.metrics[key] !== undefined);
  const { ids, scored, sequences, columns } = await run.samples(present);
  const isOfKeypoints = document.protocol.measure === 'keypoints-2d';
  const keypoints = isOfKeypoints ? [await run.keypoints(ids)] : null;
  // Of meshes alone no joint is scored.
  const hasJoints = METRICS.some(({ key, of }) => document.metrics[key] !== undefined && of !== 'vertices');
  const { model, fingerprint = null } = run.manifest.configuration;
  return {
    path: run.path,
    document,
    imported: model === undefined,
    fingerprint,
    ids,
    rowOf: new Map(ids.map((id, row) => [id, row])),
    scored,
    sequences,
    columns,
    joints: hasJoints ? jointScores(await run.joints()) : null,
    keypoints,
  };
}

/** With the errors of the joints, without which a part of the samples has none. */
export async function withJointErrors(scores: RunScores, run: StoredRun): Promise<RunScores> {
  return scores.keypoints === null ? { ...scores, jointErrors: await run.jointErrors() } : scores;
}

/** What per_joint.csv has beside counts. */
export function jointScores({ names, columns }: JointTable): JointScores {
  const isCount = (column: string): boolean => column === 'samples' || column.startsWith('labelled_');
  return { names, columns: new Map([...columns].filter(([column]) => !isCount(column))) };
}
