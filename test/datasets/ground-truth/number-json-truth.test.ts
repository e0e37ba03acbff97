import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TrueMeshReader } from '../../../src/datasets/ground-truth/mesh-reader.js';
import { numberJsonMeshes } from '../../../src/datasets/ground-truth/number-json-truth.js';
import { temporaryFolder } from '../../support/cli.js';

const mesh = (sample: number): number[][] => [
  [sample, 0, 1],
  [sample, 2, 3],
];

async function meshFile(count: number): Promise<string> {
  const file = join(await temporaryFolder(), 'verts.json');
  await writeFile(file, JSON.stringify(Array.from({ length: count }, (_, sample) => mesh(sample))));
  return file;
}

describe('the true meshes of a number-JSON file', () => {
  it('are those of the file, as often as it is gone through', async () => {
    const meshes = numberJsonMeshes(await meshFile(70), 2);
    expect(await meshes.count()).toBe(70);
    const reader = new TrueMeshReader(meshes);
    try {
      const all = await reader.next(1000);
      const once = Array.from({ length: 70 }, (_, sample) => mesh(sample).flat()).flat();
      expect([...all!.values]).toEqual([...once, ...once]);
      expect(all).toMatchObject({ count: 140, vertexCount: 2 });
      expect(await reader.next(1)).toBeNull();
      expect(reader.busyMs).toBeGreaterThan(0);
    } finally {
      await reader.close();
    }
  });

  it('of an empty list are counted as none', async () => {
    expect(await numberJsonMeshes(await meshFile(0), 4).count()).toBe(0);
  });

  it('of a cut file are counted by nobody: file and byte are named', async () => {
    const file = await meshFile(100);
    await truncate(file, 1000);
    await expect(numberJsonMeshes(file, 1).count()).rejects.toMatchObject({
      code: 'json-truncated',
      file,
      offset: 1000,
    });
  });

  it('of different sizes are refused with their place', async () => {
    const file = join(await temporaryFolder(), 'verts.json');
    await writeFile(file, JSON.stringify([mesh(0), [...mesh(1), [0, 0, 0]]]));
    await expect(numberJsonMeshes(file, 1).count()).rejects.toMatchObject({
      file,
      code: 'json-ragged',
      message: 'A list of another length at [1][2]',
    });
  });
});
