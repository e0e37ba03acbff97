/**
 * Where batches come from: photographs are decoded and cropped a few batches ahead of the session.
 * Batches are formed by sample order alone, whatever finishes first, so that the number of decodes
 * in flight cannot change a byte of the result.
 */
import { UserError } from '../errors.js';
import { cropImage, wholeImageBox, type Box } from '../imaging/crop.js';
import { decodeImage } from '../imaging/decode.js';
import { normalisationTable, normalise } from '../imaging/normalise.js';
import type { ModelContract } from './model-contract.js';
import { noTimings, type StageTimings } from './timings.js';

/** One photograph of one hand; a dataset's `Sample` is one. */
export interface ImageSample {
  readonly id: string;
  /** Path of the image file. */
  readonly image: string;
  /** px in the photograph; `null`: the whole image. */
  readonly box: Box | null;
  readonly right: boolean;
}

/** A sample that could not be fed, and why. */
export interface UnreadableSample {
  /** Position in the samples given. */
  readonly index: number;
  readonly id: string;
  readonly reason: string;
}

export interface CropBatch {
  /** Position of the batch's first sample. */
  readonly first: number;
  /** The samples in the batch; fewer than the batch size at the end. */
  readonly samples: readonly ImageSample[];
  /** batchSize × 3 × height × width, normalised; zeros where there is no sample or no photograph. */
  readonly data: Float32Array<ArrayBuffer>;
  readonly unreadable: readonly UnreadableSample[];
}

/** A supply of batches, in sample order. */
export interface CropSource {
  /** Rejects with the signal's reason once it is aborted. */
  batches(): AsyncGenerator<CropBatch, void, undefined>;
  /** Gives a batch's buffer back, to be filled again. */
  recycle(data: Float32Array<ArrayBuffer>): void;
}

export interface CropSourceOptions {
  readonly samples: Iterable<ImageSample>;
  readonly contract: ModelContract;
  readonly batchSize: number;
  /** Photographs decoded side by side. libuv has four threads unless told otherwise. */
  readonly decodeConcurrency?: number;
  /** `stop` (unless given): the first photograph that cannot be read ends the work. `skip`: it is reported. */
  readonly unreadable?: 'stop' | 'skip';
  readonly signal?: AbortSignal;
  readonly timings?: StageTimings;
}

const DEFAULT_DECODE_CONCURRENCY = 4;

/** Decodes on sharp's threads and crops on this one. */
export function openCropSource(options: CropSourceOptions): CropSource {
  return new LocalCropSource(options);
}

/** Whether the network sees the sample mirrored. */
export function isMirrored(contract: ModelContract, sample: Pick<ImageSample, 'right'>): boolean {
  return contract.handedness === 'right' && !sample.right;
}

class LocalCropSource implements CropSource {
  readonly #options: CropSourceOptions;
  readonly #timings: StageTimings;
  readonly #gate: Gate;
  readonly #batchesAhead: number;
  readonly #table: Float32Array;
  /** Bytes of one crop, before they become numbers; one at a time is taken on this thread. */
  readonly #patch: Uint8Array;
  readonly #free: Float32Array<ArrayBuffer>[] = [];
  readonly #stop = new AbortController();

  constructor(options: CropSourceOptions) {
    const { contract, batchSize } = options;
    const concurrency = options.decodeConcurrency ?? DEFAULT_DECODE_CONCURRENCY;
    const [height, width] = contract.input.size;
    this.#options = options;
    this.#timings = options.timings ?? noTimings();
    this.#gate = new Gate(concurrency);
    // Enough that every decode in flight belongs to a batch already begun, and one batch waits.
    this.#batchesAhead = Math.ceil(concurrency / batchSize) + 1;
    this.#table = normalisationTable(contract.mean, contract.std);
    this.#patch = new Uint8Array(height * width * 3);
  }

  async *batches(): AsyncGenerator<CropBatch, void, undefined> {
    const signals = [this.#stop.signal, ...(this.#options.signal ? [this.#options.signal] : [])];
    const signal = AbortSignal.any(signals);
    const samples = this.#options.samples[Symbol.iterator]();
    const queue: Promise<CropBatch>[] = [];
    let first = 0;
    let exhausted = false;
    try {
      for (;;) {
        while (!exhausted && queue.length < this.#batchesAhead) {
          const members = take(samples, this.#options.batchSize);
          exhausted = members.length < this.#options.batchSize;
          if (members.length === 0) break;
          const batch = this.#fill(first, members, signal);
          batch.catch(() => undefined); // told when its turn comes
          queue.push(batch);
          first += members.length;
        }
        const head = queue.shift();
        if (head === undefined) return;
        yield await unlessAborted(head, signal);
      }
    } finally {
      // Whoever stops early stops what is ahead as well.
      this.#stop.abort();
    }
  }

  recycle(data: Float32Array<ArrayBuffer>): void {
    this.#free.push(data);
  }

  async #fill(first: number, samples: readonly ImageSample[], signal: AbortSignal): Promise<CropBatch> {
    const { batchSize, unreadable: policy } = this.#options;
    const data = this.#free.pop() ?? new Float32Array(batchSize * this.#patch.length);
    const outcomes = await Promise.allSettled(
      samples.map((sample, slot) =>
        this.#gate.pass(async () => {
          signal.throwIfAborted();
          await this.#feed(sample, data, slot);
        }),
      ),
    );
    const unreadable: UnreadableSample[] = [];
    for (const [slot, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue;
      const error: unknown = outcome.reason;
      // The first in sample order, not in time: the same input gives the same error.
      if (policy !== 'skip' || !(error instanceof UserError)) throw error;
      data.fill(0, slot * this.#patch.length, (slot + 1) * this.#patch.length);
      unreadable.push({ index: first + slot, id: samples[slot]!.id, reason: error.message });
    }
    // A last batch is padded with zeros, for fixed and dynamic models alike: how a sample is
    // computed then never depends on how many follow it.
    data.fill(0, samples.length * this.#patch.length);
    return { first, samples, data, unreadable };
  }

  async #feed(sample: ImageSample, data: Float32Array, slot: number): Promise<void> {
    const { contract } = this.#options;
    const started = performance.now();
    const image = await decodeImage(sample.image);
    const decoded = performance.now();
    this.#timings.decodeMs += decoded - started;
    const box = contract.crop === 'whole-image' || sample.box === null ? wholeImageBox(image) : sample.box;
    checkBox(sample, box);
    const [patchSize, columns] = contract.input.size;
    const request = { box, patchSize, mirrored: isMirrored(contract, sample) };
    cropImage(image, request, columns, this.#patch);
    normalise(this.#patch, this.#table, data, slot * this.#patch.length);
    this.#timings.cropMs += performance.now() - decoded;
  }
}

function checkBox(sample: ImageSample, { center, side }: Box): void {
  if (Number.isFinite(side) && side > 0 && center.every(Number.isFinite)) return;
  throw new UserError({
    code: 'box-invalid',
    message: `The box of sample ${sample.id} is no square with an area`,
    file: sample.image,
    expected: 'a centre and a positive side, in px',
    got: `centre ${center.join(', ')}, side ${side}`,
    next: 'correct the box, or leave the sample out',
  });
}

function take<T>(iterator: Iterator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = iterator.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
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

/** Lets a number of tasks through at a time, first come first served. */
class Gate {
  #open: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#open = count;
  }

  async pass<T>(task: () => Promise<T>): Promise<T> {
    if (this.#open > 0) this.#open -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#open += 1;
      else next();
    }
  }
}
