/** Writes the arrays of one prediction set; each is opened when its first rows come. */
import { rename, rm, stat } from 'node:fs/promises';
import { fileError } from '../files/file-errors.js';
import { finishAll } from '../files/finish-all.js';
import { NpyWriter, PARTIAL_SUFFIX } from '../formats/npy/npy.js';
import type { Axes } from '../hand/axes.js';
import type { JointOrder } from '../hand/joints.js';
import type { ArrayDescription } from './manifest.js';
import { arrayFile, type PredictionArray, type SetFolder } from './prediction-sets.js';
import type { JournalArrays } from './progress-journal.js';
import type { RunDirectory } from './run-directory.js';

export type DescribedArrays = Record<string, ArrayDescription>;

/** How the points of a set were written. */
export interface Meaning {
  readonly points: Axes;
  /** The axes of the published wrists. */
  readonly roots: Axes;
  /** The order of the 3D joints; 2D keypoints are always in OpenPose order. */
  readonly jointOrder: JointOrder;
}

/** The order and axes in which the predictor hands points out. */
export const AS_PREDICTED = { points: 'opencv', roots: 'opencv', jointOrder: 'openpose' } as const;

/** An array that is being written. */
interface OpenArray {
  writer: NpyWriter;
  readonly dtype: 'float32' | 'float64';
  /** Whether its file is closed until the next rows come. */
  paused: boolean;
}

export class SetWriter {
  readonly #run: RunDirectory;
  readonly #set: SetFolder;
  readonly #count: number;
  readonly #arrays = new Map<PredictionArray, OpenArray>();

  /** @param count samples: the first dimension of every array. */
  constructor(run: RunDirectory, set: SetFolder, count: number) {
    this.#run = run;
    this.#set = set;
    this.#count = count;
  }

  /**
   * Goes on with the files that an interrupted run has left, of which the rows before `done` are whole.
   *
   * @throws UserError `npy-resume` or `file-missing` where they are not as `arrays` has them.
   */
  async resume(arrays: JournalArrays, done: number): Promise<void> {
    for (const [name, { dtype, shape }] of Object.entries(arrays) as [
      PredictionArray,
      JournalArrays[string],
    ][]) {
      const path = await this.#run.arrayPath(this.#set, name);
      await unfinish(path);
      const options = { shape, dtype: NPY_DTYPE[dtype] };
      const writer = await NpyWriter.resume(path, options, (row) => row < done);
      this.#arrays.set(name, { writer, dtype, paused: false });
    }
  }

  /** The arrays that have been begun, for the journal. */
  begun(): JournalArrays {
    return Object.fromEntries(
      [...this.#arrays].map(([name, { dtype, writer }]) => [name, { dtype, shape: [...writer.shape] }]),
    );
  }

  /** Waits until what was written is on the disk. */
  async flush(): Promise<void> {
    for (const { writer, paused } of this.#arrays.values()) if (!paused) await writer.flush();
  }

  /** Rows from `first` on, each of the shape `row`; kept in the precision they come in. */
  async write(
    name: PredictionArray,
    row: readonly number[],
    first: number,
    values: Float32Array | Float64Array,
  ): Promise<void> {
    let array = this.#arrays.get(name);
    if (array === undefined) {
      const dtype = values instanceof Float32Array ? 'float32' : 'float64';
      const path = await this.#run.arrayPath(this.#set, name);
      const writer = await NpyWriter.create(path, { shape: [this.#count, ...row], dtype: NPY_DTYPE[dtype] });
      this.#arrays.set(name, (array = { writer, dtype, paused: false }));
    }
    await goOn(array);
    await array.writer.writeRows(first, values);
  }

  /** Puts everything on the disk and closes the files, until the next rows come or for a later run. */
  async pause(): Promise<void> {
    const open = [...this.#arrays.values()].filter(({ paused }) => !paused);
    await finishAll(
      open.map((array) => {
        array.paused = true;
        return array.writer.suspend();
      }),
    );
  }

  /** Says of the arrays what they hold. */
  async close(meaning: Meaning): Promise<DescribedArrays> {
    const described: DescribedArrays = {};
    for (const [name, array] of this.#arrays) {
      await goOn(array);
      const { writer, dtype } = array;
      await writer.close();
      described[name] = {
        file: arrayFile(this.#set, name),
        dtype,
        shape: [...writer.shape],
        ...describe(name, meaning),
      };
    }
    return described;
  }

  async abort(): Promise<void> {
    await Promise.all(
      [...this.#arrays.values()].map(async ({ writer, paused }) => {
        await writer.abort();
        if (paused) await rm(writer.partialFile, { force: true });
      }),
    );
  }
}

const NPY_DTYPE = { float32: '<f4', float64: '<f8' } as const;

/** Opens the file of a paused array again. */
async function goOn(array: OpenArray): Promise<void> {
  if (!array.paused) return;
  const before = array.writer;
  array.writer = await NpyWriter.resume(before.file, before, (row) => before.isWritten(row));
  array.paused = false;
}

/** A run that was stopped between its last row and run.json has given arrays their final names. */
async function unfinish(path: string): Promise<void> {
  const isThere = async (file: string): Promise<boolean> => (await stat(file).catch(() => null)) !== null;
  const partial = path + PARTIAL_SUFFIX;
  if ((await isThere(partial)) || !(await isThere(path))) return;
  await rename(path, partial).catch((error: unknown) => {
    throw fileError(error, path, 'write');
  });
}

/** What the rows of each array are, as run.json says it. */
function describe(
  name: PredictionArray,
  { points: axes, roots, jointOrder }: Meaning,
): Omit<ArrayDescription, 'file' | 'dtype' | 'shape'> {
  switch (name) {
    case 'joints':
      return { joint_order: jointOrder, axes, units: 'm' };
    case 'vertices':
    case 'chain_joints':
      return { axes, units: 'm' };
    case 'keypoints_2d':
      return { joint_order: 'openpose', axes: 'image', units: 'px' };
    case 'camera':
      return { units: 'weak-perspective' };
    case 'roots':
      return { axes: roots, units: 'm' };
  }
}
