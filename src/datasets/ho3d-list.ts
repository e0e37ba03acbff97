/** HO-3D's list of samples: one `sequence/frame` a line, in the order of the ground truth. */
import { UserError } from '../errors.js';
import { readLines } from '../files/text-lines.js';
import { staysInside } from './inside.js';
import { tellOrThrow } from './problems.js';
import type { ProblemListener } from './types.js';

/** Whether a line names a sample. */
export function isSampleLine(line: string): boolean {
  return /^[^/\s]+\/[^/\s]+$/.test(line) && staysInside(line);
}

/**
 * @param count the samples of the ground truth, where the list must have as many: a line that is none keeps its
 *   place then, so that all others are known by theirs.
 */
export async function readIds(
  list: string,
  count: number | null,
  onProblem?: ProblemListener,
): Promise<string[]> {
  const tell = tellOrThrow(onProblem);
  const lines = await readLines(list);
  const seen = new Map<string, number>();
  const ids: string[] = [];
  const byLine: string[] = [];
  const next = "take the list from HO-3D's own archive";
  lines.forEach((id, line) => {
    const first = seen.get(id);
    const placeholder = `line ${line + 1}`;
    byLine.push(placeholder);
    if (!isSampleLine(id)) {
      tell(
        new UserError({
          code: 'sample-list-line',
          message: `Line ${line + 1} of the sample list is no sample`,
          file: list,
          expected: 'sequence/frame, as in SM1/0000',
          got: JSON.stringify(id),
          next,
        }),
        [placeholder],
      );
    } else if (first !== undefined) {
      tell(
        new UserError({
          code: 'sample-list-duplicate',
          message: 'The sample list names a sample twice',
          file: list,
          expected: 'each sample once',
          got: `${id} on lines ${first + 1} and ${line + 1}`,
          next,
        }),
        [placeholder],
      );
    } else {
      seen.set(id, line);
      ids.push(id);
      byLine[line] = id;
    }
  });
  if (count === lines.length) return byLine;
  if (count !== null && ids.length !== count) {
    tell(
      new UserError({
        code: 'dataset-count-mismatch',
        message: 'The sample list and the ground truth differ in the number of samples',
        file: list,
        expected: `${count} lines, one for each sample of the ground truth`,
        got: `${ids.length} lines`,
        next: 'use the list, the ground truth and the predictions of one version of HO-3D',
      }),
    );
  }
  return ids;
}
