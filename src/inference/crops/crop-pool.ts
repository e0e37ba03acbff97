/**
 * Threads that crop. A batch is filled by one thread, into the buffer that the session then takes as
 * it is; several batches are filled side by side. What is in a batch never depends on which thread
 * filled it, or when.
 */
import { Worker } from 'node:worker_threads';
import type {
  CropData,
  CropFile,
  CropSettings,
  CropTask,
  FromCropper,
  SharedPhoto,
  ToCropper,
} from './crop-messages.js';

export type { CropData, CropFile, CropSettings, CropTask, SharedPhoto } from './crop-messages.js';

export interface CropPoolOptions extends CropSettings {
  /** Most threads; each starts when there is a batch that all others are too busy for. */
  readonly threads: number;
}

export interface FilledBatch {
  readonly data: CropData;
  /** Milliseconds the thread spent on it. */
  readonly cropMs: number;
}

/** A batch in the making. */
export interface OpenBatch {
  /** Resolves once the photograph is not needed any more. */
  crop(photo: SharedPhoto, tasks: readonly CropTask[]): Promise<void>;
  /**
   * Decodes JPEG files in the thread that crops them; their bytes are copied.
   *
   * @returns for each the milliseconds that took; null where the thread cannot decode it, and nothing is cropped.
   */
  cropFiles(files: readonly CropFile[]): Promise<readonly (number | null)[]>;
  /** Ends the batch; `blank` are the slots without a crop, which become zeros. */
  finish(blank: readonly number[]): Promise<FilledBatch>;
}

// From src/ (tests) as from dist/: a worker is always run as built.
const WORKER = new URL('../../../dist/inference/crops/crop.worker.js', import.meta.url);

export class CropPool {
  readonly #options: CropPoolOptions;
  readonly #threads: CropThread[] = [];
  #nextBatch = 0;

  constructor(options: CropPoolOptions) {
    this.#options = options;
  }

  /**
   * Gives a batch to the thread with the fewest.
   *
   * @param data  handed over: unusable here until it comes back filled.
   */
  begin(data: CropData): OpenBatch {
    const thread = this.#leastBusy();
    const batch = this.#nextBatch++;
    thread.begin(batch, data);
    return {
      crop: async (photo, tasks) => {
        await thread.crop({ kind: 'crop', batch, photo, tasks });
      },
      cropFiles: (files) => thread.crop({ kind: 'crop-files', batch, files }),
      finish: (blank) => thread.finish(batch, blank),
    };
  }

  /** Ends the threads, whatever they are doing; what they were asked for fails. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #leastBusy(): CropThread {
    const { threads, size, table } = this.#options;
    const idle = this.#threads.find(({ batches }) => batches === 0);
    if (idle !== undefined) return idle;
    if (this.#threads.length < Math.max(1, threads)) {
      const thread = new CropThread({ size, table });
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((least, other) => (other.batches < least.batches ? other : least));
  }
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** The owner's side of one thread. */
class CropThread {
  readonly #worker: Worker;
  /** For `crop`, answered in order. */
  readonly #crops: Waiting<readonly (number | null)[]>[] = [];
  /** For `finish`, by batch. */
  readonly #finishes = new Map<number, Waiting<FilledBatch>>();
  #ended: Error | null = null;
  /** Begun and not filled. */
  batches = 0;

  constructor(settings: CropSettings) {
    this.#worker = new Worker(WORKER, { workerData: settings, name: 'crop' });
    this.#worker.on('message', (message: FromCropper) => this.#receive(message));
    this.#worker.on('error', (error) =>
      this.#end(new Error(`a crop thread crashed: ${error.message}`, { cause: error })),
    );
    this.#worker.once('exit', (code) =>
      this.#end(new Error(`a crop thread ended unexpectedly with exit code ${code}`)),
    );
  }

  begin(batch: number, data: CropData): void {
    this.batches += 1;
    this.#send({ kind: 'begin', batch, data }, [data.buffer]);
  }

  /** For each file the milliseconds of decoding, or null. */
  crop(message: Extract<ToCropper, { kind: 'crop' | 'crop-files' }>): Promise<readonly (number | null)[]> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#crops.push({ resolve, reject });
      this.#send(message);
    });
  }

  finish(batch: number, blank: readonly number[]): Promise<FilledBatch> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#finishes.set(batch, { resolve, reject });
      this.#send({ kind: 'finish', batch, blank });
    });
  }

  /** A thread that only computes may be stopped in the middle of it. */
  async close(): Promise<void> {
    this.#end(new Error('the crop pool was closed'));
    await this.#worker.terminate();
  }

  #send(message: ToCropper, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromCropper): void {
    if (message.kind === 'cropped') {
      this.#crops.shift()?.resolve(message.decodeMs);
      return;
    }
    this.batches -= 1;
    const waiting = this.#finishes.get(message.batch);
    this.#finishes.delete(message.batch);
    waiting?.resolve({ data: message.data, cropMs: message.cropMs });
  }

  /** The first reason stays. */
  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of [...this.#crops.splice(0), ...this.#finishes.values()]) reject(this.#ended);
    this.#finishes.clear();
  }
}
