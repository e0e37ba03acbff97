/** `--boxes truth`: the box of the true vertices, worked out by hand. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/datasets/fingerprint.js';
import { openDataset } from '../../src/datasets/registry.js';
import type { DatasetFolder } from '../../src/datasets/types.js';
import { photographSize } from '../../src/imaging/photograph-size.js';
import { temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { writeFreihandFolder } from '../support/freihand-folder.js';

const TRUTH = { split: 'evaluation', boxes: 'truth' };
/** f = 400 px, the middle at (112, 112). */
const K = [
  [400, 0, 112],
  [0, 400, 112],
  [0, 0, 1],
];

/** A mesh of 778 vertices of which only these count: the others repeat the first. */
const mesh = (...vertices: [number, number, number][]): number[][] =>
  Array.from({ length: 778 }, (_, index) => vertices[index] ?? vertices[0]!);

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
  await writeFreihandFolder(root, { images: 2, xyz: 2 });
  await write('evaluation_K.json', [K, K]);
  await write('evaluation_verts.json', [
    // x: 112 − 20 … 112 + 40, y: 112 − 30 … 112 + 10, at half a metre and at one metre.
    mesh([-0.025, -0.0375, 0.5], [0.1, 0.025, 1]),
    // x from −88 on, y to 312: cut off at 0 and at 224.
    mesh([-0.25, 0, 0.5], [0.025, 0.25, 0.5]),
  ]);
});

const write = (name: string, value: unknown): Promise<void> =>
  writeFile(join(root, name), JSON.stringify(value));
const open = (): Promise<DatasetFolder> => openDataset('freihand', root, TRUTH);

describe('the box of the true vertices', () => {
  it('is doubled, grown to 192:256 and cut off at the edges of the photograph before', async () => {
    const [first, second] = await (await open()).samples();
    // 60 × 40, doubled 120 × 80: 160 px high for its width.
    expect(first!.box!.center).toEqual([expect.closeTo(122, 9), expect.closeTo(102, 9)]);
    expect(first!.box!.side).toBeCloseTo(160, 9);
    // 0 … 132 and 112 … 224: 132 × 112, doubled 264 × 224, 352 px high for its width.
    expect(second!.box!.center).toEqual([expect.closeTo(66, 9), expect.closeTo(168, 9)]);
    expect(second!.box!.side).toBeCloseTo(352, 9);
  });

  it('is named in the protocol, with a warning, and changes the fingerprint', async () => {
    const truth = await open();
    expect(truth.protocol.boxes).toBe('truth');
    expect(truth.notices.map(({ code }) => code)).toEqual(['boxes-oracle']);
    const whole = await openDataset('freihand', root, { split: 'evaluation' });
    expect(await fingerprint(truth, await truth.samples())).not.toBe(
      await fingerprint(whole, await whole.samples()),
    );
  });

  it('is of the same place in HO-3D, whose axes are others', async () => {
    const data = await demoFolder('ho3d-v2');
    const [oracle, published] = await Promise.all(
      ['truth', 'annotations'].map(async (boxes) =>
        (await openDataset('ho3d-v2', data, { split: 'evaluation', boxes })).samples(),
      ),
    );
    expect(oracle!.map(({ id, root: wrist }) => [id, wrist])).toEqual(
      published!.map(({ id, root: wrist }) => [id, wrist]),
    );
    for (const [index, { box }] of oracle!.entries()) {
      const other = published![index]!.box!;
      expect(Math.abs(box!.center[0] - other.center[0])).toBeLessThan(0.2 * other.side);
      expect(Math.abs(box!.center[1] - other.center[1])).toBeLessThan(0.2 * other.side);
    }
  });
});

describe('without what it takes it is an error', () => {
  it('no true meshes', async () => {
    await rm(join(root, 'evaluation_verts.json'));
    await expect(open()).rejects.toMatchObject({ code: 'boxes-no-truth', file: root });
  });

  it('no hands in 3D', async () => {
    const opening = openDataset('hint-visor', await demoFolder('hint-visor'), TRUTH);
    await expect(opening).rejects.toMatchObject({
      code: 'boxes-no-truth',
      expected: 'a benchmark of hands in 3D',
    });
  });

  it('no cameras', async () => {
    await rm(join(root, 'evaluation_K.json'));
    await expect((await open()).samples()).rejects.toMatchObject({ code: 'file-missing' });
  });

  it('a hand beside the photograph', async () => {
    await write('evaluation_verts.json', [mesh([2, 0, 0.5]), mesh([0, 0, 0.5], [0.01, 0.01, 0.5])]);
    await expect((await open()).samples()).rejects.toMatchObject({
      code: 'boxes-truth-unseen',
      file: join(root, 'evaluation/rgb/00000000.jpg'),
    });
  });
});

it('a photograph that cannot be read has no box where that is tolerated, and moves no other', async () => {
  const whole = await (await open()).samples();
  await writeFile(join(root, 'evaluation/rgb/00000000.jpg'), 'no picture');
  await expect((await open()).samples()).rejects.toMatchObject({ code: 'image-format' });
  const [first, second] = await (await open()).samples(() => undefined);
  expect(first!.box).toBeNull();
  expect(second!.box).toEqual(whole[1]!.box);
});

it('the size of a photograph is read from its beginning', async () => {
  const picture = sharp({ create: { width: 31, height: 17, channels: 3, background: 'red' } });
  const [png, jpeg] = [join(root, 'a.png'), join(root, 'a.jpg')];
  await picture.clone().png().toFile(png);
  await picture.clone().jpeg().toFile(jpeg);
  for (const file of [png, jpeg]) expect(await photographSize(file)).toEqual({ width: 31, height: 17 });
  await writeFile(png, 'no picture');
  await expect(photographSize(png)).rejects.toMatchObject({ file: png });
});
