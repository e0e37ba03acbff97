/** What the session's owner and its worker say to each other; plain data, buffers transferred. */
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
  /** One number, shared: 1 once the owner wants no more runs. */
  readonly closing: Int32Array<SharedArrayBuffer>;
}

/** A tensor as it leaves the session. */
export interface OutputTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** The array of that type; float16 as its bits, a Uint16Array. */
  readonly data: ArrayBufferView;
}

export type ToWorker =
  | {
      readonly kind: 'run';
      readonly ticket: number;
      readonly input: string;
      readonly dims: readonly number[];
      /** The element type follows from it: a Uint16Array holds float16. */
      readonly data: CropData;
      readonly fetches: readonly string[];
    }
  | { readonly kind: 'close' };

export type FromWorker =
  | {
      readonly kind: 'ready';
      readonly inputs: readonly TensorInfo[];
      readonly outputs: readonly TensorInfo[];
      readonly runtimeVersion: string;
    }
  /** `runtime`: onnxruntime itself does not start. `model`: it does not take this model. */
  | { readonly kind: 'refused'; readonly what: 'runtime' | 'model'; readonly text: string }
  | {
      readonly kind: 'result';
      readonly ticket: number;
      readonly outputs: Readonly<Record<string, OutputTensor>>;
      /** The buffer of the batch, handed back to be filled again. */
      readonly data: CropData;
      readonly runMs: number;
      /** From the end of the run before to the start of this one; 0 for the first. */
      readonly idleMs: number;
    }
  | { readonly kind: 'run-failed'; readonly ticket: number; readonly text: string };
