import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countVertices, TrueVertices } from '../../../src/datasets/ground-truth/true-vertices.js';
import { temporaryFolder } from '../../support/cli.js';

const VERTICES = 2;
const mesh = (sample: number): number[][] => [
  [sample, 0, 1],
  [sample, 2, 3],
];

async function meshFile(count: number): Promise<string> {
  const file = join(await temporaryFolder(), 'verts.json');
  await writeFile(file, JSON.stringify(Array.from({ length: count }, (_, sample) => mesh(sample))));
  return file;
}

/** The samples whose meshes come, asked for in parts of the given sizes. */
async function taken(meshes: TrueVertices, sizes: readonly number[]): Promise<number[][]> {
  const parts: number[][] = [];
  try {
    for (const size of sizes) {
      const part = await meshes.next(size);
      if (part === null) {
        parts.push([]);
        continue;
      }
      expect(part.vertexCount).toBe(VERTICES);
      expect(part.values).toHaveLength(part.count * VERTICES * 3);
      const samples = Array.from({ length: part.count }, (_, k) => part.values[k * VERTICES * 3]!);
      expect([...part.values]).toEqual(samples.flatMap((sample) => mesh(sample).flat()));
      parts.push(samples);
    }
  } finally {
    await meshes.close();
  }
  return parts;
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, k) => from + k);

describe('true meshes', () => {
  it('come in order, in parts of any size, and end', async () => {
    const meshes = new TrueVertices({ file: await meshFile(150), repeats: 1 });
    expect(await taken(meshes, [64, 1, 70, 64, 64])).toEqual([
      upTo(64),
      [64],
      upTo(70, 65),
      upTo(15, 135),
      [],
    ]);
  });

  it('come again for every pass, across the seams of files and of parts', async () => {
    const meshes = new TrueVertices({ file: await meshFile(70), repeats: 3 });
    const parts = await taken(meshes, [64, 64, 64, 64]);
    expect(parts.flat()).toEqual([...upTo(70), ...upTo(70), ...upTo(70)]);
    expect(parts.map((part) => part.length)).toEqual([64, 64, 64, 18]);
    expect(await countVertices({ file: await meshFile(70), repeats: 3 })).toBe(210);
  });

  it('are those that were selected, over all passes', async () => {
    const meshes = new TrueVertices({ file: await meshFile(70), repeats: 2 });
    meshes.select(Int32Array.of(0, 63, 64, 69, 70, 139));
    expect(await taken(meshes, [4, 64, 1])).toEqual([[0, 63, 64, 69], [0, 69], []]);
  });

  it('are none where the file has none, however many passes', async () => {
    const file = await meshFile(0);
    expect(await taken(new TrueVertices({ file, repeats: 4 }), [64])).toEqual([[]]);
    expect(await countVertices({ file, repeats: 4 })).toBe(0);
  });

  it('of a cut file are counted by nobody: file and byte are named', async () => {
    const file = await meshFile(100);
    await truncate(file, 1000);
    await expect(countVertices({ file, repeats: 1 })).rejects.toMatchObject({
      code: 'json-truncated',
      file,
      offset: 1000,
    });
  });

  it('of different sizes are refused with their place', async () => {
    const file = join(await temporaryFolder(), 'verts.json');
    await writeFile(file, JSON.stringify([mesh(0), [...mesh(1), [0, 0, 0]]]));
    await expect(countVertices({ file, repeats: 1 })).rejects.toMatchObject({
      file,
      code: 'json-ragged',
      message: 'A list of another length at [1][2]',
    });
  });
});
