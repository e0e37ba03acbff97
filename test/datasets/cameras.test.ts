import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { camerasOf } from '../../src/datasets/cameras.js';
import { openDataset } from '../../src/datasets/registry.js';
import { UserError } from '../../src/errors.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';

const open = (dataset: string, folder: string): ReturnType<typeof openDataset> =>
  openDataset(dataset, folder, { split: 'evaluation' });

describe('the cameras of a benchmark', () => {
  it.each([
    ['freihand', '00000003'],
    ['ho3d-v2', null],
    ['ho3d-v3', null],
  ])('put the true joints into the photograph: %s', async (dataset, id) => {
    const folder = await open(dataset, await demoFolder(dataset));
    const sample = (await folder.samples())[3]!;
    if (id !== null) expect(sample.id).toBe(id);
    const [camera] = (await camerasOf(folder, [{ id: sample.id, index: 3 }]))!;
    if (folder.groundTruth.kind !== 'hands') throw new TypeError('hands expected');
    const joints = (await folder.groundTruth.joints!.read()).subarray(3 * 63, 4 * 63);
    const sign = folder.definition.axes === 'opengl' ? -1 : 1;
    // The middle of the hand lies in the box, or in the photograph where there is none.
    const mean = [0, 1, 2].map(
      (axis) => joints.reduce((sum, value, k) => sum + (k % 3 === axis ? value : 0), 0) / 21,
    );
    const x = (camera!.fx * mean[0]!) / (sign * mean[2]!) + camera!.cx;
    const y = (camera!.fy * sign * mean[1]!) / (sign * mean[2]!) + camera!.cy;
    const box = sample.box ?? { center: [112, 112], side: 224 };
    expect(Math.abs(x - box.center[0])).toBeLessThan(box.side / 2);
    expect(Math.abs(y - box.center[1])).toBeLessThan(box.side / 2);
  });

  it('are none where the benchmark publishes none', async () => {
    const folder = await open('hint-newdays', await demoFolder('hint-newdays'));
    expect(await camerasOf(folder, [{ id: 'x', index: 0 }])).toBeNull();
  });

  it('are missed by name', async () => {
    const data = await demoFolderCopy('freihand');
    await writeFile(join(data, 'evaluation_K.json'), '[[[1, 0, 0], [0, 0, 0], [0, 0, 1]]]');
    const folder = await open('freihand', data);
    await expect(camerasOf(folder, [{ id: '00000000', index: 0 }])).rejects.toMatchObject({
      code: 'camera-invalid',
    });
    await expect(camerasOf(folder, [{ id: '00000005', index: 5 }])).rejects.toMatchObject({
      expected: 'at least 6 cameras',
    });
    await rm(join(data, 'evaluation_K.json'));
    await expect(camerasOf(folder, [])).rejects.toBeInstanceOf(UserError);
  });
});
