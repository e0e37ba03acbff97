/** Prediction sets of a run directory scored sample by sample, as a comparison takes them. */
import { tmpdir } from 'node:os';
import { COMPARED_METRICS, jointScores, type RunScores } from '../comparison/run-scores.js';
import type { DatasetFolder, Selection } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { AnyProtocol } from '../metrics/index.js';
import type { JointRegressor } from '../predictions/joint-regressor.js';
import { openRunPredictions, type PredictionSet } from '../predictions/run-predictions.js';
import { silentProgress, type Progress } from '../progress.js';
import type { RunFolder } from '../runs/manifest.js';
import type { MetricValues } from '../runs/metrics-document.js';
import { openMeasuring } from '../score/measures.js';
import type { Measured } from '../score/measuring.js';
import { metricColumns, scoredFlags } from '../score/score-tables.js';

export type SetScores = Pick<RunScores, 'ids' | 'scored' | 'columns' | 'joints' | 'keypoints'> & {
  readonly metrics: MetricValues;
};

export interface SetsRequest {
  /** The run directory that holds the sets. */
  readonly run: RunFolder;
  readonly sets: readonly PredictionSet[];
  readonly folder: DatasetFolder;
  readonly protocol: AnyProtocol;
  readonly regressor: JointRegressor | null;
  readonly selection: Selection | null;
  readonly workers: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Scores each set against the same ground truth; writes nothing into the run directory. */
export async function scoreEach(request: SetsRequest): Promise<SetScores[]> {
  const { run, sets, folder, progress } = request;
  const scores: SetScores[] = [];
  const stage = progress.stage('score the fusion', sets.length, 'sets');
  const scratch = sets.length > 1 ? tmpdir() : null;
  const silent = { check: null, truth: null, progress: silentProgress };
  const measuring = await openMeasuring({ ...request, ...silent, scratch });
  try {
    for (const set of sets) {
      request.signal.throwIfAborted();
      const source = await openRunPredictions(run, folder.definition, 'run-directory', set);
      try {
        scores.push(scoresOf(await measuring.measure(source, null)));
      } finally {
        await source.close();
      }
      stage.update(scores.length);
    }
  } finally {
    stage.stop();
    await measuring.close();
  }
  return scores;
}

function scoresOf({ ids, rows, metrics, joints, keypoints }: Measured): SetScores {
  return {
    ids,
    scored: scoredFlags(rows),
    columns: metricColumns(rows, COMPARED_METRICS),
    metrics,
    joints: joints.names.length === 0 ? null : jointScores(joints),
    keypoints: keypoints === null ? null : [keypoints],
  };
}

/**
 * The mean over passes, sample by sample: its mean over the samples is mean-error, where all passes have scored the
 * same samples.
 *
 * @throws UserError where they have not.
 */
export function meanOfSets(path: string, sets: readonly SetScores[]): Omit<SetScores, 'metrics'> {
  const [first, ...others] = sets as [SetScores, ...SetScores[]];
  const { ids, scored, joints } = first;
  for (const other of others) {
    const row = scored.findIndex((state, at) => state !== other.scored[at]);
    if (row >= 0) throw unevenPasses(path, ids[row]!);
  }
  const mean = (key: string, columnsOf: (set: SetScores) => RunScores['columns']): Float64Array => {
    const columns = sets.map((set) => columnsOf(set).get(key)!);
    return columns[0]!.map((_, at) => columns.reduce((sum, column) => sum + column[at]!, 0) / sets.length);
  };
  const means = (columnsOf: (set: SetScores) => RunScores['columns']): Map<string, Float64Array> => {
    const keys = [...columnsOf(first).keys()].filter((key) => sets.every((set) => columnsOf(set).has(key)));
    return new Map(keys.map((key) => [key, mean(key, columnsOf)]));
  };
  return {
    ids,
    scored,
    columns: means(({ columns }) => columns),
    joints: joints && { names: joints.names, columns: means((set) => set.joints!.columns) },
    keypoints: first.keypoints && sets.flatMap(({ keypoints }) => keypoints!),
  };
}

function unevenPasses(path: string, id: string): UserError {
  return new UserError({
    code: 'fusion-uneven-passes',
    message: 'The passes have not scored the same samples, so mean-error has no value for each sample',
    file: path,
    expected: 'every pass of a sample scored, or none',
    got: `${id} scored in some passes alone`,
    next: 'compare a fusion of points, which leaves such a sample out, or predict again',
  });
}
