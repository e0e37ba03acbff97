/** Files appear whole or not at all: written beside, then renamed. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';

/** The name a file has while it is being written. */
export function partialName(path: string): string {
  return `${path}.partial`;
}

export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const partial = partialName(path);
  try {
    await writeFile(partial, content);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
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
    throw error;
  }
}
