/** How often intervals and p-values of two runs are right: simulations of thousands of pairs. */
import { describe, expect, it } from 'vitest';
import { paMeanPositionError } from '../../src/metrics/index.js';
import { pairedDifferences, type PairedOptions } from '../../src/statistics/paired.js';
import { Random } from '../../src/statistics/random.js';
import { meanColumn } from '../support/mean-column.js';

const SEED = 515;

/** Share of `trials` whose interval holds `truth`; `draw` makes the differences of one trial. */
function coverage(
  trials: number,
  truth: number,
  draw: () => { values: number[]; groups?: number[] },
  options: PairedOptions = {},
): number {
  let held = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { values, groups } = draw();
    const { interval } = pairedDifferences(
      { x: meanColumn(values) },
      {
        resamples: 1000,
        permutations: 1,
        seed: trial,
        ...options,
        ...(groups === undefined ? {} : { groups }),
      },
    ).x!;
    if (interval!.low <= truth && truth <= interval!.high) held++;
  }
  return held / trials;
}

describe(`pairedDifferences (seed ${SEED})`, () => {
  it('holds the true difference 95 ± 2 % of the time: independent samples', () => {
    const random = new Random(SEED);
    // Skewed, as errors are.
    const draw = () => ({
      values: Array.from({ length: 60 }, () => 0.1 + random.normal() + 0.4 * (random.normal() ** 2 - 1)),
    });
    expect(Math.abs(coverage(2000, 0.1, draw) - 0.95)).toBeLessThan(0.02);
  });

  it('holds it as often where the frames of 13 sequences agree, and far less often where that is not told', () => {
    const random = new Random(SEED);
    const draw = (tell: boolean) => () => {
      const values: number[] = [];
      const groups: number[] = [];
      for (let sequence = 0; sequence < 13; sequence++) {
        const shift = random.normal();
        const frames = 8 + random.below(8);
        for (let frame = 0; frame < frames; frame++) {
          values.push(-0.2 + shift + 0.5 * random.normal());
          groups.push(sequence);
        }
      }
      return tell ? { values, groups } : { values };
    };
    expect(Math.abs(coverage(2000, -0.2, draw(true)) - 0.95)).toBeLessThan(0.02);
    expect(coverage(500, -0.2, draw(false))).toBeLessThan(0.6);
  });

  it('tells a run from itself with 0.2 mm of noise as often as it should', () => {
    const random = new Random(SEED);
    const hand = (spread: number): Float64Array =>
      Float64Array.from({ length: 63 }, () => spread * random.normal());
    const trials = 300;
    const hands = 40;
    const all: number[][] = [];
    for (let trial = 0; trial < trials; trial++) {
      all.push(
        Array.from({ length: hands }, () => {
          const truth = hand(0.04);
          const prediction = truth.map((x) => x + 0.006 * random.normal());
          // 0.2 mm along each axis.
          const noisy = prediction.map((x) => x + 0.0002 * random.normal());
          return (
            1000 *
            (paMeanPositionError(noisy, truth, 'allowed') - paMeanPositionError(prediction, truth, 'allowed'))
          );
        }),
      );
    }
    const flat = all.flat();
    const truth = flat.reduce((a, b) => a + b, 0) / flat.length;
    // The noise adds in the square: some hundredths of a millimetre at most.
    expect(truth).toBeGreaterThan(0);
    expect(truth).toBeLessThan(0.02);
    let trial = 0;
    const held = coverage(trials, truth, () => ({ values: all[trial++]! }));
    expect(held).toBeGreaterThan(0.91);
    expect(held).toBeLessThan(0.985);
  });
});
