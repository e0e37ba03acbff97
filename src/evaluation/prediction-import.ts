/** Imported predictions, kept in the run directory. */
import { NpyWriter } from '../formats/npy.js';
import { JOINT_COUNT } from '../hand/joints.js';
import type { ArrayDescription } from '../runs/manifest.js';
import { RUN_FILES, type RunDirectory } from '../runs/run-directory.js';
import type { PredictionSource } from './prediction-source.js';

/** Written in doubles, never rounded: whoever reads the run later needs no other file. */
export class PredictionImport {
  private readonly source: PredictionSource;
  private readonly vertices: NpyWriter | null;
  private readonly joints: NpyWriter | null;

  private constructor(source: PredictionSource, joints: NpyWriter | null, vertices: NpyWriter | null) {
    this.source = source;
    this.joints = joints;
    this.vertices = vertices;
  }

  static async start(run: RunDirectory, source: PredictionSource): Promise<PredictionImport> {
    const { count, vertexCount } = source;
    let joints: NpyWriter | null = null;
    if (source.joints !== null) {
      const shape = [count, JOINT_COUNT, 3];
      joints = await NpyWriter.create(run.file('joints'), { shape, dtype: '<f8' });
      await joints.writeRows(0, source.joints);
    }
    const shape = [count, vertexCount ?? 0, 3];
    const vertices =
      vertexCount === null ? null : await NpyWriter.create(run.file('vertices'), { shape, dtype: '<f8' });
    return new PredictionImport(source, joints, vertices);
  }

  async writeVertices(first: number, values: Float64Array): Promise<void> {
    await this.vertices?.writeRows(first, values);
  }

  async finish(): Promise<Record<string, ArrayDescription>> {
    const { axes, jointOrder } = this.source;
    const arrays: Record<string, ArrayDescription> = {};
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
    await Promise.all([this.joints?.abort(), this.vertices?.abort()]);
  }
}
