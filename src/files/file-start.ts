/** What a file begins with: whether it is of a kind that may be replaced. */
import { open } from 'node:fs/promises';
import { fileError } from './file-errors.js';

/** @param start ASCII; letters of either case match. */
export async function startsWith(path: string, start: string): Promise<boolean> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(start.length), 0, start.length, 0);
      return buffer.toString('latin1', 0, bytesRead).toLowerCase() === start.toLowerCase();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}
