/** `predict`: photographs through a checkpoint into the run directory's arrays. It never sees ground truth. */
import type { Axes, DatasetDefinition, Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { MANO_JOINT_COUNT, ManoLayer } from '../hand/mano-layer.js';
import { DECODE_OPTIONS } from '../imaging/decode.js';
import { isMirrored } from '../inference/crop-source.js';
import { readManoFile } from '../inference/mano-file.js';
import { requireMano, type Mano } from '../inference/mano-points.js';
import { batchSizeFor, type ModelContract } from '../inference/model-contract.js';
import { sha256OfFile } from '../inference/model-file.js';
import { openModel as openSessionAndContract } from '../inference/model.js';
import { predict as predictBatches, type PredictedBatch } from '../inference/predictor.js';
import type { ProviderChoice } from '../inference/providers.js';
import type { Session } from '../inference/session.js';
import { describeTimings, noTimings, peakMemory, type StageTimings } from '../inference/timings.js';
import type { Progress } from '../progress.js';
import type { UnscoredSample } from '../runs/metrics-document.js';
import { PLAIN_SET } from '../runs/prediction-sets.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { AS_PREDICTED, SetWriter, type DescribedArrays } from './set-writer.js';
import { SweepWriter, type PredictedSweep, type SweepRequest } from './sweep-writer.js';

export interface OpenedModel {
  readonly session: Session;
  readonly contract: ModelContract;
  readonly batchSize: number;
  readonly sha256: string;
}

export interface OpenModelRequest {
  readonly model: string;
  readonly batchSize: number | undefined;
  readonly provider: ProviderChoice;
  readonly device: number | undefined;
  /** Run on the CPU where the provider does not start. */
  readonly allowFallback: boolean;
}

export async function openModel(request: OpenModelRequest): Promise<OpenedModel> {
  const { model, batchSize, provider, device, allowFallback } = request;
  const { session, contract } = await openSessionAndContract({
    model,
    provider,
    allowFallback,
    ...(device === undefined ? {} : { device }),
  });
  try {
    const size = batchSizeFor(contract, batchSize);
    return { session, contract, batchSize: size, sha256: await sha256OfFile(model) };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** The user's MANO, where the model gives its parameters. */
export interface OpenedMano {
  readonly mano: Mano;
  readonly sha256: string;
}

/** @returns null where the model needs none. */
export async function openMano(
  { contract, session }: OpenedModel,
  file: string | null,
): Promise<OpenedMano | null> {
  if (contract.mano === null) return null;
  if (file === null) {
    requireMano(contract.mano, undefined, session.file);
    return null;
  }
  const { model, handsMean, sha256 } = await readManoFile(file);
  const mano = { layer: new ManoLayer(model), handsMean };
  requireMano(contract.mano, mano, session.file);
  return { mano, sha256 };
}

/**
 * Before hours of work: the model must say what the benchmark scores.
 *
 * @throws UserError where it does not.
 */
export function requireOutputs(
  { contract, session }: OpenedModel,
  { title, protocol }: DatasetDefinition,
): void {
  const { outputs, mano, keypoints_2d: keypoints } = contract;
  const inPhotograph = protocol.measure === 'keypoints-2d';
  const fits = inPhotograph
    ? keypoints !== null
    : outputs.joints !== null || outputs.vertices !== null || mano !== null;
  if (fits) return;
  throw new UserError({
    code: inPhotograph ? 'model-without-keypoints' : 'model-without-hand',
    message: inPhotograph
      ? `${title} is scored in the photograph, and this model says nothing of where its joints are there`
      : `${title} is scored in 3D, and this model gives neither joints nor vertices`,
    file: session.file,
    expected: inPhotograph
      ? 'an output pred_keypoints_2d (N, 21, 2), or pred_cam (N, 3) beside the joints'
      : 'an output of joints (N, 21, 3) or vertices (N, 778, 3)',
    got: [outputs.joints, outputs.vertices, outputs.keypoints_2d, outputs.camera]
      .flatMap((output) => (output === null ? [] : [output.name]))
      .join(', '),
    next: 'export the model with one of them, or name it in the sidecar (docs/model-contract.md)',
  });
}

export interface PredictRequest {
  readonly samples: readonly Sample[];
  readonly model: OpenedModel;
  readonly mano: Mano | null;
  readonly run: RunDirectory;
  /** Of the places where the benchmark publishes its wrists. */
  readonly axes: Axes;
  /** What a photograph that cannot be read does. */
  readonly unreadable: 'stop' | 'skip';
  /** Test-time augmentation; null for the plain pass alone. */
  readonly tta: SweepRequest | null;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What run.json says of the predictions. */
export interface Predicted extends PredictedSweep {
  readonly predictions: DescribedArrays;
  /** Samples whose rows are NaN, and why. */
  readonly unpredicted: UnscoredSample[];
  /** Samples whose 2D keypoints alone are NaN, and why. */
  readonly unpredicted_keypoints: UnscoredSample[];
  readonly decode: object;
  readonly timings: StageTimings;
}

/** The parts of a batch: the array each is kept in, and the shape of a row. */
function* partsOf(
  batch: PredictedBatch,
): Generator<['joints' | 'vertices' | 'keypoints_2d' | 'camera' | 'chain_joints', number[], Float32Array]> {
  const { joints, vertices, vertexCount, keypoints2d, camera, chainJoints } = batch;
  if (joints !== undefined) yield ['joints', [JOINT_COUNT, 3], joints];
  if (vertices !== undefined) yield ['vertices', [vertexCount!, 3], vertices];
  if (chainJoints !== undefined) yield ['chain_joints', [MANO_JOINT_COUNT, 3], chainJoints];
  if (keypoints2d !== undefined) yield ['keypoints_2d', [JOINT_COUNT, 2], keypoints2d];
  if (camera !== undefined) yield ['camera', [3], camera];
}

export async function predict(request: PredictRequest): Promise<Predicted> {
  const { samples, model, mano, run, unreadable, tta, progress, signal } = request;
  const { session, contract, batchSize } = model;
  const timings = noTimings();
  const started = performance.now();
  const passes = tta?.passes.length ?? 1;
  const plain = new SetWriter(run, PLAIN_SET, samples.length);
  const swept = samples.map((sample) => ({ id: sample.id, mirrored: isMirrored(contract, sample) }));
  const sweep = tta === null ? null : new SweepWriter(run, tta, swept);
  const unpredicted: UnscoredSample[] = [];
  const withoutKeypoints: UnscoredSample[] = [];
  const stage = progress.stage('predict', samples.length * passes, passes === 1 ? 'images' : 'crops');
  try {
    const batches = predictBatches({
      samples,
      session,
      contract,
      batchSize,
      unreadable,
      signal,
      timings,
      ...(mano === null ? {} : { mano }),
      ...(tta === null ? {} : { passes: tta.passes }),
    });
    for await (const batch of batches) {
      const from = performance.now();
      for (const [name, row, values] of partsOf(batch)) {
        await writeReference(plain, name, row, values, batch, passes);
      }
      await sweep?.add(batch, partsOf(batch));
      unpredicted.push(...batch.invalid.filter(({ pass }) => pass === 0).map(failed));
      withoutKeypoints.push(...batch.invalidKeypoints.filter(({ pass }) => pass === 0).map(failed));
      timings.writeMs += performance.now() - from;
      stage.update(batch.first + batch.count);
    }
    const roots = rootsOf(samples);
    if (roots !== null) await plain.write('roots', [3], 0, roots);
    const predictions = await plain.close({ ...AS_PREDICTED, roots: request.axes });
    const sets = (await sweep?.close()) ?? {};
    stage.stop();
    progress.note(describeTimings(timings, performance.now() - started, peakMemory()));
    return {
      predictions,
      ...sets,
      unpredicted,
      unpredicted_keypoints: withoutKeypoints,
      decode: DECODE_OPTIONS,
      timings,
    };
  } catch (error) {
    await plain.abort();
    await sweep?.abort();
    throw error;
  } finally {
    stage.stop();
  }
}

/** The rows of the un-augmented pass; all of them where there is no other. */
async function writeReference(
  plain: SetWriter,
  name: Parameters<SetWriter['write']>[0],
  row: readonly number[],
  values: Float32Array,
  { first, count }: PredictedBatch,
  passes: number,
): Promise<void> {
  if (passes === 1) return plain.write(name, row, first, values);
  const width = values.length / count;
  for (let index = Math.ceil(first / passes) * passes; index < first + count; index += passes) {
    const at = (index - first) * width;
    await plain.write(name, row, index / passes, values.subarray(at, at + width));
  }
}

function failed({ id, code, reason }: UnscoredSample): UnscoredSample {
  return { id, code, reason };
}

/** Where the benchmark publishes the wrists, N × 3; null where it publishes none. */
function rootsOf(samples: readonly Sample[]): Float64Array | null {
  if (samples.every(({ root }) => root === null)) return null;
  return Float64Array.from(samples.flatMap(({ root }) => root ?? [Number.NaN, Number.NaN, Number.NaN]));
}
