import { describe, expect, it } from 'vitest';
import type { UserError } from '../../src/errors.js';
import {
  NumpyComplexArray,
  PickleComplex,
  PickleRecord,
  SparseMatrix,
} from '../../src/formats/pickle/pickle-values.js';
import {
  NumpyArray,
  NumpyObjectArray,
  asDict,
  numbersAt,
  readPickle,
  valueAt,
  type PickleValue,
} from '../../src/formats/pickle/pickle.js';
import {
  build,
  bytes,
  bytes3,
  ch,
  csc,
  dict,
  doubles,
  dtype,
  get,
  global,
  int,
  ints,
  list,
  ndarray,
  newobj,
  none,
  put,
  rawBytes,
  reduce,
  select,
  shapeOf,
  str2,
  tinyMano,
  tuple,
  u32,
  unicode,
  type Part,
} from '../support/tiny-pickle.js';
import { failure } from '../support/user-error.js';
import { reader } from './pickle-support.js';

const read = reader(2);
const failureOf = (...parts: readonly Part[]): UserError => failure(() => read(...parts));

/** numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)).ravel('K') */
const FORTRAN = Array.from(
  { length: 24 },
  (_, at) => (at % 2) * 12 + (Math.floor(at / 2) % 3) * 4 + Math.floor(at / 6),
);
const ORDERED = Array.from({ length: 24 }, (_, i) => i);

const NUMBERS: [string, NumpyArray['data']][] = [
  ['b1', Uint8Array.of(0, 1, 1)],
  ['i1', Int8Array.of(-1, 2, 3)],
  ['u1', Uint8Array.of(255, 2, 3)],
  ['i2', Int16Array.of(-300, 2, 3)],
  ['u2', Uint16Array.of(65535, 2, 3)],
  ['i4', Int32Array.of(-70000, 2, 3)],
  ['u4', Uint32Array.of(4294967295, 2, 3)],
  ['i8', BigInt64Array.of(-5n, 2n, 2n ** 60n)],
  ['u8', BigUint64Array.of(5n, 2n, 2n ** 63n)],
  ['f4', Float32Array.of(-0.5, NaN, 1e-40)],
  ['f8', Float64Array.of(-0.1, Infinity, 5e-324)],
];

/** The same elements as a machine of the other byte order writes them. */
function swapped(content: Buffer, size: number): Buffer {
  const out = Buffer.from(content);
  if (size === 2) return out.swap16();
  if (size === 4) return out.swap32();
  return size === 8 ? out.swap64() : out;
}

describe('NumPy arrays', () => {
  it.each(NUMBERS)('reads %s in both byte orders', (code, data) => {
    for (const module of ['numpy.core.multiarray', 'numpy._core.multiarray']) {
      const raw = rawBytes(data);
      const size = data.BYTES_PER_ELEMENT;
      const small = read(ndarray(code, [3], raw, { order: size === 1 ? '|' : '<', module }));
      expect(small).toMatchObject({ shape: [3], fortranOrder: false, data });
      expect((small as NumpyArray).dtype.descr).toBe(`${size === 1 ? '|' : '<'}${code}`);
      if (size > 1)
        expect(read(ndarray(code, [3], swapped(raw, size), { order: '>', module }))).toMatchObject({ data });
    }
  });

  it('widens half precision', () => {
    const raw = rawBytes(Uint16Array.of(0x3c00, 0xc000, 0x0001));
    expect(read(ndarray('f2', [3], raw))).toMatchObject({ data: Float32Array.of(1, -2, 2 ** -24) });
  });

  it('reads complex numbers', () => {
    const raw = doubles(1, 2, 3, 4, 5, 6, 7, 8);
    const plain = read(ndarray('c16', [4], raw)) as NumpyComplexArray;
    expect(plain).toBeInstanceOf(NumpyComplexArray);
    expect(plain).toMatchObject({ descr: '<c16', shape: [4], data: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
    const turned = read(ndarray('c16', [2, 2], raw, { fortran: true }));
    expect(turned).toMatchObject({ data: Float64Array.of(1, 2, 5, 6, 3, 4, 7, 8) });
    const single = swapped(rawBytes(Float32Array.of(1, 2)), 4);
    expect(read(ndarray('c8', [], single, { order: '>' }))).toMatchObject({ data: Float32Array.of(1, 2) });
  });

  it('puts Fortran order into C order', () => {
    const raw = doubles(...FORTRAN);
    for (const data of [str2, bytes3]) {
      const array = read(ndarray('f8', [2, 3, 4], raw, { fortran: true, data }));
      expect(array).toMatchObject({ shape: [2, 3, 4], fortranOrder: true, data: Float64Array.from(ORDERED) });
    }
    const big = ndarray('f8', [2, 3, 4], swapped(raw, 8), { fortran: true, order: '>' });
    expect(read(big)).toMatchObject({ data: Float64Array.from(ORDERED) });
  });

  it('reads 0-d arrays and arrays without elements', () => {
    expect(read(ndarray('f8', [], doubles(7)))).toMatchObject({ shape: [], data: Float64Array.of(7) });
    for (const fortran of [false, true]) {
      const empty = read(ndarray('f4', [0, 3], Buffer.alloc(0), { fortran }));
      expect(empty).toMatchObject({ shape: [0, 3], data: new Float32Array(0) });
    }
    const vast = ndarray('f4', [2 ** 31 - 1, 0, 2 ** 31 - 1], Buffer.alloc(0), { fortran: true });
    expect(read(vast)).toMatchObject({ data: new Float32Array(0) });
  });

  it('reads objects in C order, whatever the flag says', () => {
    const items = (): Buffer => list(int(1), str2('b'), none, dict());
    for (const fortran of [false, true]) {
      const array = read(ndarray('O8', [2, 2], Buffer.alloc(0), { order: '|', fortran, data: items }));
      expect(array).toBeInstanceOf(NumpyObjectArray);
      expect(array).toMatchObject({ shape: [2, 2], items: [1, 'b', null, new Map()] });
    }
  });

  it('reads text and byte strings', () => {
    const utf32 = rawBytes(Uint32Array.of(0x61, 0x1f91a, 0x100, 0, 0x62, 0));
    const expected = { shape: [2], items: ['a🤚Ā', '\0b'] };
    expect(read(ndarray('U3', [2], utf32))).toMatchObject(expected);
    expect(read(ndarray('U3', [2], swapped(utf32, 4), { order: '>' }))).toMatchObject(expected);
    const raw = Buffer.from('ab\0\0c\0d\0');
    const [first, second] = (read(ndarray('S4', [2], raw, { order: '|' })) as NumpyObjectArray).items;
    expect([first, second].map((item) => Buffer.from(item as Uint8Array).toString())).toEqual(['ab', 'c\0d']);
    const letters = rawBytes(Uint32Array.from('abcdef', (letter) => letter.charCodeAt(0)));
    expect(read(ndarray('U1', [2, 3], letters, { fortran: true }))).toMatchObject({ items: [...'acebdf'] });
    expect(read(ndarray('U0', [2], Buffer.alloc(0)))).toMatchObject({ items: ['', ''] });
  });

  it('reads the buffers of protocol 5', () => {
    const buffer = (
      module: string,
      shape: readonly number[],
      ...rest: readonly (Buffer | string)[]
    ): Buffer =>
      reduce(
        global(module, '_frombuffer'),
        bytes3(doubles(...FORTRAN)),
        dtype('f8'),
        shapeOf(shape),
        ...rest,
      );
    const c = read(buffer('numpy.core.numeric', [24], unicode('C')));
    expect(c).toMatchObject({ shape: [24], data: Float64Array.from(FORTRAN) });
    const f = read(buffer('numpy._core.numeric', [2, 3, 4], unicode('F')));
    expect(f).toMatchObject({ fortranOrder: true, data: Float64Array.from(ORDERED) });
    // numpy.frombuffer(…).reshape(4, 3, 2).transpose(2, 1, 0) is the same array
    const k = read(buffer('numpy._core.numeric', [4, 3, 2], unicode('K'), shapeOf([2, 1, 0])));
    expect(k).toMatchObject({ shape: [2, 3, 4], data: Float64Array.from(ORDERED) });
    expect(failureOf(buffer('numpy.core.numeric', [4, 3, 2], unicode('K'), shapeOf([2, 2, 0]))).code).toBe(
      'pickle-array',
    );
    expect(failureOf(buffer('numpy.core.numeric', [4, 3, 2], unicode('A'))).code).toBe('pickle-array');
  });

  it.each<[string, string, Buffer, PickleValue]>([
    ['f8', '<', doubles(0.5), 0.5],
    ['f4', '>', swapped(rawBytes(Float32Array.of(0.5)), 4), 0.5],
    ['i8', '<', rawBytes(BigInt64Array.of(-3n)), -3],
    ['i8', '<', rawBytes(BigInt64Array.of(2n ** 60n)), 2n ** 60n],
    ['b1', '|', Buffer.of(1), true],
    ['b1', '|', Buffer.of(0), false],
    ['U2', '<', rawBytes(Uint32Array.of(0x61, 0)), 'a'],
    ['S2', '|', Buffer.from('a\0'), Uint8Array.of(97)],
    ['c16', '<', doubles(1, 2), new PickleComplex(1, 2)],
  ])('reads a scalar of %s %s', (code, order, content, expected) => {
    for (const module of ['numpy.core.multiarray', 'numpy._core.multiarray']) {
      const value = read(reduce(global(module, 'scalar'), dtype(code, order), bytes3(content)));
      expect(value instanceof Uint8Array ? Uint8Array.from(value) : value).toEqual(expected);
    }
  });

  it('takes scalars as keys and members', () => {
    const scalar = reduce(global('numpy.core.multiarray', 'scalar'), dtype('i4'), str2(ints(7)));
    expect(read(dict(scalar, str2('seven')))).toEqual(new Map([[7, 'seven']]));
    expect(read(reduce(global('__builtin__', 'set'), list(scalar)))).toEqual(new Set([7]));
    expect(read(tuple(scalar))).toMatchObject({ items: [7] });
    expect(failureOf(dict(ndarray('i4', [1], ints(7)), int(1)))).toMatchObject({ code: 'pickle-key' });
  });

  it('shares an array that the pickle shares', () => {
    const [first, second] = read(
      ']',
      ndarray('f8', [1], doubles(1)),
      put(1),
      'a',
      get(1),
      'a',
    ) as PickleValue[];
    expect(first).toBeInstanceOf(NumpyArray);
    expect(first).toBe(second);
  });

  it('reads states of old NumPy versions', () => {
    const old = build(
      reduce(global('numpy', 'dtype'), str2('i4'), int(0), int(1)),
      tuple(str2('>'), none, none, int(-1), int(-1)),
    );
    const array = build(
      reduce(
        global('numpy.core.multiarray', '_reconstruct'),
        global('numpy', 'ndarray'),
        shapeOf([0]),
        str2('b'),
      ),
      tuple(shapeOf([1]), old, int(1), str2(Buffer.of(0, 0, 1, 0))),
    );
    expect(read(array)).toMatchObject({ data: Int32Array.of(256), fortranOrder: true });
    const bare = reduce(global('numpy', 'dtype'), str2('>i2'));
    expect(read(reduce(global('numpy.core.multiarray', 'scalar'), bare, str2('\x01\x02')))).toBe(258);
  });

  it.each(['V8', 'M8', 'm8', 'f16', 'g', 'f3', 'i4'.repeat(20), 'constructor'])(
    'leaves an array of %s a record',
    (code) => {
      const record = read(ndarray(code, [1], Buffer.alloc(8))) as PickleRecord;
      expect(record).toBeInstanceOf(PickleRecord);
      expect(record).toMatchObject({ name: '_reconstruct' });
      expect(read(reduce(global('numpy.core.multiarray', 'scalar'), dtype(code), str2('')))).toBeInstanceOf(
        PickleRecord,
      );
      expect(
        read(reduce(global('numpy.core.numeric', '_frombuffer'), str2(''), dtype(code), tuple(), str2('C'))),
      ).toBeInstanceOf(PickleRecord);
    },
  );

  it('leaves array classes of other libraries a record', () => {
    const foreign = reduce(
      global('numpy.core.multiarray', '_reconstruct'),
      global('astropy', 'Quantity'),
      shapeOf([0]),
      str2('b'),
    );
    expect(read(build(foreign, tuple()))).toBeInstanceOf(PickleRecord);
  });

  it.each<[string, Buffer]>([
    ['too few elements', ndarray('f8', [3], doubles(1, 2))],
    ['too many elements', ndarray('f8', [1], doubles(1, 2))],
    ['no elements', ndarray('f8', [1], Buffer.alloc(0), { data: () => none })],
    ['objects as bytes', ndarray('O8', [1], Buffer.alloc(8))],
    ['too few objects', ndarray('O8', [2], Buffer.alloc(0), { data: () => list(none) })],
    ['a negative size', ndarray('f8', [-1], Buffer.alloc(0))],
    ['a vast shape', ndarray('f8', [2 ** 30, 2 ** 30], Buffer.alloc(0))],
    ['too many dimensions', ndarray('f8', new Array<number>(65).fill(1), doubles(1))],
    ['text beyond Unicode', ndarray('U1', [1], bytes(u32(0x110000)))],
    ['a scalar cut short', reduce(global('numpy.core.multiarray', 'scalar'), dtype('f8'), str2('abc'))],
    ['no dtype', reduce(global('numpy.core.multiarray', 'scalar'), int(1), str2('abc'))],
    [
      'another state',
      build(
        reduce(
          global('numpy.core.multiarray', '_reconstruct'),
          global('numpy', 'ndarray'),
          shapeOf([0]),
          str2('b'),
        ),
        dict(),
      ),
    ],
  ])('refuses %s', (_, parts) => {
    const error = failureOf(parts);
    // BUILD or REDUCE is the last opcode before STOP.
    expect(error).toMatchObject({ code: 'pickle-array', file: 'a.pkl', offset: 2 + parts.length - 1 });
    expect(error.expected).toBeTruthy();
    expect(error.got).toBeTruthy();
  });

  it('refuses an array that holds itself', () => {
    const start = reduce(
      global('numpy.core.multiarray', '_reconstruct'),
      global('numpy', 'ndarray'),
      shapeOf([0]),
      str2('b'),
    );
    const state = tuple(int(1), shapeOf([1]), dtype('O8', '|'), '\x89', list(get(9)));
    expect(failureOf(start, put(9), state, 'b')).toMatchObject({ code: 'pickle-cycle' });
  });
});

describe('SciPy', () => {
  it.each(['scipy.sparse.csc', 'scipy.sparse._csc'])('reads a csc_matrix of %s', (module) => {
    // [[1, 0, 2], [0, 0, 3]], with the 3 in two parts
    const matrix = read(csc([2, 3], [1, 2, 1, 2], [0, 0, 1, 1], [0, 1, 1, 4], module)) as SparseMatrix;
    expect(matrix).toBeInstanceOf(SparseMatrix);
    expect(matrix.shape).toEqual([2, 3]);
    expect(matrix.toDense()).toEqual(Float64Array.of(1, 0, 2, 0, 0, 3));
  });

  it('reads one without rows or entries', () => {
    expect((read(csc([0, 2], [], [], [0, 0, 0])) as SparseMatrix).toDense()).toEqual(new Float64Array(0));
  });

  it.each<[string, Buffer]>([
    ['a row out of range', csc([2, 1], [1], [2], [0, 1])],
    ['a negative row', csc([2, 1], [1], [-1], [0, 1])],
    ['columns that fall', csc([2, 2], [1, 1], [0, 0], [0, 2, 1])],
    ['columns that begin late', csc([2, 1], [1], [0], [1, 1])],
    ['columns beyond the data', csc([2, 1], [1], [0], [0, 2])],
    ['too few columns', csc([2, 2], [1], [0], [0, 1])],
    [
      'no data',
      build(newobj(global('scipy.sparse.csc', 'csc_matrix')), dict(str2('_shape'), shapeOf([1, 1]))),
    ],
    [
      'one dimension',
      build(newobj(global('scipy.sparse.csc', 'csc_matrix')), dict(str2('_shape'), shapeOf([1]))),
    ],
  ])('refuses %s', (_, parts) => {
    expect(failureOf(parts)).toMatchObject({ code: 'pickle-sparse', offset: 2 + parts.length - 1 });
  });

  it('refuses a matrix that could not be made dense', () => {
    expect(failureOf(csc([2 ** 20, 2 ** 20], [], [], [0]))).toMatchObject({ code: 'pickle-too-large' });
  });
});

describe('chumpy and MANO', () => {
  it('reads a model as Python 2 wrote it', () => {
    const vertices = 5;
    const { file, shapedirs, regressor } = tinyMano(vertices);
    const model = asDict(readPickle(file, 'MANO_RIGHT.pkl'), 'the model', 'MANO_RIGHT.pkl');
    const at = (key: string, shape: (number | null)[]): Float64Array =>
      numbersAt(model, key, shape, 'MANO_RIGHT.pkl');
    expect(at('shapedirs', [vertices, 3, 10])).toEqual(Float64Array.from(shapedirs));
    expect(at('J_regressor', [2, vertices])).toEqual(Float64Array.from(regressor));
    expect(at('f', [null, 3])).toEqual(Float64Array.of(0, 1, 2, 2, 1, 0));
    expect(at('kintree_table', [2, 2])[0]).toBe(4294967295);
    expect(at('weights', [vertices, 2])).toEqual(Float64Array.of(0, 5, 1, 6, 2, 7, 3, 8, 4, 9));
    expect(at('hands_mean', [45])[44]).toBe(44);
    expect(valueAt(model, 'bs_type', 'MANO_RIGHT.pkl')).toBe('lrotmin');
  });

  it('counts from the end, and takes lists of indices', () => {
    const x = ch(ndarray('i2', [3], rawBytes(Int16Array.of(7, 8, 9))));
    expect(read(select(x, list(int(-1), int(0)), none))).toMatchObject({
      shape: [2],
      data: Int16Array.of(9, 7),
    });
    expect(read(select(x, tuple(int(1)), int(1)))).toMatchObject({ shape: [1], data: Int16Array.of(8) });
  });

  it('leaves other chumpy expressions a record', () => {
    expect(read(build(newobj(global('chumpy.ch', 'Ch')), dict()))).toBeInstanceOf(PickleRecord);
    expect(read(build(newobj(global('chumpy.ch_ops', 'add')), dict(str2('a'), int(1))))).toBeInstanceOf(
      PickleRecord,
    );
    expect(read(select(none, none, none))).toBeInstanceOf(PickleRecord);
  });

  it.each<[string, Buffer]>([
    ['an index out of range', select(ndarray('f8', [1], doubles(1)), list(int(1)), none)],
    ['an index that is none', select(ndarray('f8', [1], doubles(1)), list(none), none)],
    ['a fraction', select(ndarray('f8', [1], doubles(1)), ndarray('f8', [1], doubles(0.5)), none)],
    ['no indices', select(ndarray('f8', [1], doubles(1)), none, none)],
    ['another shape', select(ndarray('f8', [1], doubles(1)), list(int(0)), shapeOf([2]))],
  ])('refuses %s', (_, parts) => {
    expect(failureOf(parts)).toMatchObject({ code: 'pickle-chumpy', offset: 2 + parts.length - 1 });
  });
});
