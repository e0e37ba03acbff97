/**
 * A short digest that tells whether a dataset folder is still the one a run was
 * made with: names and sizes of the photographs, their boxes and wrists, and of each
 * annotation file its size and both ends. Reading gigabytes whole would cost more than it tells.
 */
import { createHash, type Hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileError } from '../files/file-errors.js';
import { openFile, openStream } from '../files/open-file.js';
import type { DatasetFolder, Sample } from './types.js';

const END_BYTES = 64 * 1024;
const CHUNK_BYTES = 1 << 20;

/** Files looked at together: enough to hide the latency of a network file system. */
const AT_ONCE = 64;

export async function fingerprint(folder: DatasetFolder, samples: readonly Sample[] | null): Promise<string> {
  const hash = createHash('sha256');
  for (const file of folder.annotations) await addEnds(hash, file);
  for (let first = 0; first < (samples?.length ?? 0); first += AT_ONCE) {
    const images = samples!.slice(first, first + AT_ONCE);
    const sizes = await Promise.all(images.map(({ image }) => sizeOf(image)));
    images.forEach(({ id, box, right, root }, index) => {
      hash.update(`${JSON.stringify([id, sizes[index], box, right, root])}\n`);
    });
  }
  return hash.digest('hex').slice(0, 32);
}

/** SHA-256 of all that the annotation files hold, wherever they lie: a copy of a folder has the same. */
export async function annotationsHash({ annotations }: DatasetFolder, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (const file of annotations) {
    hash.update(`${basename(file)}\n`);
    try {
      for await (const chunk of await openStream(file, CHUNK_BYTES, signal)) {
        hash.update(chunk as Buffer);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw fileError(error, file);
    }
  }
  return hash.digest('hex');
}

/** `null` where there is no photograph: who may leave it out has been asked before. */
async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fileError(error, path);
  }
}

async function addEnds(hash: Hash, path: string): Promise<void> {
  const file = await openFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  try {
    const { size } = await file.stat();
    hash.update(`${basename(path)}:${size}\n`);
    const buffer = Buffer.alloc(Math.min(END_BYTES, size));
    for (const position of [0, Math.max(0, size - buffer.length)]) {
      await file.read(buffer, 0, buffer.length, position);
      hash.update(buffer);
    }
  } finally {
    await file.close();
  }
}
