/** Why kept passes failed: of a pass that failed nothing is left in the arrays but NaN. */
import type { FailedPasses } from '../runs/manifest.js';
import type { FailedPassRow } from '../runs/progress-journal.js';
import { fromRanges, toRanges } from '../runs/ranges.js';

/** A row that lacks something: the position of its sample, the pass, and why. */
export interface FailedPass {
  readonly index: number;
  readonly pass: number;
  readonly code: string;
  readonly reason: string;
}

/** Collects them as they come, sample by sample; passes of a sample that fail alike are one entry. */
export class FailedPassList {
  readonly #entries: FailedPassRow[];

  constructor(entries: readonly FailedPassRow[] = []) {
    this.#entries = entries.map((entry) => ({ ...entry, passes: [...entry.passes] }));
  }

  add(id: string, { index: row, pass, code, reason }: FailedPass, keypointsAlone: boolean): void {
    for (let at = this.#entries.length - 1; this.#entries[at]?.row === row; at--) {
      const entry = this.#entries[at]!;
      const isAlike = entry.code === code && entry.reason === reason;
      if (!isAlike || (entry.keypoints_alone === true) !== keypointsAlone) continue;
      entry.passes.push(pass);
      return;
    }
    const alone = keypointsAlone ? { keypoints_alone: true } : {};
    this.#entries.push({ row, id, code, reason, passes: [pass], ...alone });
  }

  /** The failed passes of the samples before `end`. */
  before(end: number): FailedPassRow[] {
    return this.#entries.filter(({ row }) => row < end);
  }

  /** The failed passes as run.json has them. */
  described(): FailedPasses[] {
    return this.#entries.map(({ id, code, reason, passes, keypoints_alone }) => ({
      id,
      code,
      reason,
      passes: toRanges(passes),
      ...(keypoints_alone === true ? { keypoints_alone } : {}),
    }));
  }
}

/** What is known of the failed rows of one sample. */
export interface SampleFailures {
  readonly invalid: readonly FailedPass[];
  readonly invalidKeypoints: readonly FailedPass[];
}

/** The entries of run.json by the id of their sample. */
export function failuresById(described: readonly FailedPasses[]): ReadonlyMap<string, FailedPasses[]> {
  const byId = new Map<string, FailedPasses[]>();
  for (const entry of described) {
    const mine = byId.get(entry.id);
    if (mine === undefined) byId.set(entry.id, [entry]);
    else mine.push(entry);
  }
  return byId;
}

/** The entries of one sample, row by row. */
export function failedRows(index: number, entries: readonly FailedPasses[]): SampleFailures {
  const rows = (alone: boolean): FailedPass[] =>
    entries
      .filter(({ keypoints_alone }) => (keypoints_alone === true) === alone)
      .flatMap(({ code, reason, passes }) =>
        fromRanges(passes).map((pass) => ({ index, pass, code, reason })),
      );
  return { invalid: rows(false), invalidKeypoints: rows(true) };
}
