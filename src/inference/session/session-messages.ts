/** What the session's owner asks of its thread; plain data, buffers handed over. */
import type { CropData } from '../crops/crop-messages.js';
import type { TensorInfo } from '../model/model-io.js';
import type { ExecutionProvider } from './providers.js';

/** The worker's start data. */
export interface SessionSettings {
  /** Path of the ONNX file, or its content. */
  readonly model: string | Uint8Array;
  readonly provider: ExecutionProvider;
  /** Which of several devices, for the providers that can choose; the first unless given. */
  readonly device: number | null;
  readonly intraOpThreads: number;
  /** What errors call the model: its path as it was given. */
  readonly file: string;
}

/** A tensor as it leaves the session. */
export interface OutputTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** The array of that type; float16 as its bits, a Uint16Array. */
  readonly data: ArrayBufferView;
}

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
  /** Milliseconds the session stood idle between the run before and this one; 0 for the first. */
  readonly idleMs: number;
}

export type Opened =
  | {
      readonly kind: 'ready';
      readonly inputs: readonly TensorInfo[];
      readonly outputs: readonly TensorInfo[];
      readonly runtimeVersion: string;
    }
  /** `runtime`: onnxruntime itself does not start. `model`: it does not take this model. */
  | { readonly kind: 'refused'; readonly what: 'runtime' | 'model'; readonly text: string };

/** What the session's thread can be asked; `open` first, and once. */
export interface SessionService {
  open(): Opened;
  /** @throws UserError where ONNX Runtime cannot run the batch. */
  run(request: RunRequest): RunResult;
}
