/** An ONNX Runtime session in a worker thread of its own. */
import { availableParallelism } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { builtFile } from '../../workers/built-file.js';
import { WorkerThread } from '../../workers/worker-thread.js';
import { requireModelFile } from '../model/model-file.js';
import type { TensorInfo } from '../model/model-io.js';
import { requireNoTelemetry } from './no-telemetry.js';
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
import { isProviderRefusal, loadError, runError, runtimeError, tidy } from './session-errors.js';
import type { Opened, RunRequest, RunResult, SessionService, SessionSettings } from './session-messages.js';
import { TRIAL_MODEL } from './trial-model.js';

export type { ExecutionProvider, ProviderChoice, TriedProvider } from './providers.js';
export type { RunRequest, RunResult } from './session-messages.js';

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
   * over: a thread stopped inside `session.run` makes onnxruntime-node throw where nobody can catch it,
   * and the whole process aborts. So does an exit in the middle of a run: await this before.
   */
  close(): Promise<void>;
}

type SessionThread = WorkerThread<SessionService>;

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
    const lacking = prepareEnvironment(name);
    if (lacking !== null) {
      providerTried.push({ name, reason: lacking });
      continue;
    }
    const asked = { provider: name, device: device ?? null, intraOpThreads };
    const { thread, opened } = await start({ ...asked, model: resolvePath(model), file: model });
    if (opened.kind === 'refused') {
      if (opened.what === 'runtime') throw runtimeError(opened.text);
      if (name === FALLBACK) throw loadError(model, opened.text);
      // The model's fault, or the provider's? A model that every provider runs tells.
      const reason = isProviderRefusal(opened.text) ? tidy(opened.text) : await refusalReason(asked);
      if (reason === null) throw loadError(model, opened.text);
      providerTried.push({ name, reason });
      continue;
    }
    return {
      file: model,
      inputs: opened.inputs,
      outputs: opened.outputs,
      providerUsed: name,
      providerTried,
      intraOpThreads,
      runtimeVersion: opened.runtimeVersion,
      run: (request) => run(thread, model, request),
      close: () => thread.close(),
    };
  }
  throw providerError(providerTried[0]!);
}

/** How a session is opened, whatever model it is. */
export type ProviderSettings = Pick<SessionSettings, 'provider' | 'device' | 'intraOpThreads'>;

/** Why the provider does not run even the smallest model; null where it does, to the right result. */
export async function refusalReason(settings: ProviderSettings): Promise<string | null> {
  const lacking = prepareEnvironment(settings.provider);
  if (lacking !== null) return lacking;
  const file = 'the probe';
  const { thread, opened } = await start({ ...settings, model: TRIAL_MODEL.bytes(), file });
  if (opened.kind === 'refused') return tidy(opened.text);
  try {
    const { outputs } = await run(thread, file, TRIAL_MODEL.request());
    return TRIAL_MODEL.isRight(outputs) ? null : 'it starts, but computes a product of matrices wrongly';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await thread.close();
  }
}

/** Starts a thread and opens the model in it; where that is refused, the thread has ended. */
async function start(settings: SessionSettings): Promise<{ thread: SessionThread; opened: Opened }> {
  requireNoTelemetry();
  const file = builtFile('inference/session/session.worker.js');
  const thread: SessionThread = new WorkerThread(file, "the session's worker", settings);
  const opened = await thread.call('open', []);
  if (opened.kind === 'refused') await thread.close();
  return { thread, opened };
}

async function run(thread: SessionThread, file: string, request: RunRequest): Promise<RunResult> {
  try {
    return await thread.call('run', [request], [request.data.buffer]);
  } catch (error) {
    const { code, message } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    throw code === 'ERR_WORKER_OUT_OF_MEMORY' ? runError(file, `${code}: ${message}`) : error;
  }
}
