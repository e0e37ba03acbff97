/** Which samples a report shows: the worst, the median ones and the best, by the mean error of the runs. */
import type { SampleGroup, WorstSample } from './page/report-data.js';
import type { ReadRun } from './report-runs.js';

export interface ChosenSample {
  readonly id: string;
  /** Row in each run; −1 where a run has it not. */
  readonly rows: readonly number[];
  readonly errors: readonly (number | null)[];
}

export interface Choice {
  readonly groups: readonly { readonly key: SampleGroup['key']; readonly samples: readonly ChosenSample[] }[];
  readonly worst: readonly WorstSample[];
  /** Scored by every run: those that are ordered. */
  readonly ordered: number;
}

const WORST_LISTED = 100;

/** @param count samples a group; groups do not overlap, and are smaller where there are too few samples. */
export function chooseSamples(runs: readonly ReadRun[], count: number): Choice {
  const ordered = orderedSamples(runs);
  const size = Math.min(count, Math.ceil(ordered.length / 3));
  const middle = Math.max(size, Math.floor((ordered.length - size) / 2));
  const groups = [
    { key: 'worst' as const, samples: ordered.slice(0, size) },
    { key: 'median' as const, samples: ordered.slice(middle, middle + size) },
    {
      key: 'best' as const,
      samples: ordered.slice(Math.max(middle + size, ordered.length - size)).reverse(),
    },
  ].filter(({ samples }) => samples.length > 0);
  const worst = ordered.slice(0, WORST_LISTED).map(({ id, errors }) => ({ id, errors }));
  return { groups: count === 0 ? [] : groups, worst, ordered: ordered.length };
}

/** The greatest mean error first; equal ones by the order of the first run. */
function orderedSamples(runs: readonly ReadRun[]): ChosenSample[] {
  const all = runs[0]!.scores.ids.flatMap((id) => {
    const rows = runs.map(({ scores }) => scores.rowOf.get(id) ?? -1);
    const errors = runs.map((run, index) => run.errors[rows[index]!] ?? NaN);
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    return Number.isNaN(mean) ? [] : [{ id, rows, errors, mean }];
  });
  return all.sort((a, b) => b.mean - a.mean).map(({ id, rows, errors }) => ({ id, rows, errors }));
}
