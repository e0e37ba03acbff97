/**
 * Paired permutation test by sign flips (Fisher, 'The Design of Experiments',
 * 1935, §21). If two methods are equally good, then of each unit (a sample, or a
 * video sequence) it is chance which method had which value. A figure whose
 * difference is a sum of one contribution a unit,
 *
 *     T = Σ c_u,   with permuted signs   T' = Σ ±c_u,
 *
 * is judged by how often |T'| reaches |T|: two-sided. With few units every
 * assignment of signs is looked at and p is their share; otherwise random ones
 * are drawn, and p = (1 + reached) / (1 + drawn), so that it is never 0.
 *
 * All figures share the same flips; the same seed draws the same ones. Figures
 * that do not differ at all have p = 1.
 */

import { Random } from './random.js';

export interface SignFlipOptions {
  /** Number of random assignments; where all possible ones are no more than this, those are taken. Default 10,000. */
  readonly permutations?: number;
  /** Seed of the generator (`Random`); default 1. */
  readonly seed?: number;
}

export interface SignFlipResult<Key extends string> {
  /** Two-sided p of each figure, above 0 and at most 1. */
  readonly p: Readonly<Partial<Record<Key, number>>>;
  /** Whether all assignments were looked at. */
  readonly exact: boolean;
  /** Assignments looked at. */
  readonly permutations: number;
}

/** Units whose signs are drawn together: one byte, one look into a table of 256 sums. */
const BLOCK = 8;

/** Sums of additions in different orders may differ by this, relative to Σ |c|; they count as equal. */
const ROUNDING = 1e-12;

/** For each byte of signs, the sum of the contributions of `BLOCK` units from `first` on; bit set: as observed. */
function signedSums(contributions: Float64Array, first: number): Float64Array {
  const sums = new Float64Array(1);
  let table = sums;
  for (let bit = 0; bit < BLOCK; bit++) {
    const value = contributions[first + bit] ?? 0;
    const doubled = new Float64Array(2 * table.length);
    table.forEach((sum, signs) => {
      doubled[signs] = sum - value;
      doubled[signs + table.length] = sum + value;
    });
    table = doubled;
  }
  return table;
}

/** Four random bytes at a time. */
function drawBytes(random: Random, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 4) {
    const word = random.uint32();
    for (let k = 0; k < 4; k++) bytes[i + k] = (word >>> (8 * k)) & 255;
  }
}

/**
 * @param figures for each figure, one contribution a unit, all of the same length; not changed.
 * @throws RangeError when lengths differ, a contribution is not finite or an option is out of range.
 */
export function signFlipTests<Key extends string>(
  figures: Readonly<Partial<Record<Key, Float64Array>>>,
  options: SignFlipOptions = {},
): SignFlipResult<Key> {
  const { permutations: wanted = 10_000, seed = 1 } = options;
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new RangeError(`permutations must be an integer of 1 or more: got ${wanted}`);
  }
  const keys = (Object.keys(figures) as Key[]).filter((key) => figures[key] !== undefined);
  const units = keys.length === 0 ? 0 : figures[keys[0]!]!.length;
  for (const key of keys) check(key, figures[key]!, units);
  const exact = 2 ** units <= wanted;
  const permutations = exact ? 2 ** units : wanted;
  const random = new Random(seed);
  const bytes = new Uint8Array(BLOCK * Math.ceil(permutations / BLOCK));
  const sums = keys.map(() => new Float64Array(permutations));
  const observed = new Float64Array(keys.length);
  for (let first = 0; first < units; first += BLOCK) {
    if (exact) bytes.forEach((_, permutation) => (bytes[permutation] = (permutation >>> first) & 255));
    else drawBytes(random, bytes);
    keys.forEach((key, figure) => {
      const table = signedSums(figures[key]!, first);
      const sum = sums[figure]!;
      for (let i = 0; i < permutations; i++) sum[i] = sum[i]! + table[bytes[i]!]!;
      observed[figure] = observed[figure]! + table[255]!;
    });
  }
  const p: Partial<Record<Key, number>> = {};
  keys.forEach((key, figure) => {
    const size = figures[key]!.reduce((total, value) => total + Math.abs(value), 0);
    const least = Math.abs(observed[figure]!) - ROUNDING * size;
    const reached = sums[figure]!.reduce((count, sum) => (Math.abs(sum) >= least ? count + 1 : count), 0);
    p[key] = exact ? reached / permutations : (1 + reached) / (1 + permutations);
  });
  return { p, exact, permutations };
}

function check(key: string, contributions: Float64Array, units: number): void {
  if (contributions.length !== units) {
    throw new RangeError(
      `all figures need the same units: '${key}' has ${contributions.length}, the first ${units}`,
    );
  }
  const bad = contributions.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`figure '${key}' holds ${contributions[bad]!} at unit ${bad}`);
}
