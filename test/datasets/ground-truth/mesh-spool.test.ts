import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MeshReader } from '../../../src/datasets/ground-truth/mesh-reader.js';
import { MeshSpool } from '../../../src/datasets/ground-truth/mesh-spool.js';
import { temporaryFolder } from '../../support/cli.js';

const VERTICES = 2;
const WIDTH = VERTICES * 3;
/** Numbers of which a rounded one would differ. */
const numberAt = (index: number): number => Math.sqrt(index + 2);

/** `count` meshes; what is asked of it is kept in `asked`. */
function meshes(count: number, asked: number[] = []): MeshReader {
  let position = 0;
  return {
    next: (wanted) => {
      asked.push(wanted);
      const first = position;
      position = Math.min(count, first + wanted);
      const values = Float64Array.from({ length: (position - first) * WIDTH }, (_, k) =>
        numberAt(first * WIDTH + k),
      );
      return Promise.resolve(
        position === first ? null : { values, count: position - first, vertexCount: VERTICES },
      );
    },
  };
}

/** Where each part begins and how many meshes it has, its numbers looked at; `null` for the end. */
async function taken(reader: MeshReader, sizes: readonly number[]): Promise<(number | null)[]> {
  const counts: (number | null)[] = [];
  let first = 0;
  for (const size of sizes) {
    const part = await reader.next(size);
    counts.push(part?.count ?? null);
    if (part === null) continue;
    expect(part.vertexCount).toBe(VERTICES);
    const expected = Array.from({ length: part.count * WIDTH }, (_, k) => numberAt(first * WIDTH + k));
    expect([...part.values]).toEqual(expected);
    first += part.count;
  }
  return counts;
}

describe('a spool of meshes', () => {
  it('gives them from the first on as often as they are wanted, and reads its source once', async () => {
    const asked: number[] = [];
    const spool = await MeshSpool.create(meshes(150, asked), await temporaryFolder());
    try {
      for (let time = 0; time < 3; time++) {
        expect(await taken(spool.fromStart(), [64, 64, 22, 1])).toEqual([64, 64, 22, null]);
      }
      expect(asked).toEqual([64, 64, 22, 1]);
    } finally {
      await spool.close();
    }
  });

  it('gives parts of any size, and fewer at the end', async () => {
    const spool = await MeshSpool.create(meshes(10), await temporaryFolder());
    try {
      expect(await taken(spool.fromStart(), [4, 3])).toEqual([4, 3]);
      expect(await taken(spool.fromStart(), [5, 64, 64])).toEqual([5, 5, null]);
      expect(await taken(spool.fromStart(), [1, 9, 1])).toEqual([1, 9, null]);
    } finally {
      await spool.close();
    }
  });

  it('is nothing of nothing', async () => {
    const spool = await MeshSpool.create(meshes(0), await temporaryFolder());
    try {
      expect(await taken(spool.fromStart(), [64, 1])).toEqual([null, null]);
    } finally {
      await spool.close();
    }
  });

  it('shares a folder with others', async () => {
    const folder = await temporaryFolder();
    const spools = await Promise.all([10, 20].map((count) => MeshSpool.create(meshes(count), folder)));
    try {
      for (const spool of spools) await taken(spool.fromStart(), [5]);
      expect(await taken(spools[0]!.fromStart(), [10, 1])).toEqual([10, null]);
      expect(await taken(spools[1]!.fromStart(), [20, 1])).toEqual([20, null]);
    } finally {
      for (const spool of spools) await spool.close();
    }
  });

  it('has no file that anybody sees', async () => {
    const folder = await temporaryFolder();
    const spool = await MeshSpool.create(meshes(10), folder);
    try {
      await taken(spool.fromStart(), [10]);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await spool.close();
    }
  });

  it('names the file that cannot be made', async () => {
    const folder = join(await temporaryFolder(), 'missing');
    await expect(MeshSpool.create(meshes(1), folder)).rejects.toMatchObject({
      code: 'file-unwritable',
      file: expect.stringContaining(join(folder, 'true_vertices-')) as string,
    });
  });
});
