/** Looking into a dataset folder: what is there, and clear words for what is not. */
import { readdir, stat } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';

/** @throws UserError where `root` is no folder. */
export async function requireFolder(root: string, what: string): Promise<void> {
  let got: string;
  try {
    if ((await stat(root)).isDirectory()) return;
    got = 'a file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    got = code === 'ENOENT' ? 'nothing of that name' : (error as Error).message;
  }
  throw new UserError({
    code: 'dataset-folder-missing',
    message: `The ${what} folder is not there`,
    file: root,
    expected: `a folder in ${what}'s official layout`,
    got,
    next: 'give the folder that holds the annotation files',
  });
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** File names in `folder`, sorted; `null` where there is no such folder. */
export async function fileNames(folder: string): Promise<string[] | null> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw fileError(error, folder);
  }
}

/** The first few of a list, and how many there are: for error messages. */
export function firstFew(names: readonly string[], shown = 5): string {
  if (names.length === 0) return 'nothing';
  return names.length <= shown
    ? names.join(', ')
    : `${names.slice(0, shown).join(', ')} … (${names.length} in all)`;
}
