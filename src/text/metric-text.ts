/** Metrics and their values as people read them. A key that this version does not know stands for itself. */
import { findMetric } from '../metrics/index.js';
import { CONFIDENCE_LEVEL } from '../statistics/confidence-level.js';

/** Digits of a metric that is not known. */
const UNKNOWN_DECIMALS = 3;

export function metricLabel(key: string): string {
  return findMetric(key)?.label ?? key;
}

/** `text` with the metric's unit behind it, if it has one. */
export function withUnit(key: string, text: string, separator = ' '): string {
  const unit = findMetric(key)?.unit ?? '';
  return unit === '' ? text : `${text}${separator}${unit}`;
}

/** A value of metrics.json without its unit: a share whose unit is `%` is shown times 100. */
export function formatMetric(key: string, value: number): string {
  const metric = findMetric(key);
  return (metric?.unit === '%' ? value * 100 : value).toFixed(metric?.decimals ?? UNKNOWN_DECIMALS);
}

/** The title of a column where the table says that its figures are aligned: `PA-MPJPE mm`, `F@5`. */
export function alignedTitle(key: string): string {
  return withUnit(key, metricLabel(key).replace(' aligned', ''));
}

/** The head of a column of intervals. */
export const INTERVAL_TITLE = `${100 * CONFIDENCE_LEVEL} % interval`;
