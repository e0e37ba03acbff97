/**
 * `mean-error`: what Hamba's appendix describes when read literally, the mean over the passes of each pass's metrics.
 * It rewards no agreement between passes, and every pass is scored on its own.
 */

/**
 * The mean of each metric over the passes.
 *
 * @param perPass the metrics of every pass, the same keys in each
 * @throws RangeError when there is no pass, a key is missing in one, or a value is not finite: a pass that could not
 *   be scored has no mean.
 */
export function meanOfMetrics(perPass: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const [first] = perPass;
  if (first === undefined) throw new RangeError('at least one pass is needed: got 0');
  const keys = Object.keys(first);
  for (const [index, metrics] of perPass.entries()) {
    const odd = [
      ...keys.filter((key) => !Number.isFinite(metrics[key])),
      ...Object.keys(metrics).filter((key) => !Object.hasOwn(first, key)),
    ];
    if (odd.length > 0) {
      throw new RangeError(
        `every pass must have the same finite metrics: pass ${index} differs in ${odd.join(', ')}`,
      );
    }
  }
  return Object.fromEntries(
    keys.map((key) => [key, perPass.reduce((sum, metrics) => sum + metrics[key]!, 0) / perPass.length]),
  );
}
