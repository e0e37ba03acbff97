/** Files of real users that gave wrong numbers without a word: each is named now, with the right value behind it. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, errorOf, FIXTURES, temporaryFolder } from '../support/cli.js';

const field = (...path: string[]): string => join(FIXTURES, 'field', ...path);

async function expectedOf<T>(folder: string): Promise<T> {
  return JSON.parse(await readFile(field(folder, 'expected.json'), 'utf8')) as T;
}

describe('a sidecar on the scale 0 to 255', () => {
  const folder = '03-sidecar-mean-std-0-255';

  it('is refused, and what the error says to write gives the right values', async () => {
    const work = await temporaryFolder();
    await cp(field(folder), work, { recursive: true });
    const model = ['--model', join(work, 'hand.onnx'), '--data', join(work, 'freihand')];
    const args = ['run', '--dataset', 'freihand', ...model, '--provider', 'cpu', '--json'];
    const refused = await cli([...args, '--out', join(work, 'refused')]);
    expect(refused.code).toBe(1);
    const { code, next } = errorOf(refused);
    expect(code).toBe('sidecar-pixel-scale');
    expect(next).toContain('"mean": [0.485,0.456,0.406], "std": [0.229,0.224,0.225]');

    const sidecar = JSON.parse(await readFile(join(work, 'hand.json'), 'utf8')) as object;
    const mended = JSON.parse(`{${/write (.*)$/.exec(next!)![1]!}}`) as object;
    await writeFile(join(work, 'hand.json'), JSON.stringify({ ...sidecar, ...mended }));
    const { stdout } = await cli([...args, '--out', join(work, 'mended')]);
    const { metrics } = JSON.parse(stdout) as { metrics: Record<string, number> };
    const expected = await expectedOf<Record<string, Record<string, number>>>(folder);
    const right = expected['right (mean and std brought to 0..1)']!;
    expect(metrics.pa_mpjpe_mm).toBeCloseTo(right.pa_mpjpe_mm!, 4);
    expect(metrics.mpjpe_mm).toBeCloseTo(right.mpjpe_mm!, 4);
  });
});
