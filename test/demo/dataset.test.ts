import { mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeDemoDataset } from '../../src/demo/dataset.js';
import { UserError } from '../../src/errors.js';
import { decodeImage } from '../../src/imaging/decode.js';
import { sharedFolder } from '../support/cli.js';

const SIZES = { seed: 3, training: 8, evaluation: 3 } as const;

const root = sharedFolder();
let dir: string;

beforeAll(async () => {
  dir = join(root, 'first');
  await writeDemoDataset({ dir, ...SIZES });
});

async function json<T>(name: string, folder = dir): Promise<T> {
  return JSON.parse(await readFile(join(folder, name), 'utf8')) as T;
}

const KINDS = ['K', 'mano', 'scale', 'verts', 'xyz'] as const;

describe('writeDemoDataset', () => {
  it("has FreiHAND's files, and nothing half-written", async () => {
    const expected = ['training', 'evaluation'].flatMap((split) =>
      KINDS.map((kind) => `${split}_${kind}.json`),
    );
    expect((await readdir(dir)).sort()).toEqual(
      ['demo.json', 'evaluation', 'faces.json', 'training', ...expected].sort(),
    );
    const training = await readdir(join(dir, 'training', 'rgb'));
    expect(training.sort()).toEqual(
      Array.from({ length: 32 }, (_, i) => `${String(i).padStart(8, '0')}.jpg`),
    );
    const evaluation = await readdir(join(dir, 'evaluation', 'rgb'));
    expect(evaluation.sort()).toEqual(['00000000.jpg', '00000001.jpg', '00000002.jpg']);
  });

  it('writes annotations of the official shapes that agree with each other', async () => {
    const k = await json<number[][][]>('evaluation_K.json');
    const scale = await json<number[]>('evaluation_scale.json');
    const xyz = await json<number[][][]>('evaluation_xyz.json');
    const verts = await json<number[][][]>('evaluation_verts.json');
    const mano = await json<number[][][]>('evaluation_mano.json');
    for (let i = 0; i < 3; i++) {
      expect(k[i]!.map((row) => row.length)).toEqual([3, 3, 3]);
      expect(xyz[i]).toHaveLength(21);
      expect(verts[i]).toHaveLength(778);
      expect(mano[i]!.map((row) => row.length)).toEqual([61]);
      const [a, b] = [xyz[i]![9]!, xyz[i]![10]!];
      expect(scale[i]).toBeCloseTo(Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!), 6);
      expect(scale[i]).toBeGreaterThan(0.03);
      expect(scale[i]).toBeLessThan(0.07);
      const uv = [0, 1].map((axis) => (k[i]![axis]![axis]! * a[axis]!) / a[2]! + k[i]![axis]![2]!);
      expect(mano[i]![0]![58]).toBeCloseTo(uv[0]!, 3);
      expect(mano[i]![0]![59]).toBeCloseTo(uv[1]!, 3);
      expect(mano[i]![0]![60]).toBeCloseTo(scale[i]!, 9);
    }
    expect(await json<number[][][]>('training_xyz.json')).toHaveLength(8);
    expect(await json<number[][]>('faces.json')).toHaveLength(1538);
  });

  it('takes the same hand before four backgrounds: index + n · version', async () => {
    const names = [2, 10, 18, 26].map((i) =>
      join(dir, 'training', 'rgb', `${String(i).padStart(8, '0')}.jpg`),
    );
    const images = await Promise.all(names.map((name) => decodeImage(name)));
    const xyz = (await json<number[][][]>('training_xyz.json'))[2]![9]!;
    const k = (await json<number[][][]>('training_K.json'))[2]!;
    const u = Math.round((k[0]![0]! * xyz[0]!) / xyz[2]! + k[0]![2]!);
    const v = Math.round((k[1]![1]! * xyz[1]!) / xyz[2]! + k[1]![2]!);
    const pixel = (image: number, x: number, y: number): number[] => {
      const { data, width } = images[image]!;
      return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
    };
    for (let version = 0; version < 4; version++) {
      expect([images[version]!.width, images[version]!.height]).toEqual([224, 224]);
      // On the hand all four agree up to JPEG, in the corner they do not.
      pixel(version, u, v).forEach((value, c) => {
        expect(Math.abs(value - pixel(0, u, v)[c]!)).toBeLessThan(10);
      });
    }
    expect(new Set([0, 1, 2, 3].map((version) => pixel(version, 3, 3).join())).size).toBe(4);
    const [r, g, b] = pixel(0, 3, 3);
    expect(g).toBeGreaterThan(Math.max(r!, b!) + 20);
  });

  it('gives the same bytes for the same seed, and the same samples in a larger set', async () => {
    const again = join(root, 'again');
    await writeDemoDataset({ dir: again, ...SIZES, evaluation: 4 });
    for (const name of ['training_verts.json', 'training/rgb/00000013.jpg', 'evaluation/rgb/00000002.jpg']) {
      expect(await readFile(join(again, name))).toEqual(await readFile(join(dir, name)));
    }
    const longer = await json<unknown[]>('evaluation_xyz.json', again);
    expect(longer.slice(0, 3)).toEqual(await json<unknown[]>('evaluation_xyz.json'));
  });

  it('reuses a folder with the same stamp', async () => {
    const before = await stat(join(dir, 'training_verts.json'));
    const info = await writeDemoDataset({ dir, ...SIZES });
    expect(info.reused).toBe(true);
    expect((await stat(join(dir, 'training_verts.json'))).mtimeMs).toBe(before.mtimeMs);
  });

  it('writes an unfinished folder anew, and one of another size, without touching what is not its own', async () => {
    const other = join(root, 'other');
    await writeDemoDataset({ dir: other, ...SIZES });
    await rename(join(other, 'demo.json'), join(other, 'demo.json.partial'));
    await rm(join(other, 'evaluation_xyz.json'));
    await writeFile(join(other, 'notes.txt'), 'mine');
    expect((await writeDemoDataset({ dir: other, ...SIZES })).reused).toBe(false);
    expect(await json('evaluation_xyz.json', other)).toHaveLength(3);

    const calls: string[] = [];
    await writeDemoDataset({
      dir: other,
      ...SIZES,
      evaluation: 2,
      onProgress: (stage, done, total) => calls.push(`${stage} ${done}/${total}`),
    });
    expect(await readdir(join(other, 'evaluation', 'rgb'))).toHaveLength(2);
    expect(await readFile(join(other, 'notes.txt'), 'utf8')).toBe('mine');
    expect(await json('demo.json', other)).toMatchObject({ evaluation: 2, seed: 3, facesFile: 'faces.json' });
    expect(calls).toContain('render training 32/32');
    expect(calls.at(-1)).toBe('render evaluation 2/2');
  });

  it('refuses a folder with files of somebody else and changes nothing', async () => {
    const foreign = await mkdtemp(join(root, 'foreign-'));
    await writeFile(join(foreign, 'training_xyz.json'), '[]');
    const attempt = writeDemoDataset({ dir: foreign, ...SIZES });
    await expect(attempt).rejects.toBeInstanceOf(UserError);
    await expect(attempt).rejects.toMatchObject({ code: 'demo-folder-not-ours', file: foreign });
    expect(await readdir(foreign)).toEqual(['training_xyz.json']);
    expect(await readFile(join(foreign, 'training_xyz.json'), 'utf8')).toBe('[]');
  });

  it('refuses a dataset whose layout it does not know', async () => {
    const attempt = writeDemoDataset({ dir: join(root, 'never'), ...SIZES, dataset: 'dexycb' as 'freihand' });
    await expect(attempt).rejects.toMatchObject({ code: 'demo-dataset-unknown', got: 'dexycb' });
    await expect(attempt).rejects.toThrow("The demo cannot write a dataset called 'dexycb'");
  });

  it.each([
    [{ training: 2 }, 'demo-size'],
    [{ evaluation: 0 }, 'demo-size'],
    [{ training: 10.5 }, 'demo-size'],
    [{ seed: -1 }, 'demo-seed'],
  ])('refuses %j', async (wrong, code) => {
    const attempt = writeDemoDataset({ dir: join(root, 'never'), ...SIZES, ...wrong });
    await expect(attempt).rejects.toMatchObject({ code });
  });
});
