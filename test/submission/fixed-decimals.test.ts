import { describe, expect, it } from 'vitest';
import { Random } from '../../src/statistics/random.js';
import { longestNumber, MAX_DECIMALS, writeFixed } from '../../src/submission/fixed-decimals.js';

const ALL_DECIMALS = Array.from({ length: MAX_DECIMALS }, (_, index) => index + 1);
const out = Buffer.alloc(64);

function written(value: number, decimals: number): string {
  return out.toString('latin1', 0, writeFixed(value, decimals, out, 0));
}

/** Says which value differs; an `expect` for each of millions would take minutes. */
function firstDifference(count: number, decimals: number, next: () => number): string | undefined {
  for (let k = 0; k < count; k++) {
    const value = next();
    const expected = value.toFixed(decimals);
    if (written(value, decimals) !== expected)
      return `${value}: ${written(value, decimals)}, not ${expected}`;
  }
  return undefined;
}

describe('numbers with fixed decimals', () => {
  it('are what toFixed writes for coordinates of hands, a million of them', () => {
    const random = new Random(20);
    expect(firstDifference(1_000_000, 6, () => random.normal() * 0.5)).toBeUndefined();
    expect(firstDifference(300_000, 6, () => Math.fround(random.normal() * 0.5))).toBeUndefined();
  });

  it.each(ALL_DECIMALS)('are what toFixed writes for every magnitude, with %i decimals', (decimals) => {
    const random = new Random(decimals);
    const next = (): number => random.normal() * 10 ** (random.below(40) - 20);
    expect(firstDifference(100_000, decimals, next)).toBeUndefined();
  });

  it.each(ALL_DECIMALS)('are what toFixed writes at and beside every half, with %i decimals', (decimals) => {
    const random = new Random(100 + decimals);
    const next = (): number => {
      const half = (random.below(2 ** 31) + 0.5) / 10 ** decimals;
      const beside = half * (1 + (random.below(9) - 4) * 2 ** -52);
      return random.below(2) === 0 ? beside : -beside;
    };
    expect(firstDifference(100_000, decimals, next)).toBeUndefined();
  });

  it('carry through every nine', () => {
    expect(written(0.9999996, 6)).toBe('1.000000');
    expect(written(-9.9999996, 6)).toBe('-10.000000');
    expect(written(99.9999999, 6)).toBe('100.000000');
    expect(written(0.0999999, 3)).toBe('0.100');
  });

  it('are what toFixed writes at the edges', () => {
    const edges = [0, -0, 1e-9, -1e-9, 5e-7, -5e-7, 5e-324, 0.1 + 0.2, 1, 10, 999, 1000, 2147.483646];
    const large = [
      2147.483647, 2147.483648, 4294.967296, 1e9, 1e20, 999999999999999900000, 1e21, 1e22, 1e300,
    ];
    for (const value of [...edges, ...large]) {
      for (const decimals of ALL_DECIMALS) {
        expect(written(value, decimals)).toBe(value.toFixed(decimals));
        expect(written(-value, decimals)).toBe((-value).toFixed(decimals));
      }
    }
  });

  it('are JSON, however large, and leave the bytes before and after alone', () => {
    for (const value of [0.5, -0.25, 123456.789, 1e21, -1.7976931348623157e308]) {
      out.fill(0x21);
      const end = writeFixed(value, 9, out, 4);
      expect(end - 4).toBeLessThanOrEqual(longestNumber(9));
      expect(JSON.parse(out.toString('latin1', 4, end))).toBe(Number(value.toFixed(9)));
      expect(out.toString('latin1', 0, 4)).toBe('!!!!');
      expect(out.toString('latin1', end, end + 4)).toBe('!!!!');
    }
  });
});
