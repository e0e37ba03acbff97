import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeDemoDataset } from '../../src/demo/dataset.js';
import type { DemoDatasetId } from '../../src/demo/layouts/registry.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { asDict, asNumbers, readPickle, valueAt } from '../../src/formats/pickle/pickle.js';
import { HO3D } from '../../src/hand/joint-orders/ho3d.js';
import { sharedFolder } from './cli.js';
import { writeHamerMetadata } from './demo-metadata.js';

const root = sharedFolder();

interface Table {
  imgname: string[];
  center: number[];
  scale: number[];
  right: number[];
  pixels: number[];
  joints: number[];
}

async function make(dataset: DemoDatasetId, evaluation: number): Promise<{ dir: string; files: string[] }> {
  const dir = join(root, dataset);
  const out = join(root, `${dataset}-metadata`);
  await mkdir(out);
  await writeDemoDataset({ dir, dataset, seed: 5, evaluation });
  return { dir, files: await writeHamerMetadata(dir, out) };
}

async function table(file: string): Promise<Table> {
  const npz = await readNpz(file);
  try {
    expect(npz.names).toEqual([
      'imgname',
      'center',
      'scale',
      'right',
      'hand_keypoints_2d',
      'hand_keypoints_3d',
    ]);
    const imgname = await npz.strings('imgname');
    const n = imgname.length;
    const numbers = async (name: string, shape: readonly number[]): Promise<number[]> => {
      const array = await npz.read(name);
      expect(array.shape).toEqual([n, ...shape]);
      expect(array.dtype.descr).toBe('<f8');
      return Array.from(array.data as ArrayLike<number>);
    };
    return {
      imgname,
      center: await numbers('center', [2]),
      scale: await numbers('scale', [2]),
      right: await numbers('right', []),
      pixels: await numbers('hand_keypoints_2d', [21, 3]),
      joints: await numbers('hand_keypoints_3d', [21, 4]),
    };
  } finally {
    npz.close();
  }
}

describe('writeHamerMetadata', () => {
  it("describes FreiHAND's photographs whole: 168 px grow to 224", async () => {
    const { dir, files } = await make('freihand', 3);
    expect(files.map((file) => basename(file))).toEqual(['freihand_val.npz']);
    const { imgname, center, scale, right, pixels, joints } = await table(files[0]!);
    expect(imgname).toEqual(['00000000.jpg', '00000001.jpg', '00000002.jpg']);
    expect(center).toEqual(Array(6).fill(112));
    expect(scale).toEqual(Array(6).fill(168));
    expect(right).toEqual([1, 1, 1]);
    const xyz = JSON.parse(await readFile(join(dir, 'evaluation_xyz.json'), 'utf8')) as number[][][];
    const k = JSON.parse(await readFile(join(dir, 'evaluation_K.json'), 'utf8')) as number[][][];
    xyz.flat().forEach(([x, y, z], row) => {
      const matrix = k[Math.floor(row / 21)]!;
      expect(joints[row * 4]).toBeCloseTo(x!, 7);
      expect(joints[row * 4 + 1]).toBeCloseTo(y!, 7);
      expect(joints[row * 4 + 2]).toBeCloseTo(z!, 7);
      expect(joints[row * 4 + 3]).toBe(1);
      expect(pixels[row * 3]).toBeCloseTo((matrix[0]![0]! * x!) / z! + matrix[0]![2]!, 3);
      expect(pixels[row * 3 + 1]).toBeCloseTo((matrix[1]![1]! * y!) / z! + matrix[1]![2]!, 3);
      expect(pixels[row * 3 + 2]).toBe(1);
    });
  });

  it.each([
    ['ho3d-v2', 'png'],
    ['ho3d-v3', 'jpg'],
  ] as const)(
    "describes %s by its meta files' boxes, in OpenPose order and OpenCV axes",
    async (dataset, extension) => {
      const { dir, files } = await make(dataset, 5);
      expect(files.map((file) => basename(file))).toEqual(['ho3d_val.npz']);
      const { imgname, center, scale, right, joints } = await table(files[0]!);
      const lines = (await readFile(join(dir, 'evaluation.txt'), 'utf8')).trim().split('\n');
      expect(imgname).toEqual(lines.map((line) => line.replace('/', '/rgb/') + `.${extension}`));
      expect(right).toEqual([1, 1, 1, 1, 1]);
      const xyz = JSON.parse(await readFile(join(dir, 'evaluation_xyz.json'), 'utf8')) as number[][][];
      for (const [i, name] of imgname.entries()) {
        await readFile(join(dir, 'evaluation', name));
        const file = join(dir, 'evaluation', name.replace('rgb', 'meta').replace(extension, 'pkl'));
        const dict = asDict(readPickle(await readFile(file), file), 'meta', file);
        const [x1, y1, x2, y2] = asNumbers(valueAt(dict, 'handBoundingBox', file), 'box', [4], file);
        expect(center.slice(i * 2, i * 2 + 2)).toEqual([(x1! + x2!) / 2, (y1! + y2!) / 2]);
        const longer = Math.max(x2! - x1!, y2! - y1!);
        expect(scale.slice(i * 2, i * 2 + 2)).toEqual([longer, longer]);
        HO3D.fromOpenPose.forEach((openPose, j) => {
          const [x, y, z] = joints.slice((i * 21 + openPose) * 4);
          [x!, -y!, -z!].forEach((value, axis) => expect(value).toBeCloseTo(xyz[i]![j]![axis]!, 7));
        });
      }
    },
  );

  it("splits HInt's keypoints into all, visible and occluded by their confidence", async () => {
    const { dir, files } = await make('hint-visor', 4);
    expect(files.map((file) => basename(file))).toEqual([
      'TEST_epick_img_all.npz',
      'TEST_epick_img_vis.npz',
      'TEST_epick_img_occ.npz',
    ]);
    const [all, visible, occluded] = await Promise.all(files.map(table));
    expect(all!.imgname).toEqual([
      'demo_00000_r.jpg',
      'demo_00001_l.jpg',
      'demo_00002_r.jpg',
      'demo_00003_l.jpg',
    ]);
    expect(all!.right).toEqual([1, 0, 1, 0]);
    for (const [i, name] of all!.imgname.entries()) {
      const text = await readFile(join(dir, 'TEST_epick_img', name.replace('.jpg', '.json')), 'utf8');
      const [label] = JSON.parse(text) as [{ bbox: number[][]; keypoints: number[][]; occlusion: number[] }];
      const [x1, y1, x2, y2] = label.bbox[0]!;
      expect(all!.center.slice(i * 2, i * 2 + 2)).toEqual([(x1! + x2!) / 2, (y1! + y2!) / 2]);
      expect(all!.scale.slice(i * 2, i * 2 + 2)).toEqual([x2! - x1!, y2! - y1!]);
      const confidence = (of: Table): number[] =>
        label.keypoints.map((_, j) => of.pixels[(i * 21 + j) * 3 + 2]!);
      expect(confidence(all!)).toEqual(Array(21).fill(1));
      expect(confidence(occluded!)).toEqual(label.occlusion);
      expect(confidence(visible!)).toEqual(label.occlusion.map((value) => 1 - value));
      label.keypoints.forEach((keypoint, j) => {
        const at = (i * 21 + j) * 3;
        for (const of of [all!, visible!, occluded!]) expect(of.pixels.slice(at, at + 2)).toEqual(keypoint);
      });
    }
  });

  it('refuses a folder that is none of the demo', async () => {
    await expect(writeHamerMetadata(root, root)).rejects.toMatchObject({
      code: 'demo-folder-not-ours',
      file: root,
    });
  });
});
