/**
 * SciPy's sparse matrices and arrays, by column, by row or entry by entry (`scipy/sparse/_csc.py`, `_csr.py`, `_coo.py`).
 * MANO holds its joint regressor by column; who loads it and saves it again may have any of them.
 */
import type { UserError } from '../../errors.js';
import { readShape } from './pickle-numpy.js';
import { WRITE_AGAIN, type PickleSource } from './pickle-source.js';
import {
  NumpyArray,
  PickleTuple,
  SparseMatrix,
  inWords,
  type PickleRecord,
  type PickleValue,
} from './pickle-values.js';

type Meaning = (source: PickleSource, record: PickleRecord) => PickleValue | undefined;

type State = ReadonlyMap<PickleValue, PickleValue>;
type Shape = readonly [rows: number, columns: number];
type Parts = Pick<SparseMatrix, 'data' | 'indices' | 'indptr'>;

/** Meanings by `globalKey`; each returns undefined where the record stays as it is. */
export const SPARSE_MEANINGS: readonly (readonly [string, Meaning])[] = (
  [
    ['csc', readColumns],
    ['csr', readRows],
    ['coo', readEntries],
  ] as const
).flatMap(([form, read]) =>
  ['matrix', 'array'].map((kind) => [`scipy.sparse._${form} ${form}_${kind}`, sparse(read)] as const),
);

const MAX_INT32 = 2 ** 31 - 1;

function sparse(read: (source: PickleSource, state: State, shape: Shape) => Parts): Meaning {
  return (source, { state, offset }) => {
    if (!(state instanceof Map)) return undefined;
    const shape = readShape(source, state.get('_shape') ?? state.get('shape'));
    const [rows, columns] = shape;
    if (shape.length !== 2 || rows! > MAX_INT32 || columns! > MAX_INT32) {
      throw sparseError(
        source,
        'A sparse matrix needs rows and columns',
        'two sizes',
        `(${shape.join(', ')})`,
      );
    }
    const dense = 8 * rows! * columns!;
    if (dense > source.maxBytes) {
      throw source.tooLarge(
        'A sparse matrix is too large',
        `at most ${source.maxBytes} bytes`,
        `${dense} bytes`,
      );
    }
    return new SparseMatrix({ ...read(source, state, [rows!, columns!]), shape: [rows!, columns!] }, offset);
  };
}

function readColumns(source: PickleSource, state: State, [rows, columns]: Shape): Parts {
  return compressed(source, state, { within: rows, count: columns, words: 'columns' });
}

function readRows(source: PickleSource, state: State, [rows, columns]: Shape): Parts {
  const { data, indices, indptr } = compressed(source, state, {
    within: columns,
    count: rows,
    words: 'rows',
  });
  source.charge(4 * data.length);
  const rowOf = new Int32Array(data.length);
  for (let row = 0; row < rows; row++) rowOf.fill(row, indptr[row], indptr[row + 1]);
  return byColumn(source, { data, rowOf, columnOf: indices }, columns);
}

/** SciPy had `row` and `col` before `coords`. */
function readEntries(source: PickleSource, state: State, [rows, columns]: Shape): Parts {
  const data = Float64Array.from(vector(source, 'data', state.get('data')), Number);
  const coords = state.get('coords');
  const [row, column] = coords instanceof PickleTuple ? coords.items : [state.get('row'), state.get('col')];
  const rowOf = integers(source, 'row', row, rows);
  const columnOf = integers(source, 'col', column, columns);
  if (rowOf.length !== data.length || columnOf.length !== data.length) {
    throw sparseError(
      source,
      'A sparse matrix has other places than values',
      `${data.length} rows and columns`,
      `${rowOf.length} and ${columnOf.length}`,
    );
  }
  return byColumn(source, { data, rowOf, columnOf }, columns);
}

interface Entries {
  readonly data: Float64Array;
  readonly rowOf: Int32Array;
  readonly columnOf: Int32Array;
}

function byColumn(source: PickleSource, { data, rowOf, columnOf }: Entries, columns: number): Parts {
  source.charge(4 * (columns + 1) + 12 * data.length);
  const indptr = new Int32Array(columns + 1);
  for (const column of columnOf) indptr[column + 1]!++;
  for (let column = 0; column < columns; column++) indptr[column + 1]! += indptr[column]!;
  const next = indptr.slice();
  const indices = new Int32Array(data.length);
  const values = new Float64Array(data.length);
  columnOf.forEach((column, entry) => {
    const at = next[column]!++;
    indices[at] = rowOf[entry]!;
    values[at] = data[entry]!;
  });
  return { data: values, indices, indptr };
}

function compressed(
  source: PickleSource,
  state: State,
  { within, count, words }: { within: number; count: number; words: string },
): Parts {
  const data = Float64Array.from(vector(source, 'data', state.get('data')), Number);
  const indices = integers(source, 'indices', state.get('indices'), within);
  const end = Math.min(data.length, indices.length) + 1;
  const indptr = integers(source, 'indptr', state.get('indptr'), end);
  if (indptr.length !== count + 1 || indptr[0] !== 0 || indptr.some((n, i) => i > 0 && n < indptr[i - 1]!)) {
    const got = `${indptr.length} values${indptr.length > 0 ? ` from ${indptr[0]!} to ${indptr.at(-1)!}` : ''}`;
    throw sparseError(
      source,
      `'indptr' of a sparse matrix does not divide it into ${words}`,
      `${count + 1} values that begin with 0 and never fall`,
      got,
    );
  }
  // What lies beyond the last of them is nobody's.
  const used = indptr.at(-1)!;
  return { data: data.subarray(0, used), indices: indices.subarray(0, used), indptr };
}

function sparseError(source: PickleSource, message: string, expected: string, got: string): UserError {
  return source.error({ code: 'sparse', message, expected, got, next: WRITE_AGAIN });
}

/** The numbers of one attribute, paid for as doubles. */
function vector(
  source: PickleSource,
  name: string,
  value: PickleValue | undefined,
): ArrayLike<number | bigint> {
  if (!(value instanceof NumpyArray) || value.shape.length !== 1) {
    throw sparseError(
      source,
      `'${name}' of a sparse matrix is not usable`,
      'an array of one dimension',
      inWords(value),
    );
  }
  source.charge(8 * value.data.length);
  return value.data;
}

/** Integers from 0 up to, not including, `end`. */
function integers(
  source: PickleSource,
  name: string,
  value: PickleValue | undefined,
  end: number,
): Int32Array {
  return Int32Array.from(vector(source, name, value), (entry, i) => {
    const index = Number(entry);
    if (Number.isInteger(index) && index >= 0 && index < end) return index;
    throw sparseError(
      source,
      `Element ${i} of '${name}' of a sparse matrix is out of range`,
      `an integer from 0 to ${end - 1}`,
      `${entry}`,
    );
  });
}
