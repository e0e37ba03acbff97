/** Imported predictions, kept in the run directory. */
import { JOINT_COUNT } from '../hand/joints.js';
import { MANO_JOINT_COUNT } from '../hand/mano-layer.js';
import { PLAIN_SET } from '../runs/prediction-sets.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { SetWriter, type DescribedArrays } from '../runs/set-writer.js';
import type { PredictionSource } from './prediction-source.js';

/** Written in doubles, never rounded: whoever reads the run later needs no other file. */
export class PredictionImport {
  readonly #source: PredictionSource;
  readonly #writer: SetWriter;

  private constructor(source: PredictionSource, writer: SetWriter) {
    this.#source = source;
    this.#writer = writer;
  }

  static async start(run: RunDirectory, source: PredictionSource): Promise<PredictionImport> {
    const writer = new SetWriter(run, PLAIN_SET, source.count);
    const { joints, keypoints, chainJoints, roots } = source;
    if (joints !== null) await writer.write('joints', [JOINT_COUNT, 3], 0, joints);
    if (keypoints !== null) await writer.write('keypoints_2d', [JOINT_COUNT, 2], 0, keypoints);
    if (chainJoints !== null) await writer.write('chain_joints', [MANO_JOINT_COUNT, 3], 0, chainJoints);
    if (roots !== null) await writer.write('roots', [3], 0, roots);
    return new PredictionImport(source, writer);
  }

  async writeVertices(first: number, values: Float64Array): Promise<void> {
    await this.#writer.write('vertices', [this.#source.vertexCount!, 3], first, values);
  }

  finish(): Promise<DescribedArrays> {
    const { axes, jointOrder } = this.#source;
    return this.#writer.close({ points: axes, roots: axes, jointOrder });
  }

  async abort(): Promise<void> {
    await this.#writer.abort();
  }
}
