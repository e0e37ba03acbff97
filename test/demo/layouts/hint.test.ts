import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeDemoDataset } from '../../../src/demo/dataset.js';
import { proceduralHand } from '../../../src/demo/hand/procedural-hand.js';
import { hintNewDaysLayout } from '../../../src/demo/layouts/hint.js';
import { Studio } from '../../../src/demo/studio.js';
import { decodeImage } from '../../../src/imaging/decode.js';
import { sharedFolder } from '../../support/cli.js';

const SIZES = { seed: 3, evaluation: 6 } as const;
const STEMS = ['00000_r', '00001_l', '00002_r', '00003_l', '00004_r', '00005_l'].map((end) => `demo_${end}`);
const root = sharedFolder();
let images: string;

beforeAll(async () => {
  const dir = join(root, 'newdays');
  await writeDemoDataset({ dir, dataset: 'hint-newdays', ...SIZES });
  images = join(dir, 'TEST_newdays_img');
});

interface Label {
  bbox: [[number, number, number, number]];
  keypoints: [number, number][];
  occlusion: number[];
}

async function label(stem: string, folder = images): Promise<Label> {
  const list = JSON.parse(await readFile(join(folder, `${stem}.json`), 'utf8')) as Label[];
  expect(list).toHaveLength(1);
  return list[0]!;
}

describe("HInt's layout", () => {
  it('has a json beside every photograph, and nothing half-written', async () => {
    expect((await readdir(images)).sort()).toEqual(STEMS.flatMap((stem) => [`${stem}.jpg`, `${stem}.json`]));
    expect((await readdir(join(images, '..'))).sort()).toEqual([
      'TEST_newdays_img',
      'demo.json',
      'faces.json',
    ]);
  });

  it.each([
    ['hint-visor', 'TEST_epick_img'],
    ['hint-ego4d', 'TEST_ego4d_img'],
  ] as const)('calls the folder of %s %s and fills it with other hands', async (dataset, folder) => {
    const dir = join(root, dataset);
    await writeDemoDataset({ dir, dataset, seed: 3, evaluation: 2 });
    expect((await readdir(join(dir, folder))).sort()).toEqual(
      STEMS.slice(0, 2).flatMap((stem) => [`${stem}.jpg`, `${stem}.json`]),
    );
    expect(await label(STEMS[0]!, join(dir, folder))).not.toEqual(await label(STEMS[0]!));
  });

  it('labels 21 keypoints in the photograph, inside the box, and which of them are hidden', async () => {
    const sizes = new Set<string>();
    const seen = new Set<number>();
    for (const stem of STEMS) {
      const { bbox, keypoints, occlusion } = await label(stem);
      const image = await decodeImage(join(images, `${stem}.jpg`));
      sizes.add(`${image.width}x${image.height}`);
      expect(keypoints).toHaveLength(21);
      expect(occlusion).toHaveLength(21);
      occlusion.forEach((value) => seen.add(value));
      expect(bbox).toHaveLength(1);
      const [x1, y1, x2, y2] = bbox[0];
      expect(x1 >= 0 && y1 >= 0 && x2 <= image.width - 1 && y2 <= image.height - 1).toBe(true);
      for (const [x, y] of keypoints) {
        expect(x >= x1 - 1e-9 && x <= x2 + 1e-9 && y >= y1 - 1e-9 && y <= y2 + 1e-9, stem).toBe(true);
      }
    }
    expect([...sizes].sort()).toEqual(['320x400', '456x256', '640x480']);
    expect([...seen].sort()).toEqual([0, 1]);
  });

  it('draws the hand where its keypoints are, in left hands too', async () => {
    for (const stem of STEMS) {
      const { keypoints } = await label(stem);
      const { data, width } = await decodeImage(join(images, `${stem}.jpg`));
      // The knuckles of index, middle and ring finger lie well inside the hand: skin, redder than blue.
      for (const j of [5, 9, 13]) {
        const [u, v] = keypoints[j]!.map(Math.round) as [number, number];
        const [r, , b] = data.subarray((v * width + u) * 3);
        expect(r! - b!, `${stem}, joint ${j}`).toBeGreaterThan(12);
      }
    }
  });

  it('shows the back of the hand: the thumb is left of the fingers in a right hand, right of them in a left one', async () => {
    for (const stem of STEMS) {
      const { keypoints } = await label(stem);
      // Seen from the back with the fingers up; across the palm from the little finger's knuckle to the index finger's.
      const across = [0, 1].map((axis) => keypoints[5]![axis]! - keypoints[17]![axis]!);
      const up = [0, 1].map((axis) => keypoints[9]![axis]! - keypoints[0]![axis]!);
      const turn = across[0]! * up[1]! - across[1]! * up[0]!;
      expect(Math.sign(turn), stem).toBe(stem.endsWith('_r') ? 1 : -1);
    }
  });

  it('hides fingertips often, and never a knuckle, which is nearer than everything else of the hand', () => {
    const studio = new Studio(proceduralHand());
    const tables = hintNewDaysLayout.hamerTables({ seed: 3, evaluation: 40, studio });
    const occluded = tables[2]!.rows.map(({ confidence }) => confidence!);
    const share = (joints: readonly number[]): number =>
      occluded.flatMap((row) => joints.map((j) => row[j]!)).reduce((sum, value) => sum + value, 0) /
      (occluded.length * joints.length);
    expect(share([5, 9, 13, 17])).toBe(0);
    expect(share([8, 12, 16, 20])).toBeGreaterThan(0.3);
    expect(share([8, 12, 16, 20])).toBeLessThan(0.9);
  });

  it('gives the same bytes for the same seed, and the same samples in a larger set', async () => {
    const dir = join(root, 'again');
    await writeDemoDataset({ dir, dataset: 'hint-newdays', seed: 3, evaluation: 8 });
    for (const name of STEMS.flatMap((stem) => [`${stem}.jpg`, `${stem}.json`])) {
      const again = await readFile(join(dir, 'TEST_newdays_img', name));
      expect(again.equals(await readFile(join(images, name))), name).toBe(true);
    }
  });

  it('is written anew where it is unfinished, and leaves what is not its own', async () => {
    const dir = join(root, 'other');
    const folder = join(dir, 'TEST_newdays_img');
    await writeDemoDataset({ dir, dataset: 'hint-newdays', ...SIZES });
    await rename(join(dir, 'demo.json'), join(dir, 'demo.json.partial'));
    await rm(join(folder, 'demo_00001_l.json'));
    await writeFile(join(folder, 'mine_r.jpg'), 'mine');
    const info = await writeDemoDataset({ dir, dataset: 'hint-newdays', seed: 3, evaluation: 2 });
    expect(info.reused).toBe(false);
    expect((await readdir(folder)).sort()).toEqual(
      ['demo_00000_r.jpg', 'demo_00000_r.json', 'demo_00001_l.jpg', 'demo_00001_l.json', 'mine_r.jpg'].sort(),
    );
    const foreign = join(root, 'foreign');
    await rename(folder, foreign);
    const attempt = writeDemoDataset({ dir: foreign, dataset: 'hint-newdays', ...SIZES });
    await expect(attempt).rejects.toMatchObject({ code: 'demo-folder-not-ours', file: foreign });
  });
});
