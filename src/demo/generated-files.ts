/** Taking generated files away again; what somebody else put beside them stays. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { partialName } from '../files/atomic-file.js';

/** Removes the files of one folder whose whole names match, finished or not, and the folder once it is empty. */
export async function removeMatching(folder: string, name: RegExp): Promise<void> {
  const whole = new RegExp(`^(?:${name.source})(?:\\.partial)?$`);
  const names = await readdir(folder).catch(() => []);
  for (const found of names.filter((file) => whole.test(file)))
    await rm(join(folder, found), { force: true });
  await removeEmpty(folder);
}

/** Removes a folder that holds nothing. */
export async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}

/** Removes files of `dir` by name, finished or not. */
export async function removeFiles(dir: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await rm(join(dir, name), { force: true });
    await rm(partialName(join(dir, name)), { force: true });
  }
}
