/** What a .npy file holds, by its header. */
import { UserError } from '../../errors.js';
import { readStart } from '../../files/file-start.js';
import {
  npyHeaderLength,
  parseNpyHeader,
  type NpyHeader,
  type NpyKind,
} from '../../formats/npy/npy-header.js';
import type { StoredArray } from './named-arrays.js';

const HOLDS: Readonly<Record<NpyKind, StoredArray['holds']>> = {
  b: 'numbers',
  i: 'integers',
  u: 'integers',
  f: 'numbers',
  U: 'texts',
  S: 'texts',
  O: 'objects',
};

/** Magic, version and the length of the header. */
const START_BYTES = 12;

export async function readNpyHeader(file: string): Promise<NpyHeader> {
  const start = await readStart(file, START_BYTES);
  return parseNpyHeader(await readStart(file, npyHeaderLength(start, file)), file);
}

/** @param reading gives the header; what is wrong with an array that nobody asked for is no error. */
export async function storedNpy(name: string, reading: () => Promise<NpyHeader>): Promise<StoredArray> {
  try {
    const { shape, dtype } = await reading();
    return { name, shape, type: dtype.descr, holds: HOLDS[dtype.kind] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { name, shape: [], type: 'of a type that is not read', holds: 'unknown' };
  }
}
