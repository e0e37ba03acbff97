/** The numbers of one output, once its type and shape are what the contract expects. */
import { UserError } from '../../errors.js';
import { halfToFloat32 } from '../../formats/npy/half.js';
import { holdsBatch } from './output-shapes.js';
import type { OutputTensor } from '../session/session-messages.js';
import { describeShape, type ElementType } from './model-io.js';

export interface ExpectedOutput {
  readonly name: string;
  readonly dtype: ElementType;
  /** What the tensor holds, for errors: `joints`. */
  readonly words: string;
  /** The dimensions after the batch; null takes any positive size and stands for V. */
  readonly shape: readonly (number | null)[];
  /** However the axes are cut, their product counts: (N, 16, 6) or (N, 96). */
  readonly anyAxes?: boolean;
}

/** What the session returned for one batch. */
export type Outputs = Readonly<Record<string, OutputTensor>>;

/**
 * An output as float32: halves exactly, doubles rounded. The batch's padding is still in it.
 *
 * @param file  path of the model, for errors.
 * @throws UserError where the type or shape is another.
 */
export function outputValues(
  outputs: Outputs,
  expected: ExpectedOutput,
  batchSize: number,
  file: string,
): Float32Array {
  const { name, dtype, words } = expected;
  const output = outputs[name];
  if (output === undefined) throw new Error(`the session did not return the output ${name}`);
  const { dims, type } = output;
  const hasType = type === dtype;
  if (hasType && hasShape(dims, expected, batchSize)) return toFloat32(output);
  throw new UserError({
    code: hasType ? 'model-output-shape' : 'model-output-type',
    message: hasType
      ? `The ${words} output ${name} has the wrong shape`
      : `The ${words} output ${name} is ${type}`,
    file,
    expected: `${dtype} ${describeShape([batchSize, ...expected.shape.map((size) => size ?? 'V')])}`,
    got: `${type} ${describeShape(dims)}`,
    next:
      batchSize > 1 && dims[0] !== batchSize && holdsOne(dims, expected)
        ? 'add --batch-size 1: the model has a batch of one built in; or export it with the batch as a dynamic axis'
        : dims.length > 0 && dims[0] !== batchSize && dims.length === expected.shape.length + 1
          ? 'export the model with the batch as a dynamic axis of its outputs as well, or with a fixed batch'
          : 'name the right output in the sidecar, or correct the export (docs/model-contract.md)',
  });
}

function hasShape(dims: readonly number[], { shape, anyAxes }: ExpectedOutput, batchSize: number): boolean {
  if (holdsBatch(dims, shape, batchSize)) return true;
  const [batch, ...rest] = dims;
  if (batch !== batchSize || anyAxes !== true) return false;
  const product = (sizes: readonly (number | null)[]): number =>
    sizes.reduce<number>((total, size) => total * (size ?? 1), 1);
  return product(rest) === product(shape);
}

/** Whether it is what the model gives for one sample, or for several in the place of one. */
function holdsOne(dims: readonly number[], { shape }: ExpectedOutput): boolean {
  return dims[0] === 1 || holdsBatch(dims, shape, 1);
}

function toFloat32({ type, data }: OutputTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return halfToFloat32(data);
  if (data instanceof Float64Array) return Float32Array.from(data);
  throw new Error(`the session returned ${data.constructor.name} for ${type}`);
}
