/** Scores everything a run directory holds: the plain set, and what test-time augmentation left beside it. */
import { GroundTruth } from '../datasets/ground-truth/ground-truth.js';
import type { DatasetFolder, Selection } from '../datasets/types.js';
import type { AnyProtocol } from '../metrics/index.js';
import type { JointRegressor } from '../predictions/joint-regressor.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import { silentProgress, type RunContext } from '../progress.js';
import type { RunFolder } from '../runs/manifest.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { keepKeypoints, measureKeypoints, writeKeypoints } from './score-keypoints.js';
import { ScorePool } from './score-pool.js';
import { writeHands } from './score-result.js';
import { hasSets, scoreSets, type SetScore, type TtaResult } from './score-sets.js';
import { measureHands, measureSet } from './score.js';

export interface ScoreRunRequest {
  readonly folder: DatasetFolder;
  readonly protocol: AnyProtocol;
  /** Scoring threads. */
  readonly workers: number;
  /** Whether the mean error of a sweep's passes is wanted beside their fusions. */
  readonly meanError: boolean;
  readonly context: RunContext;
  readonly run: RunDirectory;
  /** Where the passes of a sweep are, if any: the run itself, or the one whose passes were fused again. */
  readonly sets: RunFolder;
  /** The plain set. */
  readonly source: PredictionSource;
  readonly selection: Selection | null;
  readonly regressor: JointRegressor | null;
  /** See `ScoreRequest`. */
  readonly check: JointRegressor | null;
  /** Of the folder, where its reading has begun already; closed here. */
  readonly truth: GroundTruth | null;
}

/** Scores, writes every result file and ends the run. */
export async function scoreRun(request: ScoreRunRequest): Promise<MetricsDocument> {
  const { protocol, run } = request;
  const document =
    protocol.measure === 'hands-3d' ? await scoreHands(request) : await scoreKeypoints(request);
  await run.finish('complete');
  return document;
}

async function scoreHands(request: ScoreRunRequest): Promise<MetricsDocument> {
  const { folder, protocol, context, run, sets, source, selection, regressor, check } = request;
  const { groundTruth } = folder;
  if (protocol.measure !== 'hands-3d' || groundTruth.kind !== 'hands') throw wrongTruth(folder);
  // All sets are scored with one pool, against ground truth that is parsed once.
  const truth = request.truth ?? new GroundTruth(groundTruth);
  const pool = new ScorePool(request.workers, protocol);
  try {
    if (hasSets(sets, run)) await truth.keepMeshes(run.path);
    const common = { run, folder, truth, source, selection, protocol, regressor, check, pool, ...context };
    const plain = await measureHands(common, source.origin.kind === 'model' ? null : run);
    const tta = await scoreTta(request, (set, withIntervals) =>
      measureSet({ ...common, source: set, progress: silentProgress }, withIntervals),
    );
    return await writeHands(common, plain, tta);
  } finally {
    await pool.close();
    await truth.close();
  }
}

async function scoreKeypoints(request: ScoreRunRequest): Promise<MetricsDocument> {
  const { folder, protocol, context, run, source, selection } = request;
  const { groundTruth: truth } = folder;
  if (protocol.measure !== 'keypoints-2d' || truth.kind !== 'keypoints') throw wrongTruth(folder);
  // A thousand small files, perhaps, for all sets.
  const labels = await truth.read();
  const read = { ...truth, read: () => Promise.resolve(labels) };
  const common = { run, folder, truth: read, selection, protocol, ...context };
  const plain = await measureKeypoints({ ...common, source });
  if (source.origin.kind !== 'model') await keepKeypoints(run, plain.ordered);
  const tta = await scoreTta(request, async (set, withIntervals) => {
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
  { folder, meanError, context, run, sets }: ScoreRunRequest,
  measure: (source: PredictionSource, withIntervals: boolean) => Promise<SetScore>,
): Promise<TtaResult | null> {
  const { progress } = context;
  return scoreSets({
    from: sets,
    run,
    dataset: folder.definition,
    meanError,
    progress,
    measure,
  });
}

function wrongTruth({ definition }: DatasetFolder): TypeError {
  return new TypeError(`the ground truth of ${definition.id} is not what its protocol measures`);
}
