/** `demo` with the built program, on a smaller benchmark than its default. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, temporaryFolder, RUN_DIRECTORY } from '../support/cli.js';

const SMALL = ['--training', '100', '--evaluation', '40'];

interface Result {
  run: string;
  reused: boolean;
  metrics: { pa_mpjpe_mm: number };
  confidence: { pa_mpjpe_mm: { low: number; high: number } };
}

describe('demo', () => {
  it('makes a benchmark, fits a checkpoint that beats the mean pose, and evaluates both as any other', async () => {
    const root = join(await temporaryFolder(), 'demo');
    const result = await cli(['demo', '--out', root, ...SMALL, '--json']);
    expect(result.stderr).not.toContain('Error');
    expect(result.code).toBe(0);
    const ridge = JSON.parse(result.stdout) as Result;
    expect(ridge.run).toBe(join(root, 'ridge'));
    expect((await readdir(root)).sort()).toEqual(['dataset', 'mean-pose.onnx', 'ridge', 'ridge.onnx']);
    expect((await readdir(ridge.run, { recursive: true })).sort()).toEqual(RUN_DIRECTORY);

    const mean = await cli([
      ...['run', '--dataset', 'freihand', '--data', join(root, 'dataset')],
      ...['--model', join(root, 'mean-pose.onnx'), '--out', join(root, 'mean-pose'), '--json'],
    ]);
    expect(mean.code).toBe(0);
    // Clearly better: by 15 % at least, and with intervals that do not touch.
    const meanPose = JSON.parse(mean.stdout) as Result;
    expect(ridge.metrics.pa_mpjpe_mm).toBeLessThan(0.85 * meanPose.metrics.pa_mpjpe_mm);
    expect(ridge.confidence.pa_mpjpe_mm.high).toBeLessThan(meanPose.confidence.pa_mpjpe_mm.low);

    const before = await readFile(join(root, 'ridge', 'metrics.json'));
    const again = await cli(['demo', '--out', root, ...SMALL, '--json']);
    expect((JSON.parse(again.stdout) as Result).reused).toBe(true);
    expect(await readFile(join(root, 'ridge', 'metrics.json'))).toEqual(before);
  });

  it('finds its way after an interruption, and explains a file in its place', async () => {
    const root = join(await temporaryFolder(), 'demo');
    const small = ['demo', '--out', root, '--training', '20', '--evaluation', '8', '--json'];
    const stopped = await cli(small, { interruptAtFile: join(root, 'ridge', 'run.json') });
    expect([0, 130]).toContain(stopped.code);
    expect((await cli(small)).code).toBe(0);
    const other = await cli([...small, '--seed', '2']);
    expect(JSON.parse(other.stdout)).toMatchObject({ reused: false, coverage: { scored: 8 } });

    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, 'x');
    const refused = await cli(['demo', '--out', file, '--json']);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'output-unusable', file } });
  });
});
