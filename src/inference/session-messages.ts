/** What the session's owner and its worker say to each other; plain data, buffers transferred. */
import type { TensorInfo } from './model-io.js';

/** `--provider`, once `auto` is settled. Others than the CPU come here and into the worker's table. */
export type ExecutionProvider = 'cpu';

/** The worker's start data. */
export interface SessionSettings {
  readonly model: string;
  readonly provider: ExecutionProvider;
  readonly intraOpThreads: number;
  /** One number, shared: 1 once the owner wants no more runs. */
  readonly closing: Int32Array<SharedArrayBuffer>;
}

/** A tensor as it leaves the session. */
export interface OutputTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
}

export type ToWorker =
  | {
      readonly kind: 'run';
      readonly ticket: number;
      readonly input: string;
      readonly dims: readonly number[];
      readonly data: Float32Array<ArrayBuffer>;
      readonly fetches: readonly string[];
    }
  | { readonly kind: 'close' };

export type FromWorker =
  | {
      readonly kind: 'ready';
      readonly inputs: readonly TensorInfo[];
      readonly outputs: readonly TensorInfo[];
      readonly providerUsed: ExecutionProvider;
      readonly runtimeVersion: string;
    }
  /** `runtime`: onnxruntime itself does not start. `model`: it does not take this model. */
  | { readonly kind: 'refused'; readonly what: 'runtime' | 'model'; readonly text: string }
  | {
      readonly kind: 'result';
      readonly ticket: number;
      readonly outputs: Readonly<Record<string, OutputTensor>>;
      /** The buffer of the batch, handed back to be filled again. */
      readonly data: Float32Array<ArrayBuffer>;
      readonly runMs: number;
      /** From the end of the run before to the start of this one; 0 for the first. */
      readonly idleMs: number;
    }
  | { readonly kind: 'run-failed'; readonly ticket: number; readonly text: string };
