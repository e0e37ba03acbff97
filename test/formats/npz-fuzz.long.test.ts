/**
 * Damaged archives of arrays, read from real files. What is expanded is counted and compared with the limit, so that
 * the limit and the length of the input bound time and memory, whatever the machine.
 */
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { sharedFolder } from '../support/cli.js';
import { damage, oneOf, random, type Random } from '../support/fuzz.js';
import { bytesNpy, npzOf, numbersNpy, npyBytes, objectsNpy, unicodeNpy } from '../support/tiny-npz.js';
import { dict, float, int, list, none, reduce, global, str2, unicode } from '../support/tiny-pickle.js';

const SEED = 20261124;
const ROUNDS = 20_000;
/** Readers at work at the same time: they wait for the disk most of the time. */
const LANES = 8;
const MAX_BYTES = 2 ** 14;
const WAYS = ['bytes', 'header', 'objects', 'read', 'strings'] as const;

/**
 * Faults that are in no place: an array that is not there, and an integer that no double holds exactly, which the
 * message names by its number.
 */
const WITHOUT_OFFSET = ['npz-array-missing', 'npy-integer-too-large'];

const folder = sharedFolder();
type Arrays = readonly (readonly [string, Buffer])[];

const ARRAYS: Arrays = [
  ['center', numbersNpy('<f8', [2, 2], [1, 2, 3, 4])],
  ['imgname', unicodeNpy(['a.jpg', 'b.jpg'])],
  ['scale', numbersNpy('>f4', [2, 2], [1, 2, 3, 4], { fortran: true })],
  [
    'objects',
    objectsNpy([dict(str2('__proto__'), list(int(1))), reduce(global('os', 'system'), str2('ls'))]),
  ],
  ['__proto__', bytesNpy(['a', 'b'])],
  ['names', objectsNpy([unicode('a.jpg'), none, float(1)])],
];
const CONTENTS = ARRAYS.map(([, content]) => content);
/** 4 KiB of zeros, and what is more than the limit. */
const ZEROS = npyBytes('|u1', [2 ** 12], Buffer.alloc(2 ** 12));
const BOMB = npyBytes('|u1', [2 ** 20], Buffer.alloc(2 ** 20));

const ORIGINALS = [
  npzOf(ARRAYS.slice(0, 3)),
  npzOf(ARRAYS.slice(2, 5), { deflate: true }),
  npzOf(ARRAYS.slice(3), { deflate: true, zip64: true }),
  npzOf(ARRAYS.slice(0, 2), { zip64: true }),
  npzOf([['zeros', ZEROS], ARRAYS[0]!], { deflate: true }),
];
const BOMBS = [
  npzOf([['bomb', BOMB], ARRAYS[0]!], { deflate: true }),
  npzOf([['bomb', BOMB]], { deflate: true, zip64: true }),
];

/** Where each field of the archive's records stands and how long it is (APPNOTE.TXT 4.3). */
const FIELDS: Readonly<Record<string, readonly (readonly [at: number, bytes: 2 | 4 | 8])[]>> = {
  'PK\x03\x04': [
    [4, 2],
    [6, 2],
    [8, 2],
    [14, 4],
    [18, 4],
    [22, 4],
    [26, 2],
    [28, 2],
  ],
  'PK\x01\x02': [
    [4, 2],
    [8, 2],
    [10, 2],
    [16, 4],
    [20, 4],
    [24, 4],
    [28, 2],
    [30, 2],
    [32, 2],
    [42, 4],
  ],
  'PK\x05\x06': [
    [4, 2],
    [8, 2],
    [10, 2],
    [12, 4],
    [16, 4],
    [20, 2],
  ],
  'PK\x06\x06': [
    [4, 8],
    [16, 4],
    [24, 8],
    [32, 8],
    [40, 8],
    [48, 8],
  ],
  'PK\x06\x07': [
    [8, 8],
    [16, 4],
  ],
  // The zip64 field of an entry.
  '\x01\x00\x18\x00': [
    [0, 2],
    [2, 2],
    [4, 8],
    [12, 8],
    [20, 8],
  ],
};
const VALUES = [
  0n,
  1n,
  2n,
  8n,
  9n,
  14n,
  0x41n,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 53n,
  2n ** 62n,
  2n ** 64n - 1n,
];

/** One field of one record becomes another value. */
function editField(original: Buffer, below: Random): Buffer {
  const out = Buffer.from(original);
  const places: number[][] = [];
  for (const [signature, fields] of Object.entries(FIELDS)) {
    for (
      let at = out.indexOf(signature, 0, 'latin1');
      at >= 0;
      at = out.indexOf(signature, at + 1, 'latin1')
    ) {
      for (const [offset, bytes] of fields)
        if (at + offset + bytes <= out.length) places.push([at + offset, bytes]);
    }
  }
  if (places.length === 0) return out;
  const [at, bytes] = oneOf(places, below) as [number, 2 | 4 | 8];
  const small = BigInt(out.readUIntLE(at, Math.min(bytes, 4)) + below(5) - 2) & 0xffffffffn;
  const value = BigInt.asUintN(
    8 * bytes,
    below(3) === 0 ? small : oneOf([...VALUES, BigInt(out.length)], below),
  );
  const field = Buffer.alloc(8);
  field.writeBigUInt64LE(value);
  field.copy(out, at, 0, bytes);
  return out;
}

/** An archive that is whole, of arrays that are not: the checksums are right. */
function packDamaged(below: Random): Buffer {
  const arrays = ARRAYS.map(([name, content]): [string, Buffer] => [
    below(8) === 0 ? oneOf(['center', '__proto__', 'a/b', '../x', '/x', 'c:x', '', 'é', 'x\0'], below) : name,
    below(3) === 0 ? damage(content, CONTENTS, below) : content,
  ]);
  const from = below(arrays.length);
  return npzOf(arrays.slice(from, from + 2), { deflate: below(2) === 0, zip64: below(4) === 0 });
}

function mutate(below: Random): Buffer {
  let out = below(10) === 0 ? oneOf(BOMBS, below) : oneOf(ORIGINALS, below);
  switch (below(4)) {
    case 0:
      return packDamaged(below);
    case 1:
      for (let changes = 1 + below(2); changes > 0; changes--) out = editField(out, below);
      return out;
    case 2:
      return damage(editField(out, below), ORIGINALS, below);
    default:
      for (let changes = 1 + below(2); changes > 0; changes--) out = damage(out, ORIGINALS, below);
      return out;
  }
}

class Tally {
  arrays = 0;
  readonly codes = new Map<string, number>();

  /** One of the arrays, or one that is not there, in one of the ways there are. */
  async read(content: Buffer, file: string, below: Random): Promise<void> {
    writeFileSync(file, content);
    const npz = await this.#try(content, file, content.length, () => readNpz(file, { maxBytes: MAX_BYTES }));
    if (npz === undefined) return;
    const name = below(20) === 0 ? undefined : oneOf(npz.names, below);
    const way = oneOf(WAYS, below);
    const size = Math.max(content.length, MAX_BYTES);
    const value = await this.#try<unknown>(content, file, size, () => npz[way](name ?? 'none'));
    if (value instanceof Buffer && value.length > MAX_BYTES)
      throw new Error(`over the limit: ${content.toString('hex')}`);
    if (value !== undefined) this.arrays++;
    npz.close();
  }

  async #try<T>(content: Buffer, file: string, size: number, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      // Anything else is a bug: hand it on with the input that shows it.
      if (!(error instanceof UserError))
        throw new Error(`not a UserError: ${content.toString('hex')}`, { cause: error });
      const { code, offset, expected, got, next } = error;
      this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
      const inside = offset !== undefined && offset >= 0 && offset <= size;
      const placed =
        error.file === file || (error.file?.startsWith(`${file}:`) === true && !code.startsWith('zip-'));
      const known = /^(zip|npz|npy|pickle)-/.test(code);
      if (known && placed && expected && got && next && (inside || WITHOUT_OFFSET.includes(code)))
        return undefined;
      throw new Error(`an error that does not say where: ${content.toString('hex')}`, { cause: error });
    }
  }
}

describe('damaged .npz files', () => {
  it(`give errors that name the place (seed ${SEED}, ${ROUNDS} inputs)`, async () => {
    const tally = new Tally();
    for (let i = 0; i < 20; i++) {
      for (const content of ORIGINALS) await tally.read(content, join(folder, 'a.npz'), random(SEED + i));
    }
    // Text is no number, a float no name; nothing else is wrong with them.
    const usual = ['npy-dtype', 'npz-array-missing', 'pickle-type'];
    expect([...tally.codes.keys()].filter((code) => !usual.includes(code))).toEqual([]);
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < ROUNDS) {
        // A seed for each, so that none depends on which lane was first.
        const round = next++;
        const below = random(SEED + 1 + round);
        const file = join(folder, `${round}.npz`);
        await tally.read(mutate(below), file, below);
        unlinkSync(file);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    expect(tally.arrays).toBeGreaterThan(ROUNDS / 10);
    expect([...tally.codes.keys()]).toEqual(
      expect.arrayContaining([
        ...['zip-invalid', 'zip-damaged', 'zip-too-large', 'zip-encrypted', 'zip-method', 'npz-duplicate'],
        ...['npy-truncated', 'npy-header', 'npy-objects', 'pickle-truncated'],
      ]),
    );
  });
});
