/**
 * How sure the difference of two runs on the same samples is: a bootstrap
 * interval of the difference and a sign-flip test, for many figures at once.
 *
 * A figure is a mean over parts of Σ numerators / Σ denominators (a mean of
 * per-sample values is the case of one part and denominators of 1). Both runs
 * are scored against the same truth, so they share the denominators, and
 *
 *     difference = mean over parts of Σ (second − first) / Σ denominators.
 *
 * Columns therefore hold the differences of the numerators, and two identical
 * runs differ by exactly 0. With `groups`, whole groups are drawn and flipped.
 *
 * The interval is the expanded percentile interval (expanded-level.ts). Units: those
 * of the column. Fewer than two samples (or groups) with a value: neither
 * interval nor p.
 */

import { bootstrapRatioMeans, type RatioColumn } from './bootstrap.js';
import { CONFIDENCE_LEVEL } from './confidence-level.js';
import { expandedLevel } from './expanded-level.js';
import { signFlipTests } from './paired-permutation.js';

export interface PairedOptions {
  /** Share of the intervals that hold the truth; default CONFIDENCE_LEVEL. */
  readonly level?: number;
  /** Number of resamples; default 1000, and ten times that for fewer than 200 units, whose outer percentiles are asked for. */
  readonly resamples?: number;
  /** Number of sign assignments; default 10,000. */
  readonly permutations?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Group of each sample; samples of a group are drawn and flipped together. */
  readonly groups?: readonly (string | number)[];
}

export interface PairedDifference {
  /** Second minus first. */
  readonly difference: number;
  readonly interval?: { readonly low: number; readonly high: number; readonly level: number };
  /** Two-sided, see paired-permutation.ts. */
  readonly p?: number;
}

const FEW_UNITS = 200;

/**
 * @param columns differences of the numerators, and the denominators both runs share; not changed.
 * @returns an entry for each column in which any sample has a denominator above 0.
 * @throws RangeError as `bootstrapRatioMeans` does.
 */
export function pairedDifferences<Key extends string>(
  columns: Readonly<Partial<Record<Key, RatioColumn>>>,
  options: PairedOptions = {},
): Partial<Record<Key, PairedDifference>> {
  const { level = CONFIDENCE_LEVEL, seed = 1, groups, permutations = 10_000 } = options;
  const keys = (Object.keys(columns) as Key[]).filter((key) => columns[key] !== undefined);
  const units = new Map(keys.map((key) => [key, contributionsOf(columns[key]!, groups)]));
  const testable = keys.filter((key) => units.get(key)!.withValue >= 2);
  const { p } = signFlipTests(
    Object.fromEntries(testable.map((key) => [key, units.get(key)!.contributions])) as Record<
      Key,
      Float64Array
    >,
    { permutations, seed },
  );
  const results: Partial<Record<Key, PairedDifference>> = {};
  for (const key of keys) {
    const { contributions, withValue } = units.get(key)!;
    if (withValue === 0) continue;
    const difference = contributions.reduce((sum, value) => sum + value, 0);
    results[key] = { difference, ...(p[key] === undefined ? {} : { p: p[key] }) };
  }
  // Columns with as many units share their level, and so their resamples.
  for (const count of new Set(testable.map((key) => units.get(key)!.withValue))) {
    const alike = testable.filter((key) => units.get(key)!.withValue === count);
    const intervals = bootstrapRatioMeans(
      Object.fromEntries(alike.map((key) => [key, columns[key]!])) as Record<Key, RatioColumn>,
      {
        level: expandedLevel(level, count),
        resamples: options.resamples ?? (count < FEW_UNITS ? 10_000 : 1000),
        seed,
        ...(groups === undefined ? {} : { groups }),
      },
    );
    for (const key of alike) {
      const bounds = intervals[key];
      if (bounds === undefined) continue;
      results[key] = { ...results[key]!, interval: { low: bounds.low, high: bounds.high, level } };
    }
  }
  return results;
}

interface Contributions {
  /** What each sample or group adds to the difference. */
  readonly contributions: Float64Array;
  /** How many of them have a denominator. */
  readonly withValue: number;
}

function contributionsOf(
  { parts, numerators, denominators }: RatioColumn,
  groups: PairedOptions['groups'],
): Contributions {
  const samples = numerators.length / parts;
  if (groups !== undefined && groups.length !== samples) {
    throw new RangeError(`every sample needs a group: expected ${samples}, got ${groups.length}`);
  }
  const totals = new Float64Array(parts);
  for (let i = 0; i < denominators.length; i++) totals[i % parts]! += denominators[i]!;
  const present = totals.filter((total) => total > 0).length;
  const numbers = new Map<string | number, number>();
  const contributions = new Float64Array(groups === undefined ? samples : new Set(groups).size);
  const hasValue = new Uint8Array(contributions.length);
  for (let sample = 0; sample < samples; sample++) {
    const unit = groups === undefined ? sample : numberOf(groups[sample]!, numbers);
    for (let part = 0; part < parts; part++) {
      const denominator = denominators[sample * parts + part]!;
      if (denominator === 0) continue;
      hasValue[unit] = 1;
      contributions[unit]! += numerators[sample * parts + part]! / (totals[part]! * present);
    }
  }
  return { contributions, withValue: hasValue.reduce((sum, value) => sum + value, 0) };
}

/** Groups numbered in order of first appearance. */
function numberOf(group: string | number, numbers: Map<string | number, number>): number {
  let at = numbers.get(group);
  if (at === undefined) numbers.set(group, (at = numbers.size));
  return at;
}
