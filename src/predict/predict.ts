/** `predict`: photographs through a checkpoint into the run directory's arrays. It never sees ground truth. */
import type { DatasetDefinition, Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { Axes } from '../hand/axes.js';
import { ManoLayer } from '../hand/mano-layer.js';
import { DECODE_OPTIONS } from '../imaging/decode.js';
import { loadSharp } from '../imaging/sharp.js';
import { cropKind } from '../inference/crops/crop-kinds.js';
import { isMirrored } from '../inference/crops/crop-source.js';
import { readManoFile } from '../inference/mano/mano-file.js';
import { requireMano, type Mano } from '../inference/mano/mano-points.js';
import { batchSizeFor, type ModelContract } from '../inference/model/model-contract.js';
import { requireLinkedWeights } from '../inference/model/linked-weights.js';
import { requireModelFile, sha256OfFile } from '../inference/model/model-file.js';
import { openModel as openSessionAndContract } from '../inference/model/model.js';
import { predict as predictBatches, type PredictedBatch } from '../inference/predictor.js';
import type { ProviderChoice } from '../inference/session/providers.js';
import type { Session } from '../inference/session/session.js';
import { describeTimings, noTimings, peakMemory, type StageTimings } from '../inference/timings.js';
import type { Progress } from '../progress.js';
import type { Journal } from '../runs/progress-journal.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { madeWith, openWriter, PredictionProgress } from './prediction-progress.js';
import { PredictionWriter, type WrittenSets } from './prediction-writer.js';
import type { SweepRequest } from './sweep-writer.js';

export interface OpenedModel {
  readonly session: Session;
  readonly contract: ModelContract;
  readonly batchSize: number;
  readonly sha256: string;
  /** What its protocol calls the boxes; null where it sees those of the samples. */
  readonly boxes: string | null;
  /** See `OpenModel`. */
  readonly notes: readonly string[];
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
  // Some photographs are decoded without; not every one is.
  await loadSharp();
  await requireModelFile(model);
  await requireLinkedWeights(model);
  const { session, contract, notes } = await openSessionAndContract({
    model,
    provider,
    allowFallback,
    ...(device === undefined ? {} : { device }),
  });
  try {
    const size = batchSizeFor(contract, batchSize);
    const { boxes } = cropKind(contract.crop);
    return { session, contract, notes, boxes, batchSize: size, sha256: await sha256OfFile(model) };
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

interface NeededOutputs {
  readonly code: string;
  /** Behind the title of the benchmark. */
  readonly message: string;
  readonly expected: string;
  isIn(contract: ModelContract): boolean;
}

/** What each kind of measure needs of a model. */
const NEEDED: Readonly<Record<DatasetDefinition['protocol']['measure'], NeededOutputs>> = {
  'hands-3d': {
    isIn: ({ outputs, mano }) => outputs.joints !== null || outputs.vertices !== null || mano !== null,
    code: 'model-without-hand',
    message: 'is scored in 3D, and this model gives neither joints nor vertices',
    expected: 'an output of joints (N, 21, 3) or vertices (N, 778, 3)',
  },
  'keypoints-2d': {
    isIn: ({ keypoints_2d: keypoints }) => keypoints !== null,
    code: 'model-without-keypoints',
    message: 'is scored in the photograph, and this model says nothing of where its joints are there',
    expected: 'an output pred_keypoints_2d (N, 21, 2), or pred_cam (N, 3) beside the joints',
  },
};

/**
 * Before hours of work: the model must say what the benchmark scores.
 *
 * @throws UserError where it does not.
 */
export function requireOutputs(
  { contract, session }: OpenedModel,
  { title, protocol }: DatasetDefinition,
): void {
  const needed = NEEDED[protocol.measure];
  if (needed.isIn(contract)) return;
  const { outputs } = contract;
  throw new UserError({
    code: needed.code,
    message: `${title} ${needed.message}`,
    file: session.file,
    expected: needed.expected,
    got: [outputs.joints, outputs.vertices, outputs.keypoints_2d, outputs.camera]
      .flatMap((output) => (output === null ? [] : [output.name]))
      .join(', '),
    next: 'export the model with one of them, or name it in the sidecar (docs/model-contract.md)',
  });
}

/**
 * Boxes that were asked for must be used.
 *
 * @throws UserError where the model sees whole photographs.
 */
export function requireBoxesUsed(model: OpenedModel, boxes: string): void {
  if (model.boxes === null || boxes === 'image') return;
  const { contract, session } = model;
  const { crop, sidecar } = contract;
  throw new UserError({
    code: 'boxes-unused',
    message: `The model sees whole photographs (crop ${crop}), so that the boxes would not be used`,
    file: session.file,
    expected: 'a model whose sidecar says "crop": "hamer", or no --boxes',
    got: `--boxes ${boxes}`,
    next: `leave --boxes out, or write "crop": "hamer" into ${sidecar ?? 'the sidecar'}`,
  });
}

export interface PredictRequest {
  readonly samples: readonly Sample[];
  readonly model: OpenedModel;
  readonly mano: Mano | null;
  readonly run: RunDirectory;
  /** The axes in which the benchmark publishes its wrists. */
  readonly axes: Axes;
  /** What a photograph that cannot be read does. */
  readonly unreadable: 'stop' | 'skip';
  /** Test-time augmentation; null for the plain pass alone. */
  readonly tta: SweepRequest | null;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What run.json says of the predictions. */
export interface Predicted extends WrittenSets {
  readonly decode: Record<string, unknown>;
  /** Milliseconds of each stage, over all sittings. */
  readonly timings: Record<string, number>;
}

/** Goes on where an earlier sitting has left the run; leaves it to be gone on with where it ends early. */
export async function predict(request: PredictRequest): Promise<Predicted> {
  const { samples, model, run, tta, progress } = request;
  const { session, contract, batchSize } = model;
  const swept = samples.map((sample) => ({ id: sample.id, mirrored: isMirrored(contract, sample) }));
  const passes = tta?.passes.length ?? 1;
  const how = { plan: { samples: samples.length, passes, batchSize }, madeWith: await madeWith(session) };
  const create = (): PredictionWriter => new PredictionWriter(run, swept, tta);
  const { writer, from } = await openWriter(run, create, { ...how, progress });
  const place = new PredictionProgress(run, writer, { ...how, from });
  const timings = noTimings();
  const started = performance.now();
  const rows = samples.length * passes;
  const stage = progress.stage(
    'predict',
    rows,
    passes === 1 ? 'images' : 'crops',
    (from?.done ?? 0) * passes,
  );
  try {
    for await (const batch of batchesFrom(from?.done ?? 0, request, timings)) {
      const before = performance.now();
      await writer.add(batch);
      const reached = batch.first + batch.count;
      await place.reached(reached, () => added(timings, from));
      timings.writeMs += performance.now() - before;
      stage.update(reached);
    }
    const written = await writer.close(rootsOf(samples), request.axes);
    stage.stop();
    const sitting = from === null ? '' : 'since then ';
    tellUnended(timings, progress);
    progress.note(sitting + describeTimings(timings, performance.now() - started, peakMemory()));
    return { ...written, decode: DECODE_OPTIONS, timings: added(timings, from) };
  } catch (error) {
    await place.leave();
    throw error;
  } finally {
    stage.stop();
  }
}

/** The batches after the first `done` samples, as they are in the sequence of all. */
async function* batchesFrom(
  done: number,
  { samples, model, mano, unreadable, tta, signal }: PredictRequest,
  timings: StageTimings,
): AsyncGenerator<PredictedBatch, void, undefined> {
  if (done === samples.length) return;
  const { session, contract, batchSize } = model;
  const batches = predictBatches({
    samples: samples.slice(done),
    session,
    contract,
    batchSize,
    unreadable,
    signal,
    timings,
    ...(mano === null ? {} : { mano }),
    ...(tta === null ? {} : { passes: tta.passes }),
  });
  const later = <T extends { readonly index: number }>(failed: readonly T[]): T[] =>
    failed.map((row) => ({ ...row, index: row.index + done }));
  for await (const batch of batches) {
    yield {
      ...batch,
      first: batch.first + done * (tta?.passes.length ?? 1),
      invalid: later(batch.invalid),
      invalidKeypoints: later(batch.invalidKeypoints),
    };
  }
}

/** Photographs that were decoded though their end marker lacks. */
function tellUnended({ unended = [] }: StageTimings, progress: Progress): void {
  const files = [...new Set(unended)];
  const [first] = files;
  if (first === undefined) return;
  const which = files.length === 1 ? first : `${files.length} JPEG files, the first of them ${first}`;
  progress.note(`Without the end marker, with all pixels: ${which}.`);
}

type Stages = Omit<StageTimings, 'unended'>;

/** The timings of this sitting and of those before. */
function added(timings: StageTimings, from: Journal | null): Stages & Record<string, number> {
  const stages = Object.entries(timings).filter(([, value]) => typeof value === 'number');
  const sums = Object.fromEntries(stages) as Stages & Record<string, number>;
  for (const [stage, value] of Object.entries(from?.timings ?? {})) sums[stage] = (sums[stage] ?? 0) + value;
  return sums;
}

/** Where the benchmark publishes the wrists, N × 3; null where it publishes none. */
function rootsOf(samples: readonly Sample[]): Float64Array | null {
  if (samples.every(({ root }) => root === null)) return null;
  return Float64Array.from(samples.flatMap(({ root }) => root ?? [Number.NaN, Number.NaN, Number.NaN]));
}
