/** Measures keypoints in the photograph (HInt): a thousand small samples, scored where they are. */
import type { DatasetFolder, Selection } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { JOINT_COUNT } from '../hand/joints.js';
import {
  evaluateKeypoints,
  keypointsOfHand,
  KeypointAccumulator,
  type KeypointLabels,
  type KeypointProtocol,
  type KeypointResult,
  type KeypointScoreResult,
} from '../metrics/index.js';
import { inFolderOrder, type OrderedSource } from '../predictions/folder-order.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import type { Progress } from '../progress.js';
import type { Interval, UnscoredSample } from '../runs/metrics-document.js';
import { keypointIntervals } from './confidence.js';

/** What is measured, and against what. */
export interface MeasureKeypointsRequest {
  readonly folder: DatasetFolder;
  /** The labels of the folder. */
  readonly labels: KeypointLabels;
  /** What the labels came from, for messages. */
  readonly labelFile: string;
  readonly source: PredictionSource;
  readonly selection: Selection | null;
  readonly protocol: KeypointProtocol;
  readonly progress: Progress;
  readonly signal: AbortSignal;
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
  const { folder, labels, labelFile, selection, protocol, progress } = request;
  request.signal.throwIfAborted();
  if (request.source.keypoints === null) throw withoutKeypoints(request.source);
  if (request.source.ids === null && request.source.count !== labels.count) {
    throw countMismatch(request.source, labels.count, labelFile);
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
