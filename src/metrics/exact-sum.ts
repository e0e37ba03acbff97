/**
 * A sum that does not depend on the order or the grouping of its terms.
 *
 * The running value is kept as an expansion of doubles that do not overlap
 * (J. R. Shewchuk, 'Adaptive precision floating-point arithmetic', 1997, §2.4,
 * grow-expansion), which represents the sum of all terms exactly; it is rounded
 * once, when read. So shards and workers merge to the very same digits as one
 * run, in whichever order they finish.
 */
export class ExactSum {
  #parts: number[] = [];

  /** @throws RangeError when `term` is not finite: a failed sample is not a number to add. */
  add(term: number): void {
    if (!Number.isFinite(term)) throw new RangeError(`cannot add ${term} to a sum`);
    const parts = this.#parts;
    let carried = term;
    let kept = 0;
    for (let i = 0; i < parts.length; i++) {
      let large = carried;
      let small = parts[i]!;
      if (Math.abs(large) < Math.abs(small)) {
        large = small;
        small = carried;
      }
      const high = large + small;
      const low = small - (high - large);
      if (low !== 0) parts[kept++] = low;
      carried = high;
    }
    parts.length = kept;
    parts.push(carried);
  }

  merge(other: ExactSum): void {
    for (const part of [...other.#parts]) this.add(part);
  }

  /** The sum, rounded to the nearest double (ties to even). */
  value(): number {
    const parts = this.#parts;
    let i = parts.length - 1;
    if (i < 0) return 0;
    let high = parts[i]!;
    let low = 0;
    while (i > 0 && low === 0) {
      const x = high;
      const y = parts[--i]!;
      high = x + y;
      low = y - (high - x);
    }
    // Halfway cases: what lies below decides the rounding.
    if (i > 0 && ((low < 0 && parts[i - 1]! < 0) || (low > 0 && parts[i - 1]! > 0))) {
      const twice = low * 2;
      const candidate = high + twice;
      if (twice === candidate - high) high = candidate;
    }
    return high;
  }

  toJson(): number[] {
    return [...this.#parts];
  }

  static fromJson(parts: readonly number[]): ExactSum {
    const sum = new ExactSum();
    for (const part of parts) sum.add(part);
    return sum;
  }
}
