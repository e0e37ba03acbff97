/** Differences of two runs: exactly 0 for identical ones; paired.long.test.ts has how often intervals hold the truth. */
import { describe, expect, it } from 'vitest';
import { bootstrapRatioMeans } from '../../src/statistics/bootstrap.js';
import { expandedLevel } from '../../src/statistics/expanded-level.js';
import { holm } from '../../src/statistics/paired-holm.js';
import { pairedDifferences } from '../../src/statistics/paired.js';
import { Random } from '../../src/statistics/random.js';
import { meanColumn } from '../support/mean-column.js';

const SEED = 515;

describe(`pairedDifferences (seed ${SEED})`, () => {
  it('finds identical runs to differ by exactly 0, with p = 1', () => {
    const same = meanColumn(new Array<number>(500).fill(0));
    expect(pairedDifferences({ same })).toEqual({
      same: { difference: 0, p: 1, interval: { low: 0, high: 0, level: 0.95 } },
    });
  });

  it('is the bootstrap of the differences at the expanded level, by samples and by groups', () => {
    const random = new Random(SEED);
    const values = Array.from({ length: 60 }, () => 0.3 + random.normal());
    const groups = values.map((_, i) => Math.floor(i / 5));
    for (const [units, given] of [
      [60, {}],
      [12, { groups }],
    ] as const) {
      const { x } = pairedDifferences({ x: meanColumn(values) }, { seed: SEED, ...given });
      const slow = bootstrapRatioMeans(
        { x: meanColumn(values) },
        { seed: SEED, resamples: 10_000, level: expandedLevel(0.95, units), ...given },
      ).x!;
      expect(x!.interval).toEqual({ low: slow.low, high: slow.high, level: 0.95 });
      expect(x!.difference).toBeCloseTo(slow.mean, 13);
    }
  });

  it('takes means of ratios part by part, as PCK is taken', () => {
    const random = new Random(SEED);
    const parts = 4;
    const denominators = Uint8Array.from({ length: 40 * parts }, (_, i) =>
      i % parts < 3 && random.uniform() < 0.6 ? 1 : 0,
    );
    const draw = (share: number): Uint8Array => denominators.map((d) => (random.uniform() < share ? d : 0));
    const [first, second] = [draw(0.5), draw(0.7)];
    const figure = (numerators: Uint8Array): number => {
      const ratios = [0, 1, 2].map((part) => {
        const of = (values: Uint8Array): number =>
          values.reduce((sum, value, i) => (i % parts === part ? sum + value : sum), 0);
        return of(numerators) / of(denominators);
      });
      return ratios.reduce((a, b) => a + b, 0) / 3;
    };
    const numerators = Float64Array.from(second, (value, i) => value - first[i]!);
    const { pck } = pairedDifferences({ pck: { parts, numerators, denominators } });
    expect(pck!.difference).toBeCloseTo(figure(second) - figure(first), 14);
    expect(pck!.p).toBeGreaterThan(0);
  });

  it('flips whole groups', () => {
    // Eight groups, all for the second: 2 of 2^8 assignments reach that, whatever the number of frames.
    const groups = Array.from({ length: 80 }, (_, i) => `sequence ${i % 8}`);
    const { x } = pairedDifferences({ x: meanColumn(new Array<number>(80).fill(0.5)) }, { groups });
    expect(x!.p).toBe(2 / 256);
    expect(pairedDifferences({ x: meanColumn(new Array<number>(80).fill(0.5)) }).x!.p).toBe(1 / 10_001);
  });

  it('says nothing of sureness where there is one unit, and nothing at all where there is none', () => {
    expect(pairedDifferences({ x: meanColumn([2]) })).toEqual({ x: { difference: 2 } });
    expect(pairedDifferences({ x: meanColumn([1, 3]) }, { groups: ['a', 'a'] })).toEqual({
      x: { difference: 2 },
    });
    expect(pairedDifferences({ x: { parts: 1, numerators: [0], denominators: [0] } })).toEqual({});
    expect(pairedDifferences({})).toEqual({});
    expect(() => pairedDifferences({ x: meanColumn([1, 2]) }, { groups: ['a'] })).toThrow(
      /expected 2, got 1/,
    );
  });
});

describe('holm', () => {
  it('multiplies from the smallest up, and keeps the order', () => {
    expect(holm([])).toEqual([]);
    expect(holm([0.04])).toEqual([0.04]);
    const corrected = holm([0.01, 0.04, 0.03, 0.005]);
    for (const [i, value] of [0.03, 0.06, 0.06, 0.02].entries()) expect(corrected[i]).toBeCloseTo(value, 14);
    expect(holm([0.6, 0.7, 1])).toEqual([1, 1, 1]);
  });
});
