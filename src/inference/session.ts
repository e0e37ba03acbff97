/** An ONNX Runtime session in a worker thread of its own. */
import { availableParallelism } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { TensorInfo } from './model-io.js';
import { requireModelFile } from './model-file.js';
import { RunQueue, type RunRequest, type RunResult } from './run-queue.js';
import { loadError, runtimeError } from './session-errors.js';
import type { ExecutionProvider, FromWorker, SessionSettings } from './session-messages.js';

export type { RunRequest, RunResult } from './run-queue.js';
export type { ExecutionProvider, OutputTensor } from './session-messages.js';

export interface SessionOptions {
  /** Path of the ONNX file. */
  readonly model: string;
  /** `cpu` unless given. */
  readonly provider?: ExecutionProvider;
  /** Threads inside one operator; the number of cores unless given. More than that is far slower. */
  readonly intraOpThreads?: number;
}

export interface Session {
  /** Path of the ONNX file. */
  readonly file: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** The provider that really runs the model. */
  readonly providerUsed: ExecutionProvider;
  readonly intraOpThreads: number;
  /** Version of ONNX Runtime. */
  readonly runtimeVersion: string;
  /** Runs a batch after those asked for before it. */
  run(request: RunRequest): Promise<RunResult>;
  /**
   * Ends the worker; runs that are not finished fail. Resolves once the run in progress, if any, is
   * over. To be awaited before the process exits: an exit in the middle of a run aborts it.
   */
  close(): Promise<void>;
}

// From src/ (tests) as from dist/: a worker is always run as built.
const WORKER = new URL('../../dist/inference/session.worker.js', import.meta.url);

/**
 * Opens a model.
 *
 * @throws UserError where the file is missing or no model this ONNX Runtime can run.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  await requireModelFile(options.model);
  const settings: SessionSettings = {
    model: resolvePath(options.model),
    provider: options.provider ?? 'cpu',
    intraOpThreads: options.intraOpThreads ?? availableParallelism(),
    closing: new Int32Array(new SharedArrayBuffer(4)),
  };
  const worker = new Worker(WORKER, { workerData: settings, name: 'onnx-session' });
  const ready = await firstMessage(worker);
  if (ready.kind !== 'ready') {
    if (ready.kind !== 'refused') throw new Error(`the session's worker began with '${ready.kind}'`);
    throw ready.what === 'runtime' ? runtimeError(ready.text) : loadError(options.model, ready.text);
  }
  const queue = new RunQueue(worker, options.model, settings.closing);
  return {
    file: options.model,
    inputs: ready.inputs,
    outputs: ready.outputs,
    providerUsed: ready.providerUsed,
    intraOpThreads: settings.intraOpThreads,
    runtimeVersion: ready.runtimeVersion,
    run: (request) => queue.run(request),
    close: () => queue.close(),
  };
}

/** The worker's first message, or why there is none. */
function firstMessage(worker: Worker): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: FromWorker) => resolve(message));
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`the session's worker ended with ${code} before it was ready`)),
    );
  });
}
