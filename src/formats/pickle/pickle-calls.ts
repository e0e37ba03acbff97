/**
 * The few names of Python's own library whose calls make plain values: OrderedDict, set, frozenset, complex, bytes,
 * and the ways `copyreg` makes objects. Looked up in a Map of text, so that no name reaches anything else; with
 * arguments that do not fit, the call stays a record.
 */
import {
  MAX_ENTRIES,
  MAX_NAME,
  OBJECT_COST,
  TEXT_COST,
  VALUE_COST,
  WRITE_AGAIN,
  type PickleSource,
} from './pickle-source.js';
import {
  NumpyArray,
  NumpyComplexArray,
  NumpyObjectArray,
  PickleComplex,
  PickleGlobal,
  PickleRecord,
  PickleTuple,
  SparseMatrix,
  inWords,
  type PickleDict,
  type PickleSet,
  type PickleValue,
} from './pickle-values.js';

type Call = (source: PickleSource, args: readonly PickleValue[]) => PickleValue | undefined;

/** Modules that Python 3 and newer NumPy and SciPy versions renamed, by their present names. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/^__builtin__$/, 'builtins'],
  [/^copy_reg$/, 'copyreg'],
  [/^numpy\.core\./, 'numpy._core.'],
  [/^scipy\.sparse\.(cs[cr]|coo)$/, 'scipy.sparse._$1'],
];

/** `module name`, the key of every table of known names. */
export function globalKey(module: string, name: string): string {
  const renamed = RENAMED.find(([pattern]) => pattern.test(module));
  return `${renamed === undefined ? module : module.replace(...renamed)} ${name}`;
}

const CALLS = new Map<string, Call>([
  ['collections OrderedDict', dictOf],
  ['collections defaultdict', (source, args) => (args.length <= 1 ? dictOf(source, []) : undefined)],
  ['builtins dict', dictOf],
  ['builtins list', (source, args) => itemsOf(source, args)],
  ['builtins set', setOf],
  ['builtins frozenset', setOf],
  ['builtins complex', complexOf],
  ['builtins bytearray', bytesFrom],
  ['builtins bytes', (_, args) => (args.length === 0 ? new Uint8Array(0) : undefined)],
  ['_codecs encode', (source, args) => (args.length === 2 ? bytesFrom(source, args) : undefined)],
]);

/** REDUCE on a name. */
export function callGlobal(source: PickleSource, callee: PickleGlobal, args: PickleValue[]): PickleValue {
  const [first, second, third] = args;
  switch (globalKey(callee.module, callee.name)) {
    case 'copyreg _reconstructor':
      if (first instanceof PickleGlobal && args.length === 3) {
        const plain = second instanceof PickleGlobal && second.name === 'object';
        return instantiate(source, first, plain ? [] : [third!]);
      }
      break;
    case 'copyreg __newobj__':
      if (first instanceof PickleGlobal) {
        source.charge(VALUE_COST * args.length);
        return instantiate(source, first, args.slice(1));
      }
      break;
    case 'copyreg __newobj_ex__':
      if (first instanceof PickleGlobal && second instanceof PickleTuple && third instanceof Map) {
        const record = new PickleRecord(first.module, first.name, second.items, source.opcodeAt);
        if (third.size > 0) record.kwargs = third;
        return record;
      }
      break;
  }
  return instantiate(source, callee, args);
}

/** A new object of a class: a plain value where the class is known, else a record. */
export function instantiate(source: PickleSource, cls: PickleGlobal, args: PickleValue[]): PickleValue {
  source.charge(OBJECT_COST);
  const plain = CALLS.get(globalKey(cls.module, cls.name))?.(source, args);
  return plain ?? new PickleRecord(cls.module, cls.name, args, source.opcodeAt);
}

/** A copy of the items of the one argument; none without argument. */
function itemsOf(source: PickleSource, args: readonly PickleValue[]): PickleValue[] | undefined {
  const [only] = args;
  if (args.length === 0) return [];
  if (args.length > 1) return undefined;
  if (only instanceof Set) {
    source.charge(VALUE_COST * only.size);
    return [...only];
  }
  const items = only instanceof PickleTuple ? only.items : only;
  if (!Array.isArray(items)) return undefined;
  source.charge(VALUE_COST * items.length);
  return items.slice();
}

/** From nothing, a dict, or a list of pairs, as Python 2 writes an OrderedDict. */
function dictOf(source: PickleSource, args: readonly PickleValue[]): PickleDict | undefined {
  const dict: PickleDict = new Map();
  if (args.length === 1 && args[0] instanceof Map) {
    for (const [key, value] of args[0]) addEntries(source, dict, [key, value]);
    return dict;
  }
  const pairs = itemsOf(source, args);
  for (const pair of pairs ?? []) {
    const items = pair instanceof PickleTuple ? pair.items : pair;
    if (!Array.isArray(items) || items.length !== 2) return undefined;
    addEntries(source, dict, items);
  }
  return pairs === undefined ? undefined : dict;
}

function setOf(source: PickleSource, args: readonly PickleValue[]): PickleSet | undefined {
  const items = itemsOf(source, args);
  if (items === undefined) return undefined;
  const set: PickleSet = new Set();
  addItems(source, set, items);
  return set;
}

function complexOf(_: PickleSource, [real, imaginary]: readonly PickleValue[]): PickleComplex | undefined {
  if (typeof real !== 'number' || typeof imaginary !== 'number') return undefined;
  return new PickleComplex(real, imaginary);
}

/** Bytes as protocols below 3 write them: text in Latin-1. */
function bytesFrom(source: PickleSource, args: readonly PickleValue[]): Uint8Array | undefined {
  const [content, encoding] = args;
  if (args.length === 0) return new Uint8Array(0);
  if (args.length === 1 && content instanceof Uint8Array) return content;
  if (args.length > 2 || (encoding !== undefined && encoding !== 'latin1' && encoding !== 'latin-1'))
    return undefined;
  return typeof content === 'string' ? latin1Bytes(source, content) : undefined;
}

/** One byte per character. */
export function latin1Bytes(source: PickleSource, text: string): Uint8Array {
  source.charge(TEXT_COST + text.length);
  const wide = /[\u0100-\uffff]/.exec(text);
  if (wide === null) {
    const bytes = new Uint8Array(text.length);
    Buffer.from(bytes.buffer).write(text, 'latin1');
    return bytes;
  }
  throw source.error({
    code: 'text',
    message: `Character ${wide.index} of a text that stands for bytes is no byte`,
    expected: 'U+0000 to U+00FF',
    got: `U+${wide[0].charCodeAt(0).toString(16).toUpperCase()}`,
    next: WRITE_AGAIN,
  });
}

/** Adds keys and values in turn; a key that is there already gets the new value. */
export function addEntries(source: PickleSource, dict: PickleDict, values: readonly PickleValue[]): void {
  if (values.length % 2 !== 0) {
    throw source.error({
      code: 'items',
      message: 'A dict gets a key without a value',
      expected: 'an even number of keys and values',
      got: `${values.length}`,
      next: WRITE_AGAIN,
    });
  }
  for (let i = 0; i < values.length; i += 2) {
    checkKey(source, values[i]!, dict.size);
    dict.set(values[i]!, values[i + 1]!);
  }
}

/** Adds the members of a set. */
export function addItems(source: PickleSource, set: PickleSet, values: readonly PickleValue[]): void {
  for (const value of values) {
    checkKey(source, value, set.size);
    set.add(value);
  }
}

/** Python refuses what can change as a key, and so does this. Comparing long keys is paid for. */
function checkKey(source: PickleSource, key: PickleValue, size: number): void {
  source.charge(2 * TEXT_COST + (typeof key === 'string' && key.length > MAX_NAME ? key.length : 0));
  if (size >= MAX_ENTRIES)
    throw source.tooLarge('A dict is too large', `at most ${MAX_ENTRIES} entries`, 'more');
  if (
    Array.isArray(key) ||
    key instanceof Map ||
    key instanceof NumpyArray ||
    key instanceof NumpyComplexArray ||
    key instanceof NumpyObjectArray ||
    key instanceof SparseMatrix
  ) {
    throw source.error({
      code: 'key',
      message: 'A dict or set has a key that Python would refuse',
      expected: 'text, a number, bytes or a tuple',
      got: inWords(key),
      next: WRITE_AGAIN,
    });
  }
}
