import { describe, expect, it } from 'vitest';
import { float32ToHalf, halfToFloat32 } from '../../src/formats/npy/half.js';
import { Random } from '../../src/statistics/random.js';

const EVERY_PATTERN = Uint16Array.from({ length: 0x10000 }, (_, pattern) => pattern);
const numberOf = (pattern: number): number => halfToFloat32(Uint16Array.of(pattern))[0]!;
const halfOf = (value: number): number => float32ToHalf(Float32Array.of(value))[0]!;

/** Every finite half in ascending order, −0 left out. */
const ASCENDING = [...EVERY_PATTERN]
  .filter((pattern) => (pattern & 0x7c00) !== 0x7c00 && pattern !== 0x8000)
  .map((pattern) => ({ pattern, value: slowNumber(pattern) }))
  .sort((a, b) => a.value - b.value);

/** The definition, by digits. */
function slowNumber(pattern: number): number {
  const bits = pattern.toString(2).padStart(16, '0');
  const sign = bits.startsWith('1') ? -1 : 1;
  const exponent = Number.parseInt(bits.slice(1, 6), 2);
  const fraction = Number.parseInt(bits.slice(6), 2) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** The nearest finite half by trying its two neighbours; a tie goes to the even pattern. */
function slowHalf(value: number): number {
  let low = 0;
  let high = ASCENDING.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (ASCENDING[middle]!.value <= value) low = middle;
    else high = middle;
  }
  const [a, b] = [ASCENDING[low]!, ASCENDING[high]!];
  const [below, above] = [value - a.value, b.value - value];
  if (below === above) return a.pattern % 2 === 0 ? a.pattern : b.pattern;
  return below < above ? a.pattern : b.pattern;
}

describe('halves', () => {
  it('all 65,536 become the numbers they stand for', () => {
    const numbers = halfToFloat32(EVERY_PATTERN);
    for (const pattern of EVERY_PATTERN) {
      if (!Object.is(numbers[pattern], slowNumber(pattern))) {
        throw new Error(`${pattern}: ${numbers[pattern]} is not ${slowNumber(pattern)}`);
      }
    }
  });

  it('all 65,536 survive the way there and back; NaN stays NaN', () => {
    const back = float32ToHalf(halfToFloat32(EVERY_PATTERN));
    for (const pattern of EVERY_PATTERN) {
      if (Number.isNaN(slowNumber(pattern))) expect(numberOf(back[pattern]!)).toBeNaN();
      else if (back[pattern] !== pattern) throw new Error(`${pattern} came back as ${back[pattern]}`);
    }
  });

  it('the middle of every two neighbours goes to the even one, anything beside it to the nearer', () => {
    for (let k = 1; k < ASCENDING.length; k++) {
      const [a, b] = [ASCENDING[k - 1]!, ASCENDING[k]!];
      // Exact in float32: it has 13 more bits.
      const middle = (a.value + b.value) / 2;
      const step = Math.abs(b.value - a.value) / 1024;
      const halves = [...float32ToHalf(Float32Array.of(middle, middle - step, middle + step))];
      const even = a.pattern % 2 === 0 ? a.pattern : b.pattern;
      // −0 and 0 are one number in the list of neighbours.
      const expected = [even, a.pattern, b.pattern].map((pattern) => numberOf(pattern));
      if (halves.some((half, n) => numberOf(half) !== expected[n])) {
        throw new Error(`between ${a.value} and ${b.value}: ${halves.join(', ')}`);
      }
    }
  });

  it('random numbers go to the nearest half (seed 11)', () => {
    const random = new Random(11);
    for (let n = 0; n < 20_000; n++) {
      const value = Math.fround(random.normal() * 2 ** (random.uniform() * 40 - 26));
      if (Math.abs(value) >= 65_520) continue;
      // The neighbours hold one zero; + 0 makes one of both.
      expect(numberOf(halfOf(value)) + 0).toBe(slowNumber(slowHalf(value)));
    }
  });

  it.each([
    [65_504, 0x7bff],
    [65_519.99609375, 0x7bff],
    [65_520, 0x7c00],
    [-65_520, 0xfc00],
    [3.4e38, 0x7c00],
    [Infinity, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0000001, 0x0001],
    [-(2 ** -26), 0x8000],
    [1e-45, 0x0000],
    [-0, 0x8000],
  ])('%f is %i', (value, pattern) => {
    expect(halfOf(value)).toBe(pattern);
  });

  it('a view into a larger buffer is read where it lies', () => {
    const whole = Float32Array.of(9, 1, 2, 9);
    expect([...float32ToHalf(whole.subarray(1, 3))]).toEqual([0x3c00, 0x4000]);
    expect([...halfToFloat32(Uint16Array.of(0, 0x3c00, 0x4000).subarray(1))]).toEqual([1, 2]);
  });
});
