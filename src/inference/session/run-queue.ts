/** The owner's side of a session's worker: requests out, results in. */
import type { Worker } from 'node:worker_threads';
import type { UserError } from '../../errors.js';
import type { CropData } from '../crops/crop-messages.js';
import { runError } from './session-errors.js';
import type { FromWorker, OutputTensor, ToWorker } from './session-messages.js';

/** One batch for the model. */
export interface RunRequest {
  /** Name of the input. */
  readonly input: string;
  readonly dims: readonly number[];
  /**
   * float32, or float16 as its bits. Handed over to the worker: unusable here until it comes back in
   * the result.
   */
  readonly data: CropData;
  /** The outputs wanted. */
  readonly fetches: readonly string[];
}

export interface RunResult {
  readonly outputs: Readonly<Record<string, OutputTensor>>;
  /** The request's buffer, to be filled again. */
  readonly data: CropData;
  /** Milliseconds in `session.run`. */
  readonly runMs: number;
  /** Milliseconds the session stood idle before this run. */
  readonly idleMs: number;
}

interface Waiting {
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: Error) => void;
}

/** Matches results to requests, and fails what is left when the worker goes. */
export class RunQueue {
  readonly #worker: Worker;
  readonly #file: string;
  readonly #closing: Int32Array;
  readonly #waiting = new Map<number, Waiting>();
  readonly #gone: Promise<void>;
  #nextTicket = 0;
  #ended: Error | null = null;

  /**
   * @param file     path of the model, for errors.
   * @param closing  one number shared with the worker: 1 makes it drop the runs still queued.
   */
  constructor(worker: Worker, file: string, closing: Int32Array) {
    this.#worker = worker;
    this.#file = file;
    this.#closing = closing;
    worker.on('message', (message: FromWorker) => this.#receive(message));
    worker.on('error', (error) => this.#end(workerFailure(file, error)));
    this.#gone = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#end(new Error(`the session's worker ended unexpectedly with exit code ${code}`));
        resolve();
      });
    });
  }

  run(request: RunRequest): Promise<RunResult> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const ticket = this.#nextTicket++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      const message: ToWorker = { kind: 'run', ticket, ...request };
      this.#worker.postMessage(message, [request.data.buffer]);
    });
  }

  /**
   * Fails what is waiting and ends the worker once the run it is in, if any, is over. It is never
   * terminated: a thread stopped inside `session.run` makes onnxruntime-node throw where nobody can
   * catch it, and the whole process aborts.
   */
  async close(): Promise<void> {
    this.#end(new Error('the session was closed'));
    Atomics.store(this.#closing, 0, 1);
    this.#worker.postMessage({ kind: 'close' } satisfies ToWorker);
    await this.#gone;
  }

  #receive(message: FromWorker): void {
    if (message.kind !== 'result' && message.kind !== 'run-failed') return;
    const waiting = this.#waiting.get(message.ticket);
    this.#waiting.delete(message.ticket);
    if (message.kind === 'run-failed') {
      waiting?.reject(runError(this.#file, message.text));
      return;
    }
    const { outputs, data, runMs, idleMs } = message;
    waiting?.resolve({ outputs, data, runMs, idleMs });
  }

  /** The first reason stays. */
  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

function workerFailure(file: string, error: Error): UserError | Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return runError(file, `${code}: ${error.message}`);
  return new Error(`the session's worker crashed: ${error.message}`, { cause: error });
}
