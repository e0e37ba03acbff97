import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  alignSubset,
  isSubsetName,
  readHamerMetadata,
  subsetFiles,
  wholeFileOf,
  type HamerMetadata,
} from '../../src/datasets/hamer-metadata.js';
import { UserError } from '../../src/errors.js';
import { sharedFolder } from '../support/cli.js';
import { damage, oneOf, random } from '../support/fuzz.js';
import { bytesNpy, npyBytes, npzOf, numbersNpy, objectsNpy, unicodeNpy } from '../support/tiny-npz.js';
import { int, none, str2, unicode } from '../support/tiny-pickle.js';
import { rejection } from '../support/user-error.js';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'npz');

const folder = sharedFolder();
type Arrays = Record<string, Buffer>;

/** Three hands in two images. */
const BASE: Arrays = {
  imgname: unicodeNpy(['a.jpg', 'a.jpg', 'x y/b.jpg']),
  center: numbersNpy('<f8', [3, 2], [10, 20, 30, 40.5, 50, 60]),
  scale: numbersNpy('<f8', [3, 2], [100, 120, 90, 80, 70, 71]),
};

function save(arrays: Arrays, name = 'x_all.npz', deflate = false): string {
  const file = join(folder, name);
  writeFileSync(file, npzOf(Object.entries(arrays), { deflate }));
  return file;
}

const failure = (arrays: Arrays): Promise<UserError> => rejection(readHamerMetadata(save(arrays)));

function keypoints(count: number, width: number, value: (i: number) => number): Buffer {
  return numbersNpy(
    '<f4',
    [count, 21, width],
    Array.from({ length: count * 21 * width }, (_, i) => value(i)),
  );
}

it('rounds float32 boxes as the reference does, and leaves doubles', async () => {
  // NumPy: (np.float32(s) / 200) * 200 of three sides of which the last comes back as another number.
  const sides = [150, 133.3, 201.66];
  const stored = sides.map(Math.fround);
  const sizesOf = async (type: '<f4' | '<f8'): Promise<number[]> => {
    const { sizes } = await readHamerMetadata(save({ ...BASE, scale: numbersNpy(type, [3], sides) }));
    return [0, 2, 4].map((i) => sizes[i]!);
  };
  const single = await sizesOf('<f4');
  expect(single).toEqual([150, 133.3000030517578, 201.66001892089844]);
  expect(single).not.toEqual(stored);
  expect(await sizesOf('<f8')).toEqual(sides);
});

describe('readHamerMetadata on files written by NumPy', () => {
  const truth = JSON.parse(readFileSync(join(FIXTURES, 'hamer_like.json'), 'utf8')) as {
    imgname: string[];
    center: number[][];
    scale: number[][];
    right: number[];
    hand_keypoints_2d: number[][][];
    hand_keypoints_3d: number[][][];
  };

  it.each(['hamer_like.npz', 'hamer_like_compressed.npz', 'hamer_like_objects.npz'])(
    'reads %s',
    async (name) => {
      const file = join(FIXTURES, name);
      expect(await readHamerMetadata(file)).toEqual({
        file,
        count: 7,
        imageNames: truth.imgname,
        centers: Float64Array.from(truth.center.flat()),
        sizes: Float64Array.from(truth.scale.flat()),
        right: truth.right.map((value) => value === 1),
        keypoints2d: Float64Array.from(truth.hand_keypoints_2d.flat(2)),
        // Single precision in the file.
        keypoints3d: Float64Array.from(truth.hand_keypoints_3d.flat(2), Math.fround),
        problems: new Array(7).fill(null),
      });
    },
  );
});

describe('readHamerMetadata', () => {
  it('needs names and boxes only', async () => {
    const file = save(BASE);
    expect(await readHamerMetadata(file)).toEqual({
      file,
      count: 3,
      imageNames: ['a.jpg', 'a.jpg', 'x y/b.jpg'],
      centers: Float64Array.of(10, 20, 30, 40.5, 50, 60),
      sizes: Float64Array.of(100, 120, 90, 80, 70, 71),
      right: [true, true, true],
      keypoints2d: null,
      keypoints3d: null,
      problems: [null, null, null],
    });
  });

  it('takes names as text, bytes and objects, also of shape (N, 1)', async () => {
    const names = ['a.jpg', 'ä.jpg', '手/c.jpg'];
    for (const imgname of [
      unicodeNpy(names, '>'),
      unicodeNpy(names, '<', [3, 1]),
      bytesNpy(names),
      objectsNpy(names.map(unicode)),
      objectsNpy([str2('a.jpg'), unicode('ä.jpg'), unicode('手/c.jpg')], [3, 1], 2),
    ]) {
      expect((await readHamerMetadata(save({ ...BASE, imgname }))).imageNames).toEqual(names);
    }
  });

  it.each(['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f2', 'f4', 'f8'])(
    'takes boxes of %s in both byte orders and both orders of elements, stored and compressed',
    async (type) => {
      const [centers, sizes] = [
        [1, 2, 3, 4, 5, 6],
        [7, 8, 9, 10, 11, 12],
      ];
      for (const order of ['<', '>']) {
        for (const fortran of [false, true]) {
          const arrays = {
            ...BASE,
            center: numbersNpy(order + type, [3, 2], centers, { fortran }),
            scale: numbersNpy(order + type, [3, 2], sizes, { fortran }),
            right: numbersNpy(order + type, [3], [0, 1, 0]),
          };
          const read = await readHamerMetadata(save(arrays, 'x.npz', fortran));
          expect(read.centers).toEqual(Float64Array.from(centers));
          expect(read.sizes).toEqual(Float64Array.from(sizes));
          expect(read.right).toEqual([false, true, false]);
        }
      }
    },
  );

  it.each([[[3]], [[3, 1]]])('reads a scale of shape %j as squares', async (shape) => {
    const { sizes } = await readHamerMetadata(save({ ...BASE, scale: numbersNpy('<f4', shape, [5, 6, 7]) }));
    expect(sizes).toEqual(Float64Array.of(5, 5, 6, 6, 7, 7));
  });

  it('takes booleans and columns as handedness', async () => {
    const booleans = { ...BASE, right: numbersNpy('|b1', [3, 1], [1, 0, 1]) };
    expect((await readHamerMetadata(save(booleans))).right).toEqual([true, false, true]);
  });

  it('reads zip64 and files without rows', async () => {
    const file = join(folder, 'zip64.npz');
    writeFileSync(file, npzOf(Object.entries(BASE), { zip64: true }));
    expect((await readHamerMetadata(file)).count).toBe(3);
    const empty = {
      imgname: npyBytes('<U1', [0], Buffer.alloc(0)),
      center: numbersNpy('<f8', [0, 2], []),
      scale: numbersNpy('<f8', [0], []),
      hand_keypoints_3d: numbersNpy('<f8', [0, 21, 4], []),
    };
    expect(await readHamerMetadata(save(empty))).toMatchObject({ count: 0, problems: [], keypoints3d: null });
  });

  it('knows keypoints in 3D only where one has a confidence', async () => {
    const none3d = { ...BASE, hand_keypoints_3d: keypoints(3, 4, (i) => (i % 4 === 3 ? 0 : 1)) };
    expect((await readHamerMetadata(save(none3d))).keypoints3d).toBeNull();
    const one = { ...BASE, hand_keypoints_3d: keypoints(3, 4, (i) => (i === 251 ? 1 : 0)) };
    expect((await readHamerMetadata(save(one))).keypoints3d?.[251]).toBe(1);
  });

  it('does not look at what it does not need', async () => {
    const bomb = npyBytes('|u1', [2 ** 20], Buffer.alloc(2 ** 20));
    const content = npzOf(
      [...Object.entries(BASE), ['extra_info', bomb], ['__proto__', objectsNpy([none])]],
      { deflate: true },
    );
    // The packed bytes of the extra array are destroyed.
    const at = content.indexOf('extra_info.npy');
    content.fill(0xff, at + 14, at + 200);
    const file = join(folder, 'extra.npz');
    writeFileSync(file, content);
    expect((await readHamerMetadata(file)).count).toBe(3);
  });

  it('says what is missing and what is there', async () => {
    const { imgname, ...boxes } = BASE;
    expect(await failure(boxes)).toMatchObject({
      code: 'metadata-array-missing',
      message: "The evaluation file holds no 'imgname'",
      got: 'center, scale',
    });
    expect(await failure({ imgname: imgname!, __proto__2: imgname! })).toMatchObject({
      message: "The evaluation file holds no 'center' and no 'scale'",
      got: 'imgname, __proto__2',
    });
  });

  it.each<[string, Arrays, string, string, string]>([
    [
      'imgname',
      { imgname: unicodeNpy(['a', 'b', 'c', 'd'], '<', [2, 2]) },
      'metadata-shape',
      '(N)',
      '(2, 2)',
    ],
    ['imgname', { imgname: npyBytes('<U1', [], Buffer.alloc(4)) }, 'metadata-shape', '(N)', '()'],
    [
      'center',
      { center: numbersNpy('<f8', [2, 3], [1, 2, 3, 4, 5, 6]) },
      'metadata-shape',
      '(N, 2)',
      '(2, 3)',
    ],
    ['center', { center: numbersNpy('<f8', [], [1]) }, 'metadata-shape', '(N, 2)', '()'],
    ['center', { center: numbersNpy('<f8', [2, 2], [1, 2, 3, 4]) }, 'metadata-rows', '3 rows', '2'],
    ['scale', { scale: numbersNpy('<f8', [1, 3], [1, 2, 3]) }, 'metadata-shape', '(N, 1) or (N)', '(1, 3)'],
    ['scale', { scale: numbersNpy('<f8', [2], [1, 2]) }, 'metadata-rows', '3 rows', '2'],
    ['right', { right: numbersNpy('<f8', [3, 2], [1, 1, 1, 1, 1, 1]) }, 'metadata-shape', '(N)', '(3, 2)'],
    ['right', { right: numbersNpy('<f8', [4], [1, 1, 1, 1]) }, 'metadata-rows', '3 rows', '4'],
    [
      'hand_keypoints_2d',
      { hand_keypoints_2d: keypoints(3, 2, () => 1) },
      'metadata-shape',
      '(N, 21, 3)',
      '(3, 21, 2)',
    ],
    ['hand_keypoints_3d', { hand_keypoints_3d: keypoints(2, 4, () => 1) }, 'metadata-rows', '3 rows', '2'],
    [
      'center',
      { center: unicodeNpy(['1', '2', '3', '4', '5', '6'], '<', [3, 2]) },
      'npy-dtype',
      'numbers',
      '<U1',
    ],
    ['center', { center: objectsNpy([1, 2, 3, 4, 5, 6].map(int), [3, 2]) }, 'npy-dtype', 'numbers', '|O'],
    ['imgname', { imgname: objectsNpy([unicode('a'), none, unicode('b')]) }, 'pickle-type', 'text', 'None'],
  ])('refuses another %s: %#', async (array, change, code, expected, got) => {
    const error = await failure({ ...BASE, ...change });
    expect(error).toMatchObject({ code, got });
    expect(error.file).toMatch(new RegExp(`x_all\\.npz:${array}\\.npy$`));
    expect(error.expected).toContain(expected);
    expect(error.next).toBeTruthy();
  });

  it.each<[string, string]>([
    ['an absolute path', '/etc/passwd'],
    ['a way up', '../a.jpg'],
    ['a way up inside', 'x/../../a.jpg'],
    ['a drive', 'C:/a.jpg'],
    ['a backslash', 'x\\a.jpg'],
    ['NUL', 'a.jpg\0.png'],
    ['nothing', ''],
    ['a folder', 'x/'],
  ])('refuses names that lead elsewhere: %s', async (_, name) => {
    for (const imgname of [unicodeNpy(['a.jpg', name, 'b.jpg']), bytesNpy(['a.jpg', name, 'b.jpg'])]) {
      expect(await failure({ ...BASE, imgname })).toMatchObject({
        code: 'metadata-image-name',
        message: 'The image of row 1 is not a path inside the image folder',
        got: JSON.stringify(name),
      });
    }
  });

  const ROW_PROBLEMS: [string, Arrays, string, string][] = [
    [
      'a centre that is NaN',
      { center: numbersNpy('<f8', [3, 2], [1, 2, 3, NaN, 5, 6]) },
      'metadata-center',
      '3, NaN',
    ],
    [
      'an endless centre',
      { center: numbersNpy('<f4', [3, 2], [1, 2, -Infinity, 4, 5, 6]) },
      'metadata-center',
      '-Infinity, 4',
    ],
    [
      'a box without width',
      { scale: numbersNpy('<f8', [3, 2], [1, 2, 0, 4, 5, 6]) },
      'metadata-scale',
      '0, 4',
    ],
    ['a negative box', { scale: numbersNpy('<i2', [3], [1, -2, 3]) }, 'metadata-scale', '-2, -2'],
    ['a box of 1e30 px', { scale: numbersNpy('<f8', [3], [1, 1e30, 3]) }, 'metadata-scale', '1e+30, 1e+30'],
    [
      'a box below a tenth of a pixel',
      { scale: numbersNpy('<f8', [3], [1, 0.01, 3]) },
      'metadata-scale',
      '0.01, 0.01',
    ],
    [
      'a box 1e30 px away',
      { center: numbersNpy('<f8', [3, 2], [1, 2, 1e30, 4, 5, 6]) },
      'metadata-center',
      '1e+30, 4',
    ],
    ['a box that is NaN', { scale: numbersNpy('<f8', [3], [1, NaN, 3]) }, 'metadata-scale', 'NaN, NaN'],
    ['a third hand', { right: numbersNpy('<f8', [3], [1, 2, 0]) }, 'metadata-right', '2'],
    ['an unknown hand', { right: numbersNpy('<f8', [3], [1, NaN, 0]) }, 'metadata-right', 'NaN'],
    [
      'a labelled keypoint that is NaN',
      { hand_keypoints_2d: keypoints(3, 3, (i) => (i === 63 + 6 ? NaN : 1)) },
      'metadata-keypoints',
      'NaN, 1, 1',
    ],
    [
      'a confidence that is NaN',
      { hand_keypoints_3d: keypoints(3, 4, (i) => (i === 84 + 11 ? NaN : 0)) },
      'metadata-keypoints',
      '0, 0, 0, NaN',
    ],
  ];

  it.each(ROW_PROBLEMS)('names the row and the image of %s', async (_, change, code, got) => {
    const error = await failure({ ...BASE, ...change });
    expect(error).toMatchObject({ code, got });
    expect(error.message).toMatch(/ in row 1 \("a\.jpg"\)$/);
    expect(error.file).toMatch(/x_all\.npz:\w+\.npy$/);
  });

  it('tells a listener of every bad row and keeps the rows in their places', async () => {
    for (const [, change, code] of ROW_PROBLEMS) {
      const told: UserError[] = [];
      const read = await readHamerMetadata(save({ ...BASE, ...change }), (problem) => told.push(problem));
      expect(told.map((problem) => problem.code)).toEqual([code]);
      expect(read.problems).toEqual([null, told[0], null]);
      expect(read.imageNames).toEqual(['a.jpg', 'a.jpg', 'x y/b.jpg']);
      expect(read.centers.length).toBe(6);
    }
    const told: UserError[] = [];
    const bad = {
      ...BASE,
      imgname: unicodeNpy(['/a', 'b', '../c']),
      scale: numbersNpy('<f8', [3], [-1, -1, 1]),
    };
    const { problems } = await readHamerMetadata(save(bad), (problem) => told.push(problem));
    expect(problems.map((problem) => problem?.code)).toEqual([
      'metadata-image-name',
      'metadata-scale',
      'metadata-image-name',
    ]);
    expect(told).toEqual(problems);
  });

  it('takes NaN where a keypoint has no label', async () => {
    const read = await readHamerMetadata(
      save({ ...BASE, hand_keypoints_2d: keypoints(3, 3, (i) => (i % 3 === 2 ? 0 : NaN)) }),
    );
    expect(read.problems).toEqual([null, null, null]);
    expect(read.keypoints2d?.[0]).toBeNaN();
  });

  it('refuses what is no archive', async () => {
    const file = join(folder, 'text.npz');
    writeFileSync(file, 'no archive');
    await expect(readHamerMetadata(file)).rejects.toMatchObject({ code: 'zip-invalid', file });
    await expect(readHamerMetadata(join(folder, 'none.npz'))).rejects.toMatchObject({ code: 'file-missing' });
  });
});

describe('damaged evaluation files', () => {
  const SEED = 20261125;
  const ROUNDS = 2000;

  it(`give rows that can be used or are named, or one error (seed ${SEED}, ${ROUNDS} inputs)`, async () => {
    const below = random(SEED);
    const whole: Arrays = {
      ...BASE,
      right: numbersNpy('<f4', [3], [1, 0, 1]),
      hand_keypoints_2d: keypoints(3, 3, (i) => i),
    };
    const names = { text: whole.imgname!, objects: objectsNpy(['a', 'b', 'c'].map(unicode)) };
    const parts = [...Object.values(whole), names.objects];
    const file = join(folder, 'fuzz.npz');
    const outcomes = new Map<string, number>();
    const count = (outcome: string): void => {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const arrays = { ...whole, imgname: oneOf([names.text, names.objects], below) };
      const key = oneOf(Object.keys(arrays) as (keyof typeof arrays)[], below);
      arrays[key] = damage(arrays[key], parts, below);
      writeFileSync(file, npzOf(Object.entries(arrays)));
      const problems: UserError[] = [];
      const read = await readHamerMetadata(file, (problem) => problems.push(problem)).catch(
        (e: unknown) => e,
      );
      unlinkSync(file);
      if (read instanceof UserError) {
        expect(read.file).toContain(file);
        count(read.code);
        continue;
      }
      if (read instanceof Error) throw new Error(`round ${round}`, { cause: read });
      const { centers, sizes, problems: byRow } = read as HamerMetadata;
      expect(byRow.filter((problem) => problem !== null)).toEqual(problems);
      byRow.forEach((problem, row) => {
        count(problem?.code ?? 'usable');
        const box = [...centers.subarray(2 * row, 2 * row + 2), ...sizes.subarray(2 * row, 2 * row + 2)];
        if (problem === null) expect(box.every(Number.isFinite)).toBe(true);
      });
    }
    expect([...outcomes.keys()]).toEqual(
      expect.arrayContaining([
        ...['usable', 'metadata-rows', 'metadata-image-name', 'metadata-scale'],
        ...['metadata-right', 'npy-header', 'npy-truncated', 'npy-surplus'],
      ]),
    );
  });
});

describe('the subsets of a file', () => {
  it('are known by their names', async () => {
    expect(isSubsetName('/d/TEST_newdays_img_vis.npz')).toBe(true);
    expect(isSubsetName('TEST_newdays_img_occ.npz')).toBe(true);
    expect(isSubsetName('/d_vis.npz/TEST_newdays_img_all.npz')).toBe(false);
    expect(isSubsetName('freihand_val.npz')).toBe(false);
    expect(wholeFileOf('/d/TEST_ego4d_img_occ.npz')).toBe('/d/TEST_ego4d_img_all.npz');
    const file = save(BASE, 't_all.npz');
    expect(await subsetFiles(file)).toEqual({ visible: null, occluded: null });
    const visible = save(BASE, 't_vis.npz');
    expect(await subsetFiles(file)).toEqual({ visible, occluded: null });
    const occluded = save(BASE, 't_occ.npz');
    expect(await subsetFiles(file)).toEqual({ visible, occluded });
    expect(await subsetFiles(visible)).toEqual({ visible: null, occluded: null });
  });

  /** Rows: image, x, y, and perhaps the side and the hand. */
  type Row = readonly [name: string, x: number, y: number, side?: number, right?: number];

  async function metadata(rows: readonly Row[], name: string): Promise<HamerMetadata> {
    const count = rows.length;
    const file = save(
      {
        imgname: unicodeNpy(rows.map(([image]) => image)),
        center: numbersNpy(
          '<f8',
          [count, 2],
          rows.flatMap(([, x, y]) => [x, y]),
        ),
        scale: numbersNpy(
          '<f8',
          [count],
          rows.map(([, , , side = 9]) => side),
        ),
        right: numbersNpy(
          '<f8',
          [count],
          rows.map(([, , , , right = 1]) => right),
        ),
      },
      name,
    );
    return readHamerMetadata(file, () => undefined);
  }

  it('are matched by image and centre, in any order', async () => {
    const all = await metadata(
      [
        ['a', 1, 1],
        ['a', 5, 1],
        ['b', 1, 1],
        ['__proto__', 1, 1],
        ['c', 7, 7],
      ],
      'm_all.npz',
    );
    const subset = await metadata(
      [
        ['c', 7, 7],
        ['__proto__', 1, 1],
        ['a', 5 + 5e-7, 1],
        ['a', 1, 1 - 5e-7],
      ],
      'm_vis.npz',
    );
    expect(alignSubset(all, subset)).toEqual(Int32Array.of(3, 2, -1, 1, 0));
    expect(alignSubset(all, all)).toEqual(Int32Array.of(0, 1, 2, 3, 4));
  });

  it('tell hands of one centre apart by hand and size, and equal rows by their order', async () => {
    const all = await metadata(
      [
        ['a', 1, 1, 10, 0],
        ['a', 1, 1, 10, 1],
        ['a', 1, 1, 20, 1],
        ['b', 1, 1],
        ['b', 1, 1],
      ],
      'm_all.npz',
    );
    const subset = await metadata(
      [
        ['a', 1, 1, 20, 1],
        ['b', 1, 1],
        ['a', 1, 1, 10, 1],
        ['b', 1, 1],
      ],
      'm_vis.npz',
    );
    expect(alignSubset(all, subset)).toEqual(Int32Array.of(-1, 2, 0, 1, 3));
  });

  it('must be rows of the whole file, each once', async () => {
    const all = await metadata(
      [
        ['a', 1, 1],
        ['b', 2, 2],
      ],
      'm_all.npz',
    );
    for (const [rows, row, got] of [
      [
        [
          ['b', 2, 2],
          ['a', 1, 1.00001],
        ],
        1,
        '"a", centre 1, 1.00001 px; 1 rows there have this image',
      ],
      [
        [
          ['b', 2, 2],
          ['c', 2, 2],
        ],
        1,
        '"c", centre 2, 2 px; 0 rows there have this image',
      ],
      [
        [
          ['a', 1, 1],
          ['b', 2, 2],
          ['a', 1, 1],
        ],
        2,
        '"a", centre 1, 1 px; 1 rows there have this image',
      ],
    ] as [Row[], number, string][]) {
      const subset = await metadata(rows, 'm_occ.npz');
      expect(() => alignSubset(all, subset)).toThrow(
        expect.objectContaining({
          code: 'metadata-subset',
          file: subset.file,
          message: `Row ${row} of the subset is no row of m_all.npz, or a row that was met before`,
          got,
        }),
      );
    }
  });

  it('pass over rows that have a problem', async () => {
    const all = await metadata(
      [
        ['a', 1, 1],
        ['b', 2, 2],
      ],
      'm_all.npz',
    );
    const subset = await metadata(
      [
        ['a', NaN, 1],
        ['b', 2, 2],
      ],
      'm_occ.npz',
    );
    expect(subset.problems.map((problem) => problem?.code)).toEqual(['metadata-center', undefined]);
    expect(alignSubset(all, subset)).toEqual(Int32Array.of(-1, 1));
  });
});
