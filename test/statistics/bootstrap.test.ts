import { describe, expect, it } from 'vitest';
import { bootstrapIntervals, bootstrapRatioMeans } from '../../src/statistics/bootstrap.js';
import { Random } from '../../src/statistics/random.js';

const SEED = 46;

describe(`Random (seed ${SEED})`, () => {
  it('repeats with the seed and differs without', () => {
    const draw = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 20 }, () => random.uint32());
    };
    expect(draw(SEED)).toEqual(draw(SEED));
    expect(draw(SEED)).not.toEqual(draw(SEED + 1));
    expect(draw(SEED)).not.toEqual(draw(SEED + 2 ** 32));
  });

  it('keeps its sequence from version to version', () => {
    const random = new Random(1);
    expect([random.uint32(), random.uint32(), random.uint32()]).toMatchInlineSnapshot(`
      [
        2012149540,
        1872316204,
        1707632675,
      ]
    `);
  });

  it('is even over its range', () => {
    const random = new Random(SEED);
    const counts = new Array<number>(7).fill(0);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < 70_000; i++) {
      counts[random.below(7)]!++;
      const x = random.normal();
      sum += x;
      squares += x * x;
      const u = random.uniform();
      expect(u >= 0 && u < 1).toBe(true);
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    expect(Math.abs(sum / 70_000)).toBeLessThan(0.02);
    expect(squares / 70_000).toBeCloseTo(1, 1);
    expect([...random.permutation(100)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  it('refuses seeds and bounds that are no such integers', () => {
    expect(() => new Random(-1)).toThrow(/got -1/);
    expect(() => new Random(0.5)).toThrow(/got 0.5/);
    expect(() => new Random(1).below(0)).toThrow(/got 0/);
  });
});

/** Slow and obvious: draw, add, divide, sort. */
function slowBootstrap(
  sums: number[],
  counts: number[],
  resamples: number,
  seed: number,
): { low: number; high: number } {
  const random = new Random(seed);
  const means: number[] = [];
  for (let r = 0; r < resamples; r++) {
    let numerator = 0;
    let denominator = 0;
    for (let i = 0; i < sums.length; i++) {
      const drawn = random.below(sums.length);
      numerator += sums[drawn]!;
      denominator += counts[drawn]!;
    }
    if (denominator > 0) means.push(numerator / denominator);
  }
  return percentiles(means);
}

function percentiles(means: number[]): { low: number; high: number } {
  means.sort((a, b) => a - b);
  const at = (share: number): number => {
    const position = share * (means.length - 1);
    const below = Math.floor(position);
    const next = means[Math.min(below + 1, means.length - 1)]!;
    return means[below]! + (next - means[below]!) * (position - below);
  };
  return { low: at(0.025), high: at(0.975) };
}

describe(`bootstrapIntervals (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const n = 300;
  const errors = Float64Array.from({ length: n }, () => 6 + random.normal());
  const shares = Array.from({ length: n }, () => random.uniform());
  const holed = errors.map((x, i) => (i % 7 === 0 ? NaN : x));
  const groups = Array.from({ length: n }, (_, i) => `sequence ${Math.floor((i * i) / 9000)}`);

  it('agrees with the slow one, several columns sharing the resamples', () => {
    const before = errors.slice();
    const intervals = bootstrapIntervals(
      { errors, shares, holed, a: errors, b: shares },
      { resamples: 200, seed: SEED },
    );
    expect(errors).toEqual(before);
    for (const [key, values] of Object.entries({ errors: [...errors], shares, a: [...errors], b: shares })) {
      const slow = slowBootstrap(
        values,
        values.map(() => 1),
        200,
        SEED,
      );
      expect(intervals[key as 'a']!.low).toBeCloseTo(slow.low, 12);
      expect(intervals[key as 'a']!.high).toBeCloseTo(slow.high, 12);
    }
    const there = [...holed].map((x) => (Number.isNaN(x) ? 0 : 1));
    const slow = slowBootstrap(
      [...holed].map((x) => (Number.isNaN(x) ? 0 : x)),
      there,
      200,
      SEED,
    );
    expect(intervals.holed!.low).toBeCloseTo(slow.low, 12);
    expect(intervals.holed!.high).toBeCloseTo(slow.high, 12);
    expect(intervals.errors).toMatchObject({ level: 0.95 });
    expect(intervals.errors!.mean).toBeCloseTo(errors.reduce((a, b) => a + b, 0) / n, 12);
  });

  it('draws whole groups, with ratio-of-sums means', () => {
    const names = [...new Set(groups)];
    const sums = names.map((name) => errors.reduce((sum, x, i) => (groups[i] === name ? sum + x : sum), 0));
    const counts = names.map((name) => groups.filter((group) => group === name).length);
    expect(new Set(counts).size).toBeGreaterThan(1);
    const { errors: interval } = bootstrapIntervals({ errors }, { resamples: 300, seed: SEED, groups });
    const slow = slowBootstrap(sums, counts, 300, SEED);
    expect(interval!.low).toBeCloseTo(slow.low, 12);
    expect(interval!.high).toBeCloseTo(slow.high, 12);
  });

  it('is about as wide as theory says, and wider when frames of a sequence agree', () => {
    const { errors: interval } = bootstrapIntervals({ errors }, { resamples: 2000, seed: SEED });
    const width = interval!.high - interval!.low;
    expect(width).toBeGreaterThan(0.8 * 2 * 1.96 * (1 / Math.sqrt(n)));
    expect(width).toBeLessThan(1.2 * 2 * 1.96 * (1 / Math.sqrt(n)));
    const perSequence = new Map(groups.map((group) => [group, 3 * random.normal()]));
    const dependent = errors.map((x, i) => x + perSequence.get(groups[i]!)!);
    const alone = bootstrapIntervals({ dependent }, { seed: SEED }).dependent!;
    const grouped = bootstrapIntervals({ dependent }, { seed: SEED, groups }).dependent!;
    expect(grouped.high - grouped.low).toBeGreaterThan(2 * (alone.high - alone.low));
  });

  it('has no interval where there is nothing to resample', () => {
    expect(bootstrapIntervals({ one: [3], none: [NaN] })).toEqual({});
    expect(bootstrapIntervals({ x: [1, 2, 3] }, { groups: ['a', 'a', 'a'] })).toEqual({});
    expect(bootstrapIntervals({})).toEqual({});
    expect(bootstrapIntervals({}, { groups: ['a', 'b'] })).toEqual({});
  });

  it('refuses unequal columns, infinite values and options out of range', () => {
    expect(() => bootstrapIntervals({ a: [1, 2], b: [1] })).toThrow(/'b' has 1, 'a' 2/);
    expect(() => bootstrapIntervals({ a: [1, Infinity] })).toThrow(/'a' holds Infinity at sample 1/);
    expect(() => bootstrapIntervals({ a: [1, 2] }, { groups: ['x'] })).toThrow(/expected 2, got 1/);
    expect(() => bootstrapIntervals({ a: [1, 2] }, { level: 1 })).toThrow(/level/);
    expect(() => bootstrapIntervals({ a: [1, 2] }, { resamples: 0 })).toThrow(/resamples/);
  });
});

/** Slow and obvious: draw units, collect their samples, take every ratio anew, average, sort. */
function slowRatioMeans(
  { parts, numerators, denominators }: { parts: number; numerators: Uint8Array; denominators: Uint8Array },
  units: number[][],
  resamples: number,
  seed: number,
): { low: number; high: number } {
  const random = new Random(seed);
  const figures: number[] = [];
  for (let r = 0; r < resamples; r++) {
    const samples = units.flatMap(() => units[random.below(units.length)]!);
    const ratios: number[] = [];
    for (let part = 0; part < parts; part++) {
      const sum = (values: Uint8Array): number =>
        samples.reduce((total, sample) => total + values[sample * parts + part]!, 0);
      const denominator = sum(denominators);
      if (denominator > 0) ratios.push(sum(numerators) / denominator);
    }
    if (ratios.length > 0) figures.push(ratios.reduce((a, b) => a + b, 0) / ratios.length);
  }
  return percentiles(figures);
}

describe(`bootstrapRatioMeans (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const n = 60;
  const parts = 5;
  // Part 4 has no denominator, part 3 only some: it is missing from many a resample.
  const chances = [0.9, 0.6, 0.3, 0.02, 0];
  const denominators = Uint8Array.from({ length: n * parts }, (_, i) =>
    random.uniform() < chances[i % parts]! ? 1 : 0,
  );
  const hits = (share: number): Uint8Array =>
    denominators.map((label) => (random.uniform() < share ? label : 0));
  const columns = {
    near: { parts, numerators: hits(0.4), denominators },
    far: { parts, numerators: hits(0.9), denominators },
    other: {
      parts: 1,
      numerators: new Uint8Array(n).map((_, i) => i % 2),
      denominators: new Uint8Array(n).fill(1),
    },
  };
  const single = Array.from({ length: n }, (_, i) => [i]);

  it('has a part that some resamples lack', () => {
    const labels = denominators.filter((_, i) => i % parts === 3).reduce((a, b) => a + b, 0);
    expect(labels).toBeGreaterThan(0);
    expect(labels).toBeLessThan(4);
  });

  it('agrees with the slow one, several columns sharing resamples and denominators', () => {
    const before = structuredClone(columns);
    const intervals = bootstrapRatioMeans(columns, { resamples: 200, seed: SEED });
    expect(columns).toEqual(before);
    for (const key of ['near', 'far', 'other'] as const) {
      const slow = slowRatioMeans(columns[key], single, 200, SEED);
      expect(intervals[key]!.low).toBeCloseTo(slow.low, 12);
      expect(intervals[key]!.high).toBeCloseTo(slow.high, 12);
      expect(intervals[key]!.level).toBe(0.95);
    }
    const ratios = [0, 1, 2, 3].map((part) => {
      const sum = (values: Uint8Array): number =>
        values.reduce((total, value, i) => (i % parts === part ? total + value : total), 0);
      return sum(columns.near.numerators) / sum(denominators);
    });
    expect(intervals.near!.mean).toBeCloseTo(ratios.reduce((a, b) => a + b, 0) / 4, 12);
  });

  it('draws whole groups', () => {
    const groups = Array.from({ length: n }, (_, i) => `sequence ${Math.floor((i * i) / 400)}`);
    const units = [...new Set(groups)].map((name) => single.flat().filter((i) => groups[i] === name));
    expect(new Set(units.map((unit) => unit.length)).size).toBeGreaterThan(1);
    const intervals = bootstrapRatioMeans(columns, { resamples: 200, seed: SEED, groups });
    const slow = slowRatioMeans(columns.near, units, 200, SEED);
    expect(intervals.near!.low).toBeCloseTo(slow.low, 12);
    expect(intervals.near!.high).toBeCloseTo(slow.high, 12);
  });

  it('is the interval of a mean where there is one part and one of it in each sample', () => {
    const values = Array.from({ length: n }, () => random.normal());
    const ratio = { parts: 1, numerators: values, denominators: values.map(() => 1) };
    expect(bootstrapRatioMeans({ x: ratio }, { seed: SEED })).toEqual(
      bootstrapIntervals({ x: values }, { seed: SEED }),
    );
  });

  it('has no interval where there is nothing to resample', () => {
    const one = { parts: 2, numerators: [1, 1, 0, 0], denominators: [1, 1, 0, 0] };
    expect(bootstrapRatioMeans({ one })).toEqual({});
    const groups = single.map(() => 'a');
    expect(bootstrapRatioMeans(columns, { groups })).toEqual({});
    expect(bootstrapRatioMeans({})).toEqual({});
    expect(bootstrapRatioMeans({}, { groups: ['a', 'b'] })).toEqual({});
  });

  it('refuses columns that do not fit and values that are none', () => {
    const column = (numerators: number[], below: number[], width = 2) => ({
      x: { parts: width, numerators, denominators: below },
    });
    expect(() => bootstrapRatioMeans(column([1, 1, 1], [1, 1, 1]))).toThrow(/samples × parts: 3 and 2/);
    expect(() => bootstrapRatioMeans(column([1], [1], 0))).toThrow(/samples × parts: 1 and 0/);
    expect(() => bootstrapRatioMeans(column([1, 1], [1]))).toThrow(/expected 2, got 1/);
    expect(() => bootstrapRatioMeans(column([1, 1, 1, NaN], [1, 1, 1, 1]))).toThrow(
      /NaN at sample 1, part 1/,
    );
    expect(() => bootstrapRatioMeans(column([1, 1], [1, -1]))).toThrow(/negative denominator/);
    expect(() => bootstrapRatioMeans({ ...columns, ...column([1, 1], [1, 1]) })).toThrow(
      /'x' has 1, 'near' 60/,
    );
    expect(() => bootstrapRatioMeans(columns, { groups: ['a'] })).toThrow(/expected 60, got 1/);
  });
});
