/** The inputs and outputs an ONNX file declares, and errors that show them. */
import { UserError } from '../../errors.js';
import { sidecarPaths } from './sidecar.js';

/** An input or output as the ONNX file declares it. */
export interface TensorInfo {
  readonly name: string;
  /** `float32`, `float16`, …; `none` for what is no tensor. */
  readonly type: string;
  /** A string is a dimension that is not fixed (its name, which may be empty). Empty: unknown. */
  readonly shape: readonly (number | string)[];
}

/** What this program reads and feeds; whatever it is, the numbers are kept as float32. */
export type ElementType = 'float32' | 'float16' | 'float64';

/** @returns null for what is none of them. */
export function elementType(type: string): ElementType | null {
  return type === 'float32' || type === 'float16' || type === 'float64' ? type : null;
}

export interface ModelIo {
  /** Path of the ONNX file, for errors. */
  readonly file: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** `write /models/net.json (or model.json in the same folder): {…}; see docs/model-contract.md`. */
export function sidecarAdvice(model: ModelIo, example: string): string {
  return `write ${sidecarPaths(model.file)[0]} (or model.json in the same folder): ${example}; see docs/model-contract.md`;
}

/** An error that shows what the file holds. */
export function contractError(
  model: ModelIo,
  parts: { code: string; message: string; expected: string; next: string },
): UserError {
  return new UserError({ ...parts, file: model.file, got: describeIo(model) });
}

/** `inputs: img float32 (N, 3, 256, 256); outputs: joints float32 (N, 21, 3)`. */
function describeIo({ inputs, outputs }: Pick<ModelIo, 'inputs' | 'outputs'>): string {
  return `inputs: ${describeTensors(inputs)}; outputs: ${describeTensors(outputs)}`;
}

function describeTensors(tensors: readonly TensorInfo[]): string {
  if (tensors.length === 0) return 'none';
  return tensors.map(({ name, type, shape }) => `${name} ${type} ${describeShape(shape)}`).join(', ');
}

export function describeShape(shape: TensorInfo['shape']): string {
  if (shape.length === 0) return '(shape unknown)';
  return `(${shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')})`;
}
