/** The tables of a scored run, from what was found of its samples and joints. */
import type { DatasetFolder, Selection } from '../datasets/types.js';
import { JOINT_COUNT, jointNames, type JointOrder } from '../hand/joints.js';
import {
  KEYPOINT_CURVE_THRESHOLDS,
  KEYPOINT_METRIC_KEYS,
  type JointScore,
  type KeypointJointScore,
  type KeypointResult,
  type KeypointScoreResult,
  type KeypointSubset,
  type PckCurve,
  type PckCurves,
} from '../metrics/index.js';
import type { UnscoredSample } from '../runs/metrics-document.js';
import type { CurveTable } from '../runs/tables/curve-table.js';
import type { JointTable } from '../runs/tables/joint-table.js';
import type { KeypointTable } from '../runs/tables/keypoint-table.js';
import type { SampleTable } from '../runs/tables/sample-table.js';
import type { SampleRow } from './score-pool.js';

export type SampleScore =
  | { readonly state: 'scored'; readonly metrics: Readonly<Partial<Record<string, number>>> }
  | { readonly state: 'unscored' };

/**
 * By metric one value a sample, NaN where it has none.
 *
 * @param order of the metrics; as they come in the samples unless given.
 */
export function metricColumns(
  rows: readonly SampleScore[],
  order?: readonly string[],
): Map<string, Float64Array> {
  const present = new Set(rows.flatMap((row) => (row.state === 'scored' ? Object.keys(row.metrics) : [])));
  const valueOf = (row: SampleScore, key: string): number =>
    row.state === 'scored' ? (row.metrics[key] ?? NaN) : NaN;
  const keys = order?.filter((key) => present.has(key)) ?? [...present];
  return new Map(keys.map((key) => [key, Float64Array.from(rows, (row) => valueOf(row, key))]));
}

/** 1 where the sample is scored. */
export function scoredFlags(rows: readonly SampleScore[]): Uint8Array {
  return Uint8Array.from(rows, ({ state }) => (state === 'scored' ? 1 : 0));
}

/** The samples that were scored, row by row. */
interface ScoredSamples<Row extends SampleScore> {
  readonly ids: readonly string[];
  readonly folder: DatasetFolder;
  readonly selection: Selection | null;
  readonly rows: readonly Row[];
  readonly unscored: readonly UnscoredSample[];
}

export function handSamples(samples: ScoredSamples<SampleRow>): SampleTable {
  const mirrored = (which: 'jointsReflected' | 'verticesReflected'): Float64Array =>
    Float64Array.from(samples.rows, (row) => Number(row.state === 'scored' ? row[which] : undefined));
  const columns = metricColumns(samples.rows)
    .set('joints_reflected', mirrored('jointsReflected'))
    .set('vertices_reflected', mirrored('verticesReflected'));
  return sampleTable(samples, columns);
}

export function keypointSamples(samples: ScoredSamples<KeypointResult>): SampleTable {
  return sampleTable(samples, metricColumns(samples.rows, KEYPOINT_METRIC_KEYS));
}

function sampleTable(
  { ids, folder: { sequenceOf }, selection, rows, unscored }: ScoredSamples<SampleScore>,
  columns: SampleTable['columns'],
): SampleTable {
  const reasons = new Map(unscored.map(({ id, reason }) => [id, reason]));
  return {
    ids,
    indices: selection ?? [...ids.keys()],
    scored: scoredFlags(rows),
    reasons: ids.map((id) => reasons.get(id) ?? ''),
    sequences: sequenceOf === null ? null : ids.map(sequenceOf),
    columns,
  };
}

const HAND_COLUMNS = [
  'samples',
  'pa_mpjpe_mm',
  'mpjpe_mm',
  'auc_aligned',
  'auc',
  'sta_mpjpe_mm',
  'auc_sta',
] as const;

const KEYPOINT_COLUMNS = ['labelled_all', 'labelled_vis', 'labelled_occ', ...KEYPOINT_METRIC_KEYS] as const;

export function handJoints(scores: readonly JointScore[], order: JointOrder): JointTable {
  return jointTable(scores, order, HAND_COLUMNS);
}

export function keypointJoints(scores: readonly KeypointJointScore[]): JointTable {
  return jointTable(scores, 'openpose', KEYPOINT_COLUMNS);
}

function jointTable<K extends string>(
  scores: readonly (Readonly<Partial<Record<K, number>>> & { readonly joint: number })[],
  order: JointOrder,
  keys: readonly K[],
): JointTable {
  const names = jointNames(order);
  const present = keys.filter((key) => scores.some((score) => score[key] !== undefined));
  return {
    joints: scores.map(({ joint }) => joint),
    names: scores.map(({ joint }) => names[joint]!),
    columns: new Map(present.map((key) => [key, Float64Array.from(scores, (score) => score[key] ?? NaN)])),
  };
}

export function handCurves(curves: PckCurves): CurveTable | null {
  const present = Object.entries(curves) as [string, PckCurve][];
  const thresholds = present[0]?.[1].thresholds_m.map((threshold) => threshold * 1000);
  return curveTable('threshold_mm', thresholds, present);
}

export function keypointCurves(curves: KeypointScoreResult['curves']): CurveTable | null {
  const present = Object.entries(curves);
  return curveTable('threshold', present[0]?.[1].thresholds, present);
}

function curveTable(
  scale: CurveTable['scale'],
  thresholds: readonly number[] | undefined,
  curves: readonly (readonly [string, { readonly pck: readonly number[] }])[],
): CurveTable | null {
  if (thresholds === undefined) return null;
  return { scale, thresholds, curves: new Map(curves.map(([name, { pck }]) => [name, pck])) };
}

export function keypointTable(results: readonly KeypointResult[]): KeypointTable {
  const scored = results.flatMap((result, row) => (result.state === 'scored' ? [{ ...result, row }] : []));
  const within = new Float64Array(results.length * JOINT_COUNT).fill(Infinity);
  for (const { bins, labelled, row } of scored) {
    bins.forEach((bin, joint) => {
      if (labelled.all[joint] !== 1) return;
      within[row * JOINT_COUNT + joint] = KEYPOINT_CURVE_THRESHOLDS[bin] ?? Infinity;
    });
  }
  const flags = (subset: KeypointSubset): Uint8Array | null => {
    if (scored.every(({ labelled }) => labelled[subset] === null)) return null;
    const all = new Uint8Array(within.length);
    for (const { labelled, row } of scored) all.set(labelled[subset] ?? [], row * JOINT_COUNT);
    return all;
  };
  return { within, labelled: { all: flags('all'), vis: flags('vis'), occ: flags('occ') } };
}
