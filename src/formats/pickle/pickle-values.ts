/**
 * What a pickle can hold once it is read: plain values, arrays, and inert records for everything else.
 *
 * A Python `int` and a Python `float` are both a `number` (an `int` beyond ±2^53 is a `bigint`); `bytes` and
 * `bytearray` are both bytes, which may be a view of the input; `set` and `frozenset` are both a `Set`. Dicts keep
 * their order. Objects that the pickle shares are shared here too, so that values may contain themselves: walk them
 * with a set of what was seen.
 */
import type { NpyArray, NpyData } from '../npy/npy-array.js';
import type { NpyDtype } from '../npy/npy-header.js';

export type PickleDict = Map<PickleValue, PickleValue>;
export type PickleSet = Set<PickleValue>;
export type PickleList = PickleValue[];

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleSet
  | PickleComplex
  | NumpyArray
  | NumpyComplexArray
  | NumpyObjectArray
  | SparseMatrix
  | PickleGlobal
  | PickleRecord;

/** A Python tuple; lists are plain arrays. */
export class PickleTuple {
  readonly items: PickleValue[];

  constructor(items: PickleValue[]) {
    this.items = items;
  }
}

/** A Python `complex`, or a NumPy scalar of a complex type. */
export class PickleComplex {
  readonly real: number;
  readonly imaginary: number;

  constructor(real: number, imaginary: number) {
    this.real = real;
    this.imaginary = imaginary;
  }
}

/** The name of a class or function. It is never looked up, imported or called. */
export class PickleGlobal {
  readonly module: string;
  readonly name: string;

  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }
}

/**
 * An object of a class this program does not know, or a call of a function it does not know, as the pickle
 * describes it. Where the pickle calls what another record would return, `name` is that record's with `()` behind
 * it and `args[0]` is that record.
 */
export class PickleRecord {
  readonly module: string;
  readonly name: string;
  readonly args: PickleValue[];
  /** Keyword arguments of NEWOBJ_EX. */
  kwargs: PickleValue | undefined;
  /** What BUILD would hand to `__setstate__`. */
  state: PickleValue | undefined;
  /** What APPEND(S) or ADDITEMS would add, if anything. */
  items: PickleList | undefined;
  /** What SETITEM(S) would set, if anything. */
  entries: PickleDict | undefined;
  /** Where the opcode stands that made it or, later, gave it its state. */
  offset: number;

  constructor(module: string, name: string, args: PickleValue[], offset: number) {
    this.module = module;
    this.name = name;
    this.args = args;
    this.kwargs = undefined;
    this.state = undefined;
    this.items = undefined;
    this.entries = undefined;
    this.offset = offset;
  }
}

/** Numbers of a NumPy array in C order; it serves wherever an array from a .npy file does. */
export class NumpyArray implements NpyArray {
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  /** How the pickle held it; `data` is in C order either way. */
  readonly fortranOrder: boolean;
  readonly data: NpyData;
  readonly offset: number;

  constructor(array: NpyArray, offset: number) {
    this.dtype = array.dtype;
    this.shape = array.shape;
    this.fortranOrder = array.fortranOrder;
    this.data = array.data;
    this.offset = offset;
  }
}

/** A NumPy array of complex numbers in C order: real, imaginary, real, imaginary, … */
export class NumpyComplexArray {
  /** `<c8` or `<c16`, with the byte order of the pickle. */
  readonly descr: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
  readonly offset: number;

  constructor(descr: string, shape: readonly number[], data: Float32Array | Float64Array, offset: number) {
    this.descr = descr;
    this.shape = shape;
    this.data = data;
    this.offset = offset;
  }
}

/** A NumPy array of objects ('O'), text ('U', items are strings) or byte strings ('S', items are bytes), in C order. */
export class NumpyObjectArray {
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  readonly items: PickleList;
  readonly offset: number;

  constructor(dtype: NpyDtype, shape: readonly number[], items: PickleList, offset: number) {
    this.dtype = dtype;
    this.shape = shape;
    this.items = items;
    this.offset = offset;
  }
}

/** SciPy's `csc_matrix`: column j holds `data[k]` in row `indices[k]` for k from `indptr[j]` to `indptr[j + 1]`. */
export class SparseMatrix {
  readonly data: Float64Array;
  readonly indices: Int32Array;
  readonly indptr: Int32Array;
  /** Rows, columns. */
  readonly shape: readonly [number, number];
  readonly offset: number;

  constructor(parts: Pick<SparseMatrix, 'data' | 'indices' | 'indptr' | 'shape'>, offset: number) {
    this.data = parts.data;
    this.indices = parts.indices;
    this.indptr = parts.indptr;
    this.shape = parts.shape;
    this.offset = offset;
  }

  /**
   * Rows × columns in C order; entries that stand twice are added, as SciPy does. The reader has made sure that
   * this fits into its limit of memory.
   */
  toDense(): Float64Array {
    const [rows, columns] = this.shape;
    const dense = new Float64Array(rows * columns);
    for (let column = 0; column < columns; column++) {
      for (let k = this.indptr[column]!; k < this.indptr[column + 1]!; k++) {
        dense[this.indices[k]! * columns + column]! += this.data[k]!;
      }
    }
    return dense;
  }
}

/** A value in a few words, for errors: `an array of <f8, shape (3, 3)`. */
export function inWords(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'string') {
    return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  }
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'bigint') return `an integer of ${value.toString(16).length} hexadecimal digits`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Map) return `a dict of ${value.size}`;
  if (value instanceof Set) return `a set of ${value.size}`;
  if (value instanceof PickleTuple) return `a tuple of ${value.items.length}`;
  if (value instanceof PickleComplex) return 'a complex number';
  if (value instanceof NumpyArray || value instanceof NumpyObjectArray) {
    return `an array of ${value.dtype.descr}, shape (${value.shape.join(', ')})`;
  }
  if (value instanceof NumpyComplexArray)
    return `an array of ${value.descr}, shape (${value.shape.join(', ')})`;
  if (value instanceof SparseMatrix) return `a sparse matrix of shape (${value.shape.join(', ')})`;
  const name = `${value.module}.${value.name}`;
  return value instanceof PickleGlobal ? `the name ${name}` : `an object ${name}, left as it is`;
}
