/** `metrics.csv`: metrics.json's figures and their intervals, for a spreadsheet. */
import { tableCsv } from '../text/csv.js';
import type { MetricsDocument } from './metrics-document.js';

/** One row a metric: `metric,value,low,high,level`. */
export function metricsCsv(document: MetricsDocument): string {
  const rows = Object.entries(document.metrics).map(([metric, value]) => {
    const interval = document.confidence[metric];
    return [metric, value, interval?.low, interval?.high, interval?.level];
  });
  return tableCsv(['metric', 'value', 'low', 'high', 'level'], rows);
}
