/** `score` for keypoints in the photograph (HInt): a thousand small samples, scored where they are. */
import type { DatasetFolder, KeypointTruth } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { JOINT_COUNT, jointNames } from '../hand/joints.js';
import {
  evaluateKeypoints,
  keypointsOfHand,
  keypointTallies,
  KeypointAccumulator,
  KEYPOINT_METRIC_KEYS,
  type KeypointProtocol,
  type KeypointResult,
  type KeypointScoreResult,
} from '../metrics/index.js';
import { metricsCsv, tableCsv, type Cell } from '../reporting/csv.js';
import type { Progress } from '../progress.js';
import {
  METRICS_SCHEMA,
  type Interval,
  type MetricsDocument,
  type UnscoredSample,
  type Warning,
} from '../runs/metrics-document.js';
import { toJsonText, type RunDirectory } from '../runs/run-directory.js';
import { bootstrapRatioMeans } from '../statistics/bootstrap.js';
import { inFolderOrder } from './folder-order.js';
import { PredictionImport } from './prediction-import.js';
import type { PredictionSource } from './prediction-source.js';
import type { Selection } from './selection.js';

export interface ScoreKeypointsRequest {
  readonly run: RunDirectory;
  readonly folder: DatasetFolder;
  readonly truth: KeypointTruth;
  readonly source: PredictionSource;
  readonly selection: Selection | null;
  readonly protocol: KeypointProtocol;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Scores, writes every result file of the run directory and returns metrics.json's content. */
export async function scoreKeypoints(request: ScoreKeypointsRequest): Promise<MetricsDocument> {
  const { run, folder, truth, selection, protocol, progress, signal } = request;
  const labels = await truth.read();
  signal.throwIfAborted();
  if (request.source.ids === null && request.source.count !== labels.count) {
    throw countMismatch(request.source, labels.count, truth.file);
  }
  const ordered = await inFolderOrder(request.source, folder, labels.count, selection);
  const { source, ids, absent } = ordered;
  if (source.origin.kind !== 'model') {
    const importer = await PredictionImport.start(run, source);
    await run.update({ predictions: await importer.finish() });
  }
  const stage = progress.stage('score', source.count, 'samples');
  const accumulator = new KeypointAccumulator(protocol);
  const results: KeypointResult[] = [];
  const unscored: UnscoredSample[] = [];
  for (let row = 0; row < source.count; row++) {
    const prediction = source.keypoints!.subarray(row * JOINT_COUNT * 2, (row + 1) * JOINT_COUNT * 2);
    const result = evaluateKeypoints({ prediction, truth: keypointsOfHand(labels, selection?.[row] ?? row) });
    results.push(result);
    accumulator.add(result);
    if (absent.has(row)) {
      unscored.push({ id: ids[row]!, code: 'no-prediction', reason: 'there is no prediction for it' });
    } else if (result.state === 'unscored') {
      const known = source.failed.get(ids[row]!) ?? { code: result.reason, reason: result.message };
      unscored.push({ id: ids[row]!, ...known });
    }
  }
  stage.update(source.count);
  stage.stop();
  await source.finish();
  const result = accumulator.result();
  const groups = folder.sequenceOf === null ? {} : { groups: ids.map(folder.sequenceOf) };
  const intervals = bootstrapRatioMeans(keypointTallies(results), groups);
  const document: MetricsDocument = {
    schema: METRICS_SCHEMA,
    state: 'complete',
    dataset: { id: folder.definition.id, split: folder.split },
    coverage: {
      scored: source.count - unscored.length,
      unscored: unscored.length,
      folder: ordered.folderCount,
      benchmark: folder.benchmarkCount,
    },
    protocol,
    metrics: { ...result.metrics },
    confidence: Object.fromEntries(
      Object.entries(intervals).map(([key, { low, high, level }]): [string, Interval] => [
        key,
        { low, high, level },
      ]),
    ),
    warnings: [...folder.notices, ...source.notices, ...unlabelled(result)],
    unscored,
  };
  await run.writeText('metricsCsv', metricsCsv(document));
  await run.writeText('perSample', perSampleCsv(ids, selection, results, unscored));
  await run.writeText('perJoint', perJointCsv(result));
  if (Object.keys(result.curves).length > 0) await run.writeText('pckCurves', curvesCsv(result));
  await run.writeText('metrics', toJsonText(document));
  await run.update({ coverage: document.coverage, origin: source.origin });
  return document;
}

const SUBSET_WORDS = { all: 'labelled', vis: 'labelled as visible', occ: 'labelled as occluded' } as const;

/** A joint without labels is left out of a mean, and said to be. */
function unlabelled({ unlabelledJoints }: KeypointScoreResult): Warning[] {
  const names = jointNames('openpose');
  return Object.entries(unlabelledJoints).map(([subset, joints]) => ({
    code: 'joints-unlabelled',
    message: `${joints.length} of the 21 joints are ${SUBSET_WORDS[subset as keyof typeof SUBSET_WORDS]} nowhere and left out of the mean: ${joints.map((joint) => names[joint]!).join(', ')}`,
    remedy: 'on the whole benchmark every joint has labels; quote no figure of a part of it',
  }));
}

function perSampleCsv(
  ids: readonly string[],
  selection: Selection | null,
  results: readonly KeypointResult[],
  unscored: readonly UnscoredSample[],
): string {
  const keys = KEYPOINT_METRIC_KEYS.filter((key) =>
    results.some((result) => result.state === 'scored' && result.metrics[key] !== undefined),
  );
  const reasons = new Map(unscored.map(({ id, reason }) => [id, reason]));
  return tableCsv(
    ['index', 'id', 'state', 'reason', ...keys],
    results.map((result, row): Cell[] => [
      selection?.[row] ?? row,
      ids[row],
      result.state,
      reasons.get(ids[row]!),
      ...keys.map((key) => (result.state === 'scored' ? result.metrics[key] : undefined)),
    ]),
  );
}

function perJointCsv({ joints }: KeypointScoreResult): string {
  const names = jointNames('openpose');
  const columns = ['labelled_all', 'labelled_vis', 'labelled_occ', ...KEYPOINT_METRIC_KEYS] as const;
  const present = columns.filter((column) => joints.some((joint) => joint[column] !== undefined));
  return tableCsv(
    ['joint', 'name', ...present],
    joints.map((joint) => [joint.joint, names[joint.joint], ...present.map((column) => joint[column])]),
  );
}

/** Thresholds as shares of the box's longer side; one column a subset. */
function curvesCsv({ curves }: KeypointScoreResult): string {
  const present = Object.entries(curves);
  const thresholds = present[0]![1].thresholds;
  return tableCsv(
    ['threshold', ...present.map(([subset]) => subset)],
    thresholds.map((threshold, index) => [threshold, ...present.map(([, curve]) => curve.pck[index])]),
  );
}

function countMismatch(source: PredictionSource, count: number, file: string): UserError {
  return new UserError({
    code: 'predictions-count',
    message: 'Predictions and labels differ in the number of samples',
    file: source.origin.path,
    expected: `${count} samples, as in ${file}`,
    got: `${source.count} samples`,
    next: "predict every sample in the order of the names, or add an array 'ids' with the names",
  });
}
