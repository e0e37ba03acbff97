/** Writes the arrays of one prediction set; each is opened when its first rows come. */
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

export class SetWriter {
  private readonly run: RunDirectory;
  private readonly set: SetFolder;
  private readonly count: number;
  private readonly writers = new Map<PredictionArray, { writer: NpyWriter; dtype: 'float32' | 'float64' }>();

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
    let open = this.writers.get(name);
    if (open === undefined) {
      const shape = [this.count, ...row];
      const dtype = values instanceof Float32Array ? 'float32' : 'float64';
      const path = await this.run.arrayPath(this.set, name);
      const writer = await NpyWriter.create(path, { shape, dtype: dtype === 'float32' ? '<f4' : '<f8' });
      this.writers.set(name, (open = { writer, dtype }));
    }
    await open.writer.writeRows(first, values);
  }

  /** Says of the arrays what they hold. */
  async close(meaning: Meaning): Promise<DescribedArrays> {
    const described: DescribedArrays = {};
    for (const [name, { writer, dtype }] of this.writers) {
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
    await Promise.all([...this.writers.values()].map(({ writer }) => writer.abort()));
  }
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
