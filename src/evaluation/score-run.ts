/** Scores everything a run directory holds: the plain set, and what test-time augmentation left beside it. */
import { silentProgress } from '../progress.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { GroundTruth } from './ground-truth.js';
import type { JointFormer } from './joint-source.js';
import type { PredictionSource } from './prediction-source.js';
import { measureHands, measureSet } from './score.js';
import { keepKeypoints, measureKeypoints, writeKeypoints } from './score-keypoints.js';
import { ScorePool } from './score-pool.js';
import { writeHands } from './score-result.js';
import { hasSets, scoreSets, type SetScore, type TtaResult } from './score-sets.js';
import type { Selection } from './selection.js';
import type { Task } from './task.js';

export interface ScoreRunRequest {
  readonly task: Task;
  readonly run: RunDirectory;
  /** Where the passes of a sweep are, if any: the run itself, or the one whose passes were fused again. */
  readonly sets: RunDirectory;
  /** The plain set. */
  readonly source: PredictionSource;
  readonly selection: Selection | null;
  readonly former: JointFormer | null;
  /** See `ScoreRequest`. */
  readonly check: JointFormer | null;
  /** Of the folder, where its reading has begun already; closed here. */
  readonly truth: GroundTruth | null;
}

/** Scores, writes every result file and ends the run. */
export async function scoreRun(request: ScoreRunRequest): Promise<MetricsDocument> {
  const { task, run } = request;
  const document =
    task.protocol.measure === 'hands-3d' ? await scoreHands(request) : await scoreKeypoints(request);
  await run.finish('complete');
  return document;
}

async function scoreHands(request: ScoreRunRequest): Promise<MetricsDocument> {
  const { task, run, sets, source, selection, former, check } = request;
  const { folder, protocol, context } = task;
  const { groundTruth } = folder;
  if (protocol.measure !== 'hands-3d' || groundTruth.kind !== 'hands') throw wrongTruth(task);
  // All sets are scored with one pool, against ground truth that is parsed once.
  const truth = request.truth ?? new GroundTruth(groundTruth);
  const pool = new ScorePool(task.request.workers, protocol);
  try {
    if (hasSets(sets, run)) await truth.keepMeshes(run.path);
    const common = { run, folder, truth, source, selection, protocol, former, check, pool, ...context };
    const plain = await measureHands(common, source.origin.kind !== 'model');
    const tta = await scoreTta(request, 'pa_mpjpe_mm', (set, withIntervals) =>
      measureSet({ ...common, source: set, progress: silentProgress }, withIntervals),
    );
    return await writeHands(common, plain, tta);
  } finally {
    await pool.close();
    await truth.close();
  }
}

async function scoreKeypoints(request: ScoreRunRequest): Promise<MetricsDocument> {
  const { task, run, source, selection } = request;
  const { folder, protocol, context } = task;
  const { groundTruth: truth } = folder;
  if (protocol.measure !== 'keypoints-2d' || truth.kind !== 'keypoints') throw wrongTruth(task);
  // A thousand small files, perhaps, for all sets.
  const labels = await truth.read();
  const read = { ...truth, read: () => Promise.resolve(labels) };
  const common = { run, folder, truth: read, selection, protocol, ...context };
  const plain = await measureKeypoints({ ...common, source });
  if (source.origin.kind !== 'model') await keepKeypoints(run, plain.ordered);
  const tta = await scoreTta(request, 'pck_0_05_all', async (set, withIntervals) => {
    const { result, confidence, unscored, results } = await measureKeypoints(
      { ...common, source: set, progress: silentProgress },
      withIntervals,
    );
    const coverage = { scored: results.length - unscored.length, unscored: unscored.length };
    return { metrics: { ...result.metrics }, confidence, coverage };
  });
  return writeKeypoints({ ...common, source }, plain, tta);
}

function scoreTta(
  { task, run, sets }: ScoreRunRequest,
  headline: string,
  measure: (source: PredictionSource, withIntervals: boolean) => Promise<SetScore>,
): Promise<TtaResult | null> {
  const meanError = task.request.tta?.fusions.includes('mean-error') ?? false;
  const { progress } = task.context;
  return scoreSets({
    from: sets,
    run,
    dataset: task.folder.definition,
    meanError,
    headline,
    progress,
    measure,
  });
}

function wrongTruth({ folder }: Task): TypeError {
  return new TypeError(`the ground truth of ${folder.definition.id} is not what its protocol measures`);
}
