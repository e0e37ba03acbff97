import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/datasets/fingerprint.js';
import { freihand } from '../../src/datasets/freihand.js';
import { temporaryFolder } from '../support/cli.js';
import { writeFreihandFolder } from '../support/freihand-folder.js';

const EVALUATION = { split: 'evaluation' };

describe('a FreiHAND folder', () => {
  it('lists its photographs by index, with the whole image as box', async () => {
    const root = await temporaryFolder();
    await writeFreihandFolder(root, { images: 3, xyz: 3, verts: 3 });
    const folder = await freihand.open(root, EVALUATION);
    const samples = await folder.samples();
    expect(samples.map(({ id }) => id)).toEqual(['00000000', '00000001', '00000002']);
    expect(samples[1]).toEqual({
      id: '00000001',
      image: join(root, 'evaluation/rgb/00000001.jpg'),
      box: null,
      right: true,
      root: null,
    });
    expect(folder.groundTruth).toMatchObject({
      kind: 'hands',
      joints: { file: join(root, 'evaluation_xyz.json') },
      meshes: { file: join(root, 'evaluation_verts.json'), repeats: 1 },
    });
    expect(folder.protocol).toEqual({ ...freihand.protocol, boxes: 'image' });
    expect(folder.benchmarkCount).toBe(3960);
    expect(folder.notices).toEqual([]);
    expect(await folder.sampleIds(3)).toEqual(samples.map(({ id }) => id));
  });

  it('says which annotation file it lacks', async () => {
    const root = await temporaryFolder();
    await writeFreihandFolder(root, { images: 1, xyz: 1 });
    const folder = await freihand.open(root, EVALUATION);
    expect(folder.groundTruth).toMatchObject({ kind: 'hands', meshes: null });
    expect(folder.notices).toEqual([
      expect.objectContaining({
        code: 'ground-truth-incomplete',
        message: 'the folder has no evaluation_verts.json, so vertices are not scored',
      }),
    ]);
  });

  it('ignores files that are not photographs of the benchmark', async () => {
    const root = await temporaryFolder();
    await writeFreihandFolder(root, { images: 2 });
    await writeFile(join(root, 'evaluation/rgb/.DS_Store'), '');
    await writeFile(join(root, 'evaluation/rgb/Thumbs.db'), '');
    const folder = await freihand.open(root, EVALUATION);
    expect(await folder.samples()).toHaveLength(2);
  });

  it('has no photographs to predict where there is only ground truth', async () => {
    const root = await temporaryFolder();
    await writeFreihandFolder(root, { images: 1, xyz: 1, verts: 1 });
    await rm(join(root, 'evaluation'), { recursive: true });
    const folder = await freihand.open(root, EVALUATION);
    await expect(folder.samples()).rejects.toMatchObject({
      code: 'dataset-no-images',
      got: 'no such folder',
    });
    await mkdir(join(root, 'evaluation/rgb'), { recursive: true });
    const empty = await freihand.open(root, EVALUATION);
    await expect(empty.samples()).rejects.toMatchObject({ code: 'dataset-no-images', got: 'nothing' });
  });
});

describe('the fingerprint of a folder', () => {
  it('changes with a photograph or an annotation, and only then', async () => {
    const root = await temporaryFolder();
    await writeFreihandFolder(root, { images: 2, xyz: 2, verts: 2 });
    const print = async (): Promise<string> => {
      const folder = await freihand.open(root, EVALUATION);
      return fingerprint(folder, await folder.samples());
    };
    const first = await print();
    expect(await print()).toBe(first);
    await writeFreihandFolder(root, { images: 2, xyz: 3, verts: 2 });
    const second = await print();
    expect(second).not.toBe(first);
    await writeFile(join(root, 'evaluation/rgb/00000001.jpg'), 'shorter');
    expect(await print()).not.toBe(second);
  });
});
