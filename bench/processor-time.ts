/** Timing on one core of a machine that others may be using too. */

/** Processor time of this process, seconds: time spent by others on the same machine does not count. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * Processor seconds of `work`, the median of `passes` after one that warms up.
 * Garbage collection and compilation on other threads count: a user pays for them.
 */
export function medianProcessorSeconds(passes: number, work: () => void): number {
  work();
  const times = Array.from({ length: passes }, () => {
    const start = processorSeconds();
    work();
    return processorSeconds() - start;
  });
  return median(times);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
