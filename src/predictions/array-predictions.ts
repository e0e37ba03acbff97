/** Predictions as arrays of one's own: a folder of .npy files, or an .npz. Their axes and joint order are the benchmark's. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isFile } from '../datasets/folder.js';
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';
import { readNpyStrings } from '../formats/npy/npy-array.js';
import { NpyReader } from '../formats/npy/npy.js';
import { readNpz, type NpzFile } from '../formats/npy/npz.js';
import { RunDirectory } from '../runs/run-directory.js';
import { arraySource, type OpenArray, type OpenArrays } from './array-source.js';
import type { PredictionSource } from './prediction-source.js';
import { openRunPredictions } from './run-predictions.js';

/** A folder of `joints.npy` and `vertices.npy`, one of them at least, and optionally `ids.npy`. */
export async function openFolderPredictions(
  path: string,
  dataset: DatasetDefinition,
): Promise<PredictionSource> {
  if (await isFile(join(path, 'run.json'))) {
    return openRunPredictions(await RunDirectory.read(path), dataset, 'run-directory');
  }
  await refusePartOfRun(path);
  return arraySource({ kind: 'npy-folder', path }, dataset, async (held) => {
    const open = async (name: string): Promise<OpenArray | null> => {
      const file = join(path, `${name}.npy`);
      return (await isFile(file)) ? held.open(NpyReader.open(file), dataset.axes) : null;
    };
    return ownArrays(dataset, open, await readIds(join(path, 'ids.npy')));
  });
}

/** The arrays that the benchmark scores, by their names. */
async function ownArrays(
  { protocol, jointOrder }: DatasetDefinition,
  open: (name: string) => Promise<OpenArray | null>,
  ids: readonly string[] | null,
): Promise<OpenArrays> {
  const inSpace = protocol.measure === 'hands-3d';
  return {
    joints: inSpace ? await open('joints') : null,
    vertices: inSpace ? await open('vertices') : null,
    keypoints: inSpace ? null : ((await open('keypoints_2d'))?.reader ?? null),
    roots: null,
    ids,
    jointOrder,
  };
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

async function readIds(file: string): Promise<string[] | null> {
  if (!(await isFile(file))) return null;
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(error, file);
  });
  return readNpyStrings(bytes, file);
}

/**
 * An .npz with `joints` and `vertices`, one of them at least, and optionally `ids`.
 *
 * @param signal ends the unpacking; its reason is thrown.
 */
export async function openNpzPredictions(
  path: string,
  dataset: DatasetDefinition,
  signal?: AbortSignal,
): Promise<PredictionSource> {
  const archive = await readNpz(path);
  try {
    return await arraySource({ kind: 'npz', path }, dataset, async (held) => {
      const scratch = await makeScratch();
      held.add(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));
      const open = async (name: string): Promise<OpenArray | null> => {
        if (!archive.has(name)) return null;
        return held.open(unpack(archive, name, scratch, signal), dataset.axes);
      };
      return ownArrays(dataset, open, archive.has('ids') ? await archive.strings('ids') : null);
    });
  } finally {
    archive.close();
  }
}

async function makeScratch(): Promise<string> {
  const prefix = join(tmpdir(), 'hamba-eval-npz-');
  return mkdtemp(prefix).catch((error: unknown) => {
    throw fileError(error, prefix, 'write');
  });
}

/** Unpacks one array beside memory: a mesh for each of 20,000 samples is hundreds of megabytes. */
async function unpack(
  archive: NpzFile,
  name: string,
  scratch: string,
  signal: AbortSignal | undefined,
): Promise<NpyReader> {
  const file = join(scratch, `${name}.npy`);
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
