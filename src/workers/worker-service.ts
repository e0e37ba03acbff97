/** The thread's side of a `WorkerThread`: answers the owner's calls, one after the other, in the order they were made. */
import { parentPort, workerData } from 'node:worker_threads';
import { UserError, type ErrorJson } from '../errors.js';

/** What a thread can be asked: the arguments and the answer of each call, all of them structured-cloneable. */
export type Methods<Service> = { readonly [Name in keyof Service]: (...args: never[]) => unknown };

/** The functions that answer, at once or later. */
export type Handlers<Service extends Methods<Service>> = {
  readonly [Name in keyof Service]: (
    ...args: Parameters<Service[Name]>
  ) => ReturnType<Service[Name]> | Promise<ReturnType<Service[Name]>>;
};

export interface StartData {
  readonly data: unknown;
  /** A shared number: 1 once the owner wants no more answers. */
  readonly closing: Int32Array<SharedArrayBuffer>;
}

export interface Call {
  readonly ticket: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

export type Answer = { readonly ticket: number } & (
  { readonly value: unknown } | { readonly error: ErrorJson }
);

const port = parentPort!;
const { data, closing } = workerData as StartData;
const transfers = new WeakMap<object, readonly ArrayBuffer[]>();

/** What the owner started this thread with. */
export function startData<T>(): T {
  return data as T;
}

/** `answer`, with buffers that are handed over to the owner instead of copied. */
export function handingOver<T extends object>(answer: T, buffers: readonly ArrayBuffer[]): T {
  transfers.set(answer, buffers);
  return answer;
}

/**
 * Begins to answer. A UserError of a handler is the answer to its call; any other error ends the thread.
 *
 * @param release  runs when the owner closes the thread, after the call it is in.
 */
export function serve<Service extends Methods<Service>>(
  handlers: Handlers<Service>,
  release: () => Promise<void> | void = () => undefined,
): void {
  const named = handlers as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
  const answer = async ({ ticket, name, args }: Call): Promise<void> => {
    try {
      const value = await named[name]!(...args);
      port.postMessage({ ticket, value } satisfies Answer, transfers.get(value as object));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      port.postMessage({ ticket, error: error.toJson() } satisfies Answer);
    }
  };
  let turn = Promise.resolve();
  // Null asks the thread to end.
  port.on('message', (call: Call | null) => {
    turn = turn.then(async () => {
      if (call === null) {
        await release();
        port.close();
      } else if (Atomics.load(closing, 0) === 0) {
        await answer(call);
      }
    });
  });
}
