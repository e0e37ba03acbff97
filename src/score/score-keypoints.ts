/** `score` for keypoints in the photograph (HInt): a thousand small samples, scored where they are. */
import type { DatasetFolder, KeypointTruth, Selection } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { JOINT_COUNT, jointNames } from '../hand/joints.js';
import {
  evaluateKeypoints,
  keypointsOfHand,
  KeypointAccumulator,
  type KeypointProtocol,
  type KeypointResult,
  type KeypointScoreResult,
} from '../metrics/index.js';
import { inFolderOrder, type OrderedSource } from '../predictions/folder-order.js';
import { PredictionImport } from '../predictions/prediction-import.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import type { Progress } from '../progress.js';
import {
  METRICS_SCHEMA,
  type Interval,
  type MetricsDocument,
  type UnscoredSample,
  type Warning,
} from '../runs/metrics-document.js';
import { writeResult } from '../runs/result-files.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { keypointIntervals } from './confidence.js';
import { ttaParts, ttaWarnings, type TtaResult } from './score-sets.js';
import { keypointCurves, keypointJoints, keypointSamples, keypointTable } from './score-tables.js';

/** What is measured, and against what. */
export interface MeasureKeypointsRequest {
  readonly folder: DatasetFolder;
  readonly truth: KeypointTruth;
  readonly source: PredictionSource;
  readonly selection: Selection | null;
  readonly protocol: KeypointProtocol;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface ScoreKeypointsRequest extends MeasureKeypointsRequest {
  readonly run: RunDirectory;
}

/** What the prediction set comes to, before anything is written of it. */
export interface MeasuredKeypoints {
  readonly ordered: OrderedSource;
  readonly results: readonly KeypointResult[];
  readonly result: KeypointScoreResult;
  readonly confidence: Readonly<Record<string, Interval>>;
  readonly unscored: readonly UnscoredSample[];
}

/** Scores a prediction set. */
export async function measureKeypoints(
  request: MeasureKeypointsRequest,
  withIntervals = true,
): Promise<MeasuredKeypoints> {
  const { folder, truth, selection, protocol, progress, signal } = request;
  const labels = await truth.read();
  signal.throwIfAborted();
  if (request.source.keypoints === null) throw withoutKeypoints(request.source);
  if (request.source.ids === null && request.source.count !== labels.count) {
    throw countMismatch(request.source, labels.count, truth.file);
  }
  const ordered = await inFolderOrder(request.source, folder, labels.count, selection);
  const { source, ids, absent } = ordered;
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
  const groups = folder.sequenceOf === null ? null : ids.map(folder.sequenceOf);
  const confidence = withIntervals ? keypointIntervals(results, groups) : {};
  return { ordered, results, result: accumulator.result(), confidence, unscored };
}

/** Writes every result file of the run directory and returns metrics.json's content. */
export async function writeKeypoints(
  { run, folder, selection, protocol }: ScoreKeypointsRequest,
  { ordered, results, result, confidence, unscored }: MeasuredKeypoints,
  tta: TtaResult | null,
): Promise<MetricsDocument> {
  const { source, ids } = ordered;
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
    confidence,
    ...ttaParts(tta),
    warnings: [
      ...folder.notices,
      ...source.notices,
      ...ttaWarnings(tta, unscored.length),
      ...unlabelled(result),
    ],
    unscored,
  };
  await writeResult(run, {
    document,
    samples: keypointSamples({ ids, folder, selection, rows: results, unscored }),
    joints: keypointJoints(result.joints),
    curves: keypointCurves(result.curves),
    keypoints: keypointTable(results),
    officialScores: null,
    origin: { ...source.origin },
    selected: selection !== null,
  });
  return document;
}

/** Keeps imported keypoints in the run directory. */
export async function keepKeypoints(run: RunDirectory, { source }: OrderedSource): Promise<void> {
  const importer = await PredictionImport.start(run, source);
  await run.update({ predictions: await importer.finish() });
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

/** A pred.json, whose two lists are places in space. */
function withoutKeypoints(source: PredictionSource): UserError {
  return new UserError({
    code: 'predictions-arrays',
    message: 'The predictions hold no keypoints in the photograph',
    file: source.origin.path,
    expected: "an array 'keypoints_2d' (N, 21, 2), px of the original photograph",
    got: source.origin.kind,
    next: 'save it as keypoints_2d.npy in a folder, or in an .npz',
  });
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
