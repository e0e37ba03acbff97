/** Files appear whole or not at all: written beside, then renamed. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { fileError } from './file-errors.js';

/** The name a file has while it is being written. */
export function partialName(path: string): string {
  return `${path}.partial`;
}

export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await replaceFile(path, (partial) => writeFile(partial, content));
}

/** The same, and after a power failure it is the old content or the new. */
export async function writeFileDurably(path: string, content: string): Promise<void> {
  await replaceFile(path, async (partial) => {
    const file = await open(partial, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

async function replaceFile(path: string, write: (partial: string) => Promise<void>): Promise<void> {
  const partial = partialName(path);
  try {
    await write(partial);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw explained(error, path);
  }
}

/** Writes text that is too long to hold, piece by piece. */
export async function writeStreamAtomic(
  path: string,
  pieces: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const partial = partialName(path);
  const stream = createWriteStream(partial);
  try {
    for await (const piece of pieces) {
      if (!stream.write(piece)) await once(stream, 'drain');
    }
    stream.end();
    await finished(stream);
    await rename(partial, path);
  } catch (error) {
    stream.destroy();
    await rm(partial, { force: true });
    throw explained(error, path);
  }
}

/** What the system says of the file is explained; whoever made the pieces speaks for himself. */
function explained(error: unknown, path: string): unknown {
  return (error as NodeJS.ErrnoException).syscall === undefined ? error : fileError(error, path, 'write');
}
