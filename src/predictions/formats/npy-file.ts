import { basename } from 'node:path';
import { NpyReader } from '../../formats/npy/npy.js';
import { arraySource } from '../array-source.js';
import { namedArrays } from './named-arrays.js';
import type { PredictionFormat } from './prediction-format.js';
import { readNpyHeader, storedNpy } from './stored-npy.js';

const MAGIC = '\x93NUMPY';

/** One array on its own, known by the name of its file or by its shape. */
export const NPY_FILE: PredictionFormat = {
  kind: 'npy',
  title: 'a joints.npy',
  help: null,
  recognises: ({ start }) => start.toString('latin1').startsWith(MAGIC),
  open: (origin, dataset, { requireRows }) =>
    arraySource(origin, dataset, async (held) => {
      const { path } = origin;
      const array = await storedNpy(basename(path, '.npy'), () => readNpyHeader(path));
      const open = (): Promise<NpyReader> => NpyReader.open(path);
      const store = { arrays: [array], open, texts: () => Promise.resolve([]) };
      return namedArrays(origin, dataset, store, held, requireRows);
    }),
};
