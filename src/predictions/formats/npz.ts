import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileError } from '../../files/file-errors.js';
import { NpyReader } from '../../formats/npy/npy.js';
import { readNpz, type NpzFile } from '../../formats/npy/npz.js';
import { arraySource } from '../array-source.js';
import { makeScratch, removeScratch } from '../scratch-numbers.js';
import { namedArrays, type ArrayStore, type StoredArray } from './named-arrays.js';
import type { PredictionFormat } from './prediction-format.js';
import { storedNpy } from './stored-npy.js';

/** An .npz with `joints` and `vertices`, one of them at least, and optionally `ids`. */
export const NPZ: PredictionFormat = {
  kind: 'npz',
  title: 'an .npz of those',
  help: 'an .npz of those with an optional ids array',
  recognises: ({ arrays }) => arrays !== null && arrays.length > 0,
  open: async (origin, dataset, { signal, requireRows }) => {
    const archive = await readNpz(origin.path);
    try {
      return await arraySource(origin, dataset, async (held) => {
        const scratch = await makeScratch('npz');
        held.add(() => removeScratch(scratch));
        const store: ArrayStore = {
          arrays: await storedIn(archive),
          open: (name) => unpack(archive, name, scratch, signal),
          texts: (name) => archive.strings(name),
        };
        return namedArrays(origin, dataset, store, held, requireRows);
      });
    } finally {
      archive.close();
    }
  },
};

async function storedIn(archive: NpzFile): Promise<StoredArray[]> {
  const arrays: StoredArray[] = [];
  for (const name of archive.names) arrays.push(await storedNpy(name, () => archive.header(name)));
  return arrays;
}

/** Unpacks one array beside memory: a mesh for each of 20,000 samples is hundreds of megabytes. */
async function unpack(
  archive: NpzFile,
  name: string,
  scratch: string,
  signal: AbortSignal | undefined,
): Promise<NpyReader> {
  const file = join(scratch, `${archive.names.indexOf(name)}.npy`);
  try {
    const options = signal === undefined ? {} : { signal };
    await pipeline(await archive.stream(name), createWriteStream(file), options);
  } catch (error) {
    // An interruption comes out as an AbortError.
    signal?.throwIfAborted();
    throw fileError(error, file, 'write');
  }
  signal?.throwIfAborted();
  return NpyReader.open(file, archive.place(name));
}
