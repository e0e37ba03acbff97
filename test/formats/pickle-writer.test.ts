import { describe, expect, it } from 'vitest';
import { type Picklable, writePickle } from '../../src/formats/pickle/pickle-writer.js';
import { asDict, NumpyArray, numbersAt, readPickle, valueAt } from '../../src/formats/pickle/pickle.js';
import * as tiny from '../support/tiny-pickle.js';

const FILE = 'written.pkl';

describe('writePickle', () => {
  it('writes opcode for opcode what Python 2 wrote', () => {
    const value = {
      camMat: { shape: [1, 2], data: Float64Array.of(0.5, 320) },
      box: [1, 2.5],
      n: 7n,
      name: 'café',
    };
    // The assembler of the tests shares nothing with the writer.
    const expected = tiny.pickle(
      2,
      tiny.dict(
        tiny.str2('camMat'),
        tiny.ndarray('f8', [1, 2], tiny.doubles(0.5, 320)),
        tiny.str2('box'),
        tiny.list(tiny.float(1), tiny.float(2.5)),
        tiny.str2('n'),
        tiny.int(7),
        tiny.str2('name'),
        tiny.str2('caf\xe9'),
      ),
    );
    expect(writePickle(value)).toEqual(expected);
  });

  it('comes back from our reader as it was', () => {
    const long = Float64Array.from({ length: 100 }, (_, i) => i / 7);
    const value: Picklable = {
      f4: { shape: [3], data: Float32Array.of(0.1, -0, Infinity) },
      f8: { shape: [10, 10], data: long },
      i4: { shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) },
      i8: { shape: [1, 1], data: BigInt64Array.of(-(2n ** 40n)) },
      nested: [[], {}, [1, 'two', 3n], -(2n ** 40n)],
      empty: '',
      wide: 'x'.repeat(300),
    };
    const dict = asDict(readPickle(writePickle(value), FILE), 'the file', FILE);
    const array = (key: string): NumpyArray => {
      const found = valueAt(dict, key, FILE);
      expect(found).toBeInstanceOf(NumpyArray);
      return found as NumpyArray;
    };
    expect([...numbersAt(dict, 'f4', [3], FILE)]).toEqual([Math.fround(0.1), -0, Infinity]);
    expect([...numbersAt(dict, 'f8', [10, 10], FILE)]).toEqual([...long]);
    expect(array('f4').dtype.descr).toBe('<f4');
    expect(array('i4').dtype.descr).toBe('<i4');
    expect(array('i8').shape).toEqual([1, 1]);
    expect(Array.from(array('i8').data as ArrayLike<number | bigint>, Number)).toEqual([-(2 ** 40)]);
    expect(valueAt(dict, 'nested', FILE)).toEqual([[], new Map(), [1, 'two', 3], -(2 ** 40)]);
    expect(valueAt(dict, 'empty', FILE)).toBe('');
    expect(valueAt(dict, 'wide', FILE)).toBe('x'.repeat(300));
  });

  it('keeps whole floats floats and ints ints', () => {
    expect(writePickle(4)).toEqual(tiny.pickle(2, tiny.float(4)));
    expect(writePickle(4n)).toEqual(tiny.pickle(2, tiny.int(4)));
  });

  it('refuses text that a Python 2 str cannot hold, and data that do not fill their shape', () => {
    expect(() => writePickle({ name: '手' })).toThrow(/'手' of '手' is not in Latin-1/);
    expect(() => writePickle({ shape: [2, 2], data: new Float32Array(3) })).toThrow(
      /3 numbers do not fill the shape \(2, 2\)/,
    );
  });
});
