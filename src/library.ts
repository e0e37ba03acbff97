/**
 * The package's entry, `hamba-eval`: what the commands do, for programs of one's own (docs/library.md).
 * `hamba-eval/metrics` has the metrics alone.
 */
import { availableParallelism } from 'node:os';
import type { ComparisonDocument } from './comparison/comparison-document.js';
import { compareRuns, type CompareRequest } from './evaluation/compare.js';
import type { Outcome } from './evaluation/outcome.js';
import { run as evaluate, type ModelRequest, type PredictionsRequest } from './evaluation/run.js';
import { silentProgress, type RunContext } from './progress.js';
import { StoredRun } from './runs/stored-run.js';

export type { ComparisonDocument } from './comparison/comparison-document.js';
export { UserError } from './errors.js';
export type { Outcome } from './evaluation/outcome.js';
export type { Progress, ProgressStage } from './progress.js';
export type { Manifest } from './runs/manifest.js';
export type { StoredRun } from './runs/stored-run.js';
export type { Coverage, Interval, MetricsDocument, Warning } from './runs/metrics-document.js';

/** Where the work shows itself, nowhere unless given; and what ends it. */
export type Context = Partial<RunContext>;

/** What need not be said: the evaluation split, as many threads as cores, another run in the folder is refused. */
type Defaults = Pick<ModelRequest, 'split' | 'workers' | 'existing'>;
/** The same, said or not. */
type Unsaid = { readonly [Key in keyof Defaults]?: Defaults[Key] | undefined };

export type RunOptions = Omit<ModelRequest, keyof Defaults> & Unsaid;
export type ScoreOptions = Omit<PredictionsRequest, keyof Defaults> & Unsaid;
export type CompareOptions = Omit<CompareRequest, 'subjects'>;

/**
 * Evaluates a checkpoint on a benchmark folder and leaves a run directory: `hamba-eval run --model`.
 *
 * @throws UserError for everything that is wrong with the input; the signal's reason where it is aborted.
 */
export function run(options: RunOptions, context: Context = {}): Promise<Outcome> {
  return evaluate({ ...options, ...withDefaults(options) }, complete(context));
}

/**
 * Scores predictions that are there already and leaves a run directory: `hamba-eval run --predictions`.
 *
 * @throws UserError as `run` does.
 */
export function score(options: ScoreOptions, context: Context = {}): Promise<Outcome> {
  return evaluate({ ...options, ...withDefaults(options) }, complete(context));
}

/**
 * Sets runs against the first of them, or against `baseline`: `hamba-eval compare`.
 *
 * @param subjects run directories; with `dataset` also checkpoints and prediction files, which are run first.
 * @throws UserError where one is not there or not scored, or where runs are unlike and that is not allowed.
 */
export function compare(
  subjects: readonly string[],
  options: CompareOptions = {},
  context: Context = {},
): Promise<ComparisonDocument> {
  return compareRuns({ ...options, subjects }, complete(context));
}

/**
 * Opens a run directory for reading: `manifest` is run.json, `metrics()` metrics.json, and each table is read column by
 * column when it is asked for.
 *
 * @throws UserError where the folder is no run directory, or one of another version.
 */
export function openRun(path: string): Promise<StoredRun> {
  return StoredRun.open(path);
}

function withDefaults(options: Unsaid): Defaults {
  const { split = 'evaluation', workers = availableParallelism(), existing = 'refuse' } = options;
  return { split, workers, existing };
}

function complete({ progress = silentProgress, signal = new AbortController().signal }: Context): RunContext {
  return { progress, signal };
}
