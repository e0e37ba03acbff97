/** Rows of a run are paired with a folder's samples by their names, where it has them in another order. */
import { describe, expect, it } from 'vitest';
import type { DatasetFolder } from '../../src/datasets/types.js';
import { inFolderOrder, otherOrder } from '../../src/predictions/folder-order.js';
import type { PredictionSource } from '../../src/predictions/prediction-source.js';
import { predictionSource } from '../support/prediction-source.js';

/** Three samples; row k has k + 1 everywhere. */
const source = (change: Partial<PredictionSource>): PredictionSource =>
  predictionSource({
    count: 3,
    keypoints: Float64Array.from({ length: 3 * 42 }, (_, k) => Math.floor(k / 42) + 1),
    vertexCount: 1,
    vertices: (first, count) =>
      Promise.resolve(Float64Array.from({ length: count * 3 }, (_, k) => first + Math.floor(k / 3) + 1)),
    ...change,
  });

function folder(ids: readonly string[]): DatasetFolder {
  return { sampleIds: () => Promise.resolve([...ids]) } as unknown as DatasetFolder;
}

async function ordered(change: Partial<PredictionSource>, ids: readonly string[], selection?: number[]) {
  const chosen = selection === undefined ? null : Int32Array.from(selection);
  const { source: rows, ...rest } = await inFolderOrder(source(change), folder(ids), 3, chosen);
  const first = Array.from({ length: rows.count }, (_, row) => rows.keypoints![row * 42]!);
  const meshes = await rows.vertices(0, rows.count);
  return { first, meshes: [...meshes].filter((_, k) => k % 3 === 0), ...rest };
}

describe('predictions of a run', () => {
  it('follow their names into the order of another folder', async () => {
    const { first, meshes, absent } = await ordered({ listed: ['c', 'a', 'b'] }, ['a', 'b', 'c']);
    expect(first).toEqual([2, 3, 1]);
    expect(meshes).toEqual([2, 3, 1]);
    expect(absent.size).toBe(0);
  });

  it('do so before some of them are selected', async () => {
    const { first, meshes, ids } = await ordered({ listed: ['c', 'a', 'b'] }, ['a', 'b', 'c'], [1, 2]);
    expect(first).toEqual([3, 1]);
    expect(meshes).toEqual([3, 1]);
    expect(ids).toEqual(['b', 'c']);
  });

  it('are refused where only some of their names are in the folder', async () => {
    await expect(ordered({ listed: ['a', 'b', 'x'] }, ['a', 'b', 'c'])).rejects.toMatchObject({
      code: 'predictions-ids',
    });
  });

  it.each([
    ['nothing names them', undefined],
    ['the order is the same', ['a', 'b', 'c']],
    ['the folder has other names for all', ['00000', '00001', '00002']],
  ])('stay where they are where %s', async (_, listed) => {
    const change = listed === undefined ? {} : { listed };
    expect(otherOrder(source(change), ['a', 'b', 'c'])).toBeNull();
    expect((await ordered(change, ['a', 'b', 'c'])).first).toEqual([1, 2, 3]);
  });
});
