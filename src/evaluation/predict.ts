/** `predict`: photographs through a checkpoint into the run directory's arrays. It never sees ground truth. */
import type { Axes, Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { NpyWriter } from '../formats/npy.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { DECODE_OPTIONS } from '../imaging/decode.js';
import { batchSizeFor, type ModelContract } from '../inference/model-contract.js';
import { sha256OfFile } from '../inference/model-file.js';
import { openModel as openSessionAndContract } from '../inference/model.js';
import type { UnreadableSample } from '../inference/crop-source.js';
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

/**
 * Before hours of work: a benchmark that is scored in the photograph needs keypoints there.
 *
 * @throws UserError where the model gives none.
 */
export function requireKeypoints({ contract, session }: OpenedModel, title: string): void {
  if (contract.keypoints_2d !== null) return;
  throw new UserError({
    code: 'model-without-keypoints',
    message: `${title} is scored in the photograph, and this model says nothing of where its joints are there`,
    file: session.file,
    expected: 'an output pred_keypoints_2d (N, 21, 2), or pred_cam (N, 3) beside the joints',
    got: Object.values(contract.outputs)
      .flatMap((output) => (output === null ? [] : [output.name]))
      .join(', '),
    next: 'export the model with one of them, or name it in the sidecar (docs/model-contract.md)',
  });
}

export interface PredictRequest {
  readonly samples: readonly Sample[];
  readonly model: OpenedModel;
  readonly run: RunDirectory;
  /** Of the places where the benchmark publishes its wrists. */
  readonly axes: Axes;
  /** What a photograph that cannot be read does. */
  readonly unreadable: 'stop' | 'skip';
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What run.json says of a prediction set. */
export interface PredictedSet {
  readonly predictions: Record<string, ArrayDescription>;
  /** Samples whose rows are NaN, and why. */
  readonly unpredicted: UnscoredSample[];
  /** Samples whose 2D keypoints alone are NaN, and why. */
  readonly unpredicted_keypoints: UnscoredSample[];
  readonly decode: object;
  readonly timings: StageTimings;
}

export async function predict(request: PredictRequest): Promise<PredictedSet> {
  const { samples, model, run, unreadable, progress, signal } = request;
  const { session, contract, batchSize } = model;
  const timings = noTimings();
  const arrays = new Arrays(run, samples.length);
  const unpredicted: UnscoredSample[] = [];
  const withoutKeypoints: UnscoredSample[] = [];
  const stage = progress.stage('predict', samples.length, 'images');
  try {
    const options = { samples, session, contract, batchSize, unreadable, signal, timings };
    for await (const batch of predictBatches(options)) {
      const { first, count, joints, vertices, vertexCount, keypoints2d, camera } = batch;
      if (joints !== undefined) await arrays.write('joints', [JOINT_COUNT, 3], first, joints);
      if (vertices !== undefined) await arrays.write('vertices', [vertexCount!, 3], first, vertices);
      if (keypoints2d !== undefined) await arrays.write('keypoints_2d', [JOINT_COUNT, 2], first, keypoints2d);
      if (camera !== undefined) await arrays.write('camera', [3], first, camera);
      unpredicted.push(...batch.invalid.map(failed));
      withoutKeypoints.push(...batch.invalidKeypoints.map(failed));
      stage.update(first + count);
    }
    const roots = rootsOf(samples);
    if (roots !== null) await arrays.write('roots', [3], 0, roots);
    return {
      predictions: await arrays.close(request.axes),
      unpredicted,
      unpredicted_keypoints: withoutKeypoints,
      decode: DECODE_OPTIONS,
      timings,
    };
  } catch (error) {
    await arrays.abort();
    throw error;
  } finally {
    stage.stop();
  }
}

function failed({ id, code, reason }: UnreadableSample): UnscoredSample {
  return { id, code, reason };
}

/** Where the benchmark publishes the wrists, N × 3; null where it publishes none. */
function rootsOf(samples: readonly Sample[]): Float64Array | null {
  if (samples.every(({ root }) => root === null)) return null;
  return Float64Array.from(samples.flatMap(({ root }) => root ?? [Number.NaN, Number.NaN, Number.NaN]));
}

type ArrayName = 'joints' | 'vertices' | 'keypoints_2d' | 'camera' | 'roots';

/** What the rows of each array are, as run.json says it. */
function describe(name: ArrayName, axes: Axes): Omit<ArrayDescription, 'file' | 'dtype' | 'shape'> {
  switch (name) {
    case 'joints':
      return { joint_order: 'openpose', axes: 'opencv', units: 'm' };
    case 'vertices':
      return { axes: 'opencv', units: 'm' };
    case 'keypoints_2d':
      return { joint_order: 'openpose', axes: 'image', units: 'px' };
    case 'camera':
      return { units: 'weak-perspective' };
    case 'roots':
      return { axes, units: 'm' };
  }
}

/** The arrays of a prediction set, opened when their first rows come. */
class Arrays {
  private readonly run: RunDirectory;
  private readonly count: number;
  private readonly writers = new Map<ArrayName, NpyWriter>();

  constructor(run: RunDirectory, count: number) {
    this.run = run;
    this.count = count;
  }

  async write(
    name: ArrayName,
    row: readonly number[],
    first: number,
    values: Float32Array | Float64Array,
  ): Promise<void> {
    let writer = this.writers.get(name);
    if (writer === undefined) {
      const shape = [this.count, ...row];
      // What a model says is float32; what a benchmark publishes is kept as it is.
      const dtype = values instanceof Float32Array ? '<f4' : '<f8';
      writer = await NpyWriter.create(this.run.file(name), { shape, dtype });
      this.writers.set(name, writer);
    }
    await writer.writeRows(first, values);
  }

  async close(axes: Axes): Promise<Record<string, ArrayDescription>> {
    const described: Record<string, ArrayDescription> = {};
    for (const [name, writer] of this.writers) {
      await writer.close();
      described[name] = {
        file: RUN_FILES[name],
        dtype: name === 'roots' ? 'float64' : 'float32',
        shape: [...writer.shape],
        ...describe(name, axes),
      };
    }
    return described;
  }

  async abort(): Promise<void> {
    await Promise.all([...this.writers.values()].map((writer) => writer.abort()));
  }
}
