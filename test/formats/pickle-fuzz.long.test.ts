/**
 * Mutated pickles. Every step of the reader is an opcode of at least one byte or is paid for from `maxBytes`, so that
 * the bound on both is the bound on time and memory, whatever the machine.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { PickleSource } from '../../src/formats/pickle/pickle-source.js';
import { readPickleFrom } from '../../src/formats/pickle/pickle.js';
import { random } from '../support/fuzz.js';
import { objectsNpy } from '../support/tiny-npz.js';
import {
  bytes,
  csc,
  dict,
  doubles,
  dtype,
  float,
  get,
  global,
  int,
  list,
  ndarray,
  newobj,
  pickle,
  put,
  reduce,
  shapeOf,
  str2,
  tinyMano,
  tuple,
  unicode,
} from '../support/tiny-pickle.js';
import { fixture, PICKLES } from './pickle-support.js';

const SEED = 20261122;
const ROUNDS = 20_000;
const LIMITS = { maxBytes: 2 ** 20, maxDepth: 100 };
const OPCODES =
  '().012BCFGIJKLMNPQRSTUVX]abcdeghijlopqrstu}\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96';

function originals(): Buffer[] {
  const files = readdirSync(PICKLES).filter((name) => name.endsWith('.pkl'));
  const frombuffer = reduce(
    global('numpy._core.numeric', '_frombuffer'),
    str2(doubles(1, 2, 3, 4, 5, 6)),
    dtype('f8'),
    shapeOf([2, 3]),
    unicode('K'),
    shapeOf([1, 0]),
  );
  return [
    ...files.map(fixture),
    tinyMano(2).file,
    pickle(2, csc([2, 3], [1, 2, 3], [0, 1, 1], [0, 1, 1, 3])),
    pickle(
      3,
      list(frombuffer, ndarray('U2', [2], Buffer.from('a\0\0\0b\0\0\0c\0\0\0d\0\0\0'), { fortran: true })),
    ),
    pickle(
      5,
      list(
        ndarray('c8', [1], doubles(1)),
        ndarray('O8', [2], Buffer.alloc(0), { data: () => list(int(1), float(2)) }),
      ),
    ),
    pickle(
      4,
      bytes(newobj(global('m', 'C'), int(1)), put(0), dict(str2('self'), get(0)), 'b'),
      reduce(global('collections', 'OrderedDict'), list(tuple(str2('k'), int(1)))),
      '\x86',
    ),
  ];
}

/** One to four changes: a bit, a byte, an opcode, a length, a piece taken out, doubled, moved in, or cut off. */
function mutate(original: Buffer, others: readonly Buffer[], below: (n: number) => number): Buffer {
  let out = Buffer.from(original);
  for (let changes = 1 + below(4); changes > 0 && out.length > 0; changes--) {
    const at = below(out.length);
    const end = Math.min(out.length, at + 1 + below(40));
    switch (below(9)) {
      case 0:
        out[at]! ^= 1 << below(8);
        break;
      case 1:
        out[at] = below(256);
        break;
      case 2:
        out[at] = OPCODES.charCodeAt(below(OPCODES.length));
        break;
      case 3:
        out.fill([0, 0x7f, 0xff][below(3)]!, at, Math.min(out.length, at + 4));
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), out.subarray(end)]);
        break;
      case 5:
        out = Buffer.concat([out.subarray(0, end), out.subarray(at)]);
        break;
      case 6: {
        const other = others[below(others.length)]!;
        const from = below(other.length);
        out = Buffer.concat([out.subarray(0, at), other.subarray(from, from + 60), out.subarray(at)]);
        break;
      }
      case 7:
        out = Buffer.concat([out.subarray(0, at), bytes(OPCODES[below(OPCODES.length)]!), out.subarray(at)]);
        break;
      case 8:
        if (below(4) === 0) out = out.subarray(0, at);
        break;
    }
  }
  return out;
}

interface Tally {
  whole: number;
  readonly codes: Map<string, number>;
}

function tryOne(content: Buffer, tally: Tally, start = 0): void {
  const source = new PickleSource(content, 'fuzz.pkl', { ...LIMITS, start });
  let tooLarge = false;
  try {
    readPickleFrom(source);
    tally.whole++;
  } catch (error) {
    // Anything else is a bug: hand it on with the input that shows it.
    if (!(error instanceof UserError))
      throw new Error(`not a UserError: ${content.toString('hex')}`, { cause: error });
    expect(error.code).toMatch(/^pickle-/);
    expect(error.file).toBe('fuzz.pkl');
    expect(error.offset).toBeGreaterThanOrEqual(start);
    expect(error.offset).toBeLessThanOrEqual(content.length);
    expect(error.expected && error.got && error.next).toBeTruthy();
    tooLarge = error.code === 'pickle-too-large';
    tally.codes.set(error.code, (tally.codes.get(error.code) ?? 0) + 1);
  }
  expect(source.opcodes).toBeLessThanOrEqual(content.length - start + 1);
  // What would have gone over the limit is booked, but not made.
  if (!tooLarge) expect(source.allocated).toBeLessThanOrEqual(LIMITS.maxBytes);
}

describe('mutated pickles', () => {
  it(`gives only errors that name the offset (seed ${SEED}, ${ROUNDS} inputs)`, () => {
    const below = random(SEED);
    const all = originals();
    const tally: Tally = { whole: 0, codes: new Map() };
    for (const content of all) tryOne(content, tally);
    expect(tally).toEqual({ whole: all.length, codes: new Map() });
    for (let round = 0; round < ROUNDS; round++) tryOne(mutate(all[round % all.length]!, all, below), tally);
    // Both sides of the fence were visited, and most kinds of error.
    expect(tally.whole).toBeGreaterThan(ROUNDS / 100);
    expect([...tally.codes.keys()].sort()).toEqual(
      expect.arrayContaining(
        [
          'array',
          'key',
          'mark',
          'memo',
          'opcode',
          'operand',
          'persistent',
          'stack',
          'surplus',
          'truncated',
          'value',
        ].map((code) => `pickle-${code}`),
      ),
    );
  });

  it(`gives offsets of the whole file where the pickle stands in one (seed ${SEED + 2}, ${ROUNDS} inputs)`, () => {
    const below = random(SEED + 2);
    const file = objectsNpy([unicode('a.jpg'), dict(str2('__proto__'), list(int(1))), float(2)]);
    const start = file.indexOf('\n') + 1;
    const [header, content] = [file.subarray(0, start), file.subarray(start)];
    const others = [content, tinyMano(1).file];
    const tally: Tally = { whole: 0, codes: new Map() };
    tryOne(file, tally, start);
    expect(tally.whole).toBe(1);
    for (let round = 0; round < ROUNDS; round++) {
      tryOne(Buffer.concat([header, mutate(content, others, below)]), tally, start);
    }
    expect(tally.whole).toBeGreaterThan(ROUNDS / 100);
    expect(tally.codes.size).toBeGreaterThan(10);
  });

  it(`stands random opcodes (seed ${SEED + 1}, ${ROUNDS} inputs)`, () => {
    const below = random(SEED + 1);
    const tally: Tally = { whole: 0, codes: new Map() };
    for (let round = 0; round < ROUNDS; round++) {
      const letters = Array.from({ length: 1 + below(60) }, () => OPCODES[below(OPCODES.length)]!);
      tryOne(bytes(...letters, '.'), tally);
    }
    expect(tally.codes.size).toBeGreaterThan(5);
  });
});
