import { readdir } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { readWhole } from '../../files/open-file.js';
import { readNpy, toFloat64, type NpyArray } from '../../formats/npy/npy.js';
import { readNpz } from '../../formats/npy/npz.js';
import { arraySource } from '../array-source.js';
import { pointShape, shapeText, type ArrayRows } from '../point-rows.js';
import { namedArrays, namesPoints, type ArrayStore, type StoredArray } from './named-arrays.js';
import type { PredictionFormat } from './prediction-format.js';

/** The name of the only array of a .npy file. */
const ONLY = 'arr_0';

/** A file a photograph, named after it: `00000012.npz` with the arrays of one sample. */
export const ROW_FILES: PredictionFormat = {
  kind: 'row-files',
  title: 'a folder of an .npz for each photograph',
  help: 'a folder of an .npz for each photograph',
  recognises: async ({ path, isFolder }) => isFolder && (await rowFiles(path)).length > 0,
  open: async (origin, dataset, { signal, requireRows }) => {
    const { path } = origin;
    const files = await rowFiles(path);
    const read = async (row: number): Promise<ReadonlyMap<string, NpyArray>> => {
      signal?.throwIfAborted();
      return readArrays(join(path, files[row]!));
    };
    const first = await read(0);
    for (const [name, { shape }] of first) requireOneSample(path, files, name, shape);
    const arrays = [...first].map(([name, array]) => stacked(name, array, files.length));
    const rowsOf = ({ name, shape }: StoredArray): ArrayRows => ({
      file: path,
      shape,
      rows: files.length,
      async readRows(first, end) {
        const rowLength = shape.slice(1).reduce((a, b) => a * b, 1);
        const out = new Float64Array((end - first) * rowLength);
        for (let row = first; row < end; row++) {
          const array = (await read(row)).get(name);
          const file = join(path, files[row]!);
          if (array?.shape.join() !== shape.slice(1).join())
            throw otherShape(file, name, shape.slice(1), array?.shape);
          out.set(toFloat64(array, file), (row - first) * rowLength);
        }
        return out;
      },
      close: () => Promise.resolve(),
    });
    const store: ArrayStore = {
      arrays,
      open: (name) => Promise.resolve(rowsOf(arrays.find((array) => array.name === name)!)),
      texts: () => Promise.resolve([]),
      entries: { label: 'the names of the files', values: files, isRequired: true },
    };
    return arraySource(origin, dataset, (held) => namedArrays(origin, dataset, store, held, requireRows));
  },
  files: rowFiles,
};

/** Such files below a folder, sorted, as paths below it. */
async function rowFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(error, folder);
  });
  return names
    .filter(
      (name) =>
        extname(name) === '.npz' || (extname(name) === '.npy' && !namesPoints(basename(name, '.npy'))),
    )
    .map((name) => name.split(sep).join('/'))
    .sort();
}

/** The numbers in a file; what else is in it stays there. */
async function readArrays(file: string): Promise<ReadonlyMap<string, NpyArray>> {
  if (extname(file) === '.npy') {
    const bytes = await readWhole(file).catch((error: unknown) => {
      throw fileError(error, file);
    });
    return new Map([[ONLY, readNpy(bytes, file)]]);
  }
  const archive = await readNpz(file);
  try {
    const arrays = new Map<string, NpyArray>();
    for (const name of archive.names) {
      const { kind } = (await archive.header(name)).dtype;
      if (name !== 'ids' && (kind === 'f' || kind === 'i' || kind === 'u'))
        arrays.set(name, await archive.read(name));
    }
    return arrays;
  } finally {
    archive.close();
  }
}

function stacked(name: string, { shape, dtype }: NpyArray, rows: number): StoredArray {
  return { name, shape: [rows, ...shape], type: `${dtype.descr} in each of ${rows} files`, holds: 'numbers' };
}

function requireOneSample(
  folder: string,
  files: readonly string[],
  name: string,
  shape: readonly number[],
): void {
  const samples = ([3, 2] as const).map((axes) => pointShape(shape, { points: null, axes })?.[0] ?? 1);
  if (Math.max(...samples) === 1 || !(name === ONLY || namesPoints(name))) return;
  const [first, another] = files;
  throw new UserError({
    code: 'predictions-row-files',
    message: 'A file in a folder of one a photograph holds several samples',
    file: join(folder, first!),
    expected: 'the points of one photograph',
    got: `${name} ${shapeText(shape)}`,
    next:
      another === undefined
        ? `give the file itself: --predictions ${join(folder, first!)}`
        : 'join them into one file: numpy.concatenate the arrays and the names of their samples, then numpy.savez(path, joints=…, ids=…)',
  });
}

function otherShape(
  file: string,
  name: string,
  expected: readonly number[],
  got: readonly number[] | undefined,
): UserError {
  return new UserError({
    code: 'predictions-row-files',
    message: 'A photograph’s file is not like that of the first',
    file,
    expected: `${name} ${shapeText(expected)}`,
    got: got === undefined ? `no array of that name` : `${name} ${shapeText(got)}`,
    next: 'write the files again, all of them alike, or leave this one out',
  });
}
