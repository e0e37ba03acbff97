import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { parseNpyHeader } from '../../src/formats/npy/npy-header.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import {
  asDict,
  asNumbers,
  asTexts,
  inWords,
  numbersAt,
  readPickle,
  type PickleDict,
  type PickleValue,
} from '../../src/formats/pickle/pickle.js';
import {
  bytes3,
  csc,
  dict,
  doubles,
  float,
  global,
  int,
  list,
  ndarray,
  newobj,
  none,
  rawBytes,
  reduce,
  str2,
  tuple,
  type ArrayOptions,
} from '../support/tiny-pickle.js';
import { failure } from '../support/user-error.js';
import { reader } from './pickle-support.js';

const read = reader(2);

const objects = (...items: readonly Buffer[]): Buffer => {
  const options: ArrayOptions = { order: '|', data: () => list(...items) };
  return ndarray('O8', [items.length], Buffer.alloc(0), options);
};

describe('accessors', () => {
  it('takes numbers from arrays, lists, tuples and scalars', () => {
    const expected = Float64Array.of(1, 2, 3, 4);
    const take = (part: Buffer, shape: readonly (number | null)[]): Float64Array => {
      return numbersAt(asDict(read(dict(str2('k'), part)), 'it', 'a.pkl'), 'k', shape, 'a.pkl');
    };
    expect(take(ndarray('f8', [2, 2], doubles(1, 2, 3, 4)), [2, 2])).toEqual(expected);
    expect(take(ndarray('u8', [4], rawBytes(BigUint64Array.of(1n, 2n, 3n, 4n))), [null])).toEqual(expected);
    expect(take(list(tuple(int(1), float(2)), tuple(int(3), int(4))), [2, null])).toEqual(expected);
    expect(take(csc([1, 4], [1, 2, 3, 4], [0, 0, 0, 0], [0, 1, 2, 3, 4]), [1, 4])).toEqual(expected);
    expect(take(float(1.5), [])).toEqual(Float64Array.of(1.5));
    expect(take(list(), [0])).toEqual(new Float64Array(0));
  });

  it('says what was there instead', () => {
    const found = asDict(
      read(dict(str2('camMat'), ndarray('f8', [2], doubles(1, 2)), str2('handPose'), none)),
      'it',
      'a.pkl',
    );
    expect(failure(() => asDict(null, 'the meta data', 'a.pkl'))).toMatchObject({
      code: 'pickle-type',
      message: 'the meta data is not a dict',
      got: 'None',
    });
    const missing = failure(() => numbersAt(found, 'handJoints3D', [21, 3], 'a.pkl'));
    expect(missing).toMatchObject({ code: 'pickle-key-missing', file: 'a.pkl', got: '"camMat", "handPose"' });
    const shape = failure(() => numbersAt(found, 'camMat', [3, null], 'a.pkl'));
    expect(shape).toMatchObject({
      code: 'pickle-shape',
      got: 'shape (2)',
      expected: 'numbers of shape (3, any)',
    });
    expect(shape.offset).toBeGreaterThan(0);
    expect(failure(() => numbersAt(found, 'handPose', [48], 'a.pkl'))).toMatchObject({
      code: 'pickle-type',
      got: 'None',
    });
    expect(failure(() => numbersAt(new Map(), 'k', [], 'a.pkl')).got).toBe('an empty dict');
    const many = new Map(Array.from({ length: 40 }, (_, i): [PickleValue, PickleValue] => [i, null]));
    expect(failure(() => numbersAt(many, 'k', [], 'a.pkl')).got).toMatch(/… \(40\)$/);
  });

  it('refuses ragged lists, deeper lists, text and integers it would have to round', () => {
    const fail = (part: Buffer, shape: readonly number[]): UserError =>
      failure(() => asNumbers(read(part), 'it', shape, 'a.pkl'));
    expect(fail(list(list(int(1)), list()), [2, 1])).toMatchObject({
      code: 'pickle-shape',
      got: 'lists of different lengths',
    });
    expect(fail(list(list(int(1))), [1])).toMatchObject({ code: 'pickle-shape', got: 'shape (1, 1)' });
    expect(fail(list(list(list(int(1)))), [1]).code).toMatch(/^pickle-/);
    expect(fail(list(str2('1')), [1])).toMatchObject({ code: 'pickle-type' });
    const large = fail(ndarray('i8', [1], rawBytes(BigInt64Array.of(2n ** 60n + 1n))), [1]);
    expect(large).toMatchObject({ code: 'pickle-integer-too-large' });
  });

  it('does not multiply shared lists', () => {
    let level: PickleValue[] = [1];
    for (let i = 0; i < 60; i++) level = new Array<PickleValue>(10).fill(level);
    const shape = new Array<null>(61).fill(null);
    expect(failure(() => asNumbers(level, 'it', shape, 'a.pkl')).code).toBe('pickle-type');
  });

  it('takes texts', () => {
    expect(asTexts(read(objects(str2('a'), bytes3(Buffer.from('é')), int(3))), 'it', 'a.pkl')).toEqual([
      'a',
      'é',
      '3',
    ]);
    expect(asTexts(read(list(str2('a'))), 'it', 'a.pkl')).toEqual(['a']);
    expect(asTexts(read(tuple()), 'it', 'a.pkl')).toEqual([]);
    expect(failure(() => asTexts(read(objects(none)), 'it', 'a.pkl')).message).toBe(
      'Element 0 of it is not text',
    );
    expect(failure(() => asTexts(read(list(bytes3(Buffer.of(0xff)))), 'it', 'a.pkl')).code).toBe(
      'pickle-type',
    );
    expect(failure(() => asTexts(3, 'it', 'a.pkl')).got).toBe('the number 3');
  });

  it('puts every value into words', () => {
    const value = read(
      tuple(
        ...[
          none,
          '\x88',
          '\x89',
          int(1),
          `L${'9'.repeat(30)}\n`,
          str2('x'.repeat(50)),
          bytes3(Buffer.of(1)),
          list(),
        ],
        ...[
          dict(),
          reduce(global('builtins', 'set')),
          tuple(),
          reduce(global('builtins', 'complex'), float(1), float(2)),
        ],
        ...[
          ndarray('f8', [], doubles(1)),
          ndarray('c16', [1], doubles(1, 2)),
          objects(),
          csc([1, 0], [], [], [0]),
        ],
        ...[global('m', 'n'), newobj(global('m', 'C'))],
      ),
    );
    expect((value as { items: PickleValue[] } & PickleDict).items.map(inWords)).toEqual([
      ...['None', 'True', 'False', 'the number 1', 'an integer of 25 hexadecimal digits'],
      ...[
        `the text "${'x'.repeat(40)}…"`,
        '1 bytes',
        'a list of 0',
        'a dict of 0',
        'a set of 0',
        'a tuple of 0',
      ],
      ...[
        'a complex number',
        'an array of <f8, shape ()',
        'an array of <c16, shape (1)',
        'an array of |O, shape (0)',
      ],
      ...['a sparse matrix of shape (1, 0)', 'the name m.n', 'an object m.C, left as it is'],
    ]);
    expect(inWords(undefined)).toBe('nothing');
  });

  it('reads the object arrays of a .npz file', async () => {
    const folder = new URL('../fixtures/npz/', import.meta.url);
    const npz = await readNpz(new URL('hamer_like_objects.npz', folder).pathname);
    const array = async (name: string): Promise<PickleValue> => {
      const content = await npz.bytes(name);
      return readPickle(content, name, { start: parseNpyHeader(content, name).dataOffset });
    };
    const expected = JSON.parse(readFileSync(new URL('hamer_like.json', folder), 'utf8')) as {
      imgname: string[];
    };
    expect(asTexts(await array('imgname'), 'imgname', npz.file)).toEqual(expected.imgname);
    expect(await array('extra_info')).toMatchObject({ shape: [7], items: new Array(7).fill(new Map()) });
    npz.close();
  });
});
