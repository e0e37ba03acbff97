/** What a .npy file holds, by its header. */
import { UserError } from '../../errors.js';
import type { NpyHeader, NpyKind } from '../../formats/npy/npy-header.js';
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
