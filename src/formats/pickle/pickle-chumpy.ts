/**
 * chumpy's array objects, as MANO holds its shape blend shapes: `Ch` is an array `x`; `Select` is `a.ravel()[idxs]`,
 * reshaped. Sources: `chumpy/ch.py` (`Ch.__getstate__`) and `chumpy/reordering.py` (`Select.compute_r`). Any other
 * chumpy expression stays a record.
 */
import type { UserError } from '../../errors.js';
import type { NpyData } from '../npy/npy-array.js';
import { readShape } from './pickle-numpy.js';
import { VALUE_COST, WRITE_AGAIN, type PickleSource } from './pickle-source.js';
import { NumpyArray, PickleTuple, inWords, type PickleRecord, type PickleValue } from './pickle-values.js';

type Meaning = (source: PickleSource, record: PickleRecord) => PickleValue | undefined;

/** Meanings by `globalKey`; each returns undefined where the record stays as it is. */
export const CHUMPY_MEANINGS: readonly (readonly [string, Meaning])[] = [
  ['chumpy.ch Ch', readCh],
  ['chumpy Ch', readCh],
  ['chumpy.reordering Select', readSelect],
];

function readCh(_: PickleSource, { state }: PickleRecord): PickleValue | undefined {
  const x = state instanceof Map ? state.get('x') : undefined;
  return x instanceof NumpyArray || typeof x === 'number' ? x : undefined;
}

function readSelect(source: PickleSource, { state, offset }: PickleRecord): PickleValue | undefined {
  const a = state instanceof Map ? state.get('a') : undefined;
  if (!(state instanceof Map) || !(a instanceof NumpyArray)) return undefined;
  const idxs = state.get('idxs');
  const indices = readIndices(source, idxs, a.data.length);
  const preferred = state.get('preferred_shape');
  const own = idxs instanceof NumpyArray ? idxs.shape : [indices.length];
  const shape = preferred === undefined || preferred === null ? own : readShape(source, tupleOf(preferred));
  if (shape.reduce((product, n) => product * n, 1) !== indices.length) {
    throw chumpyError(
      source,
      "'preferred_shape' of a chumpy selection does not fit",
      `a shape of ${indices.length} elements`,
      `(${shape.join(', ')})`,
    );
  }
  source.charge(8 * indices.length);
  const Data = a.data.constructor as new (length: number) => NpyData;
  const data = new Data(indices.length);
  for (let i = 0; i < indices.length; i++) data[i] = a.data[indices[i]!]!;
  return new NumpyArray({ dtype: a.dtype, shape, fortranOrder: false, data }, offset);
}

function tupleOf(value: PickleValue): PickleValue {
  return Array.isArray(value) ? new PickleTuple(value) : value;
}

/** Element numbers; those below 0 count from the end, as in NumPy. */
function readIndices(source: PickleSource, idxs: PickleValue | undefined, length: number): number[] {
  const values =
    idxs instanceof NumpyArray
      ? (idxs.data as ArrayLike<PickleValue>)
      : idxs instanceof PickleTuple
        ? idxs.items
        : idxs;
  if (!(idxs instanceof NumpyArray) && !Array.isArray(values)) {
    throw chumpyError(
      source,
      "'idxs' of a chumpy selection is not usable",
      'an array of integers',
      inWords(idxs),
    );
  }
  source.charge(VALUE_COST * (values as ArrayLike<PickleValue>).length);
  return Array.from(values as ArrayLike<PickleValue>, (value, i) => {
    const index = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
    if (Number.isInteger(index) && index >= -length && index < length)
      return index < 0 ? index + length : index;
    throw chumpyError(
      source,
      `Element ${i} of 'idxs' of a chumpy selection is out of range`,
      `an integer from 0 to ${length - 1}`,
      inWords(value),
    );
  });
}

function chumpyError(source: PickleSource, message: string, expected: string, got: string): UserError {
  return source.error({ code: 'chumpy', message, expected, got, next: WRITE_AGAIN });
}
