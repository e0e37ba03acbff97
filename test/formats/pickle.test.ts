import { describe, expect, it } from 'vitest';
import { OPCODE, opcodeName } from '../../src/formats/pickle/pickle-opcodes.js';
import {
  PickleComplex,
  PickleGlobal,
  PickleRecord,
  PickleTuple,
} from '../../src/formats/pickle/pickle-values.js';
import {
  NumpyArray,
  asDict,
  readPickle,
  type PickleDict,
  type PickleValue,
} from '../../src/formats/pickle/pickle.js';
import {
  build,
  bytes,
  bytes3,
  dict,
  get,
  global,
  int,
  list,
  newobj,
  none,
  put,
  reduce,
  str2,
  tuple,
  u16,
  u32,
  u64,
  unicode,
} from '../support/tiny-pickle.js';
import { fixture, PROTOCOLS, reader } from './pickle-support.js';

const read = reader(5);

/** As JSON has it: arrays as nested lists. */
function plain(value: PickleValue): unknown {
  if (!(value instanceof NumpyArray)) return Array.isArray(value) ? value.map(plain) : value;
  let level: unknown[] = Array.from(value.data, Number);
  for (const size of value.shape.slice(1).reverse()) {
    level = Array.from({ length: level.length / size }, (_, i) => level.slice(i * size, (i + 1) * size));
  }
  return level;
}

describe('golden files', () => {
  it.each(PROTOCOLS)('reads HO-3D meta data of protocol %i', (protocol) => {
    const name = `meta_protocol${protocol}.pkl`;
    const meta = asDict(readPickle(fixture(name), name), 'the meta data', name);
    const expected = JSON.parse(fixture('meta.json').toString()) as Record<string, unknown>;
    expect(Object.fromEntries([...meta].map(([key, value]) => [key, plain(value)]))).toEqual(expected);
    expect([...meta.keys()]).toEqual(Object.keys(expected));
  });

  it.each(PROTOCOLS)('reads every plain type of protocol %i', (protocol) => {
    const name = `plain_protocol${protocol}.pkl`;
    const found = asDict(readPickle(fixture(name), name), 'all', name);
    const at = (key: PickleValue): PickleValue | undefined => found.get(key);
    expect(at('none')).toBeNull();
    expect(at('booleans')).toEqual([true, false]);
    expect(at('integers')).toEqual([
      ...[0, -1, 255, 256, 65536, -(2 ** 31), 2 ** 31, 2 ** 53 - 1],
      ...[2n ** 53n, -(2n ** 70n), 2n ** 600n],
    ]);
    expect(at('floats')).toEqual([0, -0.5, 1e300, 5e-324, Infinity, -Infinity, NaN]);
    expect(at('texts')).toEqual(['', 'a\\u0041\n\r', 'grün', '手 🤚', 'x'.repeat(300)]);
    const all = Uint8Array.from({ length: 512 }, (_, i) => i & 255);
    expect(at('bytes')).toEqual([new Uint8Array(0), Uint8Array.of(0, 255), all]);
    expect(at('bytearray')).toEqual(Uint8Array.of(1, 254));
    expect(at('tuples')).toEqual(
      [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]].map((items) => new PickleTuple(items)),
    );
    expect(at('set')).toEqual(new Set([3]));
    expect(at('frozenset')).toEqual(new Set(['f']));
    expect(at('complex')).toEqual(new PickleComplex(1.5, -2));
    expect([...(at('ordered') as PickleDict)]).toEqual([
      ['z', 1],
      ['a', 2],
    ]);
    expect(at(7)).toBe('seven');
    const [tupleKey] = [...found].find(([, value]) => value === 'tuple key')!;
    expect(tupleKey).toEqual(new PickleTuple([1, 'two']));
  });

  it.each(PROTOCOLS)('keeps what is shared, recursive or unknown in protocol %i', (protocol) => {
    const name = `plain_protocol${protocol}.pkl`;
    const found = asDict(readPickle(fixture(name), name), 'all', name);
    const [first, second] = found.get('shared') as PickleValue[];
    expect(first).toBe(second);
    const recursive = found.get('recursive') as PickleValue[];
    expect(recursive[1]).toBe(recursive);
    expect(found.get('class')).toEqual(new PickleGlobal('__main__', 'Unknown'));
    expect(found.get('instance')).toMatchObject({
      module: '__main__',
      name: 'Unknown',
      args: [],
      state: new Map([['colour', 'rot']]),
    });
    const proto = found.get('__proto__') as PickleDict;
    expect([...proto.keys()]).toEqual(['constructor', '__proto__']);
    expect(({} as Record<string, unknown>).constructor).toBe(Object);
  });

  it('knows the opcodes of pickletools', () => {
    expect(Object.fromEntries(Object.entries(OPCODE))).toEqual(
      JSON.parse(fixture('opcodes.json').toString()),
    );
    expect(opcodeName(0x52)).toBe('REDUCE');
    expect(opcodeName(0xff)).toBe('byte 0xff');
  });
});

describe('opcodes', () => {
  it.each<[string, Buffer, PickleValue]>([
    ['INT', bytes('I-12\n'), -12],
    ['INT of Python 2.2 for True', bytes('I01\n'), true],
    ['LONG', bytes('L-7L\n'), -7],
    ['LONG without L', bytes('L12345678901234567890\n'), 12345678901234567890n],
    ['LONG1', bytes('\x8a', 1, 0xff), -1],
    ['LONG1 of nothing', bytes('\x8a', 0), 0],
    ['LONG1 of 8 bytes', bytes('\x8a', 8, u64(2n ** 63n)), -(2n ** 63n)],
    ['LONG4', bytes('\x8b', u32(3), 1, 0, 0x80), -(2 ** 23) + 1],
    ['BININT2', bytes('M', u16(65535)), 65535],
    ['FLOAT', bytes('F-1e-5\n'), -1e-5],
    ['FLOAT not a number', bytes('Fnan\n'), NaN],
    ['FLOAT infinite', bytes('F-inf\n'), -Infinity],
    ['STRING', bytes(`S'a\\'\\x41\\n\\\\\\101\\q"\\xe9'\n`), `a'A\n\\A\\q"é`],
    ['STRING in double quotes', bytes(`S"it's"\n`), "it's"],
    ['BINSTRING as Latin-1', bytes('T', u32(2), 0xe9, 0x80), 'é\x80'],
    ['SHORT_BINSTRING', str2('ab'), 'ab'],
    ['UNICODE', bytes('V\\u20ac\\\\u20ac\xe9\\U0001f91a\\\n'), '€\\\\u20acé🤚\\'],
    ['BINUNICODE8', bytes('\x8d', u64(2), 0xc3, 0xa9), 'é'],
    ['SHORT_BINUNICODE with a byte order mark', bytes('\x8c', 3, 0xef, 0xbb, 0xbf), '\ufeff'],
    ['BINBYTES', bytes3(Buffer.of(1, 2)), Uint8Array.of(1, 2)],
    ['BINBYTES8', bytes('\x8e', u64(1), 7), Uint8Array.of(7)],
    ['BYTEARRAY8', bytes('\x96', u64(1), 7), Uint8Array.of(7)],
    ['LIST', bytes('(', int(1), 'l'), [1]],
    ['APPEND', bytes(']', int(1), 'a'), [1]],
    ['DICT', bytes('(', int(1), int(2), 'd'), new Map([[1, 2]])],
    ['SETITEM, the last of a key', bytes('}', int(1), int(2), 's', int(1), int(3), 's'), new Map([[1, 3]])],
    ['ADDITEMS', bytes('\x8f(', int(1), int(1), '\x90'), new Set([1])],
    ['FROZENSET in a set', bytes('\x8f((', int(1), '\x91\x90'), new Set([new Set([1])])],
    ['POP', bytes(int(1), int(2), '0'), 1],
    ['POP of a mark', bytes(int(1), '(0'), 1],
    ['POP_MARK', bytes(int(1), '(', int(2), int(3), '1'), 1],
    ['DUP', bytes(int(1), '2\x86'), new PickleTuple([1, 1])],
    ['PUT and GET', bytes(int(5), 'p300\n', '0g300\n'), 5],
    ['LONG_BINPUT and LONG_BINGET', bytes(int(5), 'r', u32(70000), '0j', u32(70000)), 5],
    ['MEMOIZE', bytes(int(5), '\x94', int(6), '\x940', '0h', 1), 6],
    ['FRAME', bytes('\x95', u64(6), int(5)), 5],
    [
      'bytes below protocol 3',
      reduce(global('_codecs', 'encode'), unicode('aÿ'), unicode('latin1')),
      Uint8Array.of(97, 255),
    ],
    [
      'bytearray of Python 2',
      reduce(global('__builtin__', 'bytearray'), unicode('ÿ'), unicode('latin-1')),
      Uint8Array.of(255),
    ],
    [
      'OrderedDict of Python 2',
      reduce(global('collections', 'OrderedDict'), list(list(str2('k'), int(1)))),
      new Map([['k', 1]]),
    ],
    [
      'OrderedDict',
      bytes(reduce(global('collections', 'OrderedDict')), '(', str2('k'), int(1), 'u'),
      new Map([['k', 1]]),
    ],
    [
      'defaultdict',
      bytes(reduce(global('collections', 'defaultdict'), global('__builtin__', 'int')), int(1), int(2), 's'),
      new Map([[1, 2]]),
    ],
    ['set of Python 2', reduce(global('__builtin__', 'set'), list(int(1), int(2))), new Set([1, 2])],
    ['dict from a dict', reduce(global('builtins', 'dict'), dict(int(1), int(2))), new Map([[1, 2]])],
    ['list from a set', reduce(global('builtins', 'list'), bytes('\x8f(', int(1), '\x90')), [1]],
    ['a list that holds itself', bytes(']', put(0), get(0), 'a0', int(1)), 1],
  ])('reads %s', (_, parts, expected) => {
    expect(read(parts)).toEqual(expected);
  });
});

describe('objects it does not know', () => {
  const system = global('os', 'system');

  it('calls nothing', () => {
    expect(read(reduce(system, str2('touch /tmp/owned')))).toMatchObject({
      module: 'os',
      name: 'system',
      args: ['touch /tmp/owned'],
      state: undefined,
    });
  });

  it.each<[string, Buffer, PickleValue[]]>([
    ['NEWOBJ', newobj(global('m', 'C'), int(1)), [1]],
    ['INST', bytes('(', int(1), 'im\nC\n'), [1]],
    ['OBJ', bytes('(', global('m', 'C'), int(1), 'o'), [1]],
    ['STACK_GLOBAL', bytes(unicode('m'), unicode('C'), '\x93', tuple(), 'R'), []],
    [
      '_reconstructor',
      reduce(global('copy_reg', '_reconstructor'), global('m', 'C'), global('__builtin__', 'object'), none),
      [],
    ],
    [
      '_reconstructor with a base',
      reduce(global('copyreg', '_reconstructor'), global('m', 'C'), global('builtins', 'int'), int(4)),
      [4],
    ],
    ['__newobj__', reduce(global('copyreg', '__newobj__'), global('m', 'C'), int(1)), [1]],
    [
      '__newobj_ex__',
      reduce(global('copyreg', '__newobj_ex__'), global('m', 'C'), tuple(int(1)), dict()),
      [1],
    ],
  ])('makes a record of %s', (_, parts, args) => {
    const state = new Map([['k', 1]]);
    expect(read(build(parts, dict(str2('k'), int(1))))).toMatchObject({
      module: 'm',
      name: 'C',
      args,
      state,
    });
  });

  it('reads names as UTF-8', () => {
    expect(read(bytes('cmodul\n', Buffer.from('Größe'), '\n'))).toEqual(new PickleGlobal('modul', 'Größe'));
  });

  it('keeps keyword arguments, items and entries', () => {
    const cls = global('m', 'C');
    const kwargs = bytes(cls, tuple(), dict(str2('k'), int(1)), '\x92');
    expect(read(kwargs)).toMatchObject({ kwargs: new Map([['k', 1]]) });
    expect(read(newobj(cls), int(1), 'a(', int(2), 'e(', int(3), '\x90')).toMatchObject({ items: [1, 2, 3] });
    expect(read(newobj(cls), int(1), int(2), 's')).toMatchObject({ entries: new Map([[1, 2]]) });
  });

  it('names the call of what another call would return', () => {
    const method = reduce(global('builtins', 'getattr'), global('m', 'C'), str2('make'));
    const record = read(reduce(method, int(1))) as PickleRecord;
    expect(record).toMatchObject({ module: 'builtins', name: 'getattr()' });
    expect(record.args[0]).toMatchObject({ name: 'getattr' });
    expect(record.args[1]).toBe(1);
  });

  it('takes no property of a JavaScript object for a name', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(read(reduce(global(name, name), int(1)))).toMatchObject({ module: name, name, args: [1] });
      expect(read(reduce(global('builtins', name), int(1)))).toBeInstanceOf(PickleRecord);
    }
    expect(read(dict(str2('__proto__'), int(1)))).toEqual(new Map([['__proto__', 1]]));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('leaves known calls with odd arguments alone', () => {
    for (const call of [
      reduce(global('builtins', 'bytearray'), int(1_000_000_000)),
      reduce(global('builtins', 'bytes'), int(5)),
      reduce(global('builtins', 'set'), int(5)),
      reduce(global('builtins', 'complex'), str2('1'), int(1)),
      reduce(global('_codecs', 'encode'), str2('a'), str2('rot13')),
      reduce(global('collections', 'OrderedDict'), list(int(1))),
      reduce(global('copyreg', '_reconstructor'), int(1), int(1), int(1)),
    ]) {
      expect(read(call)).toBeInstanceOf(PickleRecord);
    }
  });

  it('allows a record inside itself', () => {
    const record = read(newobj(global('m', 'C')), put(0), dict(str2('self'), get(0)), 'b') as PickleRecord;
    expect((record.state as PickleDict).get('self')).toBe(record);
  });
});
