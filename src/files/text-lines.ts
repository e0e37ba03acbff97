/** Lists that people write: text with one entry a line. */
import { UserError } from '../errors.js';
import { fileError } from './file-errors.js';
import { readText } from './open-file.js';

/** The lines without the spaces around them, and without blank ones at the end of the file. */
export async function readLines(path: string): Promise<string[]> {
  const text = await readText(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  // The mark of UTF-16 and the zeros between its letters, where the text was read as UTF-8.
  if (text.startsWith('\ufffd\ufffd') || text.includes('\0')) {
    throw new UserError({
      code: 'file-encoding',
      message: 'The list is no plain text',
      file: path,
      expected: 'UTF-8 text, one entry a line',
      got: text.startsWith('\ufffd\ufffd') ? 'UTF-16 text' : 'zero bytes: UTF-16 text, or no text at all',
      next: 'save the file as UTF-8',
    });
  }
  // A byte order mark counts as a space.
  const lines = text.split('\n').map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}
