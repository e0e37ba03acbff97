import { join, resolve } from 'node:path';
import { fileNames, isFile } from '../../datasets/folder.js';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { readWhole } from '../../files/open-file.js';
import { readNpyStrings } from '../../formats/npy/npy-array.js';
import { NpyReader } from '../../formats/npy/npy.js';
import { arraySource } from '../array-source.js';
import { listFiles, nameLists } from './name-lists.js';
import { namedArrays, namesPoints, type ArrayStore } from './named-arrays.js';
import type { PredictionFormat } from './prediction-format.js';
import { readNpyHeader, storedNpy } from './stored-npy.js';

/** A folder of `joints.npy` and `vertices.npy`, one of them at least, and optionally `ids.npy` or a list of names. */
export const NPY_FOLDER: PredictionFormat = {
  kind: 'npy-folder',
  title: 'a folder of joints.npy and vertices.npy',
  help: 'a folder of joints.npy and vertices.npy (HInt: keypoints_2d.npy)',
  recognises: async ({ path, isFolder }) => isFolder && (await arrayFiles(path)).some(namesPoints),
  open: async (origin, dataset, { requireRows }) => {
    const { path } = origin;
    await refusePartOfRun(path);
    return arraySource(origin, dataset, async (held) => {
      const lists = await nameLists(path);
      const names = await arrayFiles(path);
      const fileOf = (name: string): string => join(path, `${name}.npy`);
      const stored = names.map((name) => storedNpy(name, () => readNpyHeader(fileOf(name))));
      const store: ArrayStore = {
        arrays: [...(await Promise.all(stored)), ...lists.map(({ array }) => array)],
        open: (name) => NpyReader.open(fileOf(name)),
        texts: async (name) =>
          lists.find(({ array }) => array.name === name)?.values ?? readTexts(fileOf(name)),
      };
      return namedArrays(origin, dataset, store, held, requireRows);
    });
  },
  files: async (path) => [
    ...(await arrayFiles(path)).map((name) => `${name}.npy`),
    ...(await listFiles(path)),
  ],
};

/** Names of the arrays in a folder. */
async function arrayFiles(folder: string): Promise<string[]> {
  const names = (await fileNames(folder)) ?? [];
  return names.filter((name) => name.endsWith('.npy')).map((name) => name.slice(0, -'.npy'.length));
}

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

async function readTexts(file: string): Promise<string[]> {
  const bytes = await readWhole(file).catch((error: unknown) => {
    throw fileError(error, file);
  });
  return readNpyStrings(bytes, file);
}
