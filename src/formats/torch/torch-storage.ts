/** The storages that a PyTorch pickle names: where bytes lie. Tensors are views of them. */
import { PERSISTENT_ID } from '../pickle/pickle-machine.js';
import { PickleGlobal, PickleRecord, PickleTuple, type PickleValue } from '../pickle/pickle-values.js';
import { TENSOR_BYTES, type TensorType } from './tensor.js';

/** Where the bytes of a storage lie. */
export interface StoragePlace {
  readonly offset: number;
  readonly length: number;
}

/** A storage as its persistent id names it. */
export interface Storage {
  readonly key: string;
  /** The last name of its class: FloatStorage. */
  readonly kind: string;
  /** Undefined where its elements are of no type that is read, or bytes that a tensor gives the type. */
  readonly type: TensorType | undefined;
  /** Bytes of one element. */
  readonly width: number;
  /** Bytes of all. */
  readonly bytes: number;
  /** Which of the bytes are this storage's: all but in the oldest files, where a storage may be a part of another. */
  readonly part: StoragePlace;
}

const TYPES = new Map<string, TensorType>([
  ['FloatStorage', 'float32'],
  ['DoubleStorage', 'float64'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
]);

/** Bytes of the elements that cannot be read, but passed over. */
const OTHER_WIDTHS = new Map([
  ['UntypedStorage', 1],
  ['QInt8Storage', 1],
  ['QUInt8Storage', 1],
  ['QUInt4x2Storage', 1],
  ['QUInt2x4Storage', 1],
  ['QInt32Storage', 4],
  ['ComplexFloatStorage', 8],
  ['ComplexDoubleStorage', 16],
]);

/** ('storage', class, key, location, count[, (key of the part, from, count) or None]) */
export function storageOf(value: PickleValue | undefined): Storage | undefined {
  if (!(value instanceof PickleRecord) || value.name !== PERSISTENT_ID) return undefined;
  const [id] = value.args;
  if (!(id instanceof PickleTuple)) return undefined;
  const [tag, cls, key, , count, view = null] = id.items;
  if (tag !== 'storage' || !(cls instanceof PickleGlobal) || typeof key !== 'string' || !isCount(count))
    return undefined;
  const type = TYPES.get(cls.name);
  const width = type === undefined ? OTHER_WIDTHS.get(cls.name) : TENSOR_BYTES[type];
  if (width === undefined) return undefined;
  const bytes = count * width;
  const storage = { key, kind: cls.name, type, width, bytes };
  if (view === null) return { ...storage, part: { offset: 0, length: bytes } };
  const [, from, size] = view instanceof PickleTuple ? view.items : [];
  if (!isCount(from) || !isCount(size) || from + size > count) return undefined;
  return { ...storage, part: { offset: from * width, length: size * width } };
}

/** Of a shape or strides. */
export function countsOf(value: PickleValue | undefined): number[] | undefined {
  const items = value instanceof PickleTuple ? value.items : Array.isArray(value) ? value : undefined;
  return items?.every(isCount) === true ? items : undefined;
}

export function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
