/** `run --model` with the built program: what docs/model-contract.md says of models and photographs. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/runs/manifest.js';
import type { MetricsDocument } from '../../src/runs/metrics-document.js';
import { cli, errorOf, temporaryFolder, type CliResult } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { points, writeFreihandFolder } from '../support/freihand-folder.js';
import { toHalf } from '../support/halves.js';
import { largestDifference } from '../support/largest-difference.js';
import { givenModel, type GivenModel, type GivenOutput } from '../support/models.js';
import { numbersOf } from '../support/sweeps.js';

const SAMPLES = 8;
/** The last photograph of the first batch of seven, and the only one of the second. */
const BRIGHT = 7;

const JOINTS: GivenOutput = { name: 'joints', shape: [21, 3], constant: points(21, 0).flat(), gain: 0.01 };
const VERTICES: GivenOutput = { name: 'vertices', shape: [778, 3], constant: points(778, 0).flat() };
const KEYPOINTS: GivenOutput = {
  name: 'keypoints_2d',
  shape: [21, 2],
  constant: Array.from({ length: 42 }, (_, k) => (k - 21) / 84),
};

const grey = (index: number): number => (index === BRIGHT ? 250 : 30 + 10 * index);
/** What one level of grey is in the joints, metres, and more than the black beyond the crop's last column takes away. */
const GREY_LEVEL = 0.01 / 255 / 0.23;

/** Mean of a photograph of that grey as the network sees it, ImageNet's normalisation. */
const seen = (level: number): number =>
  [0.485, 0.456, 0.406].reduce(
    (sum, mean, c) => sum + (level / 255 - mean) / [0.229, 0.224, 0.225][c]! / 3,
    0,
  );

interface Bench {
  readonly data: string;
  readonly folder: string;
  readonly out: string;
  readonly run: (...more: string[]) => Promise<CliResult>;
}

async function bench(model: GivenModel, sidecar?: unknown, dataset = 'freihand'): Promise<Bench> {
  const folder = await temporaryFolder();
  let data = join(folder, 'data');
  if (dataset === 'freihand')
    await writeFreihandFolder(data, { images: SAMPLES, grey, xyz: SAMPLES, verts: SAMPLES });
  else data = await demoFolder(dataset);
  const file = join(folder, 'model.onnx');
  await writeFile(file, givenModel(model));
  if (sidecar !== undefined) await writeFile(join(folder, 'model.json'), JSON.stringify(sidecar));
  const out = join(folder, 'run');
  const base = ['run', '--dataset', dataset, '--data', data, '--model', file, '--workers', '1', '--json'];
  const run = (...more: string[]): Promise<CliResult> =>
    cli([...base, ...(more.includes('--out') ? [] : ['--out', out]), ...more]);
  return { data, folder, out, run };
}

const documentOf = ({ stdout }: CliResult): MetricsDocument => JSON.parse(stdout) as MetricsDocument;
const manifestOf = async (run: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as Manifest;

/** Whether each sample's row is NaN, wholly or in part. */
function broken(values: Float64Array): ('whole' | 'part' | 'no')[] {
  const width = values.length / SAMPLES;
  return Array.from({ length: SAMPLES }, (_, k) => {
    const row = values.subarray(k * width, (k + 1) * width);
    return row.every(Number.isNaN) ? 'whole' : row.some(Number.isNaN) ? 'part' : 'no';
  });
}

/** The joints that the model gives for each photograph. */
function expectedJoints(gain = 0.01): number[] {
  return Array.from({ length: SAMPLES }, (_, k) =>
    points(21, 0)
      .flat()
      .map((value) => value + gain * seen(grey(k))),
  ).flat();
}

const ONLY_LAST = Array.from({ length: SAMPLES }, (_, k) => (k === BRIGHT ? 'whole' : 'no'));

describe('a model fixed to batches of seven', () => {
  it('pads the last one, and NaN of one photograph stays with it', async () => {
    const { run, out } = await bench({ outputs: [JOINTS, VERTICES], batch: 7, nanAbove: 1.5 });
    const result = await run();
    expect(result.code).toBe(3);
    const document = documentOf(result);
    expect(document.coverage).toMatchObject({ scored: 7, unscored: 1, folder: 8 });
    expect(document.unscored).toEqual([
      { id: '00000007', code: 'prediction-not-finite', reason: 'joints contain NaN' },
    ]);
    expect((await manifestOf(out)).configuration.batch_size).toBe(7);
    const joints = await numbersOf(out, 'joints.npy');
    expect(broken(joints)).toEqual(ONLY_LAST);
    expect(broken(await numbersOf(out, 'vertices.npy'))).toEqual(ONLY_LAST);
    expect(largestDifference(joints.subarray(0, 7 * 63), expectedJoints().slice(0, 7 * 63))).toBeLessThan(
      GREY_LEVEL,
    );
  });

  it('refuses another batch size', async () => {
    const { run, out } = await bench({ outputs: [JOINTS, VERTICES], batch: 7 });
    const result = await run('--batch-size', '4');
    expect(result.code).toBe(1);
    expect(errorOf(result).code).toBe('batch-size-fixed');
    expect(existsSync(out)).toBe(false);
  });
});

describe('a photograph that is a text', () => {
  it('stops the run before anything is predicted, and is named', async () => {
    const { run, out, data } = await bench({ outputs: [JOINTS, VERTICES] });
    const file = join(data, 'evaluation/rgb/00000005.jpg');
    await writeFile(file, 'not a photograph');
    const result = await run();
    expect(result.code).toBe(1);
    expect(errorOf(result).file).toBe(file);
    expect(result.stderr).not.toContain('predict:');
    expect(existsSync(out)).toBe(false);
  });

  it('is left unscored with --skip-unreadable, and its row is NaN', async () => {
    const { run, out, data } = await bench({ outputs: [JOINTS, VERTICES] });
    await writeFile(join(data, 'evaluation/rgb/00000005.jpg'), 'not a photograph');
    const result = await run('--skip-unreadable');
    expect(result.code).toBe(3);
    const { unscored, coverage } = documentOf(result);
    expect(coverage).toMatchObject({ scored: 7, unscored: 1 });
    expect(unscored).toHaveLength(1);
    expect(unscored[0]).toMatchObject({ id: '00000005', code: expect.stringMatching(/^image-/) as string });
    expect(unscored[0]!.reason).not.toContain('NaN');
    const joints = await numbersOf(out, 'joints.npy');
    expect(broken(joints)).toEqual(Array.from({ length: SAMPLES }, (_, k) => (k === 5 ? 'whole' : 'no')));
    const expected = expectedJoints();
    expect(largestDifference(joints.subarray(6 * 63), expected.slice(6 * 63))).toBeLessThan(GREY_LEVEL);
    expect((await manifestOf(out)).unpredicted).toEqual(unscored);
  });
});

describe('a model of 224 × 224', () => {
  const size = [224, 224] as const;

  it('is refused without a sidecar', async () => {
    const { run, out } = await bench({ outputs: [JOINTS, VERTICES], size });
    const refused = await run();
    expect(refused.code).toBe(1);
    expect(errorOf(refused)).toMatchObject({ code: 'model-crop-unknown' });
    expect(existsSync(out)).toBe(false);
  });

  it('sees the whole photograph with one, whatever the box', async () => {
    const sidecar = { crop: 'whole-image' };
    const { run, out, data } = await bench({ outputs: [KEYPOINTS], size }, sidecar, 'hint-newdays');
    expect((await run()).code).toBe(0);
    expect((await manifestOf(out)).configuration.protocol).toMatchObject({ boxes: 'image' });
    const images = join(data, 'TEST_newdays_img');
    const names = (await readdir(images)).filter((name) => name.endsWith('.jpg')).sort();
    const crop = Array.from(KEYPOINTS.constant);
    const expected: number[] = [];
    for (const name of names) {
      const { width, height } = await sharp(join(images, name)).metadata();
      const side = Math.max(width, height);
      const sign = name.endsWith('_l.jpg') ? -1 : 1;
      const middle = width / 2;
      crop.forEach((u, k) => expected.push(k % 2 === 0 ? middle + sign * u * side : height / 2 + u * side));
    }
    expect(largestDifference(await numbersOf(out, 'keypoints_2d.npy'), expected)).toBeLessThan(1e-3);
  });
});

describe('a float16 model', () => {
  it('is fed halves, and its halves are kept exactly', async () => {
    const { run, out } = await bench({ outputs: [{ ...JOINTS, gain: 0 }, VERTICES], dtype: 'float16' });
    const result = await run();
    expect(result.stderr).not.toContain('Error');
    expect(result.code).toBe(0);
    expect((await manifestOf(out)).predictions!.joints).toMatchObject({ dtype: 'float32' });
    const constant = Array.from(JOINTS.constant, toHalf);
    const expected = Array.from({ length: SAMPLES }, () => constant).flat();
    expect(largestDifference(await numbersOf(out, 'joints.npy'), expected)).toBe(0);
  });

  it('sees what a float32 model sees, to a half', async () => {
    const { run, out } = await bench({ outputs: [JOINTS, VERTICES], dtype: 'float16' });
    await run();
    const difference = largestDifference(await numbersOf(out, 'joints.npy'), expectedJoints());
    expect(difference).toBeLessThan(6e-4);
  });
});

describe('a model whose weights lie in another file', () => {
  const location = 'model.onnx.data';
  const constant = Float32Array.from(JOINTS.constant);
  const external = { location, offset: 0, length: constant.byteLength };

  it('reads them', async () => {
    const { run, out, folder } = await bench({ outputs: [JOINTS, VERTICES], external });
    await writeFile(join(folder, location), new Uint8Array(constant.buffer));
    const result = await run();
    expect(result.stderr).not.toContain('Error');
    expect(result.code).toBe(0);
    expect(largestDifference(await numbersOf(out, 'joints.npy'), expectedJoints())).toBeLessThan(GREY_LEVEL);
  });

  it('names the file where it is not there', async () => {
    const { run, out } = await bench({ outputs: [JOINTS, VERTICES], external });
    const result = await run();
    expect(result.code).toBe(1);
    expect(JSON.stringify(errorOf(result))).toContain(location);
    expect(existsSync(out)).toBe(false);
  });
});

describe('a model that gives one thing alone', () => {
  it('2D keypoints, is scored on HInt', async () => {
    const { run, out } = await bench({ outputs: [KEYPOINTS] }, undefined, 'hint-newdays');
    const result = await run();
    expect(result.stderr).not.toContain('Error');
    expect(result.code).toBe(0);
    expect(documentOf(result).metrics).toHaveProperty('pck_0_05_all');
    const { predictions } = await manifestOf(out);
    expect(Object.keys(predictions!)).toEqual(['keypoints_2d']);
    expect(predictions!.keypoints_2d).toMatchObject({ shape: [8, 21, 2], axes: 'image', units: 'px' });
  });

  it('2D keypoints, is refused on FreiHAND before anything is made', async () => {
    const { run, out } = await bench({ outputs: [KEYPOINTS] });
    const result = await run();
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'model-without-hand', got: 'keypoints_2d' });
    expect(existsSync(out)).toBe(false);
  });

  it('joints, is refused on HInt', async () => {
    const { run, out } = await bench({ outputs: [JOINTS] }, undefined, 'hint-newdays');
    const result = await run();
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'model-without-keypoints', got: 'joints' });
    expect(existsSync(out)).toBe(false);
  });
});

describe('the bytes of a run', () => {
  it('do not depend on --workers', async () => {
    const { run, out, folder } = await bench({ outputs: [JOINTS, VERTICES] });
    const other = join(folder, 'other');
    await run();
    const base = ['--out', other];
    const result = await cli([
      ...['run', '--dataset', 'freihand', '--data', join(folder, 'data')],
      ...['--model', join(folder, 'model.onnx'), '--workers', '3', ...base],
    ]);
    expect(result.code).toBe(0);
    for (const file of [
      ...['joints', 'vertices'].map((array) => `predictions/${array}.npy`),
      ...['metrics.json', 'scores.txt', 'metrics.csv', 'per_sample.csv', 'per_joint.csv', 'pck_curves.csv'],
    ]) {
      expect(await readFile(join(other, file)), file).toEqual(await readFile(join(out, file)));
    }
  });
});

describe('--provider', () => {
  // Where CUDA does start there is nothing to refuse.
  it('cuda is an error with reason and fix where it does not start, and leaves nothing', async (context) => {
    const { run, out } = await bench({ outputs: [JOINTS, VERTICES] });
    const result = await run('--provider', 'cuda');
    if (result.code === 0) context.skip('CUDA starts on this machine');
    expect(result.code).toBe(1);
    const error = errorOf(result);
    expect(error.code).toBe('provider-unavailable');
    expect(error.got).toBeTruthy();
    expect(error.next).toMatch(/cpu$/);
    expect(existsSync(out)).toBe(false);

    const fallen = await run('--provider', 'cuda', '--allow-fallback');
    expect(fallen.code).toBe(0);
    expect(fallen.stderr).toContain('running on cpu (cuda does not start:');
    expect((await manifestOf(out)).configuration.provider).toBe('cpu');
  });

  it('cpu cannot choose a device', async () => {
    const { run, out } = await bench({ outputs: [JOINTS, VERTICES] });
    const result = await run('--provider', 'cpu', '--device', '0');
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'provider-device', got: 'device 0' });
    expect(existsSync(out)).toBe(false);
  });

  it('auto says what it got, cpu need not', async () => {
    const { run, out, folder } = await bench({ outputs: [JOINTS, VERTICES] });
    const auto = await run();
    const { provider } = (await manifestOf(out)).configuration;
    expect(auto.stderr).toContain(`running on ${provider as string}`);
    const cpu = await run('--provider', 'cpu', '--out', join(folder, 'cpu'));
    expect(cpu.stderr).not.toContain('running on');
    expect((await manifestOf(join(folder, 'cpu'))).configuration.provider).toBe('cpu');
  });
});
