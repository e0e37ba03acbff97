import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PLAIN_SET, passSet } from '../../src/runs/prediction-sets.js';
import { AS_PREDICTED, SetWriter } from '../../src/runs/set-writer.js';
import { freshRun } from '../support/run-directory.js';
import { numbersOf } from '../support/sweeps.js';

describe('SetWriter', () => {
  it('keeps the precision rows come in and says what they are', async () => {
    const run = await freshRun();
    const writer = new SetWriter(run, PLAIN_SET, 2);
    await writer.write('joints', [21, 3], 0, new Float32Array(126).fill(0.1));
    await writer.write('vertices', [2, 3], 0, new Float64Array(12).fill(0.1));
    await writer.write('camera', [3], 0, new Float32Array(6));
    await writer.write('roots', [3], 0, new Float64Array(6));
    const described = await writer.close({ ...AS_PREDICTED, roots: 'opengl' });
    expect(described).toEqual({
      joints: {
        file: 'predictions/joints.npy',
        dtype: 'float32',
        shape: [2, 21, 3],
        joint_order: 'openpose',
        axes: 'opencv',
        units: 'm',
      },
      vertices: {
        file: 'predictions/vertices.npy',
        dtype: 'float64',
        shape: [2, 2, 3],
        axes: 'opencv',
        units: 'm',
      },
      camera: {
        file: 'predictions/camera.npy',
        dtype: 'float32',
        shape: [2, 3],
        units: 'weak-perspective',
      },
      roots: { file: 'predictions/roots.npy', dtype: 'float64', shape: [2, 3], axes: 'opengl', units: 'm' },
    });
    expect((await numbersOf(run.path, 'joints.npy'))[0]).toBe(Math.fround(0.1));
    expect((await numbersOf(run.path, 'vertices.npy'))[0]).toBe(0.1);
  });

  it('goes on after a pause with every row that was written, in any order', async () => {
    const run = await freshRun();
    const writer = new SetWriter(run, passSet(3), 4);
    await writer.write('camera', [3], 2, Float32Array.of(7, 8, 9));
    await writer.pause();
    await writer.pause();
    await writer.write('camera', [3], 0, Float32Array.of(1, 2, 3));
    await writer.pause();
    await writer.close(AS_PREDICTED);
    expect([...(await numbersOf(run.path, 'passes/003/camera.npy'))]).toEqual([
      ...[1, 2, 3],
      ...[NaN, NaN, NaN],
      ...[7, 8, 9],
      ...[NaN, NaN, NaN],
    ]);
  });

  it.each([true, false])('leaves nothing when it is given up; paused: %s', async (paused) => {
    const run = await freshRun();
    const writer = new SetWriter(run, PLAIN_SET, 4);
    await writer.write('camera', [3], 0, new Float32Array(3));
    const partial = join(run.path, 'predictions/camera.npy.partial');
    expect(existsSync(partial)).toBe(true);
    if (paused) await writer.pause();
    await writer.abort();
    expect(existsSync(partial)).toBe(false);
    expect(existsSync(join(run.path, 'predictions/camera.npy'))).toBe(false);
  });
});
