/** How `datasets verify` gathers what is wrong and words it. */
import { UserError, type ErrorJson } from '../../errors.js';
import { ADDRESS_SPACE } from '../../workers/address-space.js';

/** Problems of one kind that are told one by one. */
const SHOWN = 20;

/** What is wrong, each thing once; of many of a kind the first few and their number. */
export class Problems {
  /** Samples of which it is known why they cannot be predicted. */
  readonly explained = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #found: UserError[] = [];

  readonly add = (problem: UserError, samples: readonly string[] = []): void => {
    for (const id of samples) this.explained.add(id);
    const json = JSON.stringify(problem.toJson());
    if (this.#seen.has(json)) return;
    this.#seen.add(json);
    const count = (this.#counts.get(problem.code) ?? 0) + 1;
    this.#counts.set(problem.code, count);
    if (count <= SHOWN) this.#found.push(problem);
  };

  get list(): ErrorJson[] {
    const more = [...this.#counts].filter(([, count]) => count > SHOWN);
    return [
      ...this.#found.map((problem) => problem.toJson()),
      ...more.map(([code, count]) => ({ code, message: `and ${count - SHOWN} more of the kind ${code}` })),
    ];
  }
}

/** Of two things that disagree about a few samples either may be odd there: more are of another order, or another version. */
const ODD_SHARE = 0.01;

/** Whether so many of the samples disagree that it is the files that do not belong together. */
export function isWidespread(disagreeing: number, compared: number): boolean {
  return disagreeing >= 2 && disagreeing > ODD_SHARE * compared;
}

/** Runs a check; what it throws for the user is one more problem. */
export async function collect<T, F>(
  problems: Problems,
  fallback: F,
  check: () => Promise<T>,
): Promise<T | F> {
  try {
    return await check();
  } catch (error) {
    // A check that the machine has no room for says nothing about the folder.
    if (!(error instanceof UserError) || error.code === ADDRESS_SPACE) throw error;
    problems.add(error);
    return fallback;
  }
}
