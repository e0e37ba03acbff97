/** The csv files of a scored run: metrics, samples, joints, curves. */
import type { Selection } from '../datasets/types.js';
import { jointNames, type JointOrder } from '../hand/joints.js';
import type { PckCurve, ScoreResult } from '../metrics/index.js';
import { metricsCsv } from '../runs/metrics-csv.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { tableCsv, type Cell } from '../text/csv.js';
import type { SampleRow } from './score-pool.js';

export interface Tables {
  readonly ids: readonly string[];
  /** What a sample must be resampled together with, see `DatasetFolder`. */
  readonly sequenceOf: ((id: string) => string) | null;
  /** Positions of the rows in the folder; `null` where they are all of its samples. */
  readonly selection: Selection | null;
  readonly rows: readonly SampleRow[];
  readonly result: ScoreResult;
  readonly document: MetricsDocument;
  readonly jointOrder: JointOrder;
}

export async function writeTables(run: RunDirectory, tables: Tables): Promise<void> {
  await run.writeText('metricsCsv', metricsCsv(tables.document));
  await run.writeText('perSample', perSampleCsv(tables));
  if (tables.result.joints.length > 0) await run.writeText('perJoint', perJointCsv(tables));
  if (Object.keys(tables.result.curves).length > 0) {
    await run.writeText('pckCurves', pckCurvesCsv(tables.result));
  }
}

function perJointCsv({ result, jointOrder }: Tables): string {
  const names = jointNames(jointOrder);
  const columns = [
    'samples',
    'pa_mpjpe_mm',
    'mpjpe_mm',
    'auc_aligned',
    'auc',
    'sta_mpjpe_mm',
    'auc_sta',
  ] as const;
  const present = columns.filter((column) => result.joints.some((joint) => joint[column] !== undefined));
  return tableCsv(
    ['joint', 'name', ...present],
    result.joints.map((score) => [
      score.joint,
      names[score.joint],
      ...present.map((column) => score[column]),
    ]),
  );
}

/** One row a threshold, one column a curve, under the official script's names. */
function pckCurvesCsv({ curves }: ScoreResult): string {
  const present = Object.entries(curves) as [string, PckCurve][];
  const thresholds = present[0]?.[1].thresholds_m ?? [];
  return tableCsv(
    ['threshold_mm', ...present.map(([name]) => name)],
    thresholds.map((threshold, index) => [threshold * 1000, ...present.map(([, curve]) => curve.pck[index])]),
  );
}

/** One row a sample; the metrics of an unscored one are empty, its reason is not. */
function perSampleCsv({ ids, rows, selection, sequenceOf }: Tables): string {
  const keys = [
    ...new Set(rows.flatMap((row) => (row.state === 'scored' ? Object.keys(row.metrics) : []))),
  ] as (keyof Extract<SampleRow, { state: 'scored' }>['metrics'])[];
  const group = sequenceOf === null ? [] : ['sequence'];
  const header = [
    'index',
    'id',
    'state',
    'reason',
    ...group,
    ...keys,
    'joints_reflected',
    'vertices_reflected',
  ];
  return tableCsv(
    header,
    rows.map((row, index): Cell[] => {
      const start = [selection?.[index] ?? index, ids[index], row.state];
      const sequence = sequenceOf === null ? [] : [sequenceOf(ids[index]!)];
      if (row.state === 'unscored')
        return [...start, row.reason, ...sequence, ...keys.map(() => undefined), undefined, undefined];
      const values = keys.map((key) => row.metrics[key]);
      return [...start, undefined, ...sequence, ...values, row.jointsReflected, row.verticesReflected];
    }),
  );
}
