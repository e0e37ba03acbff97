/** Seeded damage for tests of readers. */

/** Integers from 0 up to, not including, `below`. */
export type Random = (below: number) => number;

/** Mulberry32. */
export function random(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export function oneOf<T>(items: readonly T[], below: Random): T {
  return items[below(items.length)]!;
}

/** One change: a bit, a byte, four equal bytes, a piece taken out, doubled, put in from another file, or all cut off behind. */
export function damage(original: Buffer, others: readonly Buffer[], below: Random): Buffer {
  const out = Buffer.from(original);
  if (out.length === 0) return out;
  const at = below(out.length);
  const end = Math.min(out.length, at + 1 + below(40));
  switch (below(7)) {
    case 0:
      out[at]! ^= 1 << below(8);
      return out;
    case 1:
      out[at] = below(256);
      return out;
    case 2:
      return out.fill([0, 0x7f, 0x80, 0xff][below(4)]!, at, Math.min(out.length, at + 4));
    case 3:
      return Buffer.concat([out.subarray(0, at), out.subarray(end)]);
    case 4:
      return Buffer.concat([out.subarray(0, end), out.subarray(at)]);
    case 5: {
      const other = oneOf(others, below);
      const from = below(other.length);
      return Buffer.concat([out.subarray(0, at), other.subarray(from, from + 60), out.subarray(at)]);
    }
    default:
      return out.subarray(0, at);
  }
}
