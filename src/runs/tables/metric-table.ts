/** `metrics.csv`: the figures of metrics.json and their intervals, for a spreadsheet; the program reads metrics.json. */
import { tableCsv } from '../../text/csv.js';
import type { MetricsDocument } from '../metrics-document.js';
import type { RunDirectory } from '../run-directory.js';

/** One row a metric. */
export async function writeMetricTable(
  run: RunDirectory,
  { metrics, confidence }: MetricsDocument,
): Promise<void> {
  const rows = Object.entries(metrics).map(([metric, value]) => {
    const interval = confidence[metric];
    return [metric, value, interval?.low, interval?.high, interval?.level];
  });
  await run.writeText('metricsCsv', tableCsv(['metric', 'value', 'low', 'high', 'level'], rows));
}
