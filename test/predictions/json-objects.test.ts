/** JSON that is not the official list of two lists: its other forms, and objects. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { datasetById } from '../../src/datasets/registry.js';
import type { UserError } from '../../src/errors.js';
import { openPredictions } from '../../src/predictions/open-predictions.js';
import type { PredictionSource } from '../../src/predictions/prediction-source.js';
import { temporaryFolder } from '../support/cli.js';
import { zipStored } from '../support/tiny-zip.js';
import { rejection } from '../support/user-error.js';

const FREIHAND = datasetById('freihand');

async function fileOf(value: unknown): Promise<string> {
  const file = join(await temporaryFolder(), 'pred.json');
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

async function opened(value: unknown, dataset = 'freihand'): Promise<PredictionSource> {
  return openPredictions(await fileOf(value), datasetById(dataset));
}

async function refusal(value: unknown): Promise<UserError> {
  return rejection(opened(value));
}

/** `count` points from `first` on. */
function points(count: number, first = 0, axes = 3): number[][] {
  return Array.from({ length: count }, (_, k) =>
    Array.from({ length: axes }, (__, axis) => first + axes * k + axis),
  );
}

const FIRST = points(21);
const SECOND = points(21, 63);
const NUMBERS = Array.from({ length: 126 }, (_, k) => k);

describe('the lists of a pred.json', () => {
  it.each([
    [
      '(N, 1, 21, 3)',
      [
        [[FIRST], [SECOND]],
        [[points(4)], [points(4, 12)]],
      ],
    ],
    [
      '(N, 63)',
      [
        [FIRST.flat(), SECOND.flat()],
        [points(4).flat(), points(4, 12).flat()],
      ],
    ],
  ])('%s are read, with a note', async (form, value) => {
    const zip = join(await temporaryFolder(), 'pred.zip');
    await writeFile(zip, zipStored([{ name: 'pred.json', bytes: Buffer.from(JSON.stringify(value)) }]));
    for (const path of [await fileOf(value), zip]) {
      const source = await openPredictions(path, FREIHAND);
      try {
        expect(source).toMatchObject({ count: 2, vertexCount: 4 });
        expect(source.notes).toEqual([
          `The lists ${form} are read as (N, 21, 3), and those of the meshes alike.`,
        ]);
        expect([...source.joints!]).toEqual(NUMBERS);
        expect([...(await source.vertices(0, 2))]).toEqual(NUMBERS.slice(0, 24));
      } finally {
        await source.close();
      }
    }
  });

  it('have no note as they should be', async () => {
    const source = await opened([[FIRST, SECOND], []]);
    await source.close();
    expect(source.notes).toEqual([]);
  });

  it('of one sample without its list are refused with what to add', async () => {
    expect((await refusal([FIRST, points(4)])).next).toContain('also where there is one sample');
  });

  it('of flat meshes that hold no points are refused', async () => {
    expect(await refusal([[FIRST.flat()], [[1, 2, 3, 4]]])).toMatchObject({
      code: 'predictions-arrays',
      got: '4',
    });
  });
});

describe('an object of arrays', () => {
  it.each([
    { xyz: [FIRST, SECOND], verts: [points(4), points(4, 12)] },
    { verts: [points(4), points(4, 12)], pred_xyz: [[FIRST], [SECOND]], faces: [[0, 1, 2]], by: 'me' },
  ])('is read by its keys', async (value) => {
    const source = await opened(value);
    expect([...source.joints!]).toEqual(NUMBERS);
    expect([...(await source.vertices(1, 1))]).toEqual(NUMBERS.slice(12, 24));
    await source.close();
  });

  it('may name its rows, by texts or whole numbers', async () => {
    const named = await opened({
      xyz: [FIRST, SECOND],
      imgname: ['b', 'a'],
      image_id: [4, 3],
      score: [0.5, 1],
    });
    await named.close();
    expect(named.rowNames).toEqual([
      { label: "'imgname'", values: ['b', 'a'], isRequired: false },
      { label: "'image_id'", values: ['4', '3'], isRequired: false },
    ]);
    expect(named.notes).toContain('Not used, though there is one entry a row: score (2,) numbers.');
  });

  it('says where a number in it is none, and in which list', async () => {
    const text = '{"xyz": [[[1, 2, 3], [4, NaN, 6]]]}';
    expect(await refusal(text)).toMatchObject({
      code: 'json-nan',
      file: expect.stringMatching(/pred\.json \(xyz\)$/) as string,
      offset: text.indexOf('NaN'),
    });
  });
});

describe('an object of samples', () => {
  it.each([
    { '12.jpg': SECOND, 'rgb/3': FIRST, '7': null },
    { '12.jpg': { xyz: SECOND, verts: points(4) }, 'rgb/3': { xyz: FIRST, verts: points(4, 12) } },
  ])('is named by its keys', async (value) => {
    const source = await opened(value);
    // JavaScript puts keys that are numbers first.
    const keys = Object.keys(value).filter((key) => key !== '7');
    expect(source.rowNames).toEqual([{ label: 'the keys', values: keys, isRequired: true }]);
    expect([...source.joints!]).toEqual([...SECOND.flat(), ...FIRST.flat()]);
    if (source.vertexCount !== null) expect([...(await source.vertices(0, 1))]).toEqual(points(4).flat());
    await source.close();
  });

  it('holds 2D keypoints for HInt, and names what is not used', async () => {
    const source = await opened({ a: { uv: points(21, 0, 2), conf: 0.5 } }, 'hint-newdays');
    await source.close();
    expect(source.keypoints).toHaveLength(42);
    expect(source.notes).toContain('Not used, though there is one entry a row: conf (1,) a sample.');
  });

  it('must hold the same of each', async () => {
    expect(await refusal({ a: { xyz: FIRST }, b: { xyz: points(20) } })).toMatchObject({
      message: 'The sample "b" is not like the first',
      expected: 'xyz (21, 3)',
      got: 'xyz (20, 3)',
    });
  });
});

describe('an object that is none', () => {
  it.each([
    ['{"xyz": [[[1, 2, 3]', 'json-truncated'],
    ['{"xyz": [[[1, 2, 3]]]', 'json-truncated'],
    ['{"xyz": [[[1, 2, 3]]]} []', 'json-syntax'],
    ['{"xyz" [[[1, 2, 3]]]}', 'json-syntax'],
    ['{xyz: 1}', 'json-syntax'],
    ['{"xyz": 1 "verts": 2}', 'json-syntax'],
    ['{}', 'predictions-arrays'],
    [{ scores: { mean: 1 }, schema: 'a' }, 'predictions-arrays'],
    [{ xyz: [[[FIRST]]], x: [[[[[1]]]]] }, 'json-nesting'],
  ])('is refused: %j', async (value, code) => {
    const error = await refusal(value);
    expect(error.code).toBe(code);
    expect(error.next).toBeDefined();
  });

  it('is read in pieces of any length', async () => {
    const source = await opened(
      `\ufeff {"xyz": ${JSON.stringify(Array.from({ length: 900 }, () => FIRST))}\n}\n`,
    );
    await source.close();
    expect(source.count).toBe(900);
    expect([...source.joints!.subarray(899 * 63)]).toEqual(NUMBERS.slice(0, 63));
  });
});
