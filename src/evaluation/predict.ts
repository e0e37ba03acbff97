/** `predict`: photographs through a checkpoint into the run directory's arrays. It never sees ground truth. */
import type { Sample } from '../datasets/types.js';
import { NpyWriter } from '../formats/npy.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { DECODE_OPTIONS } from '../imaging/decode.js';
import { batchSizeFor, type ModelContract } from '../inference/model-contract.js';
import { sha256OfFile } from '../inference/model-file.js';
import { openModel as openSessionAndContract } from '../inference/model.js';
import { predict as predictBatches } from '../inference/predictor.js';
import type { Session } from '../inference/session.js';
import { noTimings, type StageTimings } from '../inference/timings.js';
import type { Progress } from '../progress.js';
import type { ArrayDescription } from '../runs/manifest.js';
import type { UnscoredSample } from '../runs/metrics-document.js';
import { RUN_FILES, type RunDirectory } from '../runs/run-directory.js';

export interface OpenedModel {
  readonly session: Session;
  readonly contract: ModelContract;
  readonly batchSize: number;
  readonly sha256: string;
}

export async function openModel(file: string, batchSize: number | undefined): Promise<OpenedModel> {
  const { session, contract } = await openSessionAndContract({ model: file });
  try {
    const size = batchSizeFor(contract, batchSize);
    return { session, contract, batchSize: size, sha256: await sha256OfFile(file) };
  } catch (error) {
    await session.close();
    throw error;
  }
}

export interface PredictRequest {
  readonly samples: readonly Sample[];
  readonly model: OpenedModel;
  readonly run: RunDirectory;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What run.json says of a prediction set. */
export interface PredictedSet {
  readonly predictions: Record<string, ArrayDescription>;
  /** Samples whose rows are NaN, and why. */
  readonly unpredicted: readonly UnscoredSample[];
  readonly decode: object;
  readonly timings: StageTimings;
}

export async function predict(request: PredictRequest): Promise<PredictedSet> {
  const { samples, model, run, progress, signal } = request;
  const { session, contract, batchSize } = model;
  const timings = noTimings();
  const arrays = new Arrays(run, samples.length);
  const unpredicted: UnscoredSample[] = [];
  const stage = progress.stage('predict', samples.length, 'images');
  try {
    for await (const batch of predictBatches({ samples, session, contract, batchSize, signal, timings })) {
      const { first, count, joints, vertices, vertexCount } = batch;
      if (joints !== undefined) await arrays.write('joints', [JOINT_COUNT, 3], first, joints);
      if (vertices !== undefined) await arrays.write('vertices', [vertexCount!, 3], first, vertices);
      unpredicted.push(
        ...batch.invalid.map(({ id, reason }) => ({ id, code: 'prediction-not-finite', reason })),
      );
      stage.update(first + count);
    }
    return { predictions: await arrays.close(), unpredicted, decode: DECODE_OPTIONS, timings };
  } catch (error) {
    await arrays.abort();
    throw error;
  } finally {
    stage.stop();
  }
}

type ArrayName = 'joints' | 'vertices';

/** The arrays of a prediction set, opened when their first rows come. */
class Arrays {
  private readonly run: RunDirectory;
  private readonly count: number;
  private readonly writers = new Map<ArrayName, NpyWriter>();

  constructor(run: RunDirectory, count: number) {
    this.run = run;
    this.count = count;
  }

  async write(name: ArrayName, row: readonly number[], first: number, values: Float32Array): Promise<void> {
    let writer = this.writers.get(name);
    if (writer === undefined) {
      const shape = [this.count, ...row];
      writer = await NpyWriter.create(this.run.file(name), { shape, dtype: '<f4' });
      this.writers.set(name, writer);
    }
    await writer.writeRows(first, values);
  }

  async close(): Promise<Record<string, ArrayDescription>> {
    const described: Record<string, ArrayDescription> = {};
    for (const [name, writer] of this.writers) {
      await writer.close();
      described[name] = {
        file: RUN_FILES[name],
        dtype: 'float32',
        shape: [...writer.shape],
        ...(name === 'joints' ? { joint_order: 'openpose' } : {}),
        axes: 'opencv',
        units: 'm',
      };
    }
    return described;
  }

  async abort(): Promise<void> {
    await Promise.all([...this.writers.values()].map((writer) => writer.abort()));
  }
}
