/** Files of real users that gave wrong numbers without a word: each is named now, with the right value behind it. */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toFloat64 } from '../../src/formats/npy/npy.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { hintNewDays } from '../../src/datasets/hint.js';
import { cli, errorOf, FIXTURES, temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { givenModel } from '../support/models.js';
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

describe('the keypoints of a model', () => {
  /** The mean of the true hands as the network sees them, in crop units. */
  async function meanHand(data: string): Promise<number[]> {
    const { groundTruth } = await hintNewDays.open(data, { split: 'evaluation' });
    if (groundTruth.kind !== 'keypoints') throw new Error('HInt has keypoints');
    const { count, points, centers, sides, right } = await groundTruth.read();
    return Array.from({ length: 42 }, (_, k) => {
      let sum = 0;
      for (let hand = 0; hand < count; hand++) {
        const u = (points[hand * 42 + k]! - centers[hand * 2 + (k % 2)]!) / (2 * sides[hand]!);
        sum += k % 2 === 0 && !right[hand] ? -u : u;
      }
      return sum / count;
    });
  }

  it('in px of the patch are told from crop units, and the remedy is the line of the sidecar', async () => {
    const data = await demoFolder('hint-newdays');
    const folder = await temporaryFolder();
    const model = join(folder, 'hand.onnx');
    const constant = (await meanHand(data)).map((u) => (u + 0.5) * 256);
    await writeFile(model, givenModel({ outputs: [{ name: 'keypoints_2d', shape: [21, 2], constant }] }));
    const base = ['run', '--dataset', 'hint-newdays', '--data', data, '--model', model, '--provider', 'cpu'];
    const told = async (name: string): Promise<Result> => {
      const { stdout } = await cli([...base, '--json', '--out', join(folder, name)]);
      return JSON.parse(stdout) as Result;
    };
    const wrong = (await told('wrong')).warnings.find(({ code }) => code === 'predictions-units')!;
    expect(wrong.message).toMatch(
      /^the predicted keypoints are 2\d\d times as large as their boxes ask for: /,
    );
    const line = /write ("keypoints_2d_units": "patch") in the sidecar/.exec(wrong.remedy)![1]!;
    await writeFile(join(folder, 'hand.json'), `{${line}}`);
    const right = await told('right');
    expect(right.warnings.map(({ code }) => code)).not.toContain('predictions-units');
    expect(right.metrics.pck_0_15_all).toBeGreaterThan(0.5);
  });
});

describe('keypoints in the photograph', () => {
  const folder = '02-hint-keypoints-not-diagnosed';
  const data = field(folder, 'hint');
  const photographs = field(folder, 'hint', 'TEST_newdays_img');

  it.each([
    ['good.npz', [], ''],
    ['crop_units.npz', ['predictions-units'], 'units of the crop: the middle of the box lies at (0, 0)'],
    ['zeros.npz', ['predictions-placeholder'], 'of all 40 samples looked at are no hands (all 0)'],
    ['half_scale.npz', ['predictions-units'], 'px of a photograph of 0.5 times the size'],
    ['xy_swapped.npz', ['predictions-axes'], 'the predicted keypoints have x and y exchanged'],
    ['left_mirrored_in_box.npz', ['predictions-mirrored'], 'keypoints of left hands are mirrored in the box'],
  ])('%s: the figures as given, and what is wrong', async (file, codes, words) => {
    const expected = await expectedOf<{ as_given: Record<string, Record<string, number>> }>(folder);
    const { metrics, warnings } = await scored('hint-newdays', data, field(folder, file));
    for (const [key, value] of Object.entries(expected.as_given[file]!)) {
      expect(metrics[key], key).toBeCloseTo(value, 9);
    }
    const told = warnings.filter(({ code }) => code !== 'joints-unlabelled');
    expect(told.map(({ code }) => code)).toEqual(codes);
    if (told.length > 0) expect(told[0]!.message).toContain(words);
  });

  /** The middle of a hand's box, and its longer side. */
  async function boxOf(id: string): Promise<{ middle: [number, number]; side: number }> {
    const [{ bbox }] = JSON.parse(await readFile(join(photographs, `${id}.json`), 'utf8')) as [
      { bbox: [[number, number, number, number]] },
    ];
    const [left, top, right, bottom] = bbox[0];
    return { middle: [(left + right) / 2, (top + bottom) / 2], side: Math.max(right - left, bottom - top) };
  }

  it.each<
    [string, (values: number[], box: { middle: [number, number]; side: number }, id: string) => number[]]
  >([
    [
      'crop_units.npz',
      ([u, v], { middle, side }) => [middle[0] + (side * u!) / 0.5, middle[1] + (side * v!) / 0.5],
    ],
    ['half_scale.npz', ([x, y]) => [x! / 0.5, y! / 0.5]],
    ['xy_swapped.npz', ([x, y]) => [y!, x!]],
    [
      'left_mirrored_in_box.npz',
      ([x, y], { middle }, id) => [id.endsWith('_l') ? 2 * middle[0] - x! : x!, y!],
    ],
  ])('%s: mended as the remedy says, they have the figures of the good ones', async (file, mend) => {
    const { as_given: given } = await expectedOf<{ as_given: Record<string, Record<string, number>> }>(
      folder,
    );
    const ids = (await readdir(photographs)).map((name) => name.replace('.json', '')).sort();
    const values = await numbersOf(field(folder, file), 'keypoints_2d');
    const boxes = await Promise.all(ids.map(boxOf));
    const mended = Array.from({ length: values.length / 2 }, (_, k) => {
      const hand = Math.floor(k / 21);
      return mend([...values.subarray(k * 2, k * 2 + 2)], boxes[hand]!, ids[hand]!);
    }).flat();
    const predictions = await temporaryFolder();
    await writeFile(join(predictions, 'keypoints_2d.npy'), numbersNpy('<f8', [ids.length, 21, 2], mended));
    const { metrics, warnings } = await scored('hint-newdays', data, predictions);
    expect(warnings.map(({ code }) => code)).toEqual(['joints-unlabelled']);
    for (const [key, value] of Object.entries(given['good.npz']!))
      expect(metrics[key], key).toBeCloseTo(value, 9);
  });
});
