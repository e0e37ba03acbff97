import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeDemoDataset } from '../../../src/demo/dataset.js';
import {
  asDict,
  asNumbers,
  NumpyArray,
  numbersAt,
  readPickle,
  valueAt,
} from '../../../src/formats/pickle/pickle.js';
import { decodeImage } from '../../../src/imaging/decode.js';
import { sharedFolder } from '../../support/cli.js';

const SIZES = { seed: 3, evaluation: 6 } as const;
const root = sharedFolder();
let dir: string;

beforeAll(async () => {
  dir = join(root, 'v2');
  await writeDemoDataset({ dir, dataset: 'ho3d-v2', ...SIZES });
});

interface Meta {
  camera: Float64Array;
  box: Float64Array;
  wrist: Float64Array;
}

async function ids(folder = dir): Promise<string[]> {
  const text = await readFile(join(folder, 'evaluation.txt'), 'utf8');
  return text.split('\n').filter((line) => line !== '');
}

async function points(kind: 'xyz' | 'verts', folder = dir): Promise<number[][][]> {
  return JSON.parse(await readFile(join(folder, `evaluation_${kind}.json`), 'utf8')) as number[][][];
}

async function meta(id: string, folder = dir): Promise<Meta> {
  const [sequence, frame] = id.split('/');
  const file = join(folder, 'evaluation', sequence!, 'meta', `${frame!}.pkl`);
  const dict = asDict(readPickle(await readFile(file), file), 'a meta file', file);
  expect([...dict.keys()]).toEqual(['camMat', 'handBoundingBox', 'handJoints3D', 'objName']);
  expect(valueAt(dict, 'objName', file)).toBe('none');
  const dtypes = ['camMat', 'handJoints3D'].map(
    (key) => (valueAt(dict, key, file) as NumpyArray).dtype.descr,
  );
  expect(dtypes).toEqual(['<f8', '<f4']);
  return {
    camera: numbersAt(dict, 'camMat', [3, 3], file),
    box: asNumbers(valueAt(dict, 'handBoundingBox', file), 'handBoundingBox', [4], file),
    wrist: numbersAt(dict, 'handJoints3D', [3], file),
  };
}

/** OpenGL axes → px. */
function project([x, y, z]: readonly number[], camera: Float64Array): [number, number] {
  return [(camera[0]! * x!) / -z! + camera[2]!, (camera[4]! * -y!) / -z! + camera[5]!];
}

function photograph(id: string, extension = 'png', folder = dir): string {
  const [sequence, frame] = id.split('/');
  return join(folder, 'evaluation', sequence!, 'rgb', `${frame!}.${extension}`);
}

describe("HO-3D's layout", () => {
  it('has its files, several sequences, and nothing half-written', async () => {
    expect((await readdir(dir)).sort()).toEqual(
      [
        'demo.json',
        'evaluation',
        'evaluation.txt',
        'evaluation_verts.json',
        'evaluation_xyz.json',
        'faces.json',
      ].sort(),
    );
    expect(await ids()).toEqual([
      'DEMO1/0000',
      'DEMO1/0001',
      'DEMO2/0000',
      'DEMO2/0001',
      'DEMO3/0000',
      'DEMO4/0000',
    ]);
    const files = await readdir(join(dir, 'evaluation', 'DEMO2'), { recursive: true });
    expect(files.sort()).toEqual([
      'meta',
      'meta/0000.pkl',
      'meta/0001.pkl',
      'rgb',
      'rgb/0000.png',
      'rgb/0001.png',
    ]);
    expect(JSON.parse(await readFile(join(dir, 'demo.json'), 'utf8'))).toEqual({
      schema: 'hamba-eval/demo-dataset',
      generator: 1,
      dataset: 'ho3d-v2',
      ...SIZES,
      imageSize: [640, 480],
      vertices: 778,
      faces: 1538,
      facesFile: 'faces.json',
    });
  });

  it('has PNG photographs in version 2 and JPEG ones in version 3, of different hands', async () => {
    const other = join(root, 'v3');
    await writeDemoDataset({ dir: other, dataset: 'ho3d-v3', ...SIZES });
    expect(await ids(other)).toEqual(await ids());
    expect((await readFile(photograph('DEMO1/0001'))).subarray(1, 4).toString('latin1')).toBe('PNG');
    expect((await readFile(photograph('DEMO1/0001', 'jpg', other))).readUInt16BE()).toBe(0xffd8);
    expect(await points('xyz', other)).not.toEqual(await points('xyz'));
  });

  it('gives the wrist alone in the meta file, where the joints have it: OpenGL axes, metres', async () => {
    const [xyz, verts] = [await points('xyz'), await points('verts')];
    for (const [i, id] of (await ids()).entries()) {
      expect(xyz[i]).toHaveLength(21);
      expect(verts[i]).toHaveLength(778);
      const { wrist } = await meta(id);
      expect([...wrist]).toEqual(xyz[i]![0]!.map(Math.fround));
      for (const [, , z] of [...xyz[i]!, ...verts[i]!]) expect(z).toBeLessThan(-0.3);
    }
  });

  it("orders joints as HO-3D does: the last five are the fingers' ends", async () => {
    const [xyz, verts] = [await points('xyz'), await points('verts')];
    const distance = (a: number[], b: number[]): number => Math.hypot(...a.map((value, k) => value - b[k]!));
    xyz.forEach((joints, i) => {
      joints.forEach((joint, j) => {
        const nearest = Math.min(...verts[i]!.map((vertex) => distance(joint, vertex)));
        // Tips are points of the skin, the others lie inside the flesh.
        if (j >= 16) expect(nearest, `joint ${j}`).toBe(0);
        else expect(nearest, `joint ${j}`).toBeGreaterThan(0.002);
      });
      // Each tip is nearest to its own finger's last joint: thumb 15, index 3, middle 6, ring 12, pinky 9.
      [15, 3, 6, 12, 9].forEach((last, finger) => {
        const bone = distance(joints[last]!, joints[16 + finger]!);
        expect(bone).toBeGreaterThan(0.015);
        expect(bone).toBeLessThan(0.035);
      });
    });
  });

  it('draws the hand where camMat projects it, inside handBoundingBox', async () => {
    const [xyz, verts] = [await points('xyz'), await points('verts')];
    for (const [i, id] of (await ids()).entries()) {
      const { camera, box } = await meta(id);
      expect([camera[1], camera[3], camera[6], camera[7], camera[8]]).toEqual([0, 0, 0, 0, 1]);
      const [x1, y1, x2, y2] = box as unknown as [number, number, number, number];
      expect(x1 >= 0 && y1 >= 0 && x2 <= 639 && y2 <= 479 && x1 < x2 && y1 < y2).toBe(true);
      const pixels = verts[i]!.map((vertex) => project(vertex, camera));
      const seen = pixels.filter(([u, v]) => u >= 0 && u <= 639 && v >= 0 && v <= 479);
      expect(seen.length).toBeGreaterThan(300);
      const tight = [0, 1].map((axis) => seen.map((pixel) => pixel[axis]!));
      // The annotation files are rounded to 10 nm: some 1e-5 px.
      expect(Math.min(...tight[0]!)).toBeGreaterThan(x1 - 1e-3);
      expect(Math.max(...tight[0]!)).toBeLessThan(x2 + 1e-3);
      expect(Math.min(...tight[1]!)).toBeGreaterThan(y1 - 1e-3);
      expect(Math.max(...tight[1]!)).toBeLessThan(y2 + 1e-3);

      // Skin is redder than blue, and unlike the picture's far corners.
      const image = await decodeImage(photograph(id));
      expect([image.width, image.height]).toEqual([640, 480]);
      const [u, v] = project(xyz[i]![4]!, camera).map(Math.round) as [number, number];
      if (u < 0 || v < 0 || u > 639 || v > 479) continue;
      const [r, , b] = image.data.subarray((v * 640 + u) * 3);
      expect(r! - b!, id).toBeGreaterThan(15);
    }
  });

  it('moves a hand slowly within a sequence, before one background', async () => {
    const xyz = await points('xyz');
    const step = (a: number, b: number): number =>
      Math.max(...xyz[a]!.map((p, j) => Math.hypot(...p.map((value, k) => value - xyz[b]![j]![k]!))));
    for (const [a, b] of [
      [0, 1],
      [2, 3],
    ] as const) {
      expect(step(a, b)).toBeGreaterThan(0);
      expect(step(a, b)).toBeLessThan(0.004);
    }
    expect(step(1, 2)).toBeGreaterThan(0.02);
    const [first, second, other] = await Promise.all(
      ['DEMO1/0000', 'DEMO1/0001', 'DEMO2/0000'].map(async (id) => (await decodeImage(photograph(id))).data),
    );
    const same = (a: Uint8Array, b: Uint8Array): number =>
      a.reduce((count, value, k) => count + (value === b[k] ? 1 : 0), 0) / a.length;
    expect(same(first!, second!)).toBeGreaterThan(0.9);
    expect(same(first!, other!)).toBeLessThan(0.5);
  });

  it('has hands partly outside the photograph among many', async () => {
    const many = join(root, 'many');
    await writeDemoDataset({ dir: many, dataset: 'ho3d-v2', seed: 2, evaluation: 40 });
    const verts = await points('verts', many);
    const outside: number[] = [];
    for (const [i, id] of (await ids(many)).entries()) {
      const { camera } = await meta(id, many);
      const beyond = verts[i]!.filter((vertex) => {
        const [u, v] = project(vertex, camera);
        return u < 0 || v < 0 || u > 639 || v > 479;
      });
      outside.push(beyond.length / 778);
    }
    expect(outside.filter((share) => share > 0.02).length).toBeGreaterThan(0);
    expect(outside.filter((share) => share === 0).length).toBeGreaterThan(10);
    expect(Math.max(...outside)).toBeLessThan(0.7);
  });

  it('gives the same bytes for the same seed, and the same frames in a larger set', async () => {
    const again = join(root, 'again');
    await writeDemoDataset({ dir: again, dataset: 'ho3d-v2', seed: 3, evaluation: 11 });
    for (const name of ['rgb/0001.png', 'meta/0001.pkl']) {
      const file = join('evaluation', 'DEMO2', name);
      expect(await readFile(join(again, file))).toEqual(await readFile(join(dir, file)));
    }
    const [longer, shorter] = [await ids(again), await ids()];
    const xyz = await points('xyz', again);
    (await points('xyz')).forEach((joints, i) => {
      expect(xyz[longer.indexOf(shorter[i]!)]).toEqual(joints);
    });
  });

  it('is reused, written anew where it is unfinished, and makes room for another layout', async () => {
    const other = join(root, 'other');
    await writeDemoDataset({ dir: other, dataset: 'ho3d-v2', ...SIZES });
    const info = await writeDemoDataset({ dir: other, dataset: 'ho3d-v2', ...SIZES, training: 50 });
    expect(info.reused).toBe(true);
    await rename(join(other, 'demo.json'), join(other, 'demo.json.partial'));
    await rm(join(other, 'evaluation.txt'));
    await writeFile(join(other, 'evaluation', 'DEMO1', 'rgb', '0000.png.partial'), 'half a photograph');
    await writeFile(join(other, 'evaluation', 'notes.txt'), 'mine');
    expect((await writeDemoDataset({ dir: other, dataset: 'ho3d-v2', ...SIZES })).reused).toBe(false);
    expect(await ids(other)).toEqual(await ids());
    expect(await readdir(join(other, 'evaluation', 'DEMO1', 'rgb'))).toEqual(['0000.png', '0001.png']);

    await writeDemoDataset({ dir: other, dataset: 'hint-visor', ...SIZES });
    expect((await readdir(other)).sort()).toEqual([
      'TEST_epick_img',
      'demo.json',
      'evaluation',
      'faces.json',
    ]);
    expect(await readdir(join(other, 'evaluation'))).toEqual(['notes.txt']);
  });

  it('refuses a real folder and changes nothing', async () => {
    const foreign = join(root, 'foreign');
    await mkdir(join(foreign, 'evaluation', 'SM1', 'rgb'), { recursive: true });
    const attempt = writeDemoDataset({ dir: foreign, dataset: 'ho3d-v2', ...SIZES });
    await expect(attempt).rejects.toMatchObject({ code: 'demo-folder-not-ours', file: foreign });
    expect(await readdir(foreign, { recursive: true })).toEqual([
      'evaluation',
      'evaluation/SM1',
      'evaluation/SM1/rgb',
    ]);
  });
});
