/** Writes the arrays of one prediction set; each is opened when its first rows come. */
import { rm } from 'node:fs/promises';
import type { Axes } from '../datasets/types.js';
import type { JointOrder } from '../hand/joints.js';
import { NpyWriter } from '../formats/npy.js';
import type { ArrayDescription } from '../runs/manifest.js';
import { arrayFile, type PredictionArray, type SetFolder } from '../runs/prediction-sets.js';
import type { RunDirectory } from '../runs/run-directory.js';

export type DescribedArrays = Record<string, ArrayDescription>;

/** How the points of a set were written. */
export interface Meaning {
  readonly points: Axes;
  /** Of the published wrists. */
  readonly roots: Axes;
  /** Of the 3D joints; 2D keypoints are always in OpenPose order. */
  readonly jointOrder: JointOrder;
}

/** As the predictor hands points out. */
export const AS_PREDICTED = { points: 'opencv', roots: 'opencv', jointOrder: 'openpose' } as const;

/** An array that is being written. */
interface OpenArray {
  writer: NpyWriter;
  readonly dtype: 'float32' | 'float64';
  /** Whether its file is closed until the next rows come. */
  paused: boolean;
}

export class SetWriter {
  private readonly run: RunDirectory;
  private readonly set: SetFolder;
  private readonly count: number;
  private readonly arrays = new Map<PredictionArray, OpenArray>();

  /** @param count samples: the first dimension of every array. */
  constructor(run: RunDirectory, set: SetFolder, count: number) {
    this.run = run;
    this.set = set;
    this.count = count;
  }

  /** Rows from `first` on, each of the shape `row`; kept in the precision they come in. */
  async write(
    name: PredictionArray,
    row: readonly number[],
    first: number,
    values: Float32Array | Float64Array,
  ): Promise<void> {
    let array = this.arrays.get(name);
    if (array === undefined) {
      const dtype = values instanceof Float32Array ? 'float32' : 'float64';
      const path = await this.run.arrayPath(this.set, name);
      const writer = await NpyWriter.create(path, { shape: [this.count, ...row], dtype: NPY_DTYPE[dtype] });
      this.arrays.set(name, (array = { writer, dtype, paused: false }));
    }
    await goOn(array);
    await array.writer.writeRows(first, values);
  }

  /** Closes the files until the next rows come. */
  async pause(): Promise<void> {
    for (const array of this.arrays.values()) {
      await array.writer.suspend();
      array.paused = true;
    }
  }

  /** Says of the arrays what they hold. */
  async close(meaning: Meaning): Promise<DescribedArrays> {
    const described: DescribedArrays = {};
    for (const [name, array] of this.arrays) {
      await goOn(array);
      const { writer, dtype } = array;
      await writer.close();
      described[name] = {
        file: arrayFile(this.set, name),
        dtype,
        shape: [...writer.shape],
        ...describe(name, meaning),
      };
    }
    return described;
  }

  async abort(): Promise<void> {
    await Promise.all(
      [...this.arrays.values()].map(async ({ writer, paused }) => {
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
  const { file, shape, dtype } = array.writer;
  const missing = new Set(array.writer.missingRows());
  array.writer = await NpyWriter.resume(file, { shape, dtype }, (row) => !missing.has(row));
  array.paused = false;
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
