/** The csv files of a run directory; keys are those of metrics.json, cells are full precision. */
import { stringify } from 'csv-stringify/sync';
import type { MetricsDocument } from '../runs/metrics-document.js';

/** One row a metric: `metric,value,low,high,level`. */
export function metricsCsv(document: MetricsDocument): string {
  const rows = Object.entries(document.metrics).map(([metric, value]) => {
    const interval = document.confidence[metric];
    return [metric, value, interval?.low, interval?.high, interval?.level];
  });
  return stringify([['metric', 'value', 'low', 'high', 'level'], ...rows]);
}

export type Cell = string | number | boolean | undefined;

/** A table with a header; an absent value is an empty cell. */
export function tableCsv(header: readonly string[], rows: Iterable<readonly Cell[]>): string {
  return stringify([[...header], ...[...rows].map((row) => [...row])], {
    cast: { boolean: (value) => (value ? '1' : '0') },
  });
}
