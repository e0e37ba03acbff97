/**
 * ONNX Runtime throws plain `Error`s; what went wrong is in their text. The texts were collected
 * from onnxruntime-node 1.30 (test/inference/session.test.ts keeps them honest).
 */
import { extname } from 'node:path';
import { UserError } from '../../errors.js';

interface Known {
  readonly pattern: RegExp;
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

const LOAD_ERRORS: readonly Known[] = [
  {
    pattern: /Protobuf parsing failed|ModelProto does not have a graph/,
    code: 'model-not-onnx',
    message: 'The file is no ONNX model',
    next: 'give the path of an .onnx file; if it is one, it is truncated: copy or export it again',
  },
  {
    pattern: /External data path|External initializer|Deserialize tensor|GetExtDataFromTensorProto/,
    code: 'model-external-data',
    message: 'The weights of the model, which lie in a file of their own, are missing or incomplete',
    next: 'put the data file that was exported with the model into the same folder, under its own name',
  },
  {
    pattern: /Unsupported model IR version|Opset \d+ is under development/,
    code: 'model-too-new',
    message: 'The model uses a newer ONNX version than this ONNX Runtime reads',
    next: 'export the model with a lower opset (17 is safe)',
  },
  {
    pattern: /No Op registered for|is not a registered function\/op/,
    code: 'model-operator-unknown',
    message: 'The model uses an operator that ONNX Runtime does not know',
    next: 'export the model without custom operators',
  },
  {
    pattern: /Could not find an implementation/,
    code: 'model-operator-unsupported',
    message: 'The model uses an operator that this execution provider cannot run',
    next: 'export the model in float32, with a lower opset (17 is safe)',
  },
];

const OUT_OF_MEMORY: Known = {
  pattern: /Failed to allocate memory|bad_alloc|ERR_WORKER_OUT_OF_MEMORY|out of memory|ALLOC_FAILED/,
  code: 'model-out-of-memory',
  message: 'There is not enough memory to run the model',
  next: 'use a smaller batch size, or a machine with more memory',
};

/** Files of these names hold predictions, or nothing that this program reads. */
const PREDICTION_SUFFIXES = ['.json', '.npy', '.npz', '.zip'];

/** Why a model was not loaded. */
export function loadError(file: string, text: string): UserError {
  const known = [...LOAD_ERRORS, OUT_OF_MEMORY].find(({ pattern }) => pattern.test(text));
  return new UserError({
    code: known?.code ?? 'model-invalid',
    message: known?.message ?? 'ONNX Runtime refuses the model',
    file,
    got: tidy(text),
    next: PREDICTION_SUFFIXES.includes(extname(file).toLowerCase())
      ? 'give the path of an .onnx file; predictions are given with --predictions instead'
      : (known?.next ?? 'check the model with onnx.checker, or export it again'),
  });
}

/**
 * Why a batch could not be run.
 *
 * @param batch samples in it.
 */
export function runError(file: string, text: string, batch = 1): UserError {
  if (OUT_OF_MEMORY.pattern.test(text)) {
    const { code, message, next } = OUT_OF_MEMORY;
    return new UserError({ code, message, file, got: tidy(text), next });
  }
  return new UserError({
    code: 'model-run-failed',
    message: 'ONNX Runtime could not run the model',
    file,
    got: tidy(text),
    next:
      batch > 1
        ? 'add --batch-size 1: the model may have a batch of one built in (a reshape to a fixed size); or export it with the batch as a dynamic axis'
        : 'check that the model runs on a batch of this shape where it was exported',
  });
}

/** Why ONNX Runtime itself did not start. */
export function runtimeError(text: string): UserError {
  return new UserError({
    code: 'runtime-unavailable',
    message: 'ONNX Runtime does not start on this machine',
    got: tidy(text),
    next: 'install the dependencies again with npm ci; onnxruntime-node needs Linux with glibc, macOS or Windows',
  });
}

/** Whether the provider itself refused, before ONNX Runtime looked at the model. */
export function isProviderRefusal(text: string): boolean {
  return /^OrtSessionOptionsAppendExecutionProvider_|backend not found/.test(text);
}

/** Leaves out C++ source places, signatures, conditions and repeated prefixes, which help nobody here. */
export function tidy(text: string): string {
  return text
    .replace(/^Load model from .*? failed:/, '')
    .replace(/^.*? was false\. (?=\S)/s, '')
    .replace(/\/onnxruntime_src\/\S+:\d+ .*?\)(?: const)? (?=[A-Z])/g, '')
    .replace(/\S+\.cc:\d+ \S+ /g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
