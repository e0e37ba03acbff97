/** How sure each metric is: bootstrap intervals from the per-sample values. */
import { keypointTallies, type KeypointResult, type SampleMetrics } from '../metrics/index.js';
import type { Interval } from '../runs/metrics-document.js';
import {
  bootstrapIntervals,
  bootstrapRatioMeans,
  type BootstrapOptions,
  type ConfidenceInterval,
} from '../statistics/bootstrap.js';
import type { SampleRow } from './score-pool.js';
import { metricColumns } from './score-tables.js';

/**
 * 95 % intervals of every metric, seeded: the same run always prints the same
 * ones. All official metrics are means of per-sample values, so that resampling
 * samples is resampling the metric.
 *
 * @param groups for each sample, what it must be resampled together with (a video sequence).
 */
export function confidenceIntervals(
  rows: readonly SampleRow[],
  groups: readonly string[] | null,
): Record<string, Interval> {
  const columns = Object.fromEntries(metricColumns(rows));
  return stated(bootstrapIntervals<keyof SampleMetrics>(columns, drawing(groups)));
}

/** The same of PCK, a mean over joints of ratios. */
export function keypointIntervals(
  results: readonly KeypointResult[],
  groups: readonly string[] | null,
): Record<string, Interval> {
  return stated(bootstrapRatioMeans(keypointTallies(results), drawing(groups)));
}

function drawing(groups: readonly string[] | null): BootstrapOptions {
  return { expanded: true, ...(groups === null ? {} : { groups }) };
}

function stated(intervals: Readonly<Partial<Record<string, ConfidenceInterval>>>): Record<string, Interval> {
  return Object.fromEntries(
    Object.entries(intervals).map(([key, interval]) => {
      const { low, high, level } = interval!;
      return [key, { low, high, level }];
    }),
  );
}
