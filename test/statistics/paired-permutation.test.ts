/** Sign flips: against a slow one, exact where few, and uniform where there is nothing to find. */
import { describe, expect, it } from 'vitest';
import { signFlipTests } from '../../src/statistics/paired-permutation.js';
import { Random } from '../../src/statistics/random.js';

const SEED = 20_260;

/** Every assignment of signs, written out. */
function slowExact(values: readonly number[]): number {
  const observed = Math.abs(values.reduce((a, b) => a + b, 0));
  let reached = 0;
  for (let signs = 0; signs < 2 ** values.length; signs++) {
    const sum = values.reduce((total, value, i) => total + ((signs >> i) & 1 ? value : -value), 0);
    if (Math.abs(sum) >= observed - 1e-12) reached++;
  }
  return reached / 2 ** values.length;
}

describe(`signFlipTests (seed ${SEED})`, () => {
  it.each([2, 3, 7, 8, 9, 12, 13])('looks at every assignment of %d units', (units) => {
    const random = new Random(SEED + units);
    const c = Float64Array.from({ length: units }, () => 0.4 + random.normal());
    const result = signFlipTests({ c });
    expect(result).toMatchObject({ exact: true, permutations: 2 ** units });
    expect(result.p.c).toBeCloseTo(slowExact([...c]), 14);
  });

  it('draws where there are more, close to what all of them would say, never 0', () => {
    const random = new Random(SEED);
    const mild = Float64Array.from({ length: 15 }, () => 0.4 + random.normal());
    const { p, exact, permutations } = signFlipTests({ mild });
    expect({ exact, permutations }).toEqual({ exact: false, permutations: 10_000 });
    // Four standard errors of 10,000 draws.
    const truth = slowExact([...mild]);
    expect(Math.abs(p.mild! - truth)).toBeLessThan(4 * Math.sqrt((truth * (1 - truth)) / 10_000) + 1e-4);
    const plain = new Float64Array(100).fill(1);
    expect(signFlipTests({ plain }).p.plain).toBe(1 / 10_001);
  });

  it('gives figures that do not differ p = 1, and repeats itself', () => {
    const random = new Random(SEED);
    const none = new Float64Array(50);
    const some = Float64Array.from({ length: 50 }, () => random.normal());
    const first = signFlipTests({ none, some });
    expect(first.p.none).toBe(1);
    expect(signFlipTests({ none, some })).toEqual(first);
    expect(signFlipTests({ some }).p.some).toBe(first.p.some);
    expect(signFlipTests({ some }, { seed: 2 }).p.some).not.toBe(first.p.some);
    expect(signFlipTests({ some: some.map((x) => -x) }).p.some).toBe(first.p.some);
  });

  it('counts sums that are equal but for rounding as equal', () => {
    // All of ±0.1 ± 0.2 … that reach |T| exactly must count, however the additions rounded.
    const c = Float64Array.from([0.1, 0.2, 0.3, -0.1, -0.2, 0.7, 0.1, 0.3]);
    const tenths = [1, 2, 3, -1, -2, 7, 1, 3];
    expect(signFlipTests({ c }).p.c).toBe(slowExact(tenths));
  });

  it('is uniform where neither method is better', () => {
    const random = new Random(SEED);
    const trials = 2000;
    const bins = new Array<number>(10).fill(0);
    for (let trial = 0; trial < trials; trial++) {
      // Symmetric, with heavy tails and a scale of its own for each unit.
      const c = Float64Array.from({ length: 30 }, (_, i) => (1 + (i % 5)) * random.normal() ** 3);
      const p = signFlipTests({ c }, { permutations: 399, seed: trial }).p.c!;
      bins[Math.min(9, Math.floor((p - 1 / 800) * 10))]!++;
    }
    const expected = trials / 10;
    const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 99.9 % of chi-square with 9 degrees of freedom.
    expect(chiSquare).toBeLessThan(27.88);
  });

  it('refuses what is no contribution', () => {
    const x = new Float64Array(3);
    expect(() => signFlipTests({ a: x, b: new Float64Array(2) })).toThrow(/'b' has 2, the first 3/);
    expect(() => signFlipTests({ a: Float64Array.of(1, NaN) })).toThrow(/'a' holds NaN at unit 1/);
    expect(() => signFlipTests({ a: x }, { permutations: 0 })).toThrow(/permutations/);
    expect(signFlipTests({}).p).toEqual({});
  });
});
