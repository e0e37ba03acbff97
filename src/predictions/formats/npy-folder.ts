import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isFile } from '../../datasets/folder.js';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { readNpyStrings } from '../../formats/npy/npy-array.js';
import { NpyReader } from '../../formats/npy/npy.js';
import { arraySource, type OpenArray } from '../array-source.js';
import { ARRAY_NAMES, ownArrays } from './own-arrays.js';
import type { PredictionFormat } from './prediction-format.js';

/** A folder of `joints.npy` and `vertices.npy`, one of them at least, and optionally `ids.npy`. */
export const NPY_FOLDER: PredictionFormat = {
  kind: 'npy-folder',
  title: 'a folder of joints.npy and vertices.npy',
  help: 'a folder of joints.npy and vertices.npy (HInt: keypoints_2d.npy)',
  recognises: async ({ path, isFolder }) => {
    if (!isFolder) return false;
    const found = await Promise.all(ARRAY_NAMES.map((name) => isFile(join(path, `${name}.npy`))));
    return found.includes(true);
  },
  open: async (origin, dataset) => {
    const { path } = origin;
    await refusePartOfRun(path);
    return arraySource(origin, dataset, async (held) => {
      const open = async (name: string): Promise<OpenArray | null> => {
        const file = join(path, `${name}.npy`);
        return (await isFile(file)) ? held.open(NpyReader.open(file), dataset.axes) : null;
      };
      return ownArrays(dataset, open, await readIds(join(path, 'ids.npy')));
    });
  },
  files: () => Promise.resolve([...ARRAY_NAMES, 'ids'].map((name) => `${name}.npy`)),
};

/** The arrays of a run without its run.json: axes, joint order and samples would be guessed. */
async function refusePartOfRun(path: string): Promise<void> {
  const [, run] = /^(.*)[\\/]predictions(?:[\\/].*)?$/.exec(resolve(path)) ?? [];
  if (run === undefined || !(await isFile(join(run, 'run.json')))) return;
  throw new UserError({
    code: 'predictions-of-run',
    message: 'These arrays are part of a run directory, and its run.json says what they are',
    file: path,
    expected: 'the run directory, or arrays on their own',
    got: `a folder in ${run}`,
    next: `give ${run}; what it has of test-time augmentation is in its metrics.json`,
  });
}

async function readIds(file: string): Promise<string[] | null> {
  if (!(await isFile(file))) return null;
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(error, file);
  });
  return readNpyStrings(bytes, file);
}
