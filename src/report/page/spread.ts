/** Many samples in few numbers: histograms over common bins, quantiles, groups of like size. */
import { bin, ticks } from 'd3-array';
import type { Spread } from './report-data.js';

export interface Histogram {
  /** Edges of the bins, ascending, one more than there are bins. */
  readonly edges: readonly number[];
  /** One a series: shares of its values in each bin, 0 … 1. */
  readonly shares: readonly (readonly number[])[];
  /** One a series: the share beyond the last edge. */
  readonly beyond: readonly number[];
}

/** Beyond this quantile of all values the axis ends; what lies there is counted. */
const AXIS_QUANTILE = 0.995;
const FEWEST_BINS = 18;
const MOST_BINS = 40;

/** Common bins over several series, from 0, their edges round numbers. Values are 0 or more; NaN is not counted. */
export function histogram(series: readonly Float64Array[]): Histogram {
  const finite = series.map((values) => values.filter(Number.isFinite));
  const sorted = finite.map((values) => values.slice().sort());
  const end = Math.max(
    0,
    ...sorted.map((values) => (values.length === 0 ? 0 : quantileOf(values, AXIS_QUANTILE))),
  );
  const longest = Math.max(0, ...finite.map(({ length }) => length));
  const edges = roundEdges(end, Math.min(MOST_BINS, Math.max(FEWEST_BINS, Math.round(Math.sqrt(longest)))));
  const last = edges.at(-1)!;
  const count = bin<number, number>().domain([edges[0]!, last]).thresholds(edges.slice(1, -1));
  return {
    edges,
    shares: finite.map((values) => count(values).map(({ length }) => length / Math.max(1, values.length))),
    beyond: finite.map(
      (values) => values.filter((value) => value > last).length / Math.max(1, values.length),
    ),
  };
}

/** Round numbers from 0 to at least `end`. */
function roundEdges(end: number, count: number): number[] {
  const edges = ticks(0, end > 0 ? end : 1, count);
  const step = edges[1]! - edges[0]!;
  // By multiplication: sums of steps would drift off the round numbers.
  const wanted = Math.ceil((end > 0 ? end : 1) / step - 1e-9);
  return Array.from({ length: wanted + 1 }, (_, k) => Number((k * step).toPrecision(12)));
}

/** Between the neighbouring values, linearly: type 7 of Hyndman and Fan (1996), NumPy's own. @param sorted ascending, not empty */
export function quantileOf(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at % 1);
}

/** `null` where there is not one value. */
export function spreadOf(values: ArrayLike<number>): Spread | null {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return null;
  const at = (share: number): number => quantileOf(sorted, share);
  return {
    count: sorted.length,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    quantiles: [at(0.05), at(0.25), at(0.5), at(0.75), at(0.95)],
  };
}

/** Values in a range, its ends included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Ranges that hold about equally many of the values each: at most `count`, fewer where values repeat.
 * The first begins at the least value, the last ends at the greatest; `rangeOf` says which one a value is in.
 */
export function equalRanges(values: ArrayLike<number>, count: number): Range[] {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return [];
  const ranges: Range[] = [];
  for (let first = 0, k = 1; k <= count && first < sorted.length; k++) {
    let last = Math.min(sorted.length, Math.round((k * sorted.length) / count)) - 1;
    if (last < first) continue;
    // Equal values stay together.
    while (last + 1 < sorted.length && sorted[last + 1] === sorted[last]) last++;
    ranges.push({ from: sorted[first]!, to: sorted[last]! });
    first = last + 1;
  }
  return ranges;
}

export function rangeOf(ranges: readonly Range[], value: number): number {
  return ranges.findIndex(({ from, to }) => value >= from && value <= to);
}
