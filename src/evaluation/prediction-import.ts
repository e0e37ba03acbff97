/** Imported predictions, kept in the run directory. */
import { NpyWriter } from '../formats/npy.js';
import { JOINT_COUNT } from '../hand/joints.js';
import type { ArrayDescription } from '../runs/manifest.js';
import { RUN_FILES, type RunDirectory } from '../runs/run-directory.js';
import type { PredictionSource } from './prediction-source.js';

type ArrayName = 'joints' | 'vertices' | 'keypoints_2d';

/** Written in doubles, never rounded: whoever reads the run later needs no other file. */
export class PredictionImport {
  private readonly source: PredictionSource;
  private readonly vertices: NpyWriter | null;
  private readonly joints: NpyWriter | null;
  private readonly keypoints: NpyWriter | null;

  private constructor(
    source: PredictionSource,
    writers: Readonly<Record<'joints' | 'vertices' | 'keypoints', NpyWriter | null>>,
  ) {
    this.source = source;
    this.joints = writers.joints;
    this.vertices = writers.vertices;
    this.keypoints = writers.keypoints;
  }

  static async start(run: RunDirectory, source: PredictionSource): Promise<PredictionImport> {
    const { count, vertexCount } = source;
    const create = async (name: ArrayName, row: readonly number[]): Promise<NpyWriter> =>
      NpyWriter.create(run.file(name), { shape: [count, ...row], dtype: '<f8' });
    const whole = async (name: ArrayName, row: readonly number[], values: Float64Array | null) => {
      if (values === null) return null;
      const writer = await create(name, row);
      await writer.writeRows(0, values);
      return writer;
    };
    return new PredictionImport(source, {
      joints: await whole('joints', [JOINT_COUNT, 3], source.joints),
      keypoints: await whole('keypoints_2d', [JOINT_COUNT, 2], source.keypoints),
      vertices: vertexCount === null ? null : await create('vertices', [vertexCount, 3]),
    });
  }

  async writeVertices(first: number, values: Float64Array): Promise<void> {
    await this.vertices?.writeRows(first, values);
  }

  async finish(): Promise<Record<string, ArrayDescription>> {
    const { axes, jointOrder } = this.source;
    const arrays: Record<string, ArrayDescription> = {};
    if (this.keypoints !== null) {
      await this.keypoints.close();
      arrays.keypoints_2d = {
        file: RUN_FILES.keypoints_2d,
        dtype: 'float64',
        shape: [...this.keypoints.shape],
        joint_order: 'openpose',
        axes: 'image',
        units: 'px',
      };
    }
    for (const [name, writer] of [
      ['joints', this.joints],
      ['vertices', this.vertices],
    ] as const) {
      if (writer === null) continue;
      await writer.close();
      arrays[name] = {
        file: RUN_FILES[name],
        dtype: 'float64',
        shape: [...writer.shape],
        ...(name === 'joints' ? { joint_order: jointOrder } : {}),
        axes,
        units: 'm',
      };
    }
    return arrays;
  }

  async abort(): Promise<void> {
    await Promise.all([this.joints, this.vertices, this.keypoints].map((writer) => writer?.abort()));
  }
}
