/** An ONNX Runtime session in a worker thread of its own. */
import { availableParallelism } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { Worker } from 'node:worker_threads';
import { requireModelFile } from '../model/model-file.js';
import type { TensorInfo } from '../model/model-io.js';
import {
  checkDevice,
  FALLBACK,
  prepareEnvironment,
  providerError,
  providersToTry,
  type ExecutionProvider,
  type ProviderChoice,
  type TriedProvider,
} from './providers.js';
import { RunQueue, type RunRequest, type RunResult } from './run-queue.js';
import { isProviderRefusal, loadError, runtimeError, tidy } from './session-errors.js';
import type { FromWorker, SessionSettings } from './session-messages.js';
import { TRIAL_MODEL } from './trial-model.js';

export type { ExecutionProvider, ProviderChoice, TriedProvider } from './providers.js';
export type { RunRequest, RunResult } from './run-queue.js';
export type { OutputTensor } from './session-messages.js';

export interface SessionOptions {
  /** Path of the ONNX file. */
  readonly model: string;
  /** `cpu` unless given. */
  readonly provider?: ProviderChoice;
  /** Which of several devices, for CUDA and TensorRT; the first unless given. */
  readonly device?: number;
  /** Run on the CPU where the provider asked for does not start; otherwise that is an error. */
  readonly allowFallback?: boolean;
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
  /** The providers tried before it, and why each did not start. */
  readonly providerTried: readonly TriedProvider[];
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
const WORKER = new URL('../../../dist/inference/session/session.worker.js', import.meta.url);

/**
 * Opens a model.
 *
 * @throws UserError where the file is missing or no model this ONNX Runtime can run, or where the
 *         provider asked for does not start.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { model, provider = FALLBACK, device, allowFallback = false } = options;
  checkDevice(provider, device);
  await requireModelFile(model);
  const intraOpThreads = options.intraOpThreads ?? availableParallelism();
  const providerTried: TriedProvider[] = [];
  for (const name of providersToTry(provider, allowFallback)) {
    const asked = { provider: name, device: device ?? null, intraOpThreads };
    const opened = await startWorker({ ...asked, model: resolvePath(model) });
    if (opened.kind === 'refused') {
      if (opened.what === 'runtime') throw runtimeError(opened.text);
      if (name === FALLBACK) throw loadError(model, opened.text);
      // The model's fault, or the provider's? A model that every provider runs tells.
      const reason = isProviderRefusal(opened.text) ? tidy(opened.text) : await refusalReason(asked);
      if (reason === null) throw loadError(model, opened.text);
      providerTried.push({ name, reason });
      continue;
    }
    const { ready, worker, closing } = opened;
    const queue = new RunQueue(worker, model, closing);
    return {
      file: model,
      inputs: ready.inputs,
      outputs: ready.outputs,
      providerUsed: name,
      providerTried,
      intraOpThreads,
      runtimeVersion: ready.runtimeVersion,
      run: (request) => queue.run(request),
      close: () => queue.close(),
    };
  }
  throw providerError(providerTried[0]!);
}

/** How a session is opened, whatever model it is. */
export type ProviderSettings = Pick<SessionSettings, 'provider' | 'device' | 'intraOpThreads'>;

/** Why the provider does not run even the smallest model; null where it does, to the right result. */
export async function refusalReason(settings: ProviderSettings): Promise<string | null> {
  const opened = await startWorker({ ...settings, model: TRIAL_MODEL.bytes() });
  if (opened.kind === 'refused') return tidy(opened.text);
  const queue = new RunQueue(opened.worker, 'the probe', opened.closing);
  try {
    const { outputs } = await queue.run(TRIAL_MODEL.request());
    return TRIAL_MODEL.isRight(outputs) ? null : 'it starts, but computes a product of matrices wrongly';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await queue.close();
  }
}

type Ready = Extract<FromWorker, { kind: 'ready' }>;
type Refused = Extract<FromWorker, { kind: 'refused' }>;

interface Started {
  readonly kind: 'started';
  readonly worker: Worker;
  readonly ready: Ready;
  readonly closing: SessionSettings['closing'];
}

async function startWorker(settings: Omit<SessionSettings, 'closing'>): Promise<Started | Refused> {
  prepareEnvironment(settings.provider);
  const closing = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(WORKER, {
    workerData: { ...settings, closing } satisfies SessionSettings,
    name: 'onnx-session',
  });
  const first = await firstMessage(worker);
  if (first.kind === 'ready') return { kind: 'started', worker, ready: first, closing };
  if (first.kind === 'refused') return first;
  throw new Error(`the session's worker began with '${first.kind}'`);
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
