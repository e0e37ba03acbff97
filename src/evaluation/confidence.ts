import type { SampleRow } from './score-pool.js';
import type { Interval } from '../runs/metrics-document.js';
export function confidenceIntervals(
  _rows: readonly SampleRow[],
  _groups: readonly string[] | null,
): Record<string, Interval> {
  return {};
}
