/** How sure each metric is: bootstrap intervals from the per-sample values. */
import type { SampleMetrics } from '../metrics/index.js';
import type { Interval } from '../runs/metrics-document.js';
import { bootstrapIntervals } from '../statistics/bootstrap.js';
import { expandedLevel } from '../statistics/expanded-level.js';
import type { SampleRow } from './score-pool.js';

/** Of every interval. */
export const LEVEL = 0.95;

/**
 * 95 % percentile intervals of every metric, seeded: the same run always prints
 * the same ones. All official metrics are means of per-sample values, so that
 * resampling samples is resampling the metric. Where few units are drawn the
 * percentiles are expanded, or the intervals would be too narrow.
 *
 * @param groups for each sample, what it must be resampled together with (a video sequence).
 */
export function confidenceIntervals(
  rows: readonly SampleRow[],
  groups: readonly string[] | null,
): Record<string, Interval> {
  const keys = new Set<keyof SampleMetrics>();
  for (const row of rows) {
    if (row.state === 'scored')
      for (const key of Object.keys(row.metrics)) keys.add(key as keyof SampleMetrics);
  }
  const columns: Partial<Record<keyof SampleMetrics, Float64Array>> = {};
  for (const key of keys) {
    columns[key] = Float64Array.from(rows, (row) =>
      row.state === 'scored' ? (row.metrics[key] ?? Number.NaN) : Number.NaN,
    );
  }
  const isScored = (index: number): boolean => rows[index]!.state === 'scored';
  const intervals = bootstrapIntervals(columns, {
    level: levelFor(drawnUnits(rows.length, isScored, groups)),
    ...(groups === null ? {} : { groups }),
  });
  return stated(intervals);
}

/** How many units a resample draws: samples, or the groups that have one. */
export function drawnUnits(
  samples: number,
  isScored: (index: number) => boolean,
  groups: readonly string[] | null,
): number {
  const units = new Set<string | number>();
  for (let index = 0; index < samples; index++) if (isScored(index)) units.add(groups?.[index] ?? index);
  return units.size;
}

/** The level whose percentiles make an interval of 95 %. */
export function levelFor(units: number): number {
  return units < 2 ? LEVEL : expandedLevel(LEVEL, units);
}

/** Intervals as a result has them: of 95 %, whichever percentiles make them. */
export function stated(
  intervals: Readonly<Record<string, { readonly low: number; readonly high: number }>>,
): Record<string, Interval> {
  return Object.fromEntries(
    Object.entries(intervals).map(([key, { low, high }]) => [key, { low, high, level: LEVEL }]),
  );
}
