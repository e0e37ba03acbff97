/**
 * Reads a number-JSON file in a thread of its own and hands its records over in
 * order, a batch at a time. The reader stays at most a few batches ahead, so
 * that memory does not grow with the file.
 */
import { Worker } from 'node:worker_threads';
import { UserError, type ErrorJson } from '../../errors.js';
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
  /** Of the file's bytes, as on disk; `null` where it was not asked for. */
  readonly sha256: string | null;
  /** Milliseconds the reader worked; the rest of its time it waited for its batches to be taken. */
  readonly busyMs: number;
}

/** What the worker says. */
export type ReaderMessage =
  | { readonly type: 'batch'; readonly batch: RecordBatch }
  | { readonly type: 'end'; readonly summary: RecordStreamSummary }
  | { readonly type: 'user-error'; readonly error: ErrorJson };

export interface ReaderData extends RecordStreamOptions {
  /** Int32: batches the receiver has taken; the reader waits on it. */
  readonly taken: SharedArrayBuffer;
  readonly readAhead: number;
}

export class RecordStream {
  private readonly worker: Worker;
  private readonly taken = new Int32Array(new SharedArrayBuffer(4));
  private readonly queue: RecordBatch[] = [];
  private wake: (() => void) | null = null;
  private end: RecordStreamSummary | null = null;
  private failure: Error | null = null;

  constructor(options: RecordStreamOptions) {
    const data: ReaderData = { ...options, taken: this.taken.buffer, readAhead: READ_AHEAD };
    // The same depth below the root from src/ and from dist/: tests run the built worker too.
    this.worker = new Worker(new URL('../../../dist/formats/json/record-stream.worker.js', import.meta.url), {
      workerData: data,
    });
    this.worker.on('message', (message: ReaderMessage) => {
      if (message.type === 'batch') this.queue.push(message.batch);
      else if (message.type === 'end') this.end = message.summary;
      else this.failure = UserError.fromJson(message.error);
      this.wake?.();
    });
    this.worker.on('error', (error: Error) => {
      this.failure ??= error;
      this.wake?.();
    });
    this.worker.on('exit', (code) => {
      if (this.end === null)
        this.failure ??= new Error(`the reader of ${options.path} ended with code ${code}`);
      this.wake?.();
    });
  }

  /** The next batch in file order, or `null` after the last. */
  async next(): Promise<RecordBatch | null> {
    for (;;) {
      const batch = this.queue.shift();
      if (batch !== undefined) {
        Atomics.add(this.taken, 0, 1);
        Atomics.notify(this.taken, 0);
        return batch;
      }
      if (this.failure !== null) throw this.failure;
      if (this.end !== null) return null;
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = null;
    }
  }

  /** Known once `next` has returned `null`. */
  summary(): RecordStreamSummary {
    if (this.end === null) throw new Error('the stream has not ended');
    return this.end;
  }

  /** Ends the reader wherever it is; safe at any time. */
  async close(): Promise<void> {
    await this.worker.terminate();
  }
}
