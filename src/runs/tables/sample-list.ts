/** `samples.txt`: the ids of the samples that the rows of a run are about, one a line. */
import { isFile } from '../../datasets/folder.js';
import { readLines } from '../../files/text-lines.js';
import type { RunFolder } from '../manifest.js';
import type { RunDirectory } from '../run-directory.js';

export async function writeSampleList(run: RunDirectory, ids: readonly string[]): Promise<void> {
  await run.writeText('samples', ids.map((id) => `${id}\n`).join(''));
}

/**
 * @returns null where the run does not say, and its rows are all samples of the folder.
 * @throws UserError where they are not all of them, and the file cannot be read.
 */
export async function readSampleList(run: RunFolder): Promise<string[] | null> {
  const file = run.file('samples');
  if (run.manifest.selected !== true && !(await isFile(file))) return null;
  return (await readLines(file)).filter((line) => line !== '');
}
