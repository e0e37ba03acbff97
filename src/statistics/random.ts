/**
 * Seeded random numbers: the same seed gives the same numbers on every machine.
 *
 * Generator: sfc32 ('Small Fast Counter', Chris Doty-Humphrey, PractRand 0.95;
 * 128 bits of state, 32-bit output, a counter guarantees a period of at least
 * 2^32). Seeding follows PractRand: a, b, c from the seed, counter 1, the first
 * outputs thrown away. Not for cryptography.
 */
export class Random {
  /** The seed it was made from, for messages. */
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter: number;
  #spare: number | undefined;
  /** The last bound of `below` and the first output it has to reject. */
  #bound = NaN;
  #limit = 0;

  /**
   * @param seed an integer from 0 to 2^53 − 1.
   * @throws RangeError for any other seed.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`a seed must be an integer from 0 to 2^53 - 1: got ${seed}`);
    }
    this.seed = seed;
    this.#a = 0;
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 2 ** 32) | 0;
    this.#counter = 1;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** The next integer from 0 to 2^32 − 1, all equally likely. */
  uint32(): number {
    const next = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + next;
    this.#c |= 0;
    return next >>> 0;
  }

  /** A number from 0 (included) to 1 (excluded), a multiple of 2^-53. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /**
   * An integer from 0 to `bound` − 1, all equally likely (rejection sampling).
   *
   * @throws RangeError when `bound` is not an integer from 1 to 2^32.
   */
  below(bound: number): number {
    if (bound !== this.#bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
        throw new RangeError(`a bound must be an integer from 1 to 2^32: got ${bound}`);
      }
      this.#bound = bound;
      this.#limit = 2 ** 32 - (2 ** 32 % bound);
    }
    let value = this.uint32();
    while (value >= this.#limit) value = this.uint32();
    // Exact: below 2^53, and floor is taken of a quotient that is no closer than 2^-32 to the next integer.
    return value - bound * Math.floor(value / bound);
  }

  /** A standard normal number (Marsaglia's polar method). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const squared = x * x + y * y;
      if (squared >= 1 || squared === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(squared)) / squared);
      this.#spare = y * factor;
      return x * factor;
    }
  }

  /** The integers 0 to `count` − 1 in random order (Fisher–Yates). */
  permutation(count: number): number[] {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const x = order[i]!;
      order[i] = order[j]!;
      order[j] = x;
    }
    return order;
  }
}
