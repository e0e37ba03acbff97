/**
 * Holm's correction for many tests at once (Holm, 'A Simple Sequentially
 * Rejective Multiple Test Procedure', Scandinavian Journal of Statistics 6, 1979):
 * the k-th smallest of m p-values times m − k + 1, never below the one before and
 * at most 1. Calling those below 0.05 different is wrong about any one of them
 * with a chance of at most 5 %, however the tests depend on each other.
 */
export function holm(p: readonly number[]): number[] {
  const order = [...p.keys()].sort((a, b) => p[a]! - p[b]!);
  const corrected = new Array<number>(p.length);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (p.length - rank) * p[index]!));
    corrected[index] = least;
  });
  return corrected;
}
