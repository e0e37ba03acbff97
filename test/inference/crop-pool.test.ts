import { describe, expect, it } from 'vitest';
import { cropInto } from '../../src/imaging/crop.js';
import { CropPool, type CropTask, type SharedPhoto } from '../../src/inference/crops/crop-pool.js';

const SIZE: readonly [number, number] = [16, 16];
const LENGTH = 3 * 16 * 16;
const BYTES = { offsets: [0, 0, 0], divisors: [1, 1, 1] } as const;
const table = Float32Array.from({ length: 768 }, (_, index) => index);

function photo(width = 20, height = 20): SharedPhoto {
  const pixels = new SharedArrayBuffer(width * height * 3 + 5);
  new Uint8Array(pixels).forEach((_, index, bytes) => (bytes[index] = (index * 37) % 256));
  return { width, height, pixels };
}

const task = (slot: number): CropTask => ({
  slot,
  box: { center: [10, 9 + slot], side: 12 },
  mirrored: false,
  rotationDegrees: 10 * slot,
  scale: 1,
});

const newPool = (threads: number) =>
  new CropPool({ threads, size: SIZE, kind: 'hamer', table, normalisation: BYTES });

describe('a crop pool', () => {
  it('fills batches begun side by side, whichever thread has them, and blanks what it is told to', async () => {
    const { width, height, pixels } = photo();
    const image = { width, height, data: new Uint8Array(pixels, 0, width * height * 3) };
    const pool = newPool(3);
    try {
      const batches = Array.from({ length: 7 }, () => pool.begin(new Float32Array(3 * LENGTH).fill(9)));
      const filled = await Promise.all(
        batches.map(async (batch, index) => {
          await batch.crop(photo(), [task(0)]);
          if (index % 2 === 0) await batch.crop(photo(), [task(1)]);
          return batch.finish(index % 2 === 0 ? [2] : [1, 2]);
        }),
      );
      for (const [index, { data, cropMs }] of filled.entries()) {
        const expected = new Float32Array(3 * LENGTH);
        for (const { slot, ...request } of index % 2 === 0 ? [task(0), task(1)] : [task(0)]) {
          const output = { table, values: expected, at: slot * LENGTH };
          cropInto(image, { ...request, patchSize: 16 }, 16, output);
        }
        expect(data).toEqual(expected);
        expect(cropMs).toBeGreaterThan(0);
      }
    } finally {
      await pool.close();
    }
  });

  it('takes the buffer it is given, and gives it back', async () => {
    const pool = newPool(1);
    const data = new Float32Array(LENGTH);
    const batch = pool.begin(data);
    expect(data.length).toBe(0); // handed over
    expect((await batch.finish([0])).data.length).toBe(LENGTH);
    await pool.close();
  });

  it('fails, and does not hang, when a thread crashes', async () => {
    const pool = newPool(1);
    const batch = pool.begin(new Float32Array(LENGTH));
    // The pixels are fewer than they are said to be.
    const crop = batch.crop({ ...photo(2, 2), width: 200 }, [task(0)]);
    const finish = batch.finish([]);
    await expect(crop).rejects.toThrow('a crop thread crashed: Invalid typed array length');
    await expect(finish).rejects.toThrow('a crop thread crashed');
    await expect(batch.crop(photo(), [task(0)])).rejects.toThrow('a crop thread crashed');
    await expect(pool.begin(new Float32Array(LENGTH)).finish([])).rejects.toThrow('a crop thread crashed');
    await pool.close();
  });

  it('fails what it was asked for when it is closed', async () => {
    const pool = newPool(2);
    const batch = pool.begin(new Float32Array(LENGTH));
    const outcomes = Promise.allSettled([batch.crop(photo(), [task(0)]), batch.finish([])]);
    await pool.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'a crop thread was closed' } });
    }
    await pool.close();
  });
});
