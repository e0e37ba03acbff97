/** Scores everything a run directory holds: the plain set, and what test-time augmentation left beside it. */
import { GroundTruth } from '../datasets/ground-truth/ground-truth.js';
import type { DatasetFolder, Selection } from '../datasets/types.js';
import type { AnyProtocol } from '../metrics/index.js';
import type { JointRegressor } from '../predictions/joint-regressor.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import type { RunContext } from '../progress.js';
import type { RunFolder } from '../runs/manifest.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { openMeasuring } from './measures.js';
import { hasSets, scoreSets } from './score-sets.js';

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
  /** The folder's ground truth where its reading has begun already; closed here. */
  readonly truth: GroundTruth | null;
}

/** Scores, writes every result file and ends the run. */
export async function scoreRun(request: ScoreRunRequest): Promise<MetricsDocument> {
  const { folder, meanError, context, run, sets, source } = request;
  const scratch = hasSets(sets, run) ? run.path : null;
  const measuring = await openMeasuring({ ...request, ...context, scratch });
  try {
    const plain = await measuring.measure(source, source.origin.kind === 'model' ? null : run);
    const tta = await scoreSets({
      from: sets,
      run,
      dataset: folder.definition,
      meanError,
      progress: context.progress,
      measure: (set, withIntervals) => measuring.measureSet(set, withIntervals),
    });
    const document = await plain.write(run, tta);
    await run.finish('complete');
    return document;
  } finally {
    await measuring.close();
  }
}
