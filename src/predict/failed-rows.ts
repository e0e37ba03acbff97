/** Samples that lack something, by their row: run.json knows them by their id alone. */
import type { UnscoredSample } from '../runs/metrics-document.js';
import type { FailedRow } from '../runs/progress-journal.js';

export function rowsBefore(failed: readonly FailedRow[], end: number): FailedRow[] {
  return failed.filter(({ row }) => row < end);
}

export function withoutRows(failed: readonly FailedRow[]): UnscoredSample[] {
  return failed.map(({ id, code, reason }) => ({ id, code, reason }));
}
