/**
 * Reads a number-JSON file in a thread of its own and hands its records over in
 * order, a batch at a time. The reader stays at most a few batches ahead, so
 * that memory does not grow with the file.
 */
import { builtFile } from '../../workers/built-file.js';
import { WorkerThread } from '../../workers/worker-thread.js';
import type { NumberJsonSummary, RecordBatch, RecordLayout } from './number-json.js';

/** Batches read but not yet taken. */
const READ_AHEAD = 6;

export interface RecordStreamOptions {
  readonly path: string;
  readonly layout: RecordLayout;
  readonly batchSize: number;
  /** `zip`: the file is an archive holding one `pred.json`. */
  readonly container?: 'plain' | 'zip';
  /** Whether the file's bytes are hashed on the way. */
  readonly digest?: boolean;
}

export interface RecordStreamSummary extends NumberJsonSummary {
  /** SHA-256 of the file as it lies on the disk; `null` where it was not asked for. */
  readonly sha256: string | null;
  /** Milliseconds the reader worked; the rest of its time it waited for its batches to be taken. */
  readonly busyMs: number;
}

/** A batch, or, after the last, `null`. */
export type ReaderStep =
  { readonly batch: RecordBatch } | { readonly batch: null; readonly summary: RecordStreamSummary };

/** What the reading thread can be asked. */
export interface ReaderService {
  next(): ReaderStep;
}

export class RecordStream {
  readonly #thread: WorkerThread<ReaderService>;
  /** Asked for and not taken, in file order; the end of the file, or what is wrong with it, stays in front. */
  readonly #ahead: Promise<ReaderStep>[] = [];
  #summary: RecordStreamSummary | null = null;

  constructor(options: RecordStreamOptions) {
    const file = builtFile('formats/json/record-stream.worker.js');
    this.#thread = new WorkerThread(file, `the reader of ${options.path}`, options);
    for (let count = 0; count < READ_AHEAD; count++) this.#askForNext();
  }

  /** The next batch in file order, or `null` after the last. */
  async next(): Promise<RecordBatch | null> {
    const step = await this.#ahead[0]!;
    if (step.batch === null) {
      this.#summary = step.summary;
      return null;
    }
    void this.#ahead.shift();
    this.#askForNext();
    return step.batch;
  }

  /** Known once `next` has returned `null`. */
  summary(): RecordStreamSummary {
    if (this.#summary === null) throw new Error('the stream has not ended');
    return this.#summary;
  }

  /** Ends the reader wherever it is; safe at any time. */
  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #askForNext(): void {
    const step = this.#thread.call('next', []);
    this.#ahead.push(step);
    // A reader that has nothing more to do would keep the process alive.
    step.then(
      ({ batch }) => (batch === null ? this.close() : undefined),
      () => this.close(),
    );
  }
}
