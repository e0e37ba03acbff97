/**
 * Where batches come from: photographs are decoded and cropped ahead of the session, each decoded
 * once, however many passes are taken of it. Batches are formed by the order of samples and passes
 * alone, whatever finishes first, so that neither the number of decodes in flight nor the number of
 * threads nor their pace can change a byte of the result.
 */
import { availableParallelism } from 'node:os';
import { UserError } from '../../errors.js';
import { float32ToHalf } from '../../formats/npy/half.js';
import { PLAIN_VIEW, type Box, type View } from '../../hand/view.js';
import { wholeImageBox } from '../../imaging/crop.js';
import { imageFormat } from '../../imaging/decode.js';
import { isOrdinary, jpegFrame } from '../../imaging/jpeg-header.js';
import { normalisation, normalisationTable } from '../../imaging/normalise.js';
import type { ModelContract } from '../model/model-contract.js';
import { Gate } from '../session/gate.js';
import { noTimings, type StageTimings } from '../timings.js';
import type { CropBatch, CropRow, ImageSample, UnreadableSample } from './crop-batch.js';
import { cropKind } from './crop-kinds.js';
import { CropPool, type CropData, type CropFile, type OpenBatch, type SharedPhoto } from './crop-pool.js';
import { PhotoStore } from './photo-store.js';
import { RowSequence, type Stretch } from './row-sequence.js';

export type { CropBatch, ImageSample, UnreadableSample } from './crop-batch.js';
export type { CropData } from './crop-pool.js';

/** A supply of batches, in the order of the rows. */
export interface CropSource {
  /** Rejects with the signal's reason once it is aborted. Its threads end with it, however it ends. */
  batches(): AsyncGenerator<CropBatch, void, undefined>;
  /** Gives a batch's buffer back, to be filled again. */
  recycle(data: CropData): void;
  /** Says how many milliseconds a batch took in the session; no result depends on it. */
  ran(milliseconds: number): void;
}

export interface CropSourceOptions {
  readonly samples: Iterable<ImageSample>;
  readonly contract: ModelContract;
  readonly batchSize: number;
  /** The ways each sample is shown, in this order; as its box shows it unless given. */
  readonly passes?: readonly View[];
  /**
   * The session computes on the cores that decode and crop; false unless given.
   *
   * Such a session splits every operator over all cores and waits for the slowest: whatever takes one
   * from it for a moment makes the others wait as well, and costs twice. So where its batches take
   * longer than filling them, many are filled at once on all cores, and nothing is while it runs.
   * Otherwise a few are kept ready ahead of it.
   */
  readonly sharesCores?: boolean;
  /** Photographs being decoded outside the threads that crop, or waiting for these, at a time; 6 unless given. */
  readonly decodeConcurrency?: number;
  /** Most threads that crop; `defaultWorkers` unless given. */
  readonly workers?: number;
  /** `stop` (unless given): the first photograph that cannot be read ends the work. `skip`: it is reported. */
  readonly unreadable?: 'stop' | 'skip';
  readonly signal?: AbortSignal;
  readonly timings?: StageTimings;
}

/** libuv decodes four at a time unless told otherwise; two more wait for their crops meanwhile. */
const DEFAULT_DECODE_CONCURRENCY = 6;
/** Two even on two cores: they only work while the session wants more than is ready. */
const FEWEST_WORKERS = 2;
/** No session is known that as many cannot keep busy: each makes some 700 crops a second. */
const MOST_WORKERS = 8;
/** Enough that a turn is short beside what the session does with its batches. */
const MOST_WORKERS_IN_TURNS = 16;
/** Crops of a turn for each thread: enough that it matters little which one is last. */
const CROPS_A_TURN = 48;
/** Batches a thread has at a time, one in hand and one waiting; the others go to whoever is done first. */
const BATCHES_A_THREAD = 2;
/** What the batches ahead of the session may take, where more than two of them do. */
const BYTES_AHEAD = 256 * 2 ** 20;

/** Crop threads; one core is left to the session's own thread, unless it wants them all in turns. */
export function defaultWorkers(sharesCores: boolean): number {
  const cores = availableParallelism();
  const wanted = sharesCores ? Math.min(MOST_WORKERS_IN_TURNS, cores) : Math.min(MOST_WORKERS, cores - 1);
  return Math.max(FEWEST_WORKERS, wanted);
}

/** Decodes and crops on threads of its own. */
export function openCropSource(options: CropSourceOptions): CropSource {
  return new PooledCropSource(options);
}

/** Whether the network sees the sample mirrored. */
export function isMirrored(contract: ModelContract, sample: Pick<ImageSample, 'right'>): boolean {
  return contract.handedness === 'right' && !sample.right;
}

/** What cropping a stretch of rows came to. */
interface Outcome {
  readonly box: Box;
  /** Why the photograph could not be read. */
  readonly failure?: UserError;
}

/** What the thread has cropped out of files: the outcomes by the position of the stretch, with gaps. */
interface CroppedFiles {
  readonly outcomes: readonly (Outcome | undefined)[];
  readonly decodeMs: number;
}

const NOT_CROPPED: CroppedFiles = { outcomes: [], decodeMs: 0 };
const NO_BOX: Box = { center: [Number.NaN, Number.NaN], side: Number.NaN };

class PooledCropSource implements CropSource {
  readonly #options: CropSourceOptions;
  readonly #kind: ReturnType<typeof cropKind>;
  readonly #passes: readonly View[];
  readonly #timings: StageTimings;
  /** Batches begun and not taken: ahead of the session, and in turns with it. */
  readonly #ahead: number;
  readonly #turn: number;
  /** What the last batch took in the session and in the crop thread, milliseconds. */
  #runMs = 0;
  #fillMs = 0;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #photos: PhotoStore;
  readonly #sequence: RowSequence;
  readonly #pool: CropPool;
  readonly #filling: Gate;
  readonly #free: CropData[] = [];

  constructor(options: CropSourceOptions) {
    const { contract, batchSize, samples, passes = [PLAIN_VIEW], signal } = options;
    if (passes.length === 0) throw new Error('openCropSource: there are no passes');
    const sharesCores = options.sharesCores ?? false;
    const threads = options.workers ?? defaultWorkers(sharesCores);
    const concurrency = options.decodeConcurrency ?? DEFAULT_DECODE_CONCURRENCY;
    const { mean, std } = contract;
    const table = normalisationTable(mean, std);
    this.#options = options;
    this.#kind = cropKind(contract.crop);
    this.#passes = passes;
    this.#timings = options.timings ?? noTimings();
    this.#signal = AbortSignal.any([this.#stop.signal, ...(signal ? [signal] : [])]);
    this.#photos = new PhotoStore(concurrency, this.#signal, this.#timings);
    this.#pool = new CropPool({
      threads,
      size: contract.input.size,
      kind: contract.crop,
      arrangement: contract.input,
      normalisation: normalisation(mean, std),
      table: contract.input.dtype === 'float16' ? float32ToHalf(table) : table,
    });
    this.#filling = new Gate(threads * BATCHES_A_THREAD);
    const data = this.#newData();
    this.#free.push(data);
    // Large batches are not hoarded.
    const most = Math.max(2, Math.floor(BYTES_AHEAD / data.byteLength));
    // Enough that every decode in flight belongs to a batch already begun, every thread has one to
    // fill, and one waits.
    this.#ahead = Math.min(most, Math.max(Math.ceil(concurrency / batchSize), threads) + 1);
    this.#turn = Math.min(most, Math.max(2, Math.ceil((threads * CROPS_A_TURN) / batchSize)));
    const isSweep = passes.length > 1;
    this.#sequence = new RowSequence({
      samples,
      passCount: passes.length,
      // The files of the next turn are read during this one; with several passes the batches ahead
      // may all show one photograph, and the next ones are decoded meanwhile.
      shotsAhead: isSweep ? concurrency : sharesCores ? this.#turn * batchSize : 0,
      openPhotograph: (file) => {
        const photograph = this.#photos.open(file);
        if (isSweep) photograph.decoded().catch(() => undefined); // told in each batch that it is missing from
        return photograph;
      },
    });
  }

  async *batches(): AsyncGenerator<CropBatch, void, undefined> {
    const queue: Promise<Omit<CropBatch, 'endsTurn'>>[] = [];
    let first = 0;
    try {
      for (;;) {
        const inTurns = this.#inTurns();
        if (!inTurns || queue.length === 0) {
          while (queue.length < (inTurns ? this.#turn : this.#ahead)) {
            const stretches = this.#sequence.take(this.#options.batchSize);
            if (stretches.length === 0) break;
            const batch = this.#fill(first, stretches);
            batch.catch(() => undefined); // told when its turn comes
            queue.push(batch);
            for (const { count } of stretches) first += count;
          }
          if (inTurns) await unlessAborted(Promise.allSettled(queue), this.#signal);
        }
        const head = queue.shift();
        if (head === undefined) return;
        const batch = await unlessAborted(head, this.#signal);
        yield { ...batch, endsTurn: this.#inTurns() && queue.length === 0 };
      }
    } finally {
      // Whoever stops early stops what is ahead as well.
      this.#stop.abort();
      await this.#pool.close();
    }
  }

  recycle(data: CropData): void {
    this.#free.push(data);
  }

  ran(milliseconds: number): void {
    this.#runMs = milliseconds;
  }

  #inTurns(): boolean {
    return this.#options.sharesCores === true && this.#runMs > this.#fillMs;
  }

  #newData(): CropData {
    const { batchSize, contract } = this.#options;
    const [height, width] = contract.input.size;
    const length = batchSize * 3 * height * width;
    return contract.input.dtype === 'float16' ? new Uint16Array(length) : new Float32Array(length);
  }

  async #fill(first: number, stretches: readonly Stretch[]): Promise<Omit<CropBatch, 'endsTurn'>> {
    await this.#filling.enter();
    try {
      this.#signal.throwIfAborted();
      return await this.#fillNow(first, stretches);
    } finally {
      this.#filling.leave();
    }
  }

  async #fillNow(first: number, stretches: readonly Stretch[]): Promise<Omit<CropBatch, 'endsTurn'>> {
    const batch = this.#pool.begin(this.#free.pop() ?? this.#newData());
    const cropped = this.#passes.length === 1 ? await this.#cropFiles(batch, stretches) : NOT_CROPPED;
    let slot = 0;
    const outcomes = await Promise.allSettled(
      stretches.map((stretch, position) => {
        const firstSlot = slot;
        slot += stretch.count;
        const outcome = cropped.outcomes[position];
        return outcome === undefined ? this.#crop(batch, stretch, firstSlot) : Promise.resolve(outcome);
      }),
    );
    const rows: CropRow[] = [];
    const samples: ImageSample[] = [];
    const boxes: Box[] = [];
    const unreadable: UnreadableSample[] = [];
    const blank: number[] = [];
    for (const [position, { shot, firstPass, count }] of stretches.entries()) {
      const outcome = outcomes[position]!;
      // The first in the order of the samples, not in time: the same input gives the same error.
      if (outcome.status === 'rejected') throw outcome.reason;
      const { box, failure } = outcome.value;
      const readable = failure === undefined;
      if (!readable && firstPass === 0) {
        const { code, message: reason } = failure;
        unreadable.push({ index: shot.index, id: shot.sample.id, code, reason });
      }
      for (let row = 0; row < count; row++) {
        if (!readable) blank.push(rows.length);
        rows.push({ sampleIndex: shot.index, pass: firstPass + row, readable });
        samples.push(shot.sample);
        boxes.push(box);
      }
    }
    // A last batch is padded with zeros, for fixed and dynamic models alike: how a sample is
    // computed then never depends on how many follow it.
    for (let padding = rows.length; padding < this.#options.batchSize; padding++) blank.push(padding);
    const { data, cropMs } = await batch.finish(blank);
    this.#timings.cropMs += cropMs;
    this.#timings.decodeMs += cropped.decodeMs;
    this.#fillMs = cropMs + cropped.decodeMs;
    return { first, rows, samples, boxes, data, unreadable };
  }

  /** @param firstSlot  the place of the stretch's first row in the batch. */
  async #crop(batch: OpenBatch, stretch: Stretch, firstSlot: number): Promise<Outcome> {
    const { shot, firstPass, count } = stretch;
    const { contract, unreadable } = this.#options;
    const { sample, photograph } = shot;
    const mirrored = isMirrored(contract, sample);
    let photo: SharedPhoto | null = null;
    try {
      photo = await photograph.decoded();
      if (!this.#takes(photo)) throw sizeError(sample, photo, contract);
      const box = this.#boxIn(sample, photo);
      if (!isBox(box)) throw boxError(sample, box);
      const passes = this.#passes.slice(firstPass, firstPass + count);
      const tasks = passes.map(({ rotationDegrees, scale }, row) => {
        return { slot: firstSlot + row, box, mirrored, rotationDegrees, scale };
      });
      await batch.crop(photo, tasks);
      return { box };
    } catch (error) {
      if (unreadable === 'skip' && error instanceof UserError) return { box: NO_BOX, failure: error };
      throw error;
    } finally {
      shot.rowsToCrop -= count;
      if (photo !== null && shot.rowsToCrop === 0) this.#photos.giveBack(photo);
    }
  }

  /**
   * Photographs that are shown once are decoded by the thread that crops them.
   *
   * A file that its thread cannot decode is left to `#crop`, which has the last word.
   */
  async #cropFiles(batch: OpenBatch, stretches: readonly Stretch[]): Promise<CroppedFiles> {
    const read = await Promise.allSettled(stretches.map(({ shot }) => shot.photograph.bytes));
    const files: (CropFile & { position: number })[] = [];
    for (const [position, { shot }] of stretches.entries()) {
      const result = read[position]!;
      const bytes = result.status === 'fulfilled' ? result.value : null;
      const frame = bytes !== null && imageFormat(bytes) === 'jpeg' ? jpegFrame(bytes) : null;
      if (bytes === null || frame === null || !isOrdinary(frame)) continue;
      const box = this.#boxIn(shot.sample, frame);
      if (!this.#takes(frame) || !isBox(box)) continue;
      const mirrored = isMirrored(this.#options.contract, shot.sample);
      files.push({ position, bytes, task: { slot: position, box, mirrored, ...this.#passes[0]! } });
    }
    if (files.length === 0) return NOT_CROPPED;
    const taken = await batch.cropFiles(files.map(({ bytes, task }) => ({ bytes, task })));
    const outcomes: Outcome[] = [];
    let decodeMs = 0;
    for (const [index, { position, task }] of files.entries()) {
      const milliseconds = taken[index]!;
      if (milliseconds === null) continue;
      outcomes[position] = { box: task.box };
      decodeMs += milliseconds;
      this.#timings.images += 1;
    }
    return { outcomes, decodeMs };
  }

  #boxIn(sample: ImageSample, photo: { readonly width: number; readonly height: number }): Box {
    return this.#kind.boxes === null && sample.box !== null ? sample.box : wholeImageBox(photo);
  }

  #takes({ width, height }: { readonly width: number; readonly height: number }): boolean {
    const { photographSide } = this.#kind;
    return photographSide === null || (width === photographSide && height === photographSide);
  }
}

function isBox({ center, side }: Box): boolean {
  return Number.isFinite(side) && side > 0 && center.every(Number.isFinite);
}

function boxError({ id, image }: ImageSample, { center, side }: Box): UserError {
  return new UserError({
    code: 'box-invalid',
    message: `The box of sample ${id} is no square with an area`,
    file: image,
    expected: 'a centre and a positive side, in px',
    got: `centre ${center.join(', ')}, side ${side}`,
    next: 'correct the box, or leave the sample out',
  });
}

function sizeError(
  { id, image }: ImageSample,
  { width, height }: { readonly width: number; readonly height: number },
  { crop, sidecar }: ModelContract,
): UserError {
  const side = cropKind(crop).photographSide!;
  return new UserError({
    code: 'crop-photograph-size',
    message: `The crop ${crop} is made for other photographs than that of sample ${id}`,
    file: image,
    expected: `${side} × ${side} px, as FreiHAND's are`,
    got: `${width} × ${height} px`,
    next: `write "crop": "hamer" into ${sidecar ?? 'the sidecar'}, which takes the boxes of any photograph`,
  });
}

/** `promise`, or a rejection with the signal's reason as soon as that is aborted. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
