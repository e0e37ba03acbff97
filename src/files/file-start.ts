/** What a file begins with: of which kind it is. */
import { fileError } from './file-errors.js';
import { openFile } from './open-file.js';

/** @returns the first `length` bytes; of a shorter file, all. */
export async function readStart(path: string, length: number): Promise<Buffer> {
  try {
    const file = await openFile(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

/** @param start ASCII; letters of either case match. */
export async function startsWith(path: string, start: string): Promise<boolean> {
  const found = await readStart(path, start.length);
  return found.toString('latin1').toLowerCase() === start.toLowerCase();
}
