import { readdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeptPasses, KeptPassReader, type Part } from '../../src/predict/kept-passes.js';
import { SweepWriter, type SweptRows } from '../../src/predict/sweep-writer.js';
import { Random } from '../../src/statistics/random.js';
import { createFusion } from '../../src/tta/fusion.js';
import { SWEEP_PRESETS, sweepPasses } from '../../src/tta/sweep.js';
import { largestDifference } from '../support/largest-difference.js';
import { freshRun } from '../support/run-directory.js';
import { numbersOf } from '../support/sweeps.js';

const PASSES = sweepPasses({ rotations: [-30, 0, 30], scales: [1] });
const BOTH = ['aligned-mean', 'derotated-mean'] as const;
const SAMPLES = 5;
const ROWS = SAMPLES * PASSES.length;
const random = new Random(7);
const JOINTS = Float32Array.from({ length: ROWS * 63 }, () => 0.1 * random.normal());
const KEYPOINTS = Float32Array.from({ length: ROWS * 42 }, () => 100 + random.normal());
const SWEPT = Array.from({ length: SAMPLES }, (_, k) => ({ id: `s${k}`, mirrored: k % 2 === 1 }));

/** Rows [first, end) as the predictor hands them out, whatever the batch. */
function batch(
  first: number,
  end: number,
  keypoints = KEYPOINTS,
  failures: Partial<SweptRows> = {},
): [SweptRows, Part[]] {
  const parts: Part[] = [
    ['joints', [21, 3], JOINTS.subarray(first * 63, end * 63)],
    ['keypoints_2d', [21, 2], keypoints.subarray(first * 42, end * 42)],
  ];
  return [{ first, count: end - first, invalid: [], invalidKeypoints: [], ...failures }, parts];
}

async function sweep(batchSize: number, fusions: readonly (typeof BOTH)[number][] = BOTH) {
  const run = await freshRun();
  const writer = new SweepWriter(run, { passes: PASSES, fusions, keepPasses: true }, SWEPT);
  for (let first = 0; first < ROWS; first += batchSize) {
    await writer.add(...batch(first, Math.min(first + batchSize, ROWS)));
  }
  return { run, written: await writer.close() };
}

describe('SweepWriter', () => {
  it('gives the same whatever the batches, which end in the middle of samples', async () => {
    const [one, many] = [await sweep(1), await sweep(4)];
    for (const fusion of BOTH) {
      for (let sample = 0; sample < SAMPLES; sample++) {
        const fused = createFusion(fusion, PASSES).sample({ mirrored: sample % 2 === 1 });
        for (const pass of PASSES) {
          const row = sample * PASSES.length + pass.index;
          fused.add(pass, {
            joints: JOINTS.subarray(row * 63, row * 63 + 63),
            keypoints2d: KEYPOINTS.subarray(row * 42, row * 42 + 42),
          });
        }
        const { joints, keypoints2d } = fused.result();
        for (const { run } of [one, many]) {
          const got = await numbersOf(run.path, `fused/${fusion}/joints.npy`);
          expect(largestDifference(joints!, got.subarray(sample * 63, sample * 63 + 63))).toBe(0);
          const pixels = await numbersOf(run.path, `fused/${fusion}/keypoints_2d.npy`);
          expect(largestDifference(keypoints2d!, pixels.subarray(sample * 42, sample * 42 + 42))).toBe(0);
        }
      }
    }
    expect(many.written).toEqual(one.written);
    expect(one.written.mirrored).toEqual([1, 3]);
    for (const pass of PASSES) {
      const kept = await numbersOf(many.run.path, `passes/00${pass.index}/joints.npy`);
      const rows = SWEPT.flatMap((_, k) => {
        const row = k * PASSES.length + pass.index;
        return [...JOINTS.subarray(row * 63, row * 63 + 63)];
      });
      expect(largestDifference(rows, kept)).toBe(0);
    }
  });

  it('leaves a sample without 2D keypoints, and keeps its hand, where a pass has none', async () => {
    const run = await freshRun();
    const writer = new SweepWriter(run, { passes: PASSES, fusions: BOTH, keepPasses: false }, SWEPT);
    const keypoints = KEYPOINTS.slice();
    keypoints.fill(Number.NaN, 42, 84);
    const why = { code: 'hand-behind-camera', reason: 'the hand is behind the camera' };
    const invalidKeypoints = [{ index: 0, pass: 1, ...why }];
    await writer.add(...batch(0, ROWS, keypoints, { invalidKeypoints }));
    const { fused } = await writer.close();
    const reason = `pass 1 (${PASSES[1]!.name}): the hand is behind the camera`;
    for (const fusion of BOTH) {
      expect(fused![fusion]).toMatchObject({
        unpredicted: [],
        unpredicted_keypoints: [{ id: 's0', code: 'tta-pass-failed', reason }],
      });
      const joints = await numbersOf(run.path, `fused/${fusion}/joints.npy`);
      expect(joints.every(Number.isFinite)).toBe(true);
      const pixels = await numbersOf(run.path, `fused/${fusion}/keypoints_2d.npy`);
      expect(pixels.subarray(0, 42).every(Number.isNaN)).toBe(true);
      expect(pixels.subarray(42).every(Number.isFinite)).toBe(true);
    }
  });

  it('leaves a row of NaN where every pass failed, the first one named', async () => {
    const run = await freshRun();
    const writer = new SweepWriter(
      run,
      { passes: PASSES, fusions: ['aligned-mean'], keepPasses: false },
      SWEPT,
    );
    const invalid = PASSES.map(({ index }) => ({
      index: 2,
      pass: index,
      code: 'why',
      reason: `why ${index}`,
    }));
    await writer.add(...batch(0, ROWS, KEYPOINTS, { invalid }));
    const { fused } = await writer.close();
    expect(fused!['aligned-mean']).toMatchObject({
      unpredicted: [{ id: 's2', code: 'tta-pass-failed', reason: 'pass 0 (rot0_scale1): why 0' }],
      unpredicted_keypoints: [],
    });
    const joints = await numbersOf(run.path, 'fused/aligned-mean/joints.npy');
    expect(joints.subarray(126, 189).every(Number.isNaN)).toBe(true);
    expect(joints.filter(Number.isNaN)).toHaveLength(63);
  });

  it('writes a fused sample as soon as its last pass has come: none is held', async () => {
    const run = await freshRun();
    const passes = sweepPasses(SWEEP_PRESETS.graphormer);
    const writer = new SweepWriter(
      run,
      { passes, fusions: ['aligned-mean'], keepPasses: false },
      SWEPT.slice(0, 2),
    );
    const file = join(run.path, 'predictions/fused/aligned-mean/joints.npy.partial');
    const size = (): Promise<number> =>
      stat(file).then(
        (info) => info.size,
        () => 0,
      );
    const sizes: number[] = [];
    for (let row = 0; row < 2 * passes.length; row++) {
      const rows = { first: row, count: 1, invalid: [], invalidKeypoints: [] };
      await writer.add(rows, [['joints', [21, 3], JOINTS.subarray(0, 63)]]);
      sizes.push(await size());
    }
    expect(sizes[93]).toBe(0);
    expect(sizes[94]).toBe(128 + 63 * 8);
    expect(sizes[188]).toBe(128 + 63 * 8);
    expect(sizes[189]).toBe(128 + 2 * 63 * 8);
    await writer.abort();
  });
});

describe('KeptPasses', () => {
  const rowBytes = 63 * 4;

  it.each([1, 2 * PASSES.length * rowBytes, 1e9])(
    'holds a block of samples, of %d bytes',
    async (blockBytes) => {
      const run = await freshRun();
      const kept = new KeptPasses(run, PASSES, SAMPLES, blockBytes);
      for (let row = 0; row < ROWS; row++) {
        const pass = PASSES[row % PASSES.length]!;
        await kept.add(pass, [['joints', [21, 3], JOINTS.subarray(row * 63, row * 63 + 63)]]);
      }
      const passes = await kept.close();
      await run.update({ passes });
      const read = await new KeptPassReader(run, ['joints'], SAMPLES).read(0, SAMPLES);
      for (let row = 0; row < ROWS; row++) {
        const [name, shape, values] = read[row % PASSES.length]![Math.floor(row / PASSES.length)]![0]!;
        expect([name, shape]).toEqual(['joints', [21, 3]]);
        expect(largestDifference(JOINTS.subarray(row * 63, row * 63 + 63), values)).toBe(0);
      }
    },
  );

  it('has no file open between blocks', async () => {
    const run = await freshRun();
    const kept = new KeptPasses(run, PASSES, SAMPLES, 1);
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = process.platform === 'linux' ? open() : 0;
    for (let row = 0; row < 2 * PASSES.length; row++) {
      await kept.add(PASSES[row % PASSES.length]!, [['joints', [21, 3], JOINTS.subarray(0, 63)]]);
    }
    expect(process.platform === 'linux' ? open() : 0).toBe(before);
    const partial = join(run.path, 'predictions/passes/002/joints.npy.partial');
    expect((await readFile(partial)).length).toBe(128 + 2 * rowBytes);
    await kept.abort();
    expect((await readdirDeep(run.path)).filter((name) => name.includes('.npy'))).toEqual([]);
  });

  it('is read in blocks that do not grow with the passes', async () => {
    const { run, written } = await sweep(4);
    await run.update({ passes: written.passes });
    const reader = new KeptPassReader(run, ['joints', 'vertices', 'keypoints_2d'], SAMPLES);
    const sampleBytes = PASSES.length * 8 * (63 + 42);
    expect(reader.blockSize(10 * sampleBytes)).toBe(10);
    expect(reader.blockSize(10 * sampleBytes - 1)).toBe(9);
    expect(reader.blockSize(1)).toBe(1);
  });
});

async function readdirDeep(folder: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises');
  return readdir(folder, { recursive: true });
}
