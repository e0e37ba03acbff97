import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNpy, readNpyStrings, toFloat64 } from '../../src/formats/npy/npy.js';
import { readNpz, type NpzFile } from '../../src/formats/npy/npz.js';
import { PickleRecord } from '../../src/formats/pickle/pickle-values.js';
import { sharedFolder } from '../support/cli.js';
import { bytesNpy, npyBytes, npyOf, npzOf, numbersNpy, objectsNpy, unicodeNpy } from '../support/tiny-npz.js';
import {
  bytes3,
  dict,
  float,
  global,
  int,
  list,
  ndarray,
  newobj,
  none,
  pickle,
  reduce,
  str2,
  tuple,
  unicode,
} from '../support/tiny-pickle.js';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'npz');

const folder = sharedFolder();
async function withNpz<T>(content: Buffer, use: (npz: NpzFile) => Promise<T>, maxBytes?: number): Promise<T> {
  const file = join(folder, 'a b.npz');
  writeFileSync(file, content);
  const npz = await readNpz(file, maxBytes === undefined ? {} : { maxBytes });
  try {
    return await use(npz);
  } finally {
    npz.close();
  }
}

describe('readNpz on files written by NumPy', () => {
  const truth = JSON.parse(readFileSync(join(FIXTURES, 'hamer_like.json'), 'utf8')) as Record<
    string,
    unknown[]
  >;

  it.each(['hamer_like.npz', 'hamer_like_compressed.npz', 'hamer_like_objects.npz'])(
    'reads %s',
    async (name) => {
      const npz = await readNpz(join(FIXTURES, name));
      expect(npz.names.slice(0, 7)).toEqual(Object.keys(truth));
      expect(await npz.strings('imgname')).toEqual(truth.imgname);
      expect(await npz.strings('personid')).toEqual(truth.personid!.map(String));
      for (const key of ['center', 'scale', 'right', 'hand_keypoints_2d', 'hand_keypoints_3d']) {
        const expected = (truth[key] as number[]).flat(3);
        const array = await npz.read(key);
        const round = array.dtype.descr === '<f4' ? Math.fround : Number;
        expect(Array.from(array.data, Number)).toEqual(expected.map((x) => round(x)));
      }
      expect(await npz.header('hand_keypoints_3d')).toMatchObject({ shape: [7, 21, 4], fortranOrder: false });
      npz.close();
    },
  );

  it('reads arrays of objects, and names arrays that are no numbers or not there', async () => {
    const file = join(FIXTURES, 'hamer_like_objects.npz');
    const npz = await readNpz(file);
    expect(await npz.objects('imgname')).toEqual({ shape: [7], items: truth.imgname });
    expect(await npz.objects('extra_info')).toEqual({ shape: [7], items: new Array(7).fill(new Map()) });
    await expect(npz.read('imgname')).rejects.toMatchObject({
      code: 'npy-dtype',
      file: `${file}:imgname.npy`,
      offset: 10,
      got: '|O',
    });
    await expect(npz.objects('center')).rejects.toMatchObject({ code: 'npy-dtype', got: '<f8' });
    await expect(npz.read('boxes')).rejects.toMatchObject({
      code: 'npz-array-missing',
      file,
      got: 'imgname, center, scale, right, hand_keypoints_2d, hand_keypoints_3d, personid, extra_info',
    });
    expect(npz.has('boxes')).toBe(false);
    npz.close();
  });
});

describe('readNpz', () => {
  it.each([
    { deflate: false, zip64: false },
    { deflate: true, zip64: false },
    { deflate: false, zip64: true },
    { deflate: true, zip64: true },
  ])('reads archives of every kind: %j', async (options) => {
    const content = npzOf(
      [
        ['a', numbersNpy('<f8', [2, 3], [1, 2, 3, 4, 5, 6])],
        ['folder/b', unicodeNpy(['x/ä b.jpg', '手.jpg'])],
      ],
      options,
    );
    await withNpz(content, async (npz) => {
      expect(npz.names).toEqual(['a', 'folder/b']);
      expect(npz.place('a')).toBe(`${join(folder, 'a b.npz')}:a.npy`);
      expect((await npz.read('a')).data).toEqual(Float64Array.of(1, 2, 3, 4, 5, 6));
      expect(await npz.strings('folder/b')).toEqual(['x/ä b.jpg', '手.jpg']);
    });
  });

  it.each(['b1', 'u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f2', 'f4', 'f8'])(
    'reads %s in both byte orders, in C and in Fortran order',
    async (type) => {
      const values = type === 'b1' ? [0, 1, 1, 0, 0, 1] : [0, 1, 2, 3, 4, 5];
      const arrays = ['<', '>'].flatMap((order) =>
        [false, true].map((fortran): [string, Buffer] => [
          `${order === '<' ? 'little' : 'big'}${fortran ? 'Fortran' : 'C'}`,
          numbersNpy(order + type, [2, 3], values, { fortran }),
        ]),
      );
      await withNpz(npzOf(arrays), async (npz) => {
        for (const name of npz.names) {
          const array = await npz.read(name);
          expect(Array.from(toFloat64(array, name)), name).toEqual(values);
          expect(array.shape).toEqual([2, 3]);
        }
      });
    },
  );

  it('reads text in every form, in Fortran order too', async () => {
    const fortran = npyBytes('|S1', [2, 3], Buffer.from('adbecf'), { fortran: true });
    expect(readNpyStrings(fortran, 'a.npy')).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    const texts = ['a.jpg', 'grün/手.png'];
    const content = npzOf([
      ['little', unicodeNpy(texts, '<')],
      ['big', unicodeNpy(texts, '>', [2, 1])],
      ['bytes', bytesNpy(texts)],
      ['objects', objectsNpy(texts.map(unicode))],
      ['objectsOfBytes', objectsNpy(texts.map((text) => bytes3(Buffer.from(text))))],
      ['python2', objectsNpy([str2('a.jpg'), unicode('grün/手.png')], [2, 1], 2)],
    ]);
    await withNpz(content, async (npz) => {
      for (const name of npz.names) expect(await npz.strings(name), name).toEqual(texts);
    });
  });

  it('reads arrays without dimensions and without elements', async () => {
    const content = npzOf([
      ['scalar', numbersNpy('<i4', [], [7])],
      ['text', npyBytes('|S3', [], Buffer.from('one'))],
      ['object', objectsNpy([none], [])],
      ['empty', numbersNpy('>f8', [0, 21, 3], [], { fortran: true })],
      ['names', npyBytes('<U0', [0], Buffer.alloc(0))],
      ['objects', objectsNpy([], [0, 3])],
    ]);
    await withNpz(content, async (npz) => {
      expect(await npz.read('scalar')).toMatchObject({ shape: [], data: Int32Array.of(7) });
      expect(await npz.strings('scalar')).toEqual(['7']);
      expect(await npz.strings('text')).toEqual(['one']);
      expect(await npz.objects('object')).toEqual({ shape: [], items: [null] });
      expect(await npz.read('empty')).toMatchObject({ shape: [0, 21, 3], data: new Float64Array(0) });
      expect(await npz.strings('names')).toEqual([]);
      expect(await npz.objects('objects')).toEqual({ shape: [0, 3], items: [] });
    });
  });

  it('keeps objects inert, and __proto__ and constructor plain names', async () => {
    const evil = reduce(global('os', 'system'), str2('true'));
    const items = [
      evil,
      newobj(global('m', 'C')),
      dict(str2('__proto__'), list(int(1)), str2('constructor'), float(2)),
      tuple(int(1), none),
    ];
    const content = npzOf([
      ['__proto__', numbersNpy('<f8', [1], [1])],
      ['constructor', objectsNpy(items)],
    ]);
    await withNpz(content, async (npz) => {
      expect(npz.names).toEqual(['__proto__', 'constructor']);
      expect(npz.has('toString') || npz.has('hasOwnProperty')).toBe(false);
      await expect(npz.read('toString')).rejects.toMatchObject({ code: 'npz-array-missing' });
      expect((await npz.read('__proto__')).data).toEqual(Float64Array.of(1));
      const [system, object, keys] = (await npz.objects('constructor')).items;
      expect(system).toBeInstanceOf(PickleRecord);
      expect(system).toMatchObject({ module: 'os', name: 'system', args: ['true'] });
      expect(object).toMatchObject({ module: 'm', name: 'C' });
      expect(keys).toEqual(
        new Map<string, unknown>([
          ['__proto__', [1]],
          ['constructor', 2],
        ]),
      );
    });
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)['0']).toBeUndefined();
  });

  it('gives the place of a fault inside the pickle of an array', async () => {
    const array = objectsNpy([unicode('a'), none]);
    const dataOffset = array.indexOf('\n') + 1;
    const cases: [string, Buffer, string, number][] = [
      ['cut short', array.subarray(0, -3), 'pickle-truncated', array.length - 3],
      ['goes on', Buffer.concat([array, Buffer.of(0)]), 'pickle-surplus', array.length],
      ['another shape', objectsNpyAs([3], 2), 'npy-objects', dataOffset],
      ['no array', npyBytes('|O', [1], pickle(3, int(1))), 'npy-objects', dataOffset],
      [
        'numbers',
        npyBytes('|O', [1], pickle(3, ndarray('f8', [1], Buffer.alloc(8)))),
        'npy-objects',
        dataOffset,
      ],
    ];
    for (const [what, content, code, offset] of cases) {
      await withNpz(npzOf([['a', content]]), async (npz) => {
        const file = `${npz.file}:a.npy`;
        await expect(npz.objects('a'), what).rejects.toMatchObject({ code, file, offset });
        await expect(npz.strings('a'), what).rejects.toMatchObject({ code, file, offset });
      });
    }
    await withNpz(npzOf([['a', array]]), async (npz) => {
      const error = (await npz.strings('a').catch((e: unknown) => e)) as Error;
      expect(error).toMatchObject({ code: 'pickle-type', message: 'Element 1 of the array is not text' });
    });
  });

  function objectsNpyAs(shape: readonly number[], items: number): Buffer {
    const whole = objectsNpy(Array.from({ length: items }, () => none));
    return npyBytes('|O', shape, whole.subarray(whole.indexOf('\n') + 1));
  }

  it('bounds what objects may take', async () => {
    let deep = none;
    for (let i = 0; i < 20; i++) deep = list(deep);
    const content = npzOf([['a', objectsNpy([deep])]]);
    await withNpz(content, async (npz) => {
      expect((await npz.objects('a')).items.length).toBe(1);
      await expect(npz.objects('a', { maxDepth: 10 })).rejects.toMatchObject({ code: 'pickle-too-deep' });
      await expect(npz.objects('a', { maxBytes: 1000 })).rejects.toMatchObject({ code: 'pickle-too-large' });
      await expect(npz.objects('a', { maxInputBytes: 50 })).rejects.toMatchObject({
        code: 'pickle-too-large',
      });
    });
  });

  it('refuses structured arrays', async () => {
    const text = "{'descr': [('x', '<f4'), ('y', '<f4')], 'fortran_order': False, 'shape': (1,), }";
    await withNpz(npzOf([['a', npyOf(text, Buffer.alloc(8))]]), async (npz) => {
      const ways = ['read', 'strings', 'objects', 'header'] as const;
      for (const way of ways) {
        await expect(npz[way]('a')).rejects.toMatchObject({ code: 'npy-dtype', offset: 20 });
      }
    });
  });

  it.each([
    ['2^63', [2n ** 63n]],
    ['2^53', [2n ** 53n]],
    ['2^53, without elements', [0, 2n ** 53n]],
    ['a product above 2^53', [2n ** 30n, 2n ** 30n]],
    ['65 dimensions', new Array<number>(65).fill(1)],
  ])('refuses impossible shapes: %s', (_, shape) => {
    expect(() => readNpy(npyBytes('<f8', shape, Buffer.alloc(8)), 'a.npy')).toThrow(
      expect.objectContaining({ code: 'npy-shape' }),
    );
  });

  it('does not make elements that no byte stands for', () => {
    for (const descr of ['<U0', '|S0']) {
      const bytes = npyBytes(descr, [2n ** 40n], Buffer.alloc(0));
      expect(() => readNpyStrings(bytes, 'a.npy')).toThrow(expect.objectContaining({ code: 'npy-shape' }));
    }
  });

  it('reads a header without expanding the array, and bounds the array', async () => {
    const array = npyBytes('|u1', [9_000_000], Buffer.alloc(9_000_000));
    const content = npzOf([['a', array]], { deflate: true });
    await withNpz(
      content,
      async (npz) => {
        expect(await npz.header('a')).toMatchObject({ shape: [9_000_000] });
        expect((await npz.read('a')).data.length).toBe(9_000_000);
      },
      10_000_000,
    );
    await withNpz(
      content,
      async (npz) => expect(npz.read('a')).rejects.toMatchObject({ code: 'zip-too-large', offset: 0 }),
      1000,
    );
  });

  it('overlooks entries that are no arrays', async () => {
    const content = npzOf([['a', numbersNpy('<f8', [1], [1])]]);
    // Both names of the entry, in its own header and in the directory.
    for (let at = content.indexOf('a.npy'); at >= 0; at = content.indexOf('a.npy'))
      content.write('a.txt', at);
    await withNpz(content, async (npz) => {
      expect(npz.names).toEqual([]);
      await expect(npz.read('a')).rejects.toMatchObject({ code: 'npz-array-missing', got: 'no arrays' });
    });
  });

  it('refuses two arrays of one name, and damage', async () => {
    const array = numbersNpy('<f8', [1], [1]);
    const second = array.length + 30 + 'a.npy'.length;
    await expect(
      withNpz(
        npzOf([
          ['a', array],
          ['a', array],
        ]),
        () => Promise.resolve(),
      ),
    ).rejects.toMatchObject({
      code: 'npz-duplicate',
      offset: second,
    });
    const damaged = npzOf([
      ['b', array],
      ['a', array],
    ]);
    damaged[second + 100]! ^= 1;
    await withNpz(damaged, async (npz) => {
      await expect(npz.read('a')).rejects.toMatchObject({ code: 'zip-damaged', offset: second });
      expect((await npz.read('b')).data).toEqual(Float64Array.of(1));
    });
  });

  it('shows unusual names in quotes, and not thousands of them', async () => {
    const array = numbersNpy('<f8', [1], [1]);
    const arrays = Array.from({ length: 40 }, (_, i): [string, Buffer] => [`a\u001b[2J${i}`, array]);
    await withNpz(npzOf(arrays), async (npz) => {
      const error = (await npz.read('b').catch((e: unknown) => e)) as { got: string };
      expect(error.got).toContain('"a\\u001b[2J0", ');
      expect(error.got).toMatch(/, … \(40\)$/);
      expect(error.got).not.toContain('\u001b');
    });
  });
});

describe('zip records that point outside the file', () => {
  const content = npzOf([['a', numbersNpy('<f8', [1], [1])]], { zip64: true });
  const locator = content.length - 22 - 20;
  const record = locator - 56;
  const entryExtra = content.lastIndexOf('a.npy', record) + 'a.npy'.length + 4;

  it.each([
    ['the zip64 end record', locator + 8],
    ['the directory', record + 48],
    ['an entry', entryExtra + 16],
    ['a length', entryExtra],
  ])('are refused, wherever they point to: %s', async (_, at) => {
    for (const target of [2n ** 64n - 1n, 2n ** 62n, 2n ** 53n, BigInt(content.length), 1n]) {
      const forged = Buffer.from(content);
      forged.writeBigUInt64LE(target, at);
      const file = join(folder, 'a b.npz');
      const error = (await withNpz(forged, (npz) => npz.read('a')).catch((e: unknown) => e)) as {
        offset: number;
      };
      expect(error).toMatchObject({ code: expect.stringMatching(/^zip-/) as string, file });
      expect(error.offset).toBeGreaterThanOrEqual(0);
      expect(error.offset).toBeLessThanOrEqual(forged.length);
    }
  });
});
