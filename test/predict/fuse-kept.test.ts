import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fuseKept } from '../../src/predict/fuse-kept.js';
import { keptPasses, type Part } from '../../src/predict/kept-passes.js';
import { SweepWriter } from '../../src/predict/sweep-writer.js';
import { silentProgress } from '../../src/progress.js';
import type { RunDirectory } from '../../src/runs/run-directory.js';
import { Random } from '../../src/statistics/random.js';
import { SWEEP_PRESETS, sweepPasses } from '../../src/tta/sweep.js';
import { largestDifference } from '../support/largest-difference.js';
import { freshRun } from '../support/run-directory.js';
import { numbersOf } from '../support/sweeps.js';

const PASSES = sweepPasses(SWEEP_PRESETS.graphormer);
const BOTH = ['aligned-mean', 'derotated-mean'] as const;
const IDS = ['a', 'b'];
const CONTEXT = { progress: silentProgress, signal: new AbortController().signal };

/** A run whose passes are kept, of two samples, the second a left hand; and what was fused while predicting. */
async function kept(change: (joints: Float32Array) => void = () => undefined): Promise<RunDirectory> {
  const random = new Random(3);
  const run = await freshRun();
  const writer = new SweepWriter(run, { passes: PASSES, fusions: BOTH, keepPasses: true }, [
    { id: 'a', mirrored: false },
    { id: 'b', mirrored: true },
  ]);
  const joints = Float32Array.from({ length: 2 * PASSES.length * 63 }, () => 0.1 * random.normal());
  change(joints);
  const parts: Part[] = [['joints', [21, 3], joints]];
  const rows = { first: 0, count: 2 * PASSES.length, invalid: [], invalidKeypoints: [] };
  await writer.add(rows, parts);
  await run.update({ ...(await writer.close()) });
  return run;
}

describe('fuseKept', () => {
  it('gives what was fused while predicting, to the last bit, left hands too', async () => {
    const from = await kept();
    const run = await freshRun();
    const { fused } = await fuseKept(from, run, IDS, BOTH, CONTEXT);
    expect(fused).toEqual(from.manifest.fused);
    for (const fusion of BOTH) {
      const file = `fused/${fusion}/joints.npy`;
      expect(largestDifference(await numbersOf(from.path, file), await numbersOf(run.path, file))).toBe(0);
    }
  });

  it('names a failed pass by the number of its folder', async () => {
    const at = 40;
    const from = await kept((joints) => joints.fill(Number.NaN, at * 63, at * 63 + 63));
    const { fused } = await fuseKept(from, await freshRun(), IDS, BOTH, CONTEXT);
    const reason = `pass ${at} (${PASSES[at]!.name}): joints contain NaN`;
    expect(fused!['aligned-mean']!.unpredicted).toEqual([{ id: 'a', code: 'tta-pass-failed', reason }]);
    expect(fused).toEqual(from.manifest.fused);
  });

  it('knows why the un-augmented pass failed', async () => {
    const from = await kept((joints) => joints.fill(Number.NaN, PASSES.length * 63));
    await from.update({ unpredicted: [{ id: 'b', code: 'image-truncated', reason: 'the file ends early' }] });
    const { fused } = await fuseKept(from, await freshRun(), IDS, BOTH, CONTEXT);
    expect(fused!['derotated-mean']!.unpredicted).toEqual([
      { id: 'b', code: 'tta-pass-failed', reason: 'pass 0 (rot0_scale1): the file ends early' },
    ]);
  });

  it('knows why other passes failed, and what they lack', async () => {
    const from = await kept((joints) => joints.fill(Number.NaN, 63, 3 * 63));
    const [first, second] = [
      { id: 'a', code: 'prediction-not-finite', reason: 'vertices contain NaN', passes: '1-2' },
      {
        id: 'b',
        code: 'hand-behind-camera',
        reason: 'it is behind',
        passes: '0,5-94',
        keypoints_alone: true,
      },
    ];
    await from.update({ failed_passes: [first, second] });
    const { fused } = await fuseKept(from, await freshRun(), IDS, ['aligned-mean'], CONTEXT);
    const reason = `pass 1 (${PASSES[1]!.name}): vertices contain NaN`;
    // The model gives no 2D keypoints here, so that nothing is missing of the second.
    expect(fused!['aligned-mean']).toMatchObject({
      unpredicted: [{ id: 'a', code: 'tta-pass-failed', reason }],
      unpredicted_keypoints: [],
    });
  });

  it('reads nothing where no points are to be fused', async () => {
    const from = await kept();
    await rm(join(from.path, 'predictions/passes'), { recursive: true });
    expect(await fuseKept(from, await freshRun(), IDS, [], CONTEXT)).toEqual({});
  });

  it('leaves no file where it is interrupted', async () => {
    const from = await kept();
    const run = await freshRun();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(fuseKept(from, run, IDS, BOTH, { ...CONTEXT, signal })).rejects.toThrow('enough');
    await expect(numbersOf(run.path, 'fused/aligned-mean/joints.npy')).rejects.toThrow('ENOENT');
  });

  it('refuses arrays of another number of samples', async () => {
    const from = await kept();
    await expect(fuseKept(from, await freshRun(), ['a'], BOTH, CONTEXT)).rejects.toMatchObject({
      code: 'run-array-shape',
      got: 'shape (2, 21, 3)',
    });
  });
});

describe('keptPasses', () => {
  it('asks for passes where there are none', async () => {
    const run = await freshRun();
    expect(() => keptPasses(run)).toThrow(expect.objectContaining({ code: 'passes-not-kept' }) as Error);
  });

  it.each([
    ['the un-augmented one', 0],
    ['another', 7],
  ])('refuses a list without %s', async (_, missing) => {
    const from = await kept();
    await from.update({ passes: from.manifest.passes!.filter(({ index }) => index !== missing) });
    expect(() => keptPasses(from)).toThrow(expect.objectContaining({ code: 'passes-incomplete' }) as Error);
  });
});
