/** The owner's side of a worker thread: calls out, answers in. The thread's side is `serve` in worker-service.ts. */
import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.js';
import { promiseRoom, roomIsTaken } from './address-space.js';
import type { Answer, Call, Methods, StartData } from './worker-service.js';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Once the thread has crashed, ended or been closed, whatever waits for an answer fails with the first of these
 * reasons, and so does every later call.
 */
export class WorkerThread<Service extends Methods<Service>> {
  readonly #name: string;
  /** Null where there is no room for one. */
  readonly #worker: Worker | null;
  readonly #closing = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, Waiting>();
  readonly #gone: Promise<void>;
  #nextTicket = 0;
  #failure: Error | null = null;

  /**
   * @param file  of the thread, as built.
   * @param name  what errors call the thread: `a crop thread`.
   * @param data  what the thread gets from `startData`.
   */
  constructor(file: URL, name: string, data?: unknown) {
    this.#name = name;
    this.#failure = promiseRoom(this, name);
    if (this.#failure !== null) {
      this.#worker = null;
      this.#gone = Promise.resolve();
      return;
    }
    const worker = new Worker(file, {
      workerData: { data, closing: this.#closing } satisfies StartData,
      name,
    });
    this.#worker = worker;
    worker.once('online', () => roomIsTaken(this));
    worker.on('message', (answer: Answer) => this.#receive(answer));
    worker.on('error', (error) => this.#fail(crash(name, error)));
    this.#gone = new Promise((resolve) => {
      worker.once('exit', (code) => {
        roomIsTaken(this);
        this.#fail(new Error(`${name} ended unexpectedly with exit code ${code}`));
        resolve();
      });
    });
  }

  /**
   * Asks the thread for something, after what it was asked for before.
   *
   * @param handedOver  buffers of the arguments that the thread takes over instead of a copy.
   * @throws UserError that the thread has thrown; it goes on.
   */
  call<Name extends keyof Service & string>(
    name: Name,
    args: Readonly<Parameters<Service[Name]>>,
    handedOver: readonly ArrayBuffer[] = [],
  ): Promise<ReturnType<Service[Name]>> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const ticket = this.#nextTicket++;
      this.#worker!.postMessage({ ticket, name, args } satisfies Call, handedOver);
      this.#waiting.set(ticket, { resolve, reject });
    });
  }

  /** Ends the thread once the call it is in is answered; those that wait behind it are dropped. Safe at any time. */
  async close(): Promise<void> {
    this.#fail(new Error(`${this.#name} was closed`));
    Atomics.store(this.#closing, 0, 1);
    this.#worker?.postMessage(null);
    await this.#gone;
  }

  /** Ends the thread in the middle of whatever it does; for one that only computes. Safe at any time. */
  async terminate(): Promise<void> {
    this.#fail(new Error(`${this.#name} was closed`));
    await this.#worker?.terminate();
  }

  #receive(answer: Answer): void {
    const waiting = this.#waiting.get(answer.ticket);
    this.#waiting.delete(answer.ticket);
    if ('error' in answer) waiting?.reject(UserError.fromJson(answer.error));
    else waiting?.resolve(answer.value as never);
  }

  /** The first reason stays. */
  #fail(reason: Error): void {
    this.#failure ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

function crash(name: string, cause: Error): Error {
  const error = new Error(`${name} crashed: ${cause.message}`, { cause });
  // What a bug report needs are the places in the thread.
  if (cause.stack !== undefined) error.stack = cause.stack;
  return error;
}
