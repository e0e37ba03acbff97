/** Files of real users that gave wrong numbers without a word: each is named now, with the right value behind it. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toFloat64 } from '../../src/formats/npy/npy.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { cli, errorOf, FIXTURES, temporaryFolder } from '../support/cli.js';
import { npzOf, numbersNpy, unicodeNpy } from '../support/tiny-npz.js';

const field = (...path: string[]): string => join(FIXTURES, 'field', ...path);

async function expectedOf<T>(folder: string): Promise<T> {
  return JSON.parse(await readFile(field(folder, 'expected.json'), 'utf8')) as T;
}

async function numbersOf(file: string, array: string): Promise<Float64Array> {
  const archive = await readNpz(file);
  const numbers = toFloat64(await archive.read(array), file);
  archive.close();
  return numbers;
}

interface Result {
  readonly metrics: Readonly<Record<string, number>>;
  readonly warnings: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
}

async function scored(dataset: string, data: string, predictions: string): Promise<Result> {
  const out = join(await temporaryFolder(), 'run');
  const args = ['run', '--dataset', dataset, '--data', data, '--predictions', predictions, '--out', out];
  return JSON.parse((await cli([...args, '--json'])).stdout) as Result;
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

describe('a list that is shifted from the middle on', () => {
  const folder = '23-shifted-from-the-middle';
  const data = field(folder, 'freihand');

  it.each([20, 30])('is named with the sample, %d, and right without the shift', async (k) => {
    const file = `after_${k}.npz`;
    const { metrics, warnings } = await scored('freihand', data, field(folder, file));
    const expected = await expectedOf<Record<string, Record<string, { pa_mpjpe_mm: number }>>>(folder);
    expect(metrics.pa_mpjpe_mm).toBeCloseTo(expected[file]!.as_given!.pa_mpjpe_mm, 6);
    const shift = warnings.find(({ code }) => code === 'list-shifted')!;
    expect(shift.message).toContain(
      `shifted by 1 from sample ${k} on: prediction i fits the truth of the sample 1 later`,
    );
    expect(shift.remedy).toContain(`a sample that was left out at sample ${k}`);

    // With ids, as the remedy says: the last one is a copy, and one sample has none.
    const joints = await numbersOf(field(folder, file), 'joints');
    const ids = Array.from({ length: 59 }, (_, i) => String(i < k ? i : i + 1).padStart(8, '0'));
    const mended = join(await temporaryFolder(), 'mended.npz');
    await writeFile(
      mended,
      npzOf([
        ['joints', numbersNpy('<f4', [59, 21, 3], [...joints.subarray(0, 59 * 63)])],
        ['ids', unicodeNpy(ids)],
      ]),
    );
    const right = await scored('freihand', data, mended);
    expect(right.warnings.map(({ code }) => code)).not.toContain('list-shifted');
    // The right value is of all 60, this one without the sample that was left out.
    expect(right.metrics.pa_mpjpe_mm).toBeCloseTo(expected[file]!.right!.pa_mpjpe_mm, 1);
  });
});
