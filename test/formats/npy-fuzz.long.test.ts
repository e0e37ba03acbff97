/**
 * Damaged .npy files. What a reader makes is compared with the bytes there are, so that the length of the input
 * bounds time and memory, whatever the machine.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { parseNpyHeader } from '../../src/formats/npy/npy-header.js';
import { readNpyObjects, readNpyObjectTexts } from '../../src/formats/npy/npy-objects.js';
import { NpyReader, readNpy, readNpyStrings, toFloat64 } from '../../src/formats/npy/npy.js';
import { sharedFolder } from '../support/cli.js';
import { damage, oneOf, random, type Random } from '../support/fuzz.js';
import { bytesNpy, npyBytes, npyOf, numbersNpy, objectsNpy, unicodeNpy } from '../support/tiny-npz.js';
import { bytes3, dict, float, int, list, ndarray, none, unicode } from '../support/tiny-pickle.js';

const SEED = 20261123;
const ROUNDS = 20_000;
const READER_ROUNDS = 4_000;
const LIMITS = { maxBytes: 2 ** 20, maxDepth: 100 };

/** An integer that no double holds exactly is found after the elements were put in order, and named by its number. */
const WITHOUT_OFFSET = ['npy-integer-too-large'];

/** Elements without bytes ('U0') that a file may claim. */
const FREE_ELEMENTS = 2 ** 20;

const folder = sharedFolder();
const NUMBERS = [
  numbersNpy('<f8', [2, 3], [1, 2, 3, 4, 5, 6]),
  numbersNpy('>f4', [2, 3], [1, 2, 3, 4, 5, 6], { fortran: true, version: 2 }),
  numbersNpy('<f2', [4], [1, 2, 3, 4], { version: 3 }),
  numbersNpy('|b1', [3, 1], [0, 1, 1]),
  numbersNpy('<i8', [2, 2, 1], [1, -2, 3, 4], { fortran: true }),
  numbersNpy('>u2', [], [7]),
  numbersNpy('<f4', [0, 21, 3], [], { fortran: true }),
];
const ORIGINALS = [
  ...NUMBERS,
  unicodeNpy(['a.jpg', 'x/手.png']),
  npyBytes('<U0', [2], Buffer.alloc(0)),
  unicodeNpy(['a', 'b'], '>', [2, 1]),
  bytesNpy(['a.jpg', 'ä.jpg']),
  npyBytes('|S2', [2, 2], Buffer.from('a\0b\0c\0dd'), { fortran: true }),
  objectsNpy([unicode('a.jpg'), bytes3(Buffer.from('b.jpg')), none, int(4)]),
  objectsNpy([dict(unicode('__proto__'), list(float(1))), ndarray('f8', [1], Buffer.alloc(8))], [2, 1]),
];

const DESCRS = [
  ...[
    "'<f8'",
    "'>f4'",
    "'|b1'",
    "'<i8'",
    "'<U0'",
    "'|S0'",
    "'<U1'",
    "'|S7'",
    "'|O'",
    "'O8'",
    "'<U99999999999999999999'",
  ],
  ...[
    "'|a3'",
    "'<c16'",
    "'<M8[ns]'",
    "'|V8'",
    "'=f2'",
    "'<f3'",
    "''",
    "'__proto__'",
    "'constructor'",
    '"<u1"',
    "'<S-1'",
  ],
  ...[
    "[('a', '<f4')]",
    "[('a', '|O'), ('b', '<i4', (2,))]",
    '[',
    '[]',
    'None',
    "('<f4', (2,))",
    "{'names': []}",
    "'<f4",
  ],
];
const SHAPES = [
  ...[
    '()',
    '(1,)',
    '(2, 3)',
    '(3, 2)',
    '(0,)',
    '(0, 9007199254740991)',
    '(9007199254740991, 0)',
    '(4L,)',
    '(1)',
    '(-1,)',
  ],
  ...[
    '(9223372036854775808,)',
    '(18446744073709551616, 2)',
    '(9007199254740992,)',
    '(1099511627776,)',
    '(1e3,)',
    '(0x10,)',
  ],
  ...[
    '(4294967296, 4294967296)',
    '(3037000500, 3037000500, 0)',
    `(${'1, '.repeat(64)})`,
    `(${'1, '.repeat(65)})`,
  ],
  ...[`(${'9'.repeat(400)},)`, '(', '(1, 2', '[1, 2]', '(1.5,)', "('1',)", '(1,,)', '(,)', '1'],
];
const ORDERS = ['True', 'False', 'true', '1', 'None', "'C'", 'Truefalse', ''];

/** Other values in the header, its length put right, so that what stands behind it is reached. */
function editHeader(original: Buffer, below: Random): Buffer {
  const version = original[6]!;
  const start = version === 1 ? 10 : 12;
  const end = original.indexOf('\n', start) + 1;
  let text = original.toString('latin1', start, end);
  const edits: [RegExp, readonly string[]][] = [
    [/(?<='descr': )'[^']*'/, DESCRS],
    [/(?<='shape': )\([^)]*\)/, SHAPES],
    [/(?<='fortran_order': )\w+/, ORDERS],
    [/'descr'|'shape'|'fortran_order'/, ["'descr'", "'shape'", "'__proto__'", "'constructor'", 'descr']],
    [/ }/, [' } ', ', }', "'x': 1 }", '', '} evil()', '\0}', ' '.repeat(200)]],
  ];
  for (let changes = 1 + below(2); changes > 0; changes--) {
    const [place, values] = oneOf(edits, below);
    text = text.replace(place, () => oneOf(values, below));
  }
  return npyOf(text, original.subarray(end), version);
}

function mutate(original: Buffer, below: Random): Buffer {
  let out = original;
  switch (below(4)) {
    case 0:
      return editHeader(out, below);
    case 1:
      return damage(editHeader(out, below), ORIGINALS, below);
    case 2:
      // The length of the header and the version.
      out = Buffer.from(out);
      out[oneOf([6, 7, 8, 9, 10, 11], below)] = below(256);
      return out;
    default:
      for (let changes = 1 + below(3); changes > 0; changes--) out = damage(out, ORIGINALS, below);
      return out;
  }
}

class Tally {
  whole = 0;
  readonly codes = new Map<string, number>();

  /** Runs one reader, which must give a value or an error for the user that names the place. */
  try<T>(content: Buffer, file: string, read: () => T, check: (value: T) => void): void {
    let value: T;
    try {
      value = read();
    } catch (error) {
      // Anything else is a bug: hand it on with the input that shows it.
      if (!(error instanceof UserError))
        throw new Error(`not a UserError: ${content.toString('hex')}`, { cause: error });
      this.#check(error, content, file);
      return;
    }
    this.whole++;
    check(value);
  }

  #check(error: UserError, content: Buffer, file: string): void {
    this.codes.set(error.code, (this.codes.get(error.code) ?? 0) + 1);
    const { code, offset } = error;
    const inside = offset !== undefined && offset >= 0 && offset <= content.length;
    const whole = error.expected && error.got && error.next && error.file === file;
    const short = error.toLines().every((line) => line.length < 1000);
    if (/^(npy|pickle)-/.test(code) && whole && short && (inside || WITHOUT_OFFSET.includes(code))) return;
    throw new Error(`an error that does not say where: ${content.toString('hex')}`, { cause: error });
  }
}

/** Cheaper than an assertion each time, of which there would be hundreds of thousands. */
function must(holds: boolean, content: Buffer): void {
  if (!holds) throw new Error(`more than the file can hold: ${content.toString('hex')}`);
}

function tryAll(content: Buffer, tally: Tally): void {
  const { length } = content;
  const file = 'a.npy';
  tally.try(
    content,
    file,
    () => parseNpyHeader(content, file),
    ({ shape, count, dataBytes, dataOffset }) => {
      must(shape.length <= 64 && shape.every((n) => Number.isSafeInteger(n) && n >= 0), content);
      must(Number.isSafeInteger(count) && Number.isSafeInteger(dataBytes) && dataOffset <= length, content);
    },
  );
  tally.try(
    content,
    file,
    () => readNpy(content, file),
    (array) => {
      must(array.data.length <= length && array.data.byteLength <= 2 * length, content);
      must(array.data.length === array.shape.reduce((a, b) => a * b, 1), content);
      tally.try(
        content,
        file,
        () => toFloat64(array, file),
        () => undefined,
      );
    },
  );
  tally.try(
    content,
    file,
    () => readNpyStrings(content, file),
    (texts) => must(texts.length <= Math.max(length, FREE_ELEMENTS), content),
  );
  tally.try(
    content,
    file,
    () => readNpyObjects(content, file, LIMITS),
    ({ items, shape }) => {
      must(items.length <= length && items.length === shape.reduce((a, b) => a * b, 1), content);
      tally.try(
        content,
        file,
        () => readNpyObjectTexts(content, file, LIMITS),
        () => undefined,
      );
    },
  );
}

describe('damaged .npy files', () => {
  it(`give errors that name the offset (seed ${SEED}, ${ROUNDS} inputs)`, () => {
    const below = random(SEED);
    const tally = new Tally();
    for (const content of ORIGINALS) tryAll(content, tally);
    expect(tally.whole).toBeGreaterThan(2 * ORIGINALS.length);
    for (let round = 0; round < ROUNDS; round++) tryAll(mutate(oneOf(ORIGINALS, below), below), tally);
    // Both sides of the fence were visited, and every kind of error.
    expect(tally.whole).toBeGreaterThan(ROUNDS / 4);
    expect([...tally.codes.keys()]).toEqual(
      expect.arrayContaining(
        [
          ...[
            'dtype',
            'header',
            'header-too-long',
            'not-npy',
            'objects',
            'shape',
            'surplus',
            'text',
            'truncated',
          ],
          ...['version', 'integer-too-large'],
        ].map((code) => `npy-${code}`),
      ),
    );
  });

  it(`are no harm to the reader of rows (seed ${SEED + 1}, ${READER_ROUNDS} inputs)`, () => {
    const below = random(SEED + 1);
    const tally = new Tally();
    const file = join(folder, 'a.npy');
    for (let round = 0; round < READER_ROUNDS; round++) {
      const content = mutate(oneOf(NUMBERS, below), below);
      writeFileSync(file, content);
      tally.try(
        content,
        file,
        () => NpyReader.openSync(file),
        (reader) => {
          const end = Math.min(reader.rows, 3);
          tally.try(
            content,
            file,
            () => reader.readRowsSync(0, end),
            (rows) => must(rows.length === end * reader.rowLength, content),
          );
          reader.closeSync();
        },
      );
    }
    expect(tally.whole).toBeGreaterThan(READER_ROUNDS / 10);
    expect(tally.codes.size).toBeGreaterThan(6);
  });
});
