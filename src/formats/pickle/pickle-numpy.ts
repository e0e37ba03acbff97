/**
 * What NumPy's pickles mean: arrays, scalars and dtypes. Sources: `array_reduce`, `array_setstate` and
 * `arraydescr_reduce` in NumPy's `multiarray/methods.c` and `descriptor.c`, `_frombuffer` in `numeric.py`
 * (protocol 5). A dtype that is not supported (records, dates, long doubles) leaves its array a record.
 */
import type { UserError } from '../../errors.js';
import { decodeNumbers, type NpyData } from '../npy/npy-array.js';
import type { NpyDtype, NpyKind } from '../npy/npy-header.js';
import { copyToCOrder, cStrides, fortranStrides } from '../npy/numpy-order.js';
import { globalKey, latin1Bytes } from './pickle-calls.js';
import { VALUE_COST, type PickleSource } from './pickle-source.js';
import {
  NumpyArray,
  NumpyComplexArray,
  NumpyObjectArray,
  PickleComplex,
  PickleGlobal,
  PickleTuple,
  inWords,
  type PickleRecord,
  type PickleValue,
} from './pickle-values.js';

/** NumPy 2 allows 64 dimensions, NumPy 1 allowed 32. */
const MAX_DIMENSIONS = 64;
const SIZES = new Map<string, readonly number[]>([
  ['b', [1]],
  ['i', [1, 2, 4, 8]],
  ['u', [1, 2, 4, 8]],
  ['f', [2, 4, 8]],
  ['c', [8, 16]],
]);

interface Dtype extends Omit<NpyDtype, 'kind'> {
  readonly kind: NpyKind | 'c';
}

/** How the elements lie in the bytes. */
interface Layout {
  readonly shape: readonly number[];
  /** In elements; undefined for C order. */
  readonly strides?: readonly number[];
  readonly fortranOrder: boolean;
}

type Meaning = (source: PickleSource, record: PickleRecord) => PickleValue | undefined;

/** Meanings by `globalKey`; each returns undefined where the record stays as it is. */
export const NUMPY_MEANINGS: readonly (readonly [string, Meaning])[] = [
  ['numpy._core.multiarray _reconstruct', readArray],
  ['numpy._core.multiarray scalar', readScalar],
  ['numpy._core.numeric _frombuffer', readFromBuffer],
];

function arrayError(source: PickleSource, message: string, expected: string, got: string): UserError {
  return source.error({
    code: 'array',
    message,
    expected,
    got,
    next: 'copy or download the file again, or save the array with numpy.save',
  });
}

/** `_reconstruct(ndarray, (0,), b'b')`, then the state (version, shape, dtype, is Fortran, data). */
function readArray(source: PickleSource, record: PickleRecord): PickleValue | undefined {
  const [cls] = record.args;
  // Before BUILD there is no array yet; classes of other libraries may mean something else by their state.
  if (record.state === undefined || !(cls instanceof PickleGlobal) || !cls.module.startsWith('numpy')) {
    return undefined;
  }
  const items = record.state instanceof PickleTuple ? record.state.items : [];
  if (items.length !== 4 && items.length !== 5) {
    throw arrayError(source, 'An array has an unknown state', 'a tuple of 4 or 5', inWords(record.state));
  }
  const [shapeValue, dtypeValue, fortran, data] = items.slice(-4);
  const dtype = readDtype(source, dtypeValue);
  if (dtype === undefined) return undefined;
  const shape = readShape(source, shapeValue);
  const fortranOrder = fortran === true || fortran === 1;
  const strides = fortranOrder ? fortranStrides(shape) : undefined;
  return makeArray(source, dtype, { shape, fortranOrder, ...(strides && { strides }) }, data);
}

/** `_frombuffer(bytes, dtype, shape, order[, axes])`; order 'K' is C order of the shape, then a transposition. */
function readFromBuffer(source: PickleSource, record: PickleRecord): PickleValue | undefined {
  const [data, dtypeValue, shapeValue, order, axesValue] = record.args;
  const dtype = readDtype(source, dtypeValue);
  if (dtype === undefined) return undefined;
  const stored = readShape(source, shapeValue);
  if (order === 'C') return makeArray(source, dtype, { shape: stored, fortranOrder: false }, data);
  if (order === 'F') {
    return makeArray(
      source,
      dtype,
      { shape: stored, strides: fortranStrides(stored), fortranOrder: true },
      data,
    );
  }
  const axes = axesValue instanceof PickleTuple ? axesValue.items : [];
  const unique = new Set(axes.filter((axis) => typeof axis === 'number' && axis in stored));
  if (order !== 'K' || unique.size !== stored.length || axes.length !== stored.length) {
    throw arrayError(source, 'An array has an unknown order', "'C', 'F', or 'K' with axes", inWords(order));
  }
  const from = cStrides(stored);
  const shape = axes.map((axis) => stored[Number(axis)]!);
  const strides = axes.map((axis) => from[Number(axis)]!);
  return makeArray(source, dtype, { shape, strides, fortranOrder: false }, data);
}

/** `scalar(dtype, bytes)`. */
function readScalar(source: PickleSource, record: PickleRecord): PickleValue | undefined {
  const [dtypeValue, data] = record.args;
  const dtype = readDtype(source, dtypeValue);
  if (dtype === undefined || data === undefined) return undefined;
  if (dtype.kind === 'O') return data;
  const array = makeArray(source, dtype, { shape: [], fortranOrder: false }, data);
  if (array instanceof NumpyComplexArray) return new PickleComplex(array.data[0]!, array.data[1]!);
  if (array instanceof NumpyObjectArray) return array.items[0];
  const value = array.data[0]!;
  if (dtype.kind === 'b') return value !== 0;
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** `dtype('f8', False, True)`, then the state (version, byte order, …). Returns undefined for what is not supported. */
function readDtype(source: PickleSource, value: PickleValue | undefined): Dtype | undefined {
  const isDtype =
    value !== undefined && isRecord(value) && globalKey(value.module, value.name) === 'numpy dtype';
  if (!isDtype) throw arrayError(source, 'An array has no element type', 'a numpy.dtype', inWords(value));
  const [code] = value.args;
  if (typeof code !== 'string' || code.length > 16) return undefined;
  const match = /^[<>|=]?([a-zA-Z])(\d+)$/.exec(code);
  const letter = match?.[1] === 'a' ? 'S' : match?.[1];
  const size = Number(match?.[2]);
  const state = value.state instanceof PickleTuple ? value.state.items : [];
  // The oldest states have no version in front.
  const order = typeof state[0] === 'number' ? state[1] : state[0];
  const littleEndian = order !== '>' && !code.startsWith('>');
  if (letter === 'O') return { kind: 'O', itemSize: 0, littleEndian, descr: '|O' };
  if (letter === 'S') return { kind: 'S', itemSize: size, littleEndian, descr: `|S${size}` };
  const sign = littleEndian ? '<' : '>';
  if (letter === 'U') return { kind: 'U', itemSize: 4 * size, littleEndian, descr: `${sign}U${size}` };
  if (letter === undefined || SIZES.get(letter)?.includes(size) !== true) return undefined;
  const descr = `${size === 1 ? '|' : sign}${letter}${size}`;
  return { kind: letter as Dtype['kind'], itemSize: size, littleEndian, descr };
}

function isRecord(value: PickleValue): value is PickleRecord {
  return typeof value === 'object' && value !== null && 'args' in value;
}

/** A tuple of sizes, or one size. */
export function readShape(source: PickleSource, value: PickleValue | undefined): number[] {
  const sizes = value instanceof PickleTuple ? value.items : [value];
  const fits =
    sizes.length <= MAX_DIMENSIONS &&
    sizes.every((n): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0) &&
    Number.isSafeInteger(sizes.reduce((a, b) => a * b, 1));
  if (fits) return sizes.slice();
  const got = sizes.length <= 8 ? sizes.map((n) => (typeof n === 'number' ? n : inWords(n))).join(', ') : '…';
  throw arrayError(
    source,
    'The shape of an array is impossible',
    `at most ${MAX_DIMENSIONS} sizes, 2^53 elements`,
    `(${got}), ${sizes.length} sizes`,
  );
}

function makeArray(
  source: PickleSource,
  dtype: Dtype,
  layout: Layout,
  data: PickleValue | undefined,
): NumpyArray | NumpyComplexArray | NumpyObjectArray {
  const { kind, descr } = dtype;
  const { shape, strides, fortranOrder } = layout;
  const offset = source.opcodeAt;
  const count = shape.reduce((a, b) => a * b, 1);
  if (kind === 'O') {
    // In C order whatever the layout says: NumPy writes and reads lists of objects by index.
    if (!Array.isArray(data) || data.length !== count) {
      throw arrayError(source, 'An array of objects is not whole', `a list of ${count}`, inWords(data));
    }
    return new NumpyObjectArray({ ...dtype, kind }, shape, data, offset);
  }
  const bytes = elementBytes(source, dtype, shape, count, data);
  if (kind === 'U' || kind === 'S') {
    const items = readTexts(source, bytes, { ...dtype, kind }, count);
    return new NumpyObjectArray({ ...dtype, kind }, shape, inCOrder(source, items, shape, strides), offset);
  }
  // Copied once; half precision becomes single.
  source.charge(2 * bytes.length);
  if (kind === 'c') {
    const { littleEndian } = dtype;
    const itemSize = dtype.itemSize / 2;
    const parts = decodeNumbers(bytes, { kind: 'f', itemSize, littleEndian, descr }) as
      Float32Array | Float64Array;
    const axes = strides?.map((stride) => 2 * stride);
    const pairs = inCOrder(source, parts, [...shape, 2], axes && [...axes, 1]);
    return new NumpyComplexArray(descr, shape, pairs, offset);
  }
  const plain = { ...dtype, kind };
  const numbers = inCOrder(source, decodeNumbers(bytes, plain), shape, strides);
  return new NumpyArray({ dtype: plain, shape, fortranOrder, data: numbers }, offset);
}

/** The bytes of all elements, of exactly the length that type and shape need. */
function elementBytes(
  source: PickleSource,
  { itemSize, descr }: Dtype,
  shape: readonly number[],
  count: number,
  data: PickleValue | undefined,
): Uint8Array {
  const expected = `${count * itemSize} bytes for ${descr} of shape (${shape.join(', ')})`;
  // Python 2 writes the bytes as `str`, which is text here.
  const bytes = typeof data === 'string' ? latin1Bytes(source, data) : data;
  if (bytes instanceof Uint8Array && bytes.length === count * itemSize) return bytes;
  throw arrayError(source, 'The elements of an array do not fill its shape', expected, inWords(bytes));
}

function inCOrder<T extends NpyData | PickleValue[]>(
  source: PickleSource,
  flat: T,
  shape: readonly number[],
  strides: readonly number[] | undefined,
): T {
  if (strides === undefined || shape.length < 2) return flat;
  source.charge(Array.isArray(flat) ? VALUE_COST * flat.length : flat.byteLength);
  const out = flat.slice() as T;
  copyToCOrder(flat as ArrayLike<unknown>, out as unknown[], shape, strides);
  return out;
}

/** Fixed-width text: 'U' as strings, 'S' as bytes. NumPy pads both with NULs, which fall away. */
function readTexts(
  source: PickleSource,
  bytes: Uint8Array,
  { kind, itemSize, littleEndian }: NpyDtype,
  count: number,
): PickleValue[] {
  source.charge(4 * VALUE_COST * count + bytes.length);
  const items: PickleValue[] = [];
  for (let i = 0; i < count; i++) {
    const item = bytes.subarray(i * itemSize, (i + 1) * itemSize);
    items.push(kind === 'U' ? utf32(source, item, littleEndian) : item.subarray(0, lengthWithoutNuls(item)));
  }
  return items;
}

function lengthWithoutNuls(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

function utf32(source: PickleSource, bytes: Uint8Array, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: string[] = [];
  const length = littleEndian ? lengthWithoutNuls(bytes) : lengthWithoutNulWords(view);
  for (let at = 0; at < length; at += 4) {
    const code = view.getUint32(at, littleEndian);
    if (code > 0x10ffff) {
      throw arrayError(
        source,
        'A text in an array is not Unicode',
        'at most U+10FFFF',
        `U+${code.toString(16)}`,
      );
    }
    parts.push(String.fromCodePoint(code));
  }
  return parts.join('');
}

function lengthWithoutNulWords(view: DataView): number {
  let end = view.byteLength;
  while (end > 0 && view.getUint32(end - 4) === 0) end -= 4;
  return end;
}
