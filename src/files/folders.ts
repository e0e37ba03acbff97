/** Folders that are made, listed and removed as a run directory needs it. */
import { mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UserError } from '../errors.js';

/** Names in a folder; none where it does not exist. */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new UserError({
    code: 'output-unusable',
    message: 'The output folder cannot be used',
    file: path,
    expected: 'a folder that can be written, or a name that does not exist yet',
    got: code === 'ENOTDIR' || code === 'EEXIST' ? 'a file' : message,
    next: 'name another folder with --out',
    cause: error,
  });
}

/** Removes a folder unless somebody's file is in it. */
export async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch {
    // Not empty, or not there: both are as they should be.
  }
}

/**
 * Makes a folder and those above it; says whether it was not there before.
 * Not mkdir's own `recursive`: that never ends where a parent exists in which
 * nothing can be made (/proc).
 */
export async function makeFolder(path: string): Promise<boolean> {
  const folder = resolve(path);
  for (let attempt = 0; ; attempt++) {
    try {
      await mkdir(folder);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return false;
      const parent = dirname(folder);
      if (code !== 'ENOENT' || attempt > 0 || parent === folder) throw unusable(path, error);
      await makeFolder(parent);
    }
  }
}
