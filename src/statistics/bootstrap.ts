/**
 * Percentile bootstrap intervals (Efron and Tibshirani, 'An Introduction to the
 * Bootstrap', 1993, §13.3) for many figures at once. All figures share the same
 * resamples, so that intervals of one table belong together; the same seed draws
 * the same samples for either kind of figure:
 *
 * - `bootstrapIntervals`: the mean of per-sample values. A column may hold NaN
 *   where a sample has no such value; such rows leave both sums.
 * - `bootstrapRatioMeans`: the mean over parts (joints) of ratios of sums over the
 *   samples. Ratios are taken anew in every resample; a part whose denominators
 *   sum to 0 is left out, in a resample as in the figure itself.
 *
 * With `groups`, whole groups (video sequences) are drawn instead of samples:
 * frames of one sequence resemble each other, and intervals that treat them as
 * independent are too narrow. The mean of a resample is then a ratio of sums,
 * Σ values / Σ samples, over the drawn groups.
 *
 * Units: those of the column. A figure with fewer than two samples (or groups)
 * that have a value gets no interval: there is nothing to resample.
 */

import { CONFIDENCE_LEVEL } from './confidence-level.js';
import { expandedLevel } from './expanded-level.js';
import { Random } from './random.js';

export interface BootstrapOptions {
  /** Number of resamples; default 1000. */
  readonly resamples?: number;
  /** Share of resamples inside the interval; default CONFIDENCE_LEVEL. */
  readonly level?: number;
  /** Seed of the generator (`Random`); default 1. */
  readonly seed?: number;
  /** Group of each sample, any values; samples of a group are drawn together. */
  readonly groups?: readonly (string | number)[];
  /**
   * Whether the percentiles are expanded by the number of samples (or groups) that have a value, column by
   * column (expanded-level.ts): plain ones are too narrow where those are few. Default false.
   */
  readonly expanded?: boolean;
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

/** A figure that is a mean over `parts` of Σ numerators / Σ denominators; samples × parts each. */
export interface RatioColumn {
  readonly parts: number;
  readonly numerators: ArrayLike<number>;
  /** 0 or more. Columns may share one array: it is then summed once. */
  readonly denominators: ArrayLike<number>;
}

/** What is drawn (samples or groups): how many there are and which one each sample is of. */
interface Units {
  readonly count: number;
  of(sample: number): number;
}

/** Without a column there is nothing to draw, however many samples have groups. */
const NOTHING: Units = { count: 0, of: (sample) => sample };

/** What is drawn, as sums and counts per column. */
interface Column<Key extends string> {
  readonly key: Key;
  readonly sums: Float64Array;
  /** Values behind each sum. */
  readonly counts: Float64Array;
  /** The count of every unit is 1: the denominator is the number drawn. */
  readonly single: boolean;
  /** Units that have a value. */
  readonly withValue: number;
}

/** Where the totals of a ratio column lie among all that are summed. */
interface RatioPlaces<Key extends string> {
  readonly key: Key;
  readonly parts: number;
  readonly numerators: number;
  readonly denominators: number;
  /** Units that have a denominator above 0. */
  readonly withValue: number;
}

/** Groups, numbered in order of first appearance, or the samples themselves. */
function unitsOf(samples: number, groups: readonly (string | number)[] | undefined): Units {
  if (groups === undefined) return { count: samples, of: (sample) => sample };
  if (groups.length !== samples) {
    throw new RangeError(`every sample needs a group: expected ${samples}, got ${groups.length}`);
  }
  const seen = new Map<string | number, number>();
  const index = Int32Array.from(groups, (group) => {
    let at = seen.get(group);
    if (at === undefined) seen.set(group, (at = seen.size));
    return at;
  });
  return { count: seen.size, of: (sample) => index[sample]! };
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

/** The one length that all columns have. */
function sharedLength(lengths: readonly (readonly [key: string, length: number])[]): number {
  const first = lengths[0]!;
  for (const [key, length] of lengths) {
    if (length !== first[1]) {
      throw new RangeError(
        `columns must have the same length: '${key}' has ${length}, '${first[0]}' ${first[1]}`,
      );
    }
  }
  return first[1];
}

function prepare<Key extends string>(
  columns: Columns<Key>,
  groups: BootstrapOptions['groups'],
): { units: Units; prepared: Column<Key>[] } {
  const keys = (Object.keys(columns) as Key[]).filter((key) => columns[key] !== undefined);
  if (keys.length === 0) return { units: NOTHING, prepared: [] };
  const samples = sharedLength(keys.map((key) => [key, columns[key]!.length]));
  const units = unitsOf(samples, groups);
  const prepared: Column<Key>[] = [];
  for (const key of keys) {
    const values = columns[key]!;
    const sums = new Float64Array(units.count);
    const counts = new Float64Array(units.count);
    for (let i = 0; i < samples; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      if (!Number.isFinite(value)) throw new RangeError(`column '${key}' holds ${value} at sample ${i}`);
      const unit = units.of(i);
      sums[unit] = sums[unit]! + value;
      counts[unit] = counts[unit]! + 1;
    }
    const withValue = counts.filter((count) => count > 0).length;
    if (withValue < 2) continue;
    prepared.push({ key, sums, counts, single: counts.every((count) => count === 1), withValue });
  }
  return { units, prepared };
}

/** Sums of each part over the samples of each unit, part by part. */
function partSums(key: string, values: ArrayLike<number>, parts: number, units: Units): Float64Array[] {
  const sums = Array.from({ length: parts }, () => new Float64Array(units.count));
  for (let i = 0, unit = -1; i < values.length; i++) {
    const part = i % parts;
    if (part === 0) unit = units.of(i / parts);
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      throw new RangeError(`column '${key}' holds ${value} at sample ${Math.floor(i / parts)}, part ${part}`);
    }
    sums[part]![unit] = sums[part]![unit]! + value;
  }
  return sums;
}

function prepareRatios<Key extends string>(
  columns: Readonly<Partial<Record<Key, RatioColumn>>>,
  groups: BootstrapOptions['groups'],
): { units: Units; summed: Float64Array[]; places: RatioPlaces<Key>[] } {
  const keys = (Object.keys(columns) as Key[]).filter((key) => columns[key] !== undefined);
  if (keys.length === 0) return { units: NOTHING, summed: [], places: [] };
  const lengths = keys.map((key) => {
    const { parts, numerators, denominators } = columns[key]!;
    if (!Number.isInteger(parts) || parts < 1 || numerators.length % parts !== 0) {
      throw new RangeError(`column '${key}' must hold samples × parts: ${numerators.length} and ${parts}`);
    }
    if (denominators.length !== numerators.length) {
      throw new RangeError(
        `column '${key}' needs a denominator for each numerator: expected ${numerators.length}, got ${denominators.length}`,
      );
    }
    return [key, numerators.length / parts] as const;
  });
  const units = unitsOf(sharedLength(lengths), groups);
  const summed: Float64Array[] = [];
  const places: RatioPlaces<Key>[] = [];
  const known = new Map<ArrayLike<number>, number>();
  for (const key of keys) {
    const { parts, numerators, denominators } = columns[key]!;
    let at = known.get(denominators);
    if (at === undefined) {
      const sums = partSums(key, denominators, parts, units);
      if (sums.some((part) => part.some((sum) => sum < 0))) {
        throw new RangeError(`column '${key}' has a negative denominator`);
      }
      known.set(denominators, (at = summed.length));
      summed.push(...sums);
    }
    const present = summed.slice(at, at + parts);
    let withValue = 0;
    for (let unit = 0; unit < units.count; unit++) if (present.some((part) => part[unit]! > 0)) withValue++;
    if (withValue < 2) continue;
    places.push({ key, parts, numerators: summed.length, denominators: at, withValue });
    summed.push(...partSums(key, numerators, parts, units));
  }
  return { units, summed, places };
}

/** The figure of a ratio column from its totals; NaN where no part has a denominator. */
function ratioMean(totals: Float64Array, { parts, numerators, denominators }: RatioPlaces<string>): number {
  let sum = 0;
  let counted = 0;
  for (let part = 0; part < parts; part++) {
    const denominator = totals[denominators + part]!;
    if (denominator === 0) continue;
    sum += totals[numerators + part]! / denominator;
    counted++;
  }
  return counted === 0 ? NaN : sum / counted;
}

/** The options with their defaults, checked. */
function settled(options: BootstrapOptions): Required<Omit<BootstrapOptions, 'groups'>> {
  const { resamples = 1000, level = CONFIDENCE_LEVEL, seed = 1, expanded = false } = options;
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(`resamples must be an integer of 1 or more: got ${resamples}`);
  }
  if (!(level > 0 && level < 1)) throw new RangeError(`level must lie between 0 and 1: got ${level}`);
  return { resamples, level, seed, expanded };
}

/** Draws as many units as there are, again and again, and tells of each array's total over those drawn. */
function resample(
  units: number,
  summed: readonly Float64Array[],
  { resamples, seed }: { readonly resamples: number; readonly seed: number },
  onResample: (totals: Float64Array) => void,
): void {
  const random = new Random(seed);
  const totals = new Float64Array(summed.length);
  const four = new Float64Array(4);
  const times = new Float64Array(units);
  for (let r = 0; r < resamples; r++) {
    // How often each unit was drawn: sums over the resample become dot products.
    times.fill(0);
    for (let i = 0; i < units; i++) {
      const unit = random.below(units);
      times[unit] = times[unit]! + 1;
    }
    let w = 0;
    for (; w + 4 <= summed.length; w += 4) {
      dot4(times, summed[w]!, summed[w + 1]!, summed[w + 2]!, summed[w + 3]!, four);
      totals.set(four, w);
    }
    for (; w < summed.length; w++) totals[w] = dot(times, summed[w]!);
    onResample(totals);
  }
}

/** The values of one figure, resample by resample; those without one are left out. */
class Resampled {
  readonly #values: Float64Array;
  #count = 0;

  constructor(resamples: number) {
    this.#values = new Float64Array(resamples);
  }

  add(value: number): void {
    this.#values[this.#count++] = value;
  }

  /** `undefined` when no resample had a value. */
  interval(
    mean: number,
    { level, expanded }: Pick<Required<BootstrapOptions>, 'level' | 'expanded'>,
    units: number,
  ): ConfidenceInterval | undefined {
    const sorted = this.#values.subarray(0, this.#count).sort();
    if (sorted.length === 0) return undefined;
    const share = expanded ? expandedLevel(level, units) : level;
    return { mean, low: quantile(sorted, (1 - share) / 2), high: quantile(sorted, (1 + share) / 2), level };
  }
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
  const chosen = settled(options);
  const { units, prepared } = prepare(columns, options.groups);
  const intervals: Partial<Record<Key, ConfidenceInterval>> = {};
  if (prepared.length === 0) return intervals;
  // The sums wanted of each resample: every numerator, and every denominator that is not the number drawn.
  const wanted = prepared.flatMap((column) => (column.single ? [column.sums] : [column.sums, column.counts]));
  const means = prepared.map(() => new Resampled(chosen.resamples));
  resample(units.count, wanted, chosen, (totals) => {
    let at = 0;
    prepared.forEach((column, c) => {
      const numerator = totals[at++]!;
      const denominator = column.single ? units.count : totals[at++]!;
      // A resample that drew no value of this column has no mean.
      if (denominator > 0) means[c]!.add(numerator / denominator);
    });
  });
  prepared.forEach((column, c) => {
    const interval = means[c]!.interval(total(column.sums) / total(column.counts), chosen, column.withValue);
    if (interval !== undefined) intervals[column.key] = interval;
  });
  return intervals;
}

/**
 * Percentile bootstrap intervals of means over parts of ratios of sums.
 *
 * @param columns numerators and denominators by name, all of as many samples; not changed.
 * @returns an entry for each column with at least two samples (or groups) that have a denominator above 0.
 * @throws RangeError when lengths differ, a value is not finite, a denominator negative or an option out of range.
 */
export function bootstrapRatioMeans<Key extends string>(
  columns: Readonly<Partial<Record<Key, RatioColumn>>>,
  options: BootstrapOptions = {},
): Partial<Record<Key, ConfidenceInterval>> {
  const chosen = settled(options);
  const { units, summed, places } = prepareRatios(columns, options.groups);
  const intervals: Partial<Record<Key, ConfidenceInterval>> = {};
  if (places.length === 0) return intervals;
  const figures = places.map(() => new Resampled(chosen.resamples));
  resample(units.count, summed, chosen, (totals) => {
    places.forEach((column, c) => {
      const value = ratioMean(totals, column);
      // A resample that drew nothing of this column has no value.
      if (!Number.isNaN(value)) figures[c]!.add(value);
    });
  });
  const whole = Float64Array.from(summed, total);
  places.forEach((column, c) => {
    const interval = figures[c]!.interval(ratioMean(whole, column), chosen, column.withValue);
    if (interval !== undefined) intervals[column.key] = interval;
  });
  return intervals;
}
