/** `compare`: runs what has not been run, reads what every run scored, and sets the runs against each other. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { compare } from '../comparison/compare.js';
import type { ComparisonDocument } from '../comparison/comparison-document.js';
import { parseWorseRule } from '../comparison/fail-if-worse.js';
import { readRunScores, withJointErrors, type RunScores } from '../comparison/run-scores.js';
import { EXIT, UserError } from '../errors.js';
import type { RunContext } from '../progress.js';
import { StoredRun } from '../runs/stored-run.js';
import { readFusionScores, type ComparedFusion } from './compare-fusion.js';
import { runSubjects, type SubjectsRequest } from './run-subjects.js';

export interface CompareRequest {
  /** Run directories; beside `dataset` also checkpoints and prediction files. */
  readonly subjects: readonly string[];
  /** How those are run; unless given, all subjects are run directories. */
  readonly dataset?: SubjectsRequest | undefined;
  /** Counted from 1; the first unless given. */
  readonly baseline?: number | undefined;
  /** Compare unlike runs all the same, and mark them. */
  readonly allowMixed?: boolean | undefined;
  /** The metric by which samples and joints are looked at; the first that the runs share unless given. */
  readonly by?: string | undefined;
  /** How many of the samples that gained and lost most are named; 5 unless given. */
  readonly top?: number | undefined;
  /** `METRIC:AMOUNT` each. */
  readonly failIfWorse?: readonly string[] | undefined;
  /** One for all runs, or one for each in their order; the un-augmented figures unless given. */
  readonly fusions?: readonly ComparedFusion[] | undefined;
  /** The user's MANO file, for fused hands whose joints are regressed from their meshes. */
  readonly mano?: string | undefined;
  /** Scoring threads; as many as there are cores unless given. */
  readonly workers?: number | undefined;
}

/** @throws UserError where the request is wrong, a run is not there or not scored, or runs are unlike. */
export async function compareRuns(request: CompareRequest, context: RunContext): Promise<ComparisonDocument> {
  const { subjects, dataset, baseline = 1, by, top, workers = availableParallelism() } = request;
  requireSeveral(subjects, baseline);
  const fusions = fusionOfEach(subjects, request.fusions ?? []);
  const failIfWorse = request.failIfWorse?.map(parseWorseRule);
  if (dataset === undefined) requireRunDirectories(subjects);
  const paths = dataset === undefined ? subjects : await runSubjects(subjects, dataset, context);
  const runs: RunScores[] = [];
  for (const [index, path] of paths.entries()) {
    context.signal.throwIfAborted();
    const fusion = fusions[index]!;
    const run = await StoredRun.open(path);
    runs.push(
      fusion === 'none'
        ? await readRunScores(run)
        : await readFusionScores(run, fusion, { ...request, workers, ...dataset }, context),
    );
  }
  const ofAll = runs.every(({ ids, scored }) => isSameScored({ ids, scored }, runs[0]!));
  if (!ofAll) {
    for (const [index, run] of runs.entries()) {
      if (fusions[index] === 'none') runs[index] = await withJointErrors(run, await StoredRun.open(run.path));
    }
  }
  return compare(runs, { baseline: baseline - 1, allowMixed: request.allowMixed, by, top, failIfWorse });
}

/** Whether two runs have scored the same samples, in the same rows. */
function isSameScored(a: Pick<RunScores, 'ids' | 'scored'>, b: Pick<RunScores, 'ids' | 'scored'>): boolean {
  if (a.ids.length !== b.ids.length) return false;
  return a.ids.every((id, row) => id === b.ids[row] && a.scored[row] === b.scored[row]);
}

function fusionOfEach(
  subjects: readonly string[],
  fusions: readonly ComparedFusion[],
): readonly ComparedFusion[] {
  if (fusions.length === subjects.length) return fusions;
  if (fusions.length <= 1) return subjects.map(() => fusions[0] ?? 'none');
  throw usage({
    message: '--tta-fusion is given for some of the runs and not for others',
    expected: `once, for all runs, or ${subjects.length} times, once for each in their order`,
    got: `${fusions.length} times`,
    next: "give 'none' for a run whose un-augmented figures are meant",
  });
}

function requireSeveral(subjects: readonly string[], baseline: number): void {
  if (subjects.length >= 2 && baseline <= subjects.length) return;
  throw usage({
    message: subjects.length < 2 ? 'A comparison needs two runs or more' : 'There is no such baseline',
    expected: subjects.length < 2 ? 'RUN_DIR RUN_DIR…' : `--baseline from 1 to ${subjects.length}`,
    got: subjects.length < 2 ? subjects.join(' ') || 'none' : `--baseline ${baseline}`,
    next: 'see --help for what compare takes',
  });
}

function requireRunDirectories(subjects: readonly string[]): void {
  const file = subjects.find((subject) => extname(subject) === '.onnx');
  if (file === undefined) return;
  throw usage({
    message: 'A checkpoint can be compared once it has been run on a dataset',
    expected: '--dataset ID and --data DIR beside checkpoints, or run directories alone',
    got: file,
    next: 'add --dataset and --data, and it is run first',
  });
}

function usage(what: { message: string; expected: string; got: string; next: string }): UserError {
  return new UserError({ code: 'usage', ...what, exitCode: EXIT.usage });
}
