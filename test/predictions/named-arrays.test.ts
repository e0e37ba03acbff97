/** Arrays under any name and in any of the usual shapes: what is read, what is said of it, and what is refused. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { datasetById } from '../../src/datasets/registry.js';
import { openPredictions } from '../../src/predictions/open-predictions.js';
import type { PredictionSource } from '../../src/predictions/prediction-source.js';
import { temporaryFolder } from '../support/cli.js';
import { npyBytes, npzBytes, type NpzArray } from '../support/npz-writer.js';
import { rejection } from '../support/user-error.js';

/** 0, 1, 2 … in this shape. */
function numbers(...shape: number[]): NpzArray {
  const data = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => k);
  return { shape, data };
}

async function opened(
  arrays: Readonly<Record<string, NpzArray>>,
  dataset = 'freihand',
): Promise<PredictionSource> {
  const file = join(await temporaryFolder(), 'preds.npz');
  await writeFile(file, npzBytes(arrays));
  const source = await openPredictions(file, datasetById(dataset));
  await source.close();
  return source;
}

describe('shapes of joints', () => {
  it.each([
    [[2, 1, 21, 3], 2],
    [[1, 2, 21, 3], 2],
    [[2, 63], 2],
    [[1, 2, 63], 2],
    [[21, 3], 1],
    [[1, 1, 21, 3], 1],
    [[63], 1],
  ])('%j are %i samples, with a note', async (shape, count) => {
    const source = await opened({ joints: numbers(...shape) });
    expect(source.count).toBe(count);
    expect([...source.joints!]).toEqual(Array.from({ length: count * 63 }, (_, k) => k));
    const read = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
    expect(source.notes).toEqual([`The joints ${read} are read as (${count}, 21, 3).`]);
  });

  it('as they should be have no note', async () => {
    expect((await opened({ joints: numbers(1, 21, 3) })).notes).toEqual([]);
  });

  it.each([[[2, 20, 3]], [[2, 21, 4]], [[3, 21]], [[2, 2, 21, 3]]])('%j are refused', async (shape) => {
    expect(await rejection(opened({ joints: numbers(...shape) }))).toMatchObject({
      code: 'predictions-arrays',
      expected: '(N, 21, 3)',
      got: `(${shape.join(', ')})`,
    });
  });
});

it.each([[[2, 1, 4, 3]], [[2, 12]]])('meshes of %j are read as (2, 4, 3)', async (shape) => {
  const file = join(await temporaryFolder(), 'preds.npz');
  await writeFile(file, npzBytes({ verts: numbers(...shape) }));
  const source = await openPredictions(file, datasetById('freihand'));
  expect(source).toMatchObject({ count: 2, vertexCount: 4, joints: null });
  expect([...(await source.vertices(1, 1))]).toEqual(Array.from({ length: 12 }, (_, k) => 12 + k));
  await source.close();
});

describe('names of arrays', () => {
  it('are HaMeR’s before others, and the program’s own before all', async () => {
    const [own, hamer, other] = [numbers(1, 21, 3), numbers(2, 21, 3), numbers(3, 21, 3)];
    expect((await opened({ xyz: other, pred_keypoints_3d: hamer, joints: own })).count).toBe(1);
    expect((await opened({ xyz: other, pred_keypoints_3d: hamer })).count).toBe(2);
    expect((await opened({ xyz: other })).count).toBe(3);
  });

  it('decide by their shape whether keypoints are in the photograph', async () => {
    const source = await opened({ keypoints: numbers(2, 21, 2) }, 'hint-newdays');
    expect(source.keypoints).toHaveLength(84);
    expect(source.notes).toEqual(['The 2D keypoints are read from keypoints (2, 21, 2) <f8.']);
  });

  it('are refused where two fit, or where they speak of the ground truth', async () => {
    expect(await rejection(opened({ xyz: numbers(1, 21, 3), j3d: numbers(1, 21, 3) }))).toMatchObject({
      message: 'Several arrays may be the predicted joints',
      got: 'xyz (1, 21, 3) <f8, j3d (1, 21, 3) <f8',
      next: "name the predicted ones 'joints'",
    });
    expect(await rejection(opened({ gt_joints: numbers(1, 21, 3), scores: numbers(1) }))).toMatchObject({
      message: 'There are no predictions here',
      got: 'gt_joints (1, 21, 3) <f8, scores (1,) <f8',
    });
  });
});

describe('what stands beside the rows', () => {
  it('is named where it is not used', async () => {
    const faces = numbers(7, 3);
    const source = await opened({ joints: numbers(2, 21, 3), conf: numbers(2), faces });
    expect(source.notes).toEqual(['Not used, though there is one entry a row: conf (2,) <f8.']);
  });

  it('are names where it is text, or whole numbers under a name of ids', async () => {
    const image_id = { shape: [2], data: Int32Array.of(1, 0) };
    const right = { shape: [2], data: Int32Array.of(1, 0) };
    const source = await opened({ joints: numbers(2, 21, 3), imgname: ['b', 'a'], image_id, right });
    expect(source.rowNames).toEqual([
      { label: "'imgname'", values: ['b', 'a'], isRequired: false },
      { label: "'image_id'", values: ['1', '0'], isRequired: false },
    ]);
    expect(source.notes).toEqual(['Not used, though there is one entry a row: right (2,) <i4.']);
  });

  it.each([
    ['imgnames.txt', 'b.jpg\r\na.jpg\n'],
    ['names.json', '\ufeff["b.jpg", "a.jpg"]'],
  ])('is a list in a folder of arrays: %s', async (name, text) => {
    const folder = join(await temporaryFolder(), 'arrays');
    await mkdir(folder);
    await writeFile(join(folder, 'joints.npy'), npyBytes(numbers(2, 21, 3)));
    await writeFile(join(folder, name), text);
    await writeFile(join(folder, 'log.txt'), 'two\nlines\n');
    const source = await openPredictions(folder, datasetById('freihand'));
    await source.close();
    expect(source.rowNames).toEqual([{ label: `'${name}'`, values: ['b.jpg', 'a.jpg'], isRequired: false }]);
  });

  it('is an error where such a list is none', async () => {
    const folder = join(await temporaryFolder(), 'arrays');
    await mkdir(folder);
    await writeFile(join(folder, 'joints.npy'), npyBytes(numbers(2, 21, 3)));
    await writeFile(join(folder, 'names.json'), '{"a": 1}');
    expect(await rejection(openPredictions(folder, datasetById('freihand')))).toMatchObject({
      code: 'predictions-names',
      file: join(folder, 'names.json'),
    });
  });
});

describe('a file for each photograph', () => {
  async function folderOf(
    files: Readonly<Record<string, Readonly<Record<string, NpzArray>>>>,
  ): Promise<string> {
    const folder = await temporaryFolder();
    for (const [name, arrays] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), npzBytes(arrays));
    }
    return folder;
  }

  const open = (folder: string): Promise<PredictionSource> =>
    openPredictions(folder, datasetById('freihand'));

  it('is named by its path', async () => {
    const joints = numbers(1, 21, 3);
    const source = await open(await folderOf({ 'SM1/0001.npz': { joints }, 'AP1/0000.npz': { joints } }));
    await source.close();
    expect(source.count).toBe(2);
    expect(source.rowNames).toEqual([
      { label: 'the names of the files', values: ['AP1/0000.npz', 'SM1/0001.npz'], isRequired: true },
    ]);
  });

  it('must be like the first', async () => {
    const folder = await folderOf({
      'a.npz': { joints: numbers(21, 3) },
      'b.npz': { joints: numbers(20, 3) },
    });
    expect(await rejection(open(folder))).toMatchObject({
      code: 'predictions-row-files',
      file: join(folder, 'b.npz'),
      got: 'joints (20, 3)',
    });
  });

  it('holds one sample; a file of several is to be given itself, or joined', async () => {
    const one = await folderOf({ 'preds.npz': { joints: numbers(2, 21, 3) } });
    const { next } = await rejection(open(one));
    expect(next).toBe(`give the file itself: --predictions ${join(one, 'preds.npz')}`);
    const itself = await open(next!.split('--predictions ')[1]!);
    await itself.close();
    expect(itself.count).toBe(2);
    const two = await folderOf({ 'a.npz': { xyz: numbers(2, 63) }, 'b.npz': { xyz: numbers(2, 63) } });
    expect((await rejection(open(two))).next).toContain('numpy.concatenate');
  });
});
