/** What a PyTorch pickle says of one tensor. */
import { UserError } from '../../errors.js';
import { COPY_AGAIN, type PickleSource } from '../pickle/pickle-source.js';
import {
  PickleGlobal,
  PickleRecord,
  PickleTuple,
  inWords,
  type PickleValue,
} from '../pickle/pickle-values.js';
import { elements, TENSOR_BYTES, type StoredTensor, type TensorType } from './tensor.js';
import { countsOf, isCount, storageOf, type Storage, type StoragePlace } from './torch-storage.js';

/** A tensor before its storage is found in the file. */
export interface TensorView {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly strides: readonly number[] | undefined;
  readonly storage: Storage;
  /** The byte of the storage at which it starts. */
  readonly start: number;
}

const DTYPES = new Map<string, TensorType>([
  ...(Object.keys(TENSOR_BYTES) as TensorType[]).map((type) => [type, type] as const),
  ['float', 'float32'],
  ['double', 'float64'],
  ['half', 'float16'],
]);

const PLAIN = ['_rebuild_tensor', '_rebuild_tensor_v2', '_rebuild_tensor_v3'];
const PARAMETER = ['_rebuild_parameter', '_rebuild_parameter_with_state'];

/** Repeating a few numbers by a stride of 0 must not make more than this, or than was stored. */
const MOST_REPEATED_BYTES = 64 * 2 ** 20;

const BEFORE = 'save the weights of the model as it was before: torch.save(model.state_dict(), "model.pth")';
const DENSE =
  'save the plain float weights: torch.save({k: v.float().contiguous() for k, v in model.state_dict().items()}, "model.pth")';

interface Call {
  readonly name: string;
  readonly args: readonly PickleValue[];
}

/** Whether a value is a tensor, also one that cannot be read. */
export function isTensor(value: PickleValue): value is PickleRecord {
  return (
    value instanceof PickleRecord && /^torch(?:\.|$)/.test(value.module) && value.name.startsWith('_rebuild')
  );
}

/** The call below those that make a parameter, or a tensor with attributes, of it. */
function innermost(record: PickleRecord): Call {
  let call: Call = record;
  for (;;) {
    const [first, , third] = call.args;
    if (PARAMETER.includes(call.name) && first instanceof PickleRecord) call = first;
    else if (
      call.name === '_rebuild_from_type_v2' &&
      first instanceof PickleGlobal &&
      third instanceof PickleTuple
    )
      call = { name: first.name, args: third.items };
    else return call;
  }
}

/** @throws UserError `tensor-unsupported`, `tensor-damaged` */
export function tensorView(name: string, record: PickleRecord, source: PickleSource): TensorView {
  const call = innermost(record);
  const refused = (code: string, expected: string, got: string, next: string): UserError =>
    new UserError({
      code,
      message: `The tensor ${name} cannot be read`,
      file: source.file,
      offset: source.fileStart + record.offset,
      expected,
      got,
      next,
    });
  const unsupported = (got: string, next = DENSE): UserError =>
    refused('tensor-unsupported', 'a dense tensor of plain numbers', got, next);
  const damaged = (expected: string, got: string): UserError =>
    refused('tensor-damaged', expected, got, COPY_AGAIN);

  if (!PLAIN.includes(call.name))
    throw unsupported(`torch's ${call.name}: a quantised, sparse or wrapped tensor`, BEFORE);
  const [stored, from, size, stride] = call.args;
  const storage = storageOf(stored);
  const shape = countsOf(size);
  const strides = countsOf(stride);
  if (storage === undefined || shape === undefined || shape.length !== strides?.length || !isCount(from)) {
    throw damaged('a storage, a start, a shape and strides', call.args.slice(0, 4).map(inWords).join(', '));
  }
  // The third version names the type apart from the storage, which then counts bytes.
  const named = call.name === '_rebuild_tensor_v3' ? call.args[6] : undefined;
  const type =
    named instanceof PickleGlobal
      ? DTYPES.get(named.name)
      : storage.kind === 'UntypedStorage'
        ? 'uint8'
        : storage.type;
  if (type === undefined)
    throw unsupported(named instanceof PickleGlobal ? `torch.${named.name}` : storage.kind);
  const width = TENSOR_BYTES[type];
  const count = elements({ shape });
  const end = from + (count === 0 ? 0 : reach(shape, strides));
  if (!Number.isSafeInteger(count) || end * width > storage.part.length) {
    throw damaged(
      `a view of a storage of ${storage.part.length} bytes`,
      `shape (${shape.join(', ')}), strides (${strides.join(', ')}) from element ${from} on`,
    );
  }
  if (count * width > Math.max(storage.part.length, MOST_REPEATED_BYTES)) {
    throw unsupported(`${count} elements by repeating the ${storage.part.length} bytes of its storage`);
  }
  return {
    name,
    type,
    shape,
    strides: isRowMajor(shape, strides) ? undefined : strides,
    storage,
    start: storage.part.offset + from * width,
  };
}

/** Elements from the first to the last, both included. */
export function reach(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 1);
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return true;
}

/** The tensors of a file, once it is known where each storage lies. */
export function placed(
  views: readonly TensorView[],
  places: ReadonlyMap<string, StoragePlace>,
  size: number,
  file: string,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const { name, type, shape, strides, storage, start } of views) {
    const place = places.get(storage.key);
    if (place?.length !== storage.bytes || place.offset + place.length > size) {
      throw new UserError({
        code: 'checkpoint-truncated',
        message: `The numbers of ${name} are not in the file`,
        file,
        offset: Math.min(place?.offset ?? size, size),
        expected: `storage ${storage.key} of ${storage.bytes} bytes`,
        got:
          place === undefined
            ? 'no such storage'
            : place.length === storage.bytes
              ? `a file of ${size} bytes`
              : `${place.length} bytes`,
        next: COPY_AGAIN,
      });
    }
    const length = elements({ shape }) * TENSOR_BYTES[type];
    tensors.set(name, { name, type, shape, strides, offset: place.offset + start, length });
  }
  return tensors;
}
