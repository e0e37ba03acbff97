import { describe, expect, it } from 'vitest';
import { TrueMeshReader } from '../../../src/datasets/ground-truth/mesh-reader.js';
import type { TrueMeshes } from '../../../src/datasets/types.js';

const VERTICES = 2;
const mesh = (sample: number): number[] => [sample, 0, 1, sample, 2, 3];

/** Meshes in memory that come `atOnce` at a time, a millisecond a pass; passes begun and ended are counted. */
function trueMeshes(
  count: number,
  { repeats = 1, atOnce = 64 } = {},
): TrueMeshes & { opened: number; closed: number } {
  return {
    file: 'memory',
    repeats,
    isMano: false,
    opened: 0,
    closed: 0,
    count: () => Promise.resolve(count),
    open() {
      this.opened += 1;
      let next = 0;
      return {
        next() {
          const samples = upTo(Math.min(atOnce, count - next), next);
          if (samples.length === 0) return Promise.resolve(null);
          next += samples.length;
          const values = Float64Array.from(samples.flatMap(mesh));
          return Promise.resolve({ values, count: samples.length, vertexCount: VERTICES });
        },
        get busyMs() {
          return next === count ? 1 : 0;
        },
        close: () => {
          this.closed += 1;
          return Promise.resolve();
        },
      };
    },
  };
}

/** The samples whose meshes come, asked for in parts of the given sizes. */
async function taken(meshes: TrueMeshReader, sizes: readonly number[]): Promise<number[][]> {
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
      expect([...part.values]).toEqual(samples.flatMap(mesh));
      parts.push(samples);
    }
  } finally {
    await meshes.close();
  }
  return parts;
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, k) => from + k);

describe.each([1, 7, 64, 1000])('true meshes that come %i at a time', (atOnce) => {
  it('are given in order, in parts of any size, and end', async () => {
    const meshes = new TrueMeshReader(trueMeshes(150, { atOnce }));
    expect(await taken(meshes, [64, 1, 70, 64, 64])).toEqual([
      upTo(64),
      [64],
      upTo(70, 65),
      upTo(15, 135),
      [],
    ]);
  });

  it('are given again for every pass, across the seams of passes and of parts', async () => {
    const source = trueMeshes(70, { repeats: 3, atOnce });
    const meshes = new TrueMeshReader(source);
    const parts = await taken(meshes, [64, 64, 64, 64]);
    expect(parts.flat()).toEqual([...upTo(70), ...upTo(70), ...upTo(70)]);
    expect(parts.map((part) => part.length)).toEqual([64, 64, 64, 18]);
    expect(source).toMatchObject({ opened: 3, closed: 3 });
    expect(meshes.busyMs).toBe(3);
  });

  it('are those that were selected, over all passes', async () => {
    const meshes = new TrueMeshReader(trueMeshes(70, { repeats: 2, atOnce }));
    meshes.select(Int32Array.of(0, 63, 64, 69, 70, 139));
    expect(await taken(meshes, [4, 64, 1])).toEqual([[0, 63, 64, 69], [0, 69], []]);
  });
});

describe('true meshes', () => {
  it('are opened at once, before the first is asked for', () => {
    const source = trueMeshes(3);
    new TrueMeshReader(source);
    expect(source.opened).toBe(1);
  });

  it('are none where there is none, however many passes', async () => {
    const source = trueMeshes(0, { repeats: 4 });
    expect(await taken(new TrueMeshReader(source), [64])).toEqual([[]]);
    expect(source.opened).toBe(1);
  });
});
