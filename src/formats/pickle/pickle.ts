/**
 * An inert reader of Python pickles, protocols 0 to 5, as `pickle.load(file, encoding='latin1')` would see them. It
 * interprets and never constructs: nothing that a file names is imported, called or evaluated, and what it does not
 * know becomes a `PickleRecord`. HO-3D's meta files, MANO's models and the object arrays of .npz files are pickles.
 *
 * Sources: CPython's `Lib/pickle.py` and `Lib/pickletools.py`, PEP 307, PEP 3154, PEP 574.
 */
import { refuseLfsPointer } from '../../files/lfs-pointer.js';
import { runPickle } from './pickle-machine.js';
import { resolvePickle } from './pickle-resolve.js';
import { PickleSource, WRITE_AGAIN, type PickleLimits } from './pickle-source.js';
import type { PickleValue } from './pickle-values.js';

export { asDict, asNumbers, asTexts, numbersAt, valueAt } from './pickle-access.js';
export type { PickleLimits } from './pickle-source.js';
export { NumpyArray, NumpyObjectArray, inWords, type PickleDict, type PickleValue } from './pickle-values.js';

/**
 * Reads the one object of a pickle. `file` is for errors, which all carry the offset of the opcode at fault. Byte
 * strings in the result may be views of `bytes`; arrays are copies.
 *
 * @throws UserError `pickle-truncated`, `pickle-surplus`, `pickle-opcode`, `pickle-protocol`, `pickle-value`,
 *   `pickle-text`, `pickle-name`, `pickle-stack`, `pickle-mark`, `pickle-memo`, `pickle-operand`, `pickle-items`,
 *   `pickle-key`, `pickle-extension`, `pickle-persistent`, `pickle-buffer`, `pickle-array`, `pickle-sparse`,
 *   `pickle-chumpy`, `pickle-cycle`, `pickle-too-deep`, `pickle-too-large`
 */
export function readPickle(bytes: Uint8Array, file: string, limits: PickleLimits = {}): PickleValue {
  refuseLfsPointer(bytes, file);
  return readPickleFrom(new PickleSource(bytes, file, limits));
}

/** As `readPickle`; `source` then tells how many opcodes and bytes it took, also where it ended in an error. */
export function readPickleFrom(source: PickleSource): PickleValue {
  const root = runPickle(source);
  const left = source.bytes.length - source.at;
  if (left > 0) {
    throw source.error(
      {
        code: 'surplus',
        message: 'The file goes on after the end of the pickle',
        expected: 'one pickle, up to the end of the file',
        got: `${left} more bytes`,
        next: WRITE_AGAIN,
      },
      source.at,
    );
  }
  return resolvePickle(source, root);
}
