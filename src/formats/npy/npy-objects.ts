/**
 * A .npy file of Python objects ('|O'): behind the header stands a pickle of the whole array, which is read inertly.
 * Source: `write_array` and `read_array` in NumPy's `lib/format.py`.
 */
import {
  NumpyObjectArray,
  asTexts,
  inWords,
  readPickle,
  type PickleLimits,
  type PickleValue,
} from '../pickle/pickle.js';
import { dtypeError, npyError, parseNpyHeader } from './npy-header.js';

export interface NpyObjects {
  readonly shape: readonly number[];
  /** In C order. */
  readonly items: readonly PickleValue[];
}

/**
 * Reads a whole .npy file of objects; offsets in errors are those of the .npy file.
 *
 * @throws UserError the header's codes of `readNpy`, `npy-dtype` for any other type, the `pickle-*` codes, and
 *   `npy-objects` where the pickle is not the array of the header
 */
export function readNpyObjects(
  bytes: Uint8Array,
  file: string,
  limits: Omit<PickleLimits, 'start'> = {},
): NpyObjects {
  const { shape, items } = readArray(bytes, file, limits);
  return { shape, items };
}

/**
 * The same as text, from an array of `str`, `bytes` (UTF-8) or integers.
 *
 * @throws UserError as `readNpyObjects` does, and `pickle-type` for an element that is no text
 */
export function readNpyObjectTexts(
  bytes: Uint8Array,
  file: string,
  limits: Omit<PickleLimits, 'start'> = {},
): string[] {
  return asTexts(readArray(bytes, file, limits), 'the array', file);
}

function readArray(bytes: Uint8Array, file: string, limits: PickleLimits): NumpyObjectArray {
  const header = parseNpyHeader(bytes, file);
  const { dtype, shape, dataOffset } = header;
  if (dtype.kind !== 'O') {
    throw dtypeError(header, file, {
      message: 'An array of plain elements where Python objects are needed',
      expected: 'objects (O)',
      next: 'check the name of the array',
    });
  }
  const array = readPickle(bytes, file, { ...limits, start: dataOffset });
  const fits =
    array instanceof NumpyObjectArray &&
    array.dtype.kind === 'O' &&
    array.shape.length === shape.length &&
    shape.every((n, axis) => n === array.shape[axis]);
  if (fits) return array;
  throw npyError(file, {
    code: 'npy-objects',
    message: 'The pickle of the array is not what its header says',
    offset: dataOffset,
    expected: `an array of |O, shape (${shape.join(', ')})`,
    got: inWords(array),
    next: 'copy the file again, or write it with numpy.save',
  });
}
