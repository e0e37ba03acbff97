import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { PickleRecord } from '../../src/formats/pickle/pickle-values.js';
import { NumpyArray, readPickle, type PickleLimits } from '../../src/formats/pickle/pickle.js';
import {
  bytes,
  bytes3,
  dtype,
  float,
  get,
  global,
  int,
  list,
  ndarray,
  pickle,
  put,
  reduce,
  str2,
  tuple,
  u16,
  u32,
  u64,
  unicode,
} from '../support/tiny-pickle.js';
import { failure } from '../support/user-error.js';
import { fixture, PROTOCOLS, reader } from './pickle-support.js';

const read = reader(5);

const failureOf = (content: Uint8Array, limits?: PickleLimits): UserError =>
  failure(() => readPickle(content, 'a.pkl', limits));

describe('errors', () => {
  it.each<[string, Buffer, number]>([
    ['pickle-truncated', Buffer.alloc(0), 0],
    ['pickle-truncated', pickle(2, int(1)).subarray(0, -1), 7],
    ['pickle-truncated', bytes('T', u32(5), 'abc.'), 0],
    ['pickle-truncated', bytes('X', u32(2 ** 32 - 1), '.'), 0],
    ['pickle-truncated', bytes('N0\x8d', u64(2n ** 64n - 1n), '.'), 2],
    ['pickle-truncated', bytes('\x96', u64(2n ** 40n), '.'), 0],
    ['pickle-truncated', pickle(4, '\x95', u64(100), 'N'), 2],
    ['pickle-truncated', bytes('I12'), 0],
    ['pickle-surplus', bytes(pickle(2, 'N'), 'N.'), 4],
    ['pickle-opcode', bytes('{"a": 1}'), 0],
    ['pickle-opcode', bytes('N\xff.'), 1],
    ['pickle-protocol', pickle(6, 'N'), 0],
    ['pickle-value', bytes('Iabc\n.'), 0],
    ['pickle-value', bytes('I010\n.'), 0],
    ['pickle-value', bytes(`L${'9'.repeat(4301)}\n.`), 0],
    ['pickle-value', bytes('F0x10\n.'), 0],
    ['pickle-value', bytes('NgX\n.'), 1],
    ['pickle-value', bytes('Sabc\n.'), 0],
    ['pickle-value', bytes("S'\n.'"), 0],
    ['pickle-value', bytes("S'\\x1'\n."), 0],
    ['pickle-value', bytes('V\\u12\n.'), 0],
    ['pickle-value', bytes('V\\U00110000\n.'), 0],
    ['pickle-value', bytes('\x8b', u32(2 ** 32 - 1), '.'), 0],
    ['pickle-value', bytes('\x8b', u32(5000), '.'), 0],
    ['pickle-value', bytes('T', u32(2 ** 31), '.'), 0],
    ['pickle-text', bytes('X', u32(2), 0xff, 0xfe, '.'), 0],
    ['pickle-text', pickle(2, reduce(global('_codecs', 'encode'), unicode('€'), unicode('latin1'))), 39],
    ['pickle-name', bytes(unicode('m'), unicode('n'.repeat(2000)), '\x93.'), 2011],
    ['pickle-value', bytes('c', 'm'.repeat(2000), '\nn\n.'), 0],
    ['pickle-stack', bytes('.'), 0],
    ['pickle-stack', bytes('NN.'), 2],
    ['pickle-stack', bytes('N(.'), 2],
    ['pickle-stack', bytes('N(0a.'), 3],
    ['pickle-stack', bytes(']N(a.'), 3],
    ['pickle-mark', bytes('Nt.'), 1],
    ['pickle-memo', bytes('h', 3, '.'), 0],
    ['pickle-operand', bytes('N)R.'), 2],
    ['pickle-operand', bytes('NNR.'), 2],
    ['pickle-operand', bytes('N)\x81.'), 2],
    ['pickle-operand', bytes(')NN\x92.'), 3],
    ['pickle-operand', bytes('(o.'), 1],
    ['pickle-operand', bytes('NNb.'), 2],
    ['pickle-operand', bytes('NNa.'), 2],
    ['pickle-operand', bytes(']NNs.'), 3],
    ['pickle-operand', bytes('](N\x90.'), 3],
    ['pickle-operand', bytes('NN\x93.'), 2],
    ['pickle-items', bytes('}(Nu.'), 3],
    ['pickle-key', bytes('}]Ns.'), 3],
    ['pickle-key', bytes('\x8f(}\x90.'), 3],
    ['pickle-extension', bytes('\x82', 1, '.'), 0],
    ['pickle-extension', bytes('\x83', u16(1), '.'), 0],
    ['pickle-extension', bytes('\x84', u32(1), '.'), 0],
    ['pickle-persistent', bytes('Pid\n.'), 0],
    ['pickle-persistent', bytes('NQ.'), 1],
    ['pickle-buffer', bytes('\x97.'), 0],
    ['pickle-buffer', bytes('N\x98.'), 1],
  ])('%s: %j', (code, content, offset) => {
    const error = failureOf(content);
    expect(error).toMatchObject({ code, file: 'a.pkl', offset, exitCode: 1 });
    expect([error.message, error.expected, error.got, error.next].join('')).not.toContain('undefined');
    expect(error.next).toBeTruthy();
  });

  it('counts offsets from the start of the file', () => {
    expect(readPickle(bytes('head', pickle(2, 'N')), 'a.npy', { start: 4 })).toBeNull();
    expect(failureOf(bytes('headN\xff.'), { start: 4 })).toMatchObject({ code: 'pickle-opcode', offset: 5 });
    const shifted = bytes('head', pickle(2, bytes3(Buffer.of(9)))).subarray(4);
    expect(readPickle(shifted, 'a.pkl')).toEqual(Uint8Array.of(9));
  });

  it('names the byte of a truncated file, wherever it ends', () => {
    for (const protocol of PROTOCOLS) {
      const whole = fixture(`meta_protocol${protocol}.pkl`);
      for (let length = 0; length < whole.length; length++) {
        const error = failureOf(whole.subarray(0, length));
        expect(error.code).toBe('pickle-truncated');
        expect(error.offset).toBeLessThanOrEqual(length);
      }
    }
  });
});

describe('limits', () => {
  it('takes only so many bytes', () => {
    expect(failureOf(Buffer.alloc(11), { maxInputBytes: 10 })).toMatchObject({
      code: 'pickle-too-large',
      got: '11',
    });
  });

  it('takes only so many memo entries', () => {
    const content = pickle(4, 'N\x94\x94\x94');
    expect(readPickle(content, 'a.pkl', { maxMemo: 3 })).toBeNull();
    expect(failureOf(content, { maxMemo: 2 })).toMatchObject({ code: 'pickle-too-large', offset: 5 });
  });

  it('reads deep values without depth of its own, and refuses them', () => {
    const depth = 100_000;
    const deep: [string, Buffer][] = [
      ['lists', bytes(']'.repeat(depth), 'a'.repeat(depth - 1))],
      ['tuples', bytes(')', '\x85'.repeat(depth))],
      ['dicts', bytes('}', 'N}'.repeat(depth), 's'.repeat(depth))],
      ['states', nestedStates(depth)],
      ['filled from outside', outsideIn(2000)],
    ];
    for (const [what, parts] of deep) {
      expect(failureOf(pickle(4, parts)), what).toMatchObject({ code: 'pickle-too-deep' });
      const limits = { maxDepth: Infinity };
      expect(readPickle(pickle(4, parts), 'a.pkl', limits), what).toBeTruthy();
    }
    const list1000 = pickle(4, ']'.repeat(1000), 'a'.repeat(999));
    expect(readPickle(list1000, 'a.pkl')).toHaveLength(1);
    expect(failureOf(pickle(4, ']'.repeat(1001), 'a'.repeat(1000))).code).toBe('pickle-too-deep');
  });

  it('shares what a bomb repeats', () => {
    // 60 levels of a list with the level below in it ten times: 10^60 items if it were copied.
    let parts = bytes(list(int(1)), '\x94');
    for (let level = 0; level < 60; level++)
      parts = bytes(parts, '0](', get(level).toString('latin1').repeat(10), 'e\x94');
    const source = pickle(4, parts);
    expect(readPickle(source, 'a.pkl', { maxBytes: 100_000 })).toHaveLength(10);
  });

  it('pays for every copy', () => {
    const limits = { maxBytes: 2 ** 20 };
    const text = unicode('x'.repeat(100_000));
    const encode = bytes(
      global('_codecs', 'encode'),
      put(0),
      '0',
      text,
      put(1),
      '0',
      unicode('latin1'),
      put(2),
      '0(',
    );
    const copies = bytes(encode, bytes(get(0), get(1), get(2), '\x86R').toString('latin1').repeat(100), 'l');
    expect(failureOf(pickle(2, copies), limits).code).toBe('pickle-too-large');
    const items = list(...Array.from({ length: 1000 }, () => 'N'));
    const lists = bytes(
      global('builtins', 'list'),
      put(0),
      '0',
      items,
      '\x85',
      put(1),
      '0(',
      'h\0h\x01R'.repeat(1000),
      'l',
    );
    expect(failureOf(pickle(2, lists), limits).code).toBe('pickle-too-large');
    const arrays = bytes(
      dtype('f8'),
      put(1),
      '0',
      bytes3(Buffer.alloc(80_000)),
      put(2),
      '0',
      tuple(int(10_000)),
      put(3),
      '0(',
      reduce(global('numpy.core.numeric', '_frombuffer'), get(2), get(1), get(3), unicode('C'))
        .toString('latin1')
        .repeat(50),
      'l',
    );
    expect(failureOf(pickle(2, arrays), limits)).toMatchObject({ code: 'pickle-too-large' });
    expect(failureOf(pickle(2, 'N0'.repeat(100_000), 'N'), limits).code).toBe('pickle-too-large');
  });

  it('gives known names no meaning before they are complete', () => {
    expect(
      read(
        reduce(
          global('numpy.core.multiarray', '_reconstruct'),
          global('numpy', 'ndarray'),
          tuple(int(0)),
          str2('b'),
        ),
      ),
    ).toBeInstanceOf(PickleRecord);
    expect(read(float(1))).toBe(1);
    expect(read(ndarray('f8', [0], Buffer.alloc(0)))).toBeInstanceOf(NumpyArray);
  });
});

/** An object whose state is an object, and so on. */
function nestedStates(depth: number): Buffer {
  return bytes(global('m', 'D'), put(1), '0', 'h\x01)\x81'.repeat(depth), 'b'.repeat(depth - 1));
}

/** Lists that are put into each other before they are filled. */
function outsideIn(depth: number): Buffer {
  const parts = [bytes(']r', u32(0))];
  for (let i = 1; i < depth; i++) parts.push(bytes('j', u32(i - 1), ']r', u32(i), 'a0'));
  return bytes(...parts);
}
