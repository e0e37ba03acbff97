/** Samples handled together everywhere in scoring: one size, so that sums add up in one order. */
export const SCORE_BATCH = 64;

/** The numbers of several batches, one after the other. */
export function concatenated(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
