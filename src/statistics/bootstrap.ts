/**
 * Percentile bootstrap intervals of means (Efron and Tibshirani, 'An
 * Introduction to the Bootstrap', 1993, §13.3), for many per-sample columns at
 * once. All columns share the same resamples, so that intervals of one table
 * belong together.
 *
 * With `groups`, whole groups (video sequences) are drawn instead of samples:
 * frames of one sequence resemble each other, and intervals that treat them as
 * independent are too narrow. The mean of a resample is then a ratio of sums,
 * Σ values / Σ samples, over the drawn groups.
 *
 * Units: those of the column. A column may hold NaN where a sample has no such
 * value; such rows leave both sums. A column with fewer than two samples (or
 * groups) that have a value gets no interval: there is nothing to resample.
 */

import { Random } from './random.js';

export interface BootstrapOptions {
  /** Number of resamples; default 1000. */
  readonly resamples?: number;
  /** Share of resamples inside the interval; default 0.95. */
  readonly level?: number;
  /** Seed of the generator (`Random`); default 1. */
  readonly seed?: number;
  /** Group of each sample, any values; samples of a group are drawn together. */
  readonly groups?: readonly (string | number)[];
}

/** A mean and its interval, in the column's units. */
export interface ConfidenceInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** Columns by name: one number a sample, NaN where there is none. */
export type Columns<Key extends string> = Readonly<Partial<Record<Key, Float64Array | readonly number[]>>>;

/** What is drawn (samples or groups), as sums and counts per column. */
interface Column<Key extends string> {
  readonly key: Key;
  readonly sums: Float64Array;
  /** Values behind each sum. */
  readonly counts: Float64Array;
  /** The count of every unit is 1: the denominator is the number drawn. */
  readonly single: boolean;
}

/** Index of each sample's group, in order of first appearance. */
function groupIndices(groups: readonly (string | number)[]): { index: Int32Array; count: number } {
  const seen = new Map<string | number, number>();
  const index = Int32Array.from(groups, (group) => {
    let at = seen.get(group);
    if (at === undefined) seen.set(group, (at = seen.size));
    return at;
  });
  return { index, count: seen.size };
}

/** Value at a share of a sorted array, with linear interpolation (numpy.percentile's default). */
function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

function dot(weights: Float64Array, values: Float64Array): number {
  const whole = values.length - (values.length % 4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < whole; i += 4) {
    a += weights[i]! * values[i]!;
    b += weights[i + 1]! * values[i + 1]!;
    c += weights[i + 2]! * values[i + 2]!;
    d += weights[i + 3]! * values[i + 3]!;
  }
  for (let i = whole; i < values.length; i++) a += weights[i]! * values[i]!;
  return a + b + (c + d);
}

/** `dot` of four columns at once: one pass over the weights. */
function dot4(
  weights: Float64Array,
  first: Float64Array,
  second: Float64Array,
  third: Float64Array,
  fourth: Float64Array,
  out: Float64Array,
): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    a += weight * first[i]!;
    b += weight * second[i]!;
    c += weight * third[i]!;
    d += weight * fourth[i]!;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function prepare<Key extends string>(
  columns: Columns<Key>,
  groups: readonly (string | number)[] | undefined,
): { units: number; prepared: Column<Key>[] } {
  const keys = (Object.keys(columns) as Key[]).filter((key) => columns[key] !== undefined);
  const samples = keys.length === 0 ? 0 : columns[keys[0]!]!.length;
  for (const key of keys) {
    const length = columns[key]!.length;
    if (length !== samples) {
      throw new RangeError(
        `columns must have the same length: '${key}' has ${length}, '${keys[0]!}' ${samples}`,
      );
    }
  }
  if (groups !== undefined && groups.length !== samples) {
    throw new RangeError(`every sample needs a group: expected ${samples}, got ${groups.length}`);
  }
  const grouped = groups === undefined ? undefined : groupIndices(groups);
  const units = grouped?.count ?? samples;
  const prepared: Column<Key>[] = [];
  for (const key of keys) {
    const values = columns[key]!;
    const sums = new Float64Array(units);
    const counts = new Float64Array(units);
    for (let i = 0; i < samples; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      if (!Number.isFinite(value)) throw new RangeError(`column '${key}' holds ${value} at sample ${i}`);
      const unit = grouped === undefined ? i : grouped.index[i]!;
      sums[unit] = sums[unit]! + value;
      counts[unit] = counts[unit]! + 1;
    }
    if (counts.filter((count) => count > 0).length < 2) continue;
    prepared.push({ key, sums, counts, single: counts.every((count) => count === 1) });
  }
  return { units, prepared };
}

/**
 * Percentile bootstrap intervals of the mean of each column.
 *
 * @param columns per-sample values by name, all of the same length; not changed.
 * @returns an entry for each column with at least two samples (or groups) that have values.
 * @throws RangeError when lengths differ, a value is infinite or an option is out of range.
 */
export function bootstrapIntervals<Key extends string>(
  columns: Columns<Key>,
  options: BootstrapOptions = {},
): Partial<Record<Key, ConfidenceInterval>> {
  const { resamples = 1000, level = 0.95, seed = 1, groups } = options;
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(`resamples must be an integer of 1 or more: got ${resamples}`);
  }
  if (!(level > 0 && level < 1)) throw new RangeError(`level must lie between 0 and 1: got ${level}`);
  const { units, prepared } = prepare(columns, groups);
  const random = new Random(seed);

  // The sums wanted of each resample: every numerator, and every denominator that is not the number drawn.
  const wanted = prepared.flatMap((column) => (column.single ? [column.sums] : [column.sums, column.counts]));
  const drawn = new Float64Array(wanted.length);
  const four = new Float64Array(4);
  const times = new Float64Array(units);
  const means = prepared.map(() => new Float64Array(resamples));
  const kept = new Int32Array(prepared.length);
  for (let resample = 0; resample < resamples && prepared.length > 0; resample++) {
    // How often each unit was drawn: sums over the resample become dot products.
    times.fill(0);
    for (let i = 0; i < units; i++) {
      const unit = random.below(units);
      times[unit] = times[unit]! + 1;
    }
    let w = 0;
    for (; w + 4 <= wanted.length; w += 4) {
      dot4(times, wanted[w]!, wanted[w + 1]!, wanted[w + 2]!, wanted[w + 3]!, four);
      drawn.set(four, w);
    }
    for (; w < wanted.length; w++) drawn[w] = dot(times, wanted[w]!);
    let at = 0;
    prepared.forEach((column, c) => {
      const numerator = drawn[at++]!;
      const denominator = column.single ? units : drawn[at++]!;
      // A resample that drew no value of this column has no mean.
      if (denominator > 0) means[c]![kept[c]!++] = numerator / denominator;
    });
  }

  const intervals: Partial<Record<Key, ConfidenceInterval>> = {};
  prepared.forEach((column, c) => {
    const sorted = means[c]!.subarray(0, kept[c]).sort();
    if (sorted.length === 0) return;
    intervals[column.key] = {
      mean: total(column.sums) / total(column.counts),
      low: quantile(sorted, (1 - level) / 2),
      high: quantile(sorted, (1 + level) / 2),
      level,
    };
  });
  return intervals;
}
