/** Git LFS puts a short text in the place of a large file until the file is fetched. */
import { UserError } from '../errors.js';
import { readStart } from './file-start.js';

const START = 'version https://git-lfs';

/** What to do about one. */
export const FETCH_LFS = 'fetch the file itself: git lfs pull';

/** Bytes that tell: those in which a .npy says how long its header is. */
const LEAST = 12;

function isLfsPointer(start: Uint8Array): boolean {
  const text = Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, START.length)).toString(
    'latin1',
  );
  return text.length >= LEAST && START.startsWith(text);
}

/** @throws UserError `file-lfs-pointer` where these bytes, the first of a file, are those of a pointer */
export function refuseLfsPointer(start: Uint8Array, file: string): void {
  if (!isLfsPointer(start)) return;
  throw new UserError({
    code: 'file-lfs-pointer',
    message: 'The file is a Git LFS pointer: the text that stands for a file that was not fetched',
    file,
    expected: 'the file itself',
    got: `${JSON.stringify(START)} …`,
    next: FETCH_LFS,
  });
}

/** The same of a file on the disk, which can be read. */
export async function refuseLfsPointerFile(path: string): Promise<void> {
  refuseLfsPointer(await readStart(path, START.length), path);
}
