/** SciPy's compressed sparse column matrix, as MANO holds its joint regressor (`scipy/sparse/_csc.py`). */
import type { UserError } from '../../errors.js';
import { readShape } from './pickle-numpy.js';
import { WRITE_AGAIN, type PickleSource } from './pickle-source.js';
import { NumpyArray, SparseMatrix, inWords, type PickleRecord, type PickleValue } from './pickle-values.js';

type Meaning = (source: PickleSource, record: PickleRecord) => PickleValue | undefined;

/** Meanings by `globalKey`; each returns undefined where the record stays as it is. */
export const SPARSE_MEANINGS: readonly (readonly [string, Meaning])[] = [
  ['scipy.sparse._csc csc_matrix', readColumns],
  ['scipy.sparse._csc csc_array', readColumns],
];

const MAX_INT32 = 2 ** 31 - 1;

function readColumns(source: PickleSource, record: PickleRecord): PickleValue | undefined {
  const { state, offset } = record;
  if (!(state instanceof Map)) return undefined;
  const shape = readShape(source, state.get('_shape') ?? state.get('shape'));
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows! > MAX_INT32 || columns! > MAX_INT32) {
    throw sparseError(source, 'A sparse matrix needs rows and columns', 'two sizes', `(${shape.join(', ')})`);
  }
  const dense = 8 * rows! * columns!;
  if (dense > source.maxBytes) {
    throw source.tooLarge(
      'A sparse matrix is too large',
      `at most ${source.maxBytes} bytes`,
      `${dense} bytes`,
    );
  }
  const data = Float64Array.from(vector(source, state, 'data'), Number);
  const indices = indexVector(source, state, 'indices', rows!);
  const indptr = indexVector(source, state, 'indptr', Math.min(data.length, indices.length) + 1);
  if (
    indptr.length !== columns! + 1 ||
    indptr[0] !== 0 ||
    indptr.some((n, i) => i > 0 && n < indptr[i - 1]!)
  ) {
    const got = `${indptr.length} values${indptr.length > 0 ? ` from ${indptr[0]!} to ${indptr.at(-1)!}` : ''}`;
    throw sparseError(
      source,
      "'indptr' of a sparse matrix does not divide it into columns",
      `${columns! + 1} values that begin with 0 and never fall`,
      got,
    );
  }
  return new SparseMatrix({ data, indices, indptr, shape: [rows!, columns!] }, offset);
}

function sparseError(source: PickleSource, message: string, expected: string, got: string): UserError {
  return source.error({ code: 'sparse', message, expected, got, next: WRITE_AGAIN });
}

/** The numbers of one attribute, paid for as doubles. */
function vector(
  source: PickleSource,
  state: ReadonlyMap<PickleValue, PickleValue>,
  name: string,
): ArrayLike<number | bigint> {
  const value = state.get(name);
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
function indexVector(
  source: PickleSource,
  state: ReadonlyMap<PickleValue, PickleValue>,
  name: string,
  end: number,
): Int32Array {
  const values = vector(source, state, name);
  return Int32Array.from(values, (value, i) => {
    const index = Number(value);
    if (Number.isInteger(index) && index >= 0 && index < end) return index;
    throw sparseError(
      source,
      `Element ${i} of '${name}' of a sparse matrix is out of range`,
      `an integer from 0 to ${end - 1}`,
      `${value}`,
    );
  });
}
