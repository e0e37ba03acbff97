/**
 * Taking values out of a pickle by name, with errors that say what was there instead. `file` is what `readPickle`
 * was given; `what` names the value in the words of its format (`the meta data`).
 */
import { UserError } from '../../errors.js';
import {
  NumpyArray,
  NumpyObjectArray,
  PickleTuple,
  SparseMatrix,
  inWords,
  type PickleDict,
  type PickleValue,
} from './pickle-values.js';

/** Keys that an error lists. */
const MAX_LISTED = 30;

interface Mismatch {
  readonly code: string;
  readonly message: string;
  readonly expected: string;
  readonly got: string;
  readonly next?: string;
}

function mismatch(file: string, value: PickleValue | undefined, details: Mismatch): UserError {
  const offset = typeof value === 'object' && value !== null && 'offset' in value ? value.offset : undefined;
  return new UserError({
    next: 'check that it is the right file, as its dataset or model publishes it',
    ...details,
    file,
    ...(offset === undefined ? {} : { offset }),
  });
}

/** @throws UserError `pickle-type` */
export function asDict(value: PickleValue, what: string, file: string): PickleDict {
  if (value instanceof Map) return value;
  throw mismatch(file, value, {
    code: 'pickle-type',
    message: `${what} is not a dict`,
    expected: 'a dict',
    got: inWords(value),
  });
}

/** @throws UserError `pickle-key-missing`, which lists the keys that are there */
export function valueAt(dict: PickleDict, key: string, file: string): PickleValue {
  const value = dict.get(key);
  if (value !== undefined) return value;
  const keys: string[] = [];
  for (const name of dict.keys()) {
    if (keys.length === MAX_LISTED) break;
    keys.push(typeof name === 'string' ? inWords(name).slice('the text '.length) : inWords(name));
  }
  const more = dict.size > keys.length ? `, … (${dict.size})` : '';
  throw mismatch(file, undefined, {
    code: 'pickle-key-missing',
    message: `The pickle holds no '${key}'`,
    expected: key,
    got: keys.length === 0 ? 'an empty dict' : `${keys.join(', ')}${more}`,
  });
}

/**
 * Numbers in C order, from an array, a sparse matrix, nested lists or tuples, or (for shape []) one number. A size
 * of null may be any.
 *
 * @throws UserError `pickle-key-missing`, `pickle-type`, `pickle-shape`, `pickle-integer-too-large` where an integer
 *   is no exact double
 */
export function numbersAt(
  dict: PickleDict,
  key: string,
  shape: readonly (number | null)[],
  file: string,
): Float64Array {
  return asNumbers(valueAt(dict, key, file), `'${key}'`, shape, file);
}

/** The numbers of a value that is at hand; see `numbersAt`. */
export function asNumbers(
  value: PickleValue,
  what: string,
  shape: readonly (number | null)[],
  file: string,
): Float64Array {
  const found = numbersOf(value, shape.length);
  const wanted = `numbers of shape (${shape.map((n) => n ?? 'any').join(', ')})`;
  if (found === undefined) {
    throw mismatch(file, value, {
      code: 'pickle-type',
      message: `${what} does not hold numbers`,
      expected: wanted,
      got: inWords(value),
    });
  }
  if (found.shape.length !== shape.length || shape.some((n, axis) => n !== null && n !== found.shape[axis])) {
    throw mismatch(file, value, {
      code: 'pickle-shape',
      message: `${what} has another shape`,
      expected: wanted,
      got: found.ragged ? 'lists of different lengths' : `shape (${found.shape.join(', ')})`,
    });
  }
  return Float64Array.from(found.values, (number, i) => {
    const double = Number(number);
    if (typeof number === 'number' || Number.isSafeInteger(double)) return double;
    throw mismatch(file, value, {
      code: 'pickle-integer-too-large',
      message: `Element ${i} of ${what} is an integer that no double holds exactly`,
      expected: 'at most 2^53 − 1 in size',
      got: inWords(number),
      next: 'save the array as floats or as int32',
    });
  });
}

interface Numbers {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number | bigint>;
  readonly ragged: boolean;
}

function numbersOf(value: PickleValue, dimensions: number): Numbers | undefined {
  if (value instanceof NumpyArray) return { shape: value.shape, values: value.data, ragged: false };
  if (value instanceof SparseMatrix) return { shape: value.shape, values: value.toDense(), ragged: false };
  const shape: number[] = [];
  let level: PickleValue[] = [value];
  let ragged = false;
  // One level of lists more than is wanted, so that the error can say what is there.
  while (
    shape.length <= dimensions &&
    level.length > 0 &&
    level.every((item) => itemsOf(item) !== undefined)
  ) {
    const lists = level.map((item) => itemsOf(item)!);
    const { length } = lists[0]!;
    if (lists.some((list) => list.length !== length)) {
      ragged = true;
      break;
    }
    shape.push(length);
    // Shared lists could multiply; no dataset nests millions of numbers in lists.
    if (lists.length * length > MAX_LISTED_NUMBERS) return undefined;
    level = lists.flat(1);
  }
  if (ragged) return { shape: [...shape, NaN], values: [], ragged };
  const numbers = level.filter((item) => typeof item === 'number' || typeof item === 'bigint');
  return numbers.length === level.length ? { shape, values: numbers, ragged } : undefined;
}

const MAX_LISTED_NUMBERS = 2 ** 22;

/** What a list, a tuple or an array of objects holds. */
function itemsOf(value: PickleValue): readonly PickleValue[] | undefined {
  if (Array.isArray(value)) return value;
  if (value instanceof PickleTuple) return value.items;
  return undefined;
}

/**
 * Texts in C order from an array of objects, text or bytes, or from a list or tuple: image names, ids (integers are
 * written out).
 *
 * @throws UserError `pickle-type`
 */
export function asTexts(value: PickleValue, what: string, file: string): string[] {
  const items = value instanceof NumpyObjectArray ? value.items : itemsOf(value);
  if (items === undefined) {
    throw mismatch(file, value, {
      code: 'pickle-type',
      message: `${what} is not a list of texts`,
      expected: 'an array or a list of texts',
      got: inWords(value),
    });
  }
  return items.map((item, i) => {
    const text = typeof item === 'number' && Number.isSafeInteger(item) ? `${item}` : toText(item);
    if (text !== undefined) return text;
    throw mismatch(file, value, {
      code: 'pickle-type',
      message: `Element ${i} of ${what} is not text`,
      expected: 'text',
      got: inWords(item),
    });
  });
}

/** Text, or bytes that are UTF-8. */
function toText(value: PickleValue): string | undefined {
  if (typeof value === 'string') return value;
  if (!(value instanceof Uint8Array)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return undefined;
  }
}
