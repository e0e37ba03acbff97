/**
 * Compares finished runs over the samples that all of them have scored, each
 * against one baseline. Pure: runs in (run-scores.ts), document out.
 *
 * A sample that any run lacks leaves the comparison on both sides; it is counted,
 * never scored as 0. What the intervals and p-values mean: src/statistics/paired.ts.
 */
import { UserError } from '../errors.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { metricOf, worseBy } from '../metrics/index.js';
import type { RatioColumn } from '../statistics/bootstrap.js';
import { CONFIDENCE_LEVEL } from '../statistics/confidence-level.js';
import { holm } from '../statistics/paired-holm.js';
import { pairedDifferences, type PairedDifference } from '../statistics/paired.js';
import {
  COMPARISON_SCHEMA,
  type ComparedRun,
  type ComparisonDocument,
  type JointChange,
  type MetricDifference,
  type SampleChange,
  type WorseCheck,
} from './comparison-document.js';
import { checkWorse, type WorseRule } from './fail-if-worse.js';
import { jointChanges, jointsOver } from './joint-changes.js';
import { hitsOf } from './keypoint-hits.js';
import { COMPARED_METRICS, type RunScores } from './run-scores.js';
import { isConcerned, likenessOf, type Likeness, type Remark } from './unlikeness.js';

export interface CompareOptions {
  /** Position of the baseline among the runs; default 0. */
  readonly baseline?: number | undefined;
  /** Compares what the protocols keep apart, and marks it. */
  readonly allowMixed?: boolean | undefined;
  /** The metric by which samples are ranked; default: the first that all runs have. */
  readonly by?: string | undefined;
  /** How many samples that gained and lost most are named; default 5. */
  readonly top?: number | undefined;
  readonly failIfWorse?: readonly WorseRule[] | undefined;
  readonly seed?: number;
}

const PERMUTATIONS = 10_000;

/** The samples that are compared: for each run, its row of each. */
interface Pairing {
  readonly rows: readonly Int32Array[];
  readonly ids: readonly string[];
  /** The sequence of each; null where samples are independent. */
  readonly groups: readonly string[] | null;
}

/** @throws UserError where runs are unlike and that is not allowed, or a metric is asked for that is not there. */
export function compare(runs: readonly RunScores[], options: CompareOptions = {}): ComparisonDocument {
  const { baseline: at = 0, allowMixed = false, top = 5, failIfWorse = [], seed = 1 } = options;
  const baseline = runs[at]!;
  const likenesses = runs.map((run) => likenessOf(baseline, run));
  if (!allowMixed) refuseUnlike(runs, at, likenesses);
  const metrics = COMPARED_METRICS.filter((key) => runs.some((run) => run.columns.has(key)));
  const shared = metrics.filter((key) => runs.every((run) => run.columns.has(key)));
  const by = chosenMetric(options.by, metrics, shared);
  for (const { metric } of failIfWorse) requireMetric(metric, shared, '--fail-if-worse');
  const pairing = likenesses.every(({ pairable }) => pairable) ? pair(runs, baseline) : null;
  if (pairing !== null && pairing.ids.length === 0) throw nothingShared(runs, at);
  const known = new Set(runs.flatMap((run) => run.ids.filter((_, row) => run.scored[row] === 1)));
  const compared = runs.map((run, index): ComparedRun => {
    const { unlike, remarks } = likenesses[index]!;
    const comparable = metrics.filter(
      (key) =>
        run.columns.has(key) &&
        baseline.columns.has(key) &&
        (allowMixed || !unlike.some(({ concerns }) => isConcerned(key, concerns))),
    );
    const isOther = index !== at && pairing !== null;
    const joints = isOther ? jointsCompared(runs, at, index, pairing) : {};
    return {
      name: nameOf(index),
      run: run.path,
      ...(run.document.protocol.tta === null ? {} : { tta: run.document.protocol.tta }),
      coverage: run.document.coverage,
      missing: pairing === null ? 0 : known.size - scoredCount(run),
      metrics: pairing === null ? ownMetrics(run) : metricsOver(run, pairing.rows[index]!),
      differences: isOther ? differencesOf(runs, at, index, pairing, comparable, seed) : {},
      mixed: unlike,
      remarks: joints === null ? [...remarks, jointsUnknown(baseline, run)] : remarks,
      joints: joints ?? {},
      ...(isOther && comparable.includes(by)
        ? changedMost(baseline, run, [pairing.rows[at]!, pairing.rows[index]!], pairing.ids, by, top)
        : { gained: [], lost: [] }),
    };
  });
  const { runs: corrected, tests } = withHolm(compared);
  const groups = pairing?.groups ?? null;
  const groupCount = groups === null ? null : new Set(groups).size;
  return {
    schema: COMPARISON_SCHEMA,
    dataset: baseline.document.dataset,
    baseline: nameOf(at),
    paired:
      pairing === null
        ? null
        : {
            samples: pairing.ids.length,
            units: groupCount === null ? 'samples' : 'groups',
            count: groupCount ?? pairing.ids.length,
          },
    statistics: { level: CONFIDENCE_LEVEL, permutations: PERMUTATIONS, seed, tests },
    by,
    runs: corrected,
    checks: corrected.flatMap((run, index): WorseCheck[] =>
      index === at ? [] : checkWorse(run, failIfWorse, lostSamples(baseline, runs[index]!)),
    ),
  };
}

/** A … Z, then R27 and so on. */
function nameOf(index: number): string {
  return index < 26 ? String.fromCharCode(65 + index) : `R${index + 1}`;
}

function scoredCount(run: RunScores): number {
  return run.scored.reduce((sum, scored) => sum + scored, 0);
}

function isScored(run: RunScores, id: string): boolean {
  const row = run.rowOf.get(id);
  return row !== undefined && run.scored[row] === 1;
}

function lostSamples(baseline: RunScores, run: RunScores): number {
  return baseline.ids.filter((id) => isScored(baseline, id) && !isScored(run, id)).length;
}

function pair(runs: readonly RunScores[], baseline: RunScores): Pairing {
  const ids = baseline.ids.filter((id) => runs.every((run) => isScored(run, id)));
  const rows = runs.map((run) => Int32Array.from(ids, (id) => run.rowOf.get(id)!));
  // The sequence of a sample is the dataset's affair: whichever run knows it.
  const knower = runs.findIndex(({ sequences }) => sequences !== null);
  const groups = knower < 0 ? null : Array.from(rows[knower]!, (row) => runs[knower]!.sequences![row]!);
  return { rows, ids, groups };
}

function ownMetrics(run: RunScores): Record<string, number> {
  const { metrics } = run.document;
  return Object.fromEntries(
    COMPARED_METRICS.filter((key) => metrics[key] !== undefined).map((key) => [key, metrics[key]!]),
  );
}

/** The metrics over some of a run's samples: its own result where those are all. */
function metricsOver(run: RunScores, rows: Int32Array): Record<string, number> {
  if (rows.length === scoredCount(run)) return ownMetrics(run);
  const figures = [...run.columns.keys()].map((key) => {
    const { parts, numerators, denominators } = columnOf(run, key, rows);
    return [key, meanOfRatios(parts, numerators, denominators)] as const;
  });
  return Object.fromEntries(figures.filter(([, value]) => !Number.isNaN(value)));
}

function meanOfRatios(parts: number, numerators: ArrayLike<number>, denominators: ArrayLike<number>): number {
  let sum = 0;
  let present = 0;
  for (let part = 0; part < parts; part++) {
    let above = 0;
    let below = 0;
    for (let i = part; i < numerators.length; i += parts) {
      above += numerators[i]!;
      below += denominators[i]!;
    }
    if (below === 0) continue;
    sum += above / below;
    present++;
  }
  return present === 0 ? NaN : sum / present;
}

/** What a metric is made of, sample by sample: PCK joint by joint, all others as means of per-sample values. */
function columnOf(run: RunScores, metric: string, rows: Int32Array): RatioColumn {
  if (run.keypoints !== null) return { parts: JOINT_COUNT, ...hitsOf(run.keypoints, metric, rows) };
  const values = run.columns.get(metric)!;
  const numerators = Float64Array.from(rows, (row) => (Number.isNaN(values[row]!) ? 0 : values[row]!));
  const denominators = Float64Array.from(rows, (row) => (Number.isNaN(values[row]!) ? 0 : 1));
  return { parts: 1, numerators, denominators };
}

function differencesOf(
  runs: readonly RunScores[],
  baseline: number,
  other: number,
  { rows, groups }: Pairing,
  metrics: readonly string[],
  seed: number,
): Record<string, MetricDifference> {
  const [first, second] = [runs[baseline]!, runs[other]!];
  const columns: Record<string, RatioColumn> = {};
  // Columns with equal denominators share one array, which is then summed once.
  const distinct: ArrayLike<number>[] = [];
  for (const metric of metrics) {
    const before = columnOf(first, metric, rows[baseline]!);
    const after = columnOf(second, metric, rows[other]!);
    if (!isSame(before.denominators, after.denominators)) throw otherLabels(first, second, metric);
    let denominators = distinct.find((known) => isSame(known, before.denominators));
    if (denominators === undefined) distinct.push((denominators = before.denominators));
    const numerators = Float64Array.from(after.numerators, (value, i) => value - before.numerators[i]!);
    columns[metric] = { parts: before.parts, numerators, denominators };
  }
  const results = pairedDifferences(columns, {
    permutations: PERMUTATIONS,
    seed,
    ...(groups === null ? {} : { groups }),
  });
  return Object.fromEntries(
    metrics
      .filter((metric) => results[metric] !== undefined)
      .map((metric) => [
        metric,
        {
          ...flattened(results[metric]!),
          ...changedShares(first.columns.get(metric)!, second.columns.get(metric)!, metric, [
            rows[baseline]!,
            rows[other]!,
          ]),
        },
      ]),
  );
}

function isSame(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function flattened({
  difference,
  interval,
  p,
}: PairedDifference): Omit<MetricDifference, 'improved' | 'equal' | 'worse'> {
  return { difference, ...interval, ...(p === undefined ? {} : { p }) };
}

type RowPair = readonly [baseline: Int32Array, run: Int32Array];

function changedShares(
  before: Float64Array,
  after: Float64Array,
  metric: string,
  [rowsBefore, rowsAfter]: RowPair,
): Pick<MetricDifference, 'improved' | 'equal' | 'worse'> {
  const counts = { improved: 0, equal: 0, worse: 0 };
  const definition = metricOf(metric);
  rowsBefore.forEach((row, i) => {
    const worse = worseBy(definition, after[rowsAfter[i]!]! - before[row]!);
    if (worse === 0) counts.equal++;
    else if (worse < 0) counts.improved++;
    else if (worse > 0) counts.worse++;
  });
  const total = counts.improved + counts.equal + counts.worse;
  return { improved: counts.improved / total, equal: counts.equal / total, worse: counts.worse / total };
}

function changedMost(
  baseline: RunScores,
  run: RunScores,
  [rowsBefore, rowsAfter]: RowPair,
  ids: readonly string[],
  metric: string,
  top: number,
): { gained: SampleChange[]; lost: SampleChange[] } {
  const before = baseline.columns.get(metric)!;
  const after = run.columns.get(metric)!;
  const worse = ({ difference }: SampleChange): number => worseBy(metricOf(metric), difference);
  const changes = ids
    .map((id, i): SampleChange => {
      const [old, value] = [before[rowsBefore[i]!]!, after[rowsAfter[i]!]!];
      return { id, baseline: old, value, difference: value - old };
    })
    .filter(({ difference }) => difference !== 0 && !Number.isNaN(difference))
    .sort((a, b) => worse(a) - worse(b));
  return {
    gained: changes.filter((change) => worse(change) < 0).slice(0, top),
    lost: changes
      .filter((change) => worse(change) > 0)
      .reverse()
      .slice(0, top),
  };
}

/** Null where the runs have joints, and one does not say what the samples of both gave to them. */
function jointsCompared(
  runs: readonly RunScores[],
  at: number,
  index: number,
  { rows }: Pairing,
): Record<string, JointChange[]> | null {
  const [baseline, run] = [runs[at]!, runs[index]!];
  if (baseline.joints === null || run.joints === null) return {};
  const [before, after] = [jointsOver(baseline, rows[at]!), jointsOver(run, rows[index]!)];
  return before === null || after === null ? null : jointChanges(before, after);
}

function jointsUnknown(baseline: RunScores, run: RunScores): Remark {
  const lacks = [baseline, run].find(({ jointErrors }) => jointErrors === null);
  // Of a fusion nobody keeps them: making the run again would not help.
  const why =
    lacks === undefined
      ? 'the errors of single joints are kept of a run, not of its fusions; without --tta-fusion they are compared'
      : `${lacks.path} has no joint_errors.npy; make that run again with --force`;
  return {
    field: 'joints',
    message: `joints are not compared, since the samples of both are not all and ${why}`,
  };
}

function withHolm(runs: readonly ComparedRun[]): { runs: ComparedRun[]; tests: number } {
  const places = runs.flatMap((run, r) =>
    Object.entries(run.differences).flatMap(([metric, { p }]) =>
      p === undefined ? [] : [{ place: `${r} ${metric}`, p }],
    ),
  );
  const corrected = holm(places.map(({ p }) => p));
  const byPlace = new Map(places.map(({ place }, i) => [place, corrected[i]!]));
  return {
    runs: runs.map((run, r) => ({
      ...run,
      differences: Object.fromEntries(
        Object.entries(run.differences).map(([metric, { p, ...rest }]) => [
          metric,
          p === undefined ? rest : { ...rest, p, p_holm: byPlace.get(`${r} ${metric}`)! },
        ]),
      ),
    })),
    tests: places.length,
  };
}

function chosenMetric(
  wanted: string | undefined,
  metrics: readonly string[],
  shared: readonly string[],
): string {
  if (wanted !== undefined) requireMetric(wanted, shared, '--by');
  return wanted ?? shared[0] ?? metrics[0]!;
}

function requireMetric(metric: string, present: readonly string[], flag: string): void {
  if (present.includes(metric)) return;
  throw new UserError({
    code: 'metric-unknown',
    message: `${flag} names a metric that these runs do not have`,
    expected: present.length === 0 ? 'runs with a metric in common' : `one of ${present.join(', ')}`,
    got: metric,
    next: 'take a key of metrics.json that all the runs have',
    exitCode: 2,
  });
}

function refuseUnlike(runs: readonly RunScores[], at: number, likenesses: readonly Likeness[]): void {
  const found = likenesses.flatMap(({ unlike }, index) =>
    unlike.filter(({ concerns }) => concerns === 'all').map((difference) => ({ index, ...difference })),
  );
  const [first] = found;
  if (first === undefined) return;
  const named = found.filter(({ index }) => index === first.index);
  const list = (side: 'baseline' | 'run'): string =>
    named.map((difference) => `${difference.field} ${difference[side]}`).join('; ');
  throw new UserError({
    code: 'runs-unlike',
    message: `The runs cannot be compared: they differ in ${named.map(({ field }) => field).join(', ')}`,
    file: runs[first.index]!.path,
    expected: `as ${runs[at]!.path}: ${list('baseline')}`,
    got: list('run'),
    next: 'compare runs made under the same rules, or add --allow-mixed: the table then says so',
  });
}

function otherLabels(first: RunScores, second: RunScores, metric: string): UserError {
  return new UserError({
    code: 'runs-unlike',
    message: 'The runs were scored against other labels, so that their samples cannot be paired',
    file: second.path,
    expected: `the labels of ${first.path}`,
    got: `others (${metric})`,
    next: 'score both on the same dataset folder',
  });
}

function nothingShared(runs: readonly RunScores[], at: number): UserError {
  const other = runs[at === 0 ? 1 : 0]!;
  return new UserError({
    code: 'no-shared-samples',
    message: 'There is no sample that all the runs have scored',
    file: other.path,
    expected: `samples of ${runs[at]!.path}, such as ${runs[at]!.ids[0] ?? 'none'}`,
    got: `samples such as ${other.ids[0] ?? 'none'}`,
    next: 'compare runs over the same samples',
  });
}
