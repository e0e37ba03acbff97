import { describe, expect, it } from 'vitest';
import { equalRanges, histogram, quantileOf, rangeOf, spreadOf } from '../../../src/report/page/spread.js';

describe('a histogram', () => {
  it('counts every value once, in common bins with round edges from 0', () => {
    const a = Float64Array.from({ length: 1000 }, (_, k) => (k % 100) / 10);
    const b = Float64Array.of(1, 2, 3, Number.NaN);
    const { edges, shares, beyond } = histogram([a, b]);
    expect(edges[0]).toBe(0);
    expect(edges.at(-1)).toBeGreaterThanOrEqual(9.9);
    for (const edge of edges) expect(edge).toBe(Number(edge.toPrecision(4)));
    shares.forEach((bins, k) => {
      expect(bins).toHaveLength(edges.length - 1);
      expect(bins.reduce((sum, share) => sum + share, 0) + beyond[k]!).toBeCloseTo(1, 12);
    });
    // The slow and obvious count of one bin.
    const [from, to] = [edges[3]!, edges[4]!];
    expect(shares[0]![3]).toBeCloseTo(a.filter((value) => value >= from && value < to).length / 1000, 12);
  });

  it('ends its axis before a lone outlier, and says how much lies beyond', () => {
    const values = Float64Array.from({ length: 1000 }, (_, k) => (k === 0 ? 5000 : 5 + (k % 10)));
    const { edges, beyond } = histogram([values]);
    expect(edges.at(-1)).toBeLessThan(30);
    expect(beyond).toEqual([0.001]);
  });

  it('does not fail where there is nothing, or nothing but zeros', () => {
    expect(histogram([new Float64Array()]).shares[0]!.every((share) => share === 0)).toBe(true);
    expect(histogram([new Float64Array(4)]).shares[0]![0]).toBe(1);
  });

  it('of twenty thousand samples has no more bins than of two thousand', () => {
    const many = Float64Array.from({ length: 20_000 }, (_, k) => (k * 7919) % 997);
    expect(histogram([many]).edges.length).toBeLessThan(70);
  });
});

describe('quantiles', () => {
  it('are interpolated as numpy.quantile does', () => {
    // numpy.quantile([1, 2, 4, 8], [0.05, 0.25, 0.5, 0.75, 0.95])
    const values = Float64Array.of(1, 2, 4, 8);
    const numpy = [1.15, 1.75, 3, 5, 7.4];
    [0.05, 0.25, 0.5, 0.75, 0.95].forEach((share, k) =>
      expect(quantileOf(values, share)).toBeCloseTo(numpy[k]!, 12),
    );
  });

  it('of a spread leave NaN out', () => {
    expect(spreadOf([8, Number.NaN, 1, 4, 2])).toMatchObject({ count: 4, mean: 3.75 });
    expect(spreadOf([Number.NaN])).toBeNull();
  });
});

describe('ranges of like size', () => {
  it('hold every value exactly once and about equally many', () => {
    const values = Array.from({ length: 103 }, (_, k) => (k * 37) % 103);
    const ranges = equalRanges(values, 5);
    expect(ranges).toHaveLength(5);
    const counts = ranges.map((_, at) => values.filter((value) => rangeOf(ranges, value) === at).length);
    expect(counts.reduce((sum, count) => sum + count)).toBe(103);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  it('keep equal values together', () => {
    expect(equalRanges([1, 1, 1, 1, 1, 1, 2], 3)).toEqual([
      { from: 1, to: 1 },
      { from: 2, to: 2 },
    ]);
    expect(equalRanges([5, 5], 4)).toEqual([{ from: 5, to: 5 }]);
    expect(equalRanges([], 4)).toEqual([]);
  });
});
