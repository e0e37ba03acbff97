/** What a PyTorch pickle says of its tensors. A storage is where bytes lie; tensors are views of storages. */
import { UserError } from '../../errors.js';
import { PERSISTENT_ID } from '../pickle/pickle-machine.js';
import {
  PickleGlobal,
  PickleRecord,
  PickleTuple,
  inWords,
  type PickleValue,
} from '../pickle/pickle-values.js';
import { elements, TENSOR_BYTES, type StoredTensor, type TensorTable, type TensorType } from './tensor.js';

/** Where the bytes of a storage lie. */
export interface StoragePlace {
  readonly offset: number;
  readonly length: number;
}

/** A storage as its persistent id names it. */
export interface Storage {
  readonly key: string;
  /** Undefined for an UntypedStorage, whose elements are bytes. */
  readonly type: TensorType | undefined;
  readonly bytes: number;
}

const STORAGE_TYPES = new Map<string, TensorType>([
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

const DTYPES = new Map<string, TensorType>([
  ['float32', 'float32'],
  ['float', 'float32'],
  ['float64', 'float64'],
  ['double', 'float64'],
  ['float16', 'float16'],
  ['half', 'float16'],
  ['bfloat16', 'bfloat16'],
  ['int64', 'int64'],
  ['int32', 'int32'],
  ['int16', 'int16'],
  ['int8', 'int8'],
  ['uint8', 'uint8'],
  ['bool', 'bool'],
]);

/** Under which key of a training checkpoint the weights stand. */
const WEIGHT_KEYS = ['state_dict', 'model', 'model_state_dict'];

export type TensorContent = Pick<TensorTable, 'others'> & { readonly views: readonly TensorView[] };

/** A tensor before its storage is found in the file. */
export interface TensorView {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly strides: readonly number[] | undefined;
  /** The first element, counted from the start of the storage. */
  readonly from: number;
  readonly storage: string;
  /** Bytes the storage has by its own account. */
  readonly storageBytes: number;
  /** Where in the pickle the tensor is described. */
  readonly at: number;
}

/** @throws UserError `checkpoint-content`, `tensor-unsupported` */
export function readContent(root: PickleValue, file: string): TensorContent {
  const outer = entriesOf(root);
  const key = WEIGHT_KEYS.find((name) => entriesOf(outer?.get(name) ?? null) !== undefined);
  const weights = key === undefined ? outer : entriesOf(outer!.get(key)!);
  const views: TensorView[] = [];
  const passedOver: { key: string; what: string }[] = [];
  for (const [name, value] of weights ?? []) {
    if (typeof name !== 'string') continue;
    const view = tensorView(name, value, file);
    if (view === undefined) passedOver.push({ key: name, what: inWords(value) });
    else views.push(view);
  }
  if (views.length === 0) throw noWeights(root, outer, file);
  const beside = key === undefined ? [] : [...outer!].filter(([name]) => name !== key);
  return {
    views,
    others: [
      ...beside.map(([name, value]) => ({
        key: typeof name === 'string' ? name : inWords(name),
        what: inWords(value),
      })),
      ...passedOver,
    ],
  };
}

function noWeights(
  root: PickleValue,
  outer: ReadonlyMap<PickleValue, PickleValue> | undefined,
  file: string,
): UserError {
  const keys = [...(outer?.keys() ?? [])].slice(0, 8).map(String);
  return new UserError({
    code: 'checkpoint-content',
    message: 'The checkpoint holds no table of weights',
    file,
    expected: `a dict of tensors, alone or under ${WEIGHT_KEYS.join(', ')}`,
    got: keys.length > 0 ? `a dict of ${keys.join(', ')}` : inWords(root),
    next: 'save the weights: torch.save(model.state_dict(), "model.pth")',
  });
}

/** The entries of a dict, or of an object that is one (yacs.CfgNode). */
function entriesOf(value: PickleValue): ReadonlyMap<PickleValue, PickleValue> | undefined {
  if (value instanceof Map) return value;
  return value instanceof PickleRecord && value.entries instanceof Map ? value.entries : undefined;
}

function tensorView(name: string, value: PickleValue, file: string): TensorView | undefined {
  if (!(value instanceof PickleRecord)) return undefined;
  const { module, name: call, args } = value;
  if (!module.startsWith('torch')) return undefined;
  if (call === '_rebuild_parameter' || call === '_rebuild_parameter_with_state') {
    return tensorView(name, args[0] ?? null, file);
  }
  const unsupported = (what: string): UserError => unsupportedTensor(name, what, value, file);
  if (!call.startsWith('_rebuild')) return undefined;
  if (!['_rebuild_tensor', '_rebuild_tensor_v2', '_rebuild_tensor_v3'].includes(call)) {
    throw unsupported(`${module}.${call}: a quantised, sparse or wrapped tensor`);
  }
  const [stored, from, size, stride] = args;
  const storage = storageOf(stored ?? null);
  const shape = counts(size);
  const strides = counts(stride);
  if (storage === undefined || shape === undefined || strides === undefined || !isCount(from)) {
    throw unsupported('a description that is not whole');
  }
  // The third version names the type apart from the storage, which then counts bytes.
  const named = args.find((arg) => arg instanceof PickleGlobal && arg.module === 'torch') as
    PickleGlobal | undefined;
  const type = storage.type ?? (named === undefined ? undefined : DTYPES.get(named.name));
  if (type === undefined || shape.length !== strides.length)
    throw unsupported('a type of numbers that is not known');
  const width = TENSOR_BYTES[type];
  const { bytes } = storage;
  const count = elements({ shape });
  const last =
    count === 0 ? from : from + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0) + 1;
  if (!Number.isSafeInteger(count) || last * width > bytes)
    throw unsupported('a view beyond the end of its storage');
  const whole = isRowMajor(shape, strides);
  return {
    name,
    type,
    shape,
    strides: whole ? undefined : strides,
    from,
    storage: storage.key,
    storageBytes: bytes,
    at: value.offset,
  };
}

function unsupportedTensor(name: string, got: string, { offset }: PickleRecord, file: string): UserError {
  return new UserError({
    code: 'tensor-unsupported',
    message: `The tensor ${name} cannot be read`,
    file,
    offset,
    expected: 'a dense tensor with its storage',
    got,
    next: 'save the plain float weights: torch.save({k: v.float().contiguous() for k, v in model.state_dict().items()}, "model.pth")',
  });
}

/** ('storage', class, key, location, count[, view]) */
export function storageOf(value: PickleValue): Storage | undefined {
  if (!(value instanceof PickleRecord) || value.name !== PERSISTENT_ID) return undefined;
  const [id] = value.args;
  if (!(id instanceof PickleTuple)) return undefined;
  const [kind, cls, key, , count] = id.items;
  if (kind !== 'storage' || !(cls instanceof PickleGlobal) || typeof key !== 'string' || !isCount(count))
    return undefined;
  const type = STORAGE_TYPES.get(cls.name);
  if (type === undefined) return cls.name === 'UntypedStorage' ? { key, type, bytes: count } : undefined;
  return { key, type, bytes: count * TENSOR_BYTES[type] };
}

function counts(value: PickleValue | undefined): number[] | undefined {
  const items = value instanceof PickleTuple ? value.items : Array.isArray(value) ? value : undefined;
  return items?.every(isCount) === true ? items : undefined;
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
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
  placeOf: (view: TensorView) => StoragePlace | undefined,
  size: number,
  file: string,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const view of views) {
    const { name, type, shape, strides } = view;
    const place = placeOf(view);
    const length = elements(view) * TENSOR_BYTES[type];
    const isWhole = place?.length === view.storageBytes && place.offset + place.length <= size;
    if (place === undefined || !isWhole) {
      throw new UserError({
        code: 'checkpoint-truncated',
        message: `The numbers of ${name} are not in the file`,
        file,
        offset: Math.min(place?.offset ?? size, size),
        expected: `storage ${view.storage} of ${view.storageBytes} bytes`,
        got:
          place === undefined
            ? 'no such storage'
            : place.length === view.storageBytes
              ? `a file of ${size} bytes`
              : `${place.length} bytes`,
        next: 'copy or download the checkpoint again',
      });
    }
    const offset = place.offset + view.from * TENSOR_BYTES[type];
    tensors.set(name, { name, type, shape, strides, offset, length });
  }
  return tensors;
}
