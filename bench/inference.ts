/**
 * How much of a session's speed the pipeline around it keeps, and what it could feed a faster one.
 * The built program's own rooms are measured, since its threads run built files.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import type { View } from '../src/hand/view.js';
import type { CropBatch, ImageSample } from '../src/inference/crops/crop-source.js';
import { InferenceSession, Tensor } from '../src/inference/session/onnxruntime.js';
import type { StageTimings } from '../src/inference/timings.js';
import { Random } from '../src/statistics/random.js';
import { idleModel, VIT, visionTransformer } from './inference-models.js';
import { ROOT } from './machine.js';
import { median, processorSeconds } from './processor-time.js';

export const BATCH_SIZE = 4;
/** px; FreiHAND's photographs. */
export const PHOTOGRAPH_SIDE = 224;
const PHOTOGRAPHS = 64;
/** Side of the noise that is blown up to a photograph; gives JPEGs of FreiHAND's length. */
const GRAIN = 28;
const SEED = 20_262;
/** Batches that are not counted. */
const WARM_UP = 3;

/** HaMeR's sweep as it is used for test-time augmentation: 19 rotations × 5 scales. */
export const SWEEP: readonly View[] = [0.8, 0.9, 1, 1.1, 1.2].flatMap((scale) =>
  Array.from({ length: 19 }, (_, step) => ({ rotationDegrees: -90 + 10 * step, scale })),
);

/** Crops of each measurement, unless fewer are asked for. */
const VIT_CROPS = 1600;
const IDLE_CROPS = 2000;
const SWEPT_PHOTOGRAPHS = 60;

export interface PipelineFigure {
  readonly crops: number;
  /** From the first photograph to the last result, the start of the crop threads included. */
  readonly crops_per_second: number;
  /** Processor time of the whole process a crop; unlike the rate it hardly depends on what else runs. */
  readonly processor_ms_per_crop: number;
  readonly timings: StageTimings;
}

export interface InferenceFigures {
  /** False where fewer crops were asked for: the start of the threads then weighs more. */
  readonly full_size: boolean;
  readonly batch_size: number;
  readonly workers: number;
  readonly intra_op_threads: number;
  readonly repetitions: number;
  /** A mean over the photographs. */
  readonly jpeg_bytes: number;
  /** The transformer: `session.run` alone on the main thread, on batches that lie ready. */
  readonly bare_crops_per_second: number;
  /** The transformer behind the pipeline. */
  readonly vit: PipelineFigure;
  /** The rate behind the pipeline over the bare one just before and after it: the median of the repetitions. */
  readonly kept: number;
  readonly kept_each: readonly number[];
  /** The model that does nothing, one crop a photograph. */
  readonly idle: PipelineFigure;
  /** The model that does nothing, 95 crops a photograph. */
  readonly sweep: PipelineFigure;
}

export interface InferenceRequest {
  readonly folder: string;
  /** The best of so many counts: others may be using the machine. */
  readonly repetitions: number;
  /** Crops in place of each measurement's own number. */
  readonly samples: number | null;
  readonly say: (text: string) => void;
}

export async function measureInference(request: InferenceRequest): Promise<InferenceFigures> {
  const { folder, repetitions, samples, say } = request;
  const rooms = await builtRooms();
  mkdirSync(folder, { recursive: true });
  const photographs = await writePhotographs(folder);
  const of = (count: number): ImageSample[] =>
    Array.from({ length: count }, (_, index) => photographs.samples[index % PHOTOGRAPHS]!);
  const vitFile = join(folder, 'vit.onnx');
  const idleFile = join(folder, 'idle.onnx');
  writeFileSync(vitFile, visionTransformer(VIT));
  writeFileSync(idleFile, idleModel());

  const bareRates: number[] = [];
  const figures: Record<'vit' | 'idle' | 'sweep', PipelineFigure[]> = { vit: [], idle: [], sweep: [] };
  const swept = samples === null ? SWEPT_PHOTOGRAPHS : Math.ceil(samples / SWEEP.length);
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    say(`inference, ${repetition} of ${repetitions}`);
    // One after the other each time, so that all find the machine in the same state.
    const crops = samples ?? VIT_CROPS;
    const before = await measureBare(rooms, vitFile, of(PHOTOGRAPHS), crops / 2);
    figures.vit.push(await measurePipeline(rooms, vitFile, of(crops)));
    const after = await measureBare(rooms, vitFile, of(PHOTOGRAPHS), crops / 2);
    bareRates.push(2 / (1 / before + 1 / after));
    figures.idle.push(await measurePipeline(rooms, idleFile, of(samples ?? IDLE_CROPS)));
    figures.sweep.push(await measurePipeline(rooms, idleFile, of(swept), SWEEP));
  }
  const keptEach = figures.vit.map(({ crops_per_second: rate }, index) => rate / bareRates[index]!);
  return {
    full_size: samples === null,
    batch_size: BATCH_SIZE,
    workers: rooms.defaultWorkers(true),
    intra_op_threads: availableParallelism(),
    repetitions,
    jpeg_bytes: photographs.meanBytes,
    bare_crops_per_second: Math.max(...bareRates),
    kept: median(keptEach),
    kept_each: keptEach,
    vit: fastest(figures.vit),
    idle: fastest(figures.idle),
    sweep: fastest(figures.sweep),
  };
}

function fastest(figures: readonly PipelineFigure[]): PipelineFigure {
  return figures.reduce((best, figure) => (figure.crops_per_second > best.crops_per_second ? figure : best));
}

/** What is measured, as built. */
type Rooms = typeof import('../src/inference/crops/crop-source.js') &
  typeof import('../src/inference/model/model.js') &
  typeof import('../src/inference/predictor.js') &
  typeof import('../src/inference/timings.js');

async function builtRooms(): Promise<Rooms> {
  const load = (name: string): Promise<object> =>
    import(pathToFileURL(join(ROOT, 'dist', 'inference', `${name}.js`)).href) as Promise<object>;
  const rooms = await Promise.all(['crops/crop-source', 'model/model', 'predictor', 'timings'].map(load));
  return rooms.reduce((all, room) => ({ ...all, ...room }), {}) as Rooms;
}

/**
 * `session.run` in a loop, with ONNX Runtime's own defaults, on the batches that the pipeline feeds.
 *
 * @param crops  how many; the photographs are gone through again and again.
 * @returns crops a second.
 */
async function measureBare(
  rooms: Rooms,
  model: string,
  samples: readonly ImageSample[],
  crops: number,
): Promise<number> {
  const { contract, session } = await rooms.openModel({ model });
  await session.close();
  const batches: CropBatch[] = [];
  const source = rooms.openCropSource({ samples, contract, batchSize: BATCH_SIZE });
  for await (const batch of source.batches()) batches.push(batch);
  const bare = await InferenceSession.create(model, { intraOpNumThreads: availableParallelism() });
  const dims = [BATCH_SIZE, 3, ...contract.input.size];
  const run = async ({ data }: CropBatch): Promise<void> => {
    await bare.run({ [contract.input.name]: new Tensor('float32', data as Float32Array, dims) });
  };
  for (const batch of batches.slice(0, WARM_UP)) await run(batch);
  const runs = Math.ceil(crops / BATCH_SIZE);
  const start = performance.now();
  for (let index = 0; index < runs; index++) await run(batches[index % batches.length]!);
  const seconds = (performance.now() - start) / 1000;
  await bare.release();
  return (runs * BATCH_SIZE) / seconds;
}

async function measurePipeline(
  rooms: Rooms,
  model: string,
  samples: readonly ImageSample[],
  passes: readonly View[] = [{ rotationDegrees: 0, scale: 1 }],
): Promise<PipelineFigure> {
  const { contract, session } = await rooms.openModel({ model });
  try {
    const predictAll = async (given: readonly ImageSample[]): Promise<StageTimings> => {
      const timings = rooms.noTimings();
      const options = { samples: given, session, contract, batchSize: BATCH_SIZE, passes, timings };
      const batches = rooms.predict(options);
      while ((await batches.next()).done !== true);
      return timings;
    };
    await predictAll(samples.slice(0, WARM_UP * BATCH_SIZE));
    const start = performance.now();
    const processorStart = processorSeconds();
    const timings = await predictAll(samples);
    const seconds = (performance.now() - start) / 1000;
    const { crops } = timings;
    const processorMs = (processorSeconds() - processorStart) * 1000;
    return { crops, crops_per_second: crops / seconds, processor_ms_per_crop: processorMs / crops, timings };
  } finally {
    await session.close();
  }
}

interface Photographs {
  readonly samples: readonly ImageSample[];
  readonly meanBytes: number;
}

/** JPEGs with the detail of a photograph: seeded noise, coarse and fine, of quality 90. */
async function writePhotographs(folder: string): Promise<Photographs> {
  const samples: ImageSample[] = [];
  let bytes = 0;
  for (let index = 0; index < PHOTOGRAPHS; index++) {
    const random = new Random(SEED + index);
    const coarse = Uint8Array.from({ length: GRAIN * GRAIN * 3 }, () => random.below(256));
    const jpeg = await sharp(coarse, { raw: { width: GRAIN, height: GRAIN, channels: 3 } })
      .resize(PHOTOGRAPH_SIDE, PHOTOGRAPH_SIDE, { kernel: 'cubic' })
      .jpeg({ quality: 90 })
      .toBuffer();
    const image = join(folder, `${index}.jpg`);
    writeFileSync(image, jpeg);
    bytes += jpeg.length;
    const center = [90 + random.below(45), 90 + random.below(45)] as const;
    const box = { center, side: 90 + random.below(90) };
    samples.push({ id: `${index}`, image, box, right: index % 2 === 0 });
  }
  return { samples, meanBytes: Math.round(bytes / PHOTOGRAPHS) };
}
