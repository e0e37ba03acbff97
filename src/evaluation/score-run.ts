/** Scores everything a run directory holds: the plain set, and what test-time augmentation left beside it. */
import { silentProgress, type Progress } from '../progress.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { GroundTruth } from './ground-truth.js';
import type { JointFormer } from './joint-source.js';
import type { PredictionSource } from './prediction-source.js';
import { measureHands, writeHands } from './score.js';
import { keepKeypoints, measureKeypoints, writeKeypoints } from './score-keypoints.js';
import { scoreSets, type SetScore, type TtaResult } from './score-sets.js';
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
  const { task, run, source, selection, former } = request;
  const { folder, protocol, context } = task;
  const { groundTruth } = folder;
  if (protocol.measure !== 'hands-3d' || groundTruth.kind !== 'hands') throw wrongTruth(task);
  const { workers } = task.request;
  const common = { run, folder, selection, protocol, former, workers, ...context };
  const measure = async (set: PredictionSource, truth: GroundTruth, progress: Progress) => {
    try {
      const keep = set === source && source.origin.kind !== 'model';
      return await measureHands({ ...common, progress, source: set, truth }, keep);
    } finally {
      await truth.close();
    }
  };
  const truth = request.truth ?? new GroundTruth(groundTruth);
  const plain = await measure(source, truth, context.progress);
  const tta = await scoreTta(request, 'pa_mpjpe_mm', async (set) => {
    const { accumulator, confidence, rows } = await measure(
      set,
      new GroundTruth(groundTruth),
      silentProgress,
    );
    const { metrics, proper } = accumulator.result();
    const unscored = rows.filter(({ state }) => state === 'unscored').length;
    const coverage = { scored: rows.length - unscored, unscored };
    return { metrics: { ...metrics, ...proper }, confidence, coverage };
  });
  return writeHands({ ...common, source, truth }, plain, tta);
}

async function scoreKeypoints(request: ScoreRunRequest): Promise<MetricsDocument> {
  const { task, run, source, selection } = request;
  const { folder, protocol, context } = task;
  const { groundTruth: truth } = folder;
  if (protocol.measure !== 'keypoints-2d' || truth.kind !== 'keypoints') throw wrongTruth(task);
  const common = { run, folder, truth, selection, protocol, ...context };
  const plain = await measureKeypoints({ ...common, source });
  if (source.origin.kind !== 'model') await keepKeypoints(run, plain.ordered);
  const tta = await scoreTta(request, 'pck_0_05_all', async (set) => {
    const { result, confidence, unscored, results } = await measureKeypoints({
      ...common,
      source: set,
      progress: silentProgress,
    });
    const coverage = { scored: results.length - unscored.length, unscored: unscored.length };
    return { metrics: { ...result.metrics }, confidence, coverage };
  });
  return writeKeypoints({ ...common, source }, plain, tta);
}

function scoreTta(
  { task, run, sets }: ScoreRunRequest,
  headline: string,
  measure: (source: PredictionSource) => Promise<SetScore>,
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
