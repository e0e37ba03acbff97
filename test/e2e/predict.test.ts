/** `run --model` with the built program: what it leaves, and what bad input does. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNpy } from '../../src/formats/npy/npy.js';
import {
  cli,
  errorOf,
  RUN_DIRECTORY,
  temporaryFolder,
  type CliOptions,
  type CliResult,
} from '../support/cli.js';
import { points, writeFreihandFolder, type FreihandFolder } from '../support/freihand-folder.js';
import { poolingModel, type PoolOutput, type Value } from '../support/tiny-onnx.js';

interface Bench {
  readonly folder: string;
  readonly data: string;
  readonly model: string;
  readonly out: string;
  readonly run: (more?: readonly string[], options?: CliOptions) => Promise<CliResult>;
}

const JOINTS: PoolOutput = { name: 'joints', rows: 21, constant: points(21, 0).flat() };
const VERTICES: PoolOutput = { name: 'vertices', rows: 778, constant: points(778, 0).flat() };

async function bench(
  data: FreihandFolder,
  model: { outputs?: PoolOutput[]; input?: Value; nanAbove?: number } = {},
): Promise<Bench> {
  const folder = await temporaryFolder();
  const root = join(folder, 'data');
  await writeFreihandFolder(root, data);
  const file = join(folder, 'model.onnx');
  await writeFile(file, poolingModel({ outputs: [JOINTS, VERTICES], ...model }));
  const out = join(folder, 'run');
  return {
    folder,
    data: root,
    model: file,
    out,
    run: (more = [], options = {}) => {
      const where = more.includes('--out') ? [] : ['--out', out];
      return cli(
        ['run', '--dataset', 'freihand', '--data', root, '--model', file, ...where, ...more],
        options,
      );
    },
  };
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}

describe('run --model', () => {
  it('predicts, scores and leaves every file of the run directory', async () => {
    const { run, out } = await bench({ images: 6, xyz: 6, verts: 6 });
    const result = await run();
    expect(result.stderr).not.toContain('Error');
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('partial 6 of 3,960 samples');
    expect((await readdir(out, { recursive: true })).sort()).toEqual(RUN_DIRECTORY);
    expect(await readJson(join(out, 'run.json'))).toMatchObject({
      state: 'complete',
      configuration: { protocol: { boxes: 'image', tta: null }, provider: 'cpu', batch_size: 4 },
      predictions: { joints: { dtype: 'float32', shape: [6, 21, 3], axes: 'opencv', units: 'm' } },
      coverage: { scored: 6, unscored: 0, folder: 6, benchmark: 3960 },
    });
  });

  it('gives the same bytes every time', async () => {
    const { run, out, folder } = await bench({ images: 6, grey: (k) => 40 * k, xyz: 6, verts: 6 });
    const other = join(folder, 'again');
    await run();
    await run(['--out', other]);
    for (const file of [
      'predictions/joints.npy',
      'predictions/vertices.npy',
      'metrics.json',
      'per_sample.csv',
    ]) {
      expect(await readFile(join(out, file)), file).toEqual(await readFile(join(other, file)));
    }
  });

  it('predicts and stops where there is no ground truth', async () => {
    const { run, out } = await bench({ images: 3 });
    const result = await run();
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('Predicted 3 samples');
    expect(result.stdout).toContain('no ground truth');
    expect(existsSync(join(out, 'metrics.json'))).toBe(false);
    expect(await readJson(join(out, 'run.json'))).toMatchObject({ state: 'complete' });
    const again = await run(['--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ reused: true, state: 'complete' });
  });

  it('leaves a failed prediction unscored, with the reason, and exits with 3', async () => {
    const { run, out } = await bench(
      { images: 5, grey: (index) => (index === 2 ? 250 : 60), xyz: 5, verts: 5 },
      { nanAbove: 1 },
    );
    const result = await run(['--json']);
    expect(result.code).toBe(3);
    expect(JSON.parse(result.stdout)).toMatchObject({
      coverage: { scored: 4, unscored: 1, folder: 5 },
      unscored: [{ id: '00000002' }],
    });
    const document = await readJson(join(out, 'run.json'));
    expect(document.unpredicted).toEqual([
      { id: '00000002', code: 'prediction-not-finite', reason: 'joints contain NaN' },
    ]);
    const { metrics } = (await readJson(join(out, 'metrics.json'))) as { metrics: Record<string, unknown> };
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
    expect(existsSync(join(out, 'scores.txt'))).toBe(false);
    const samples = (await readFile(join(out, 'per_sample.csv'), 'utf8')).split('\n');
    expect(samples[3]).toMatch(/^2,00000002,unscored,.*NaN/);
    const { data } = readNpy(await readFile(join(out, 'predictions/joints.npy')), 'joints.npy');
    const values = Float32Array.from(data as Float32Array);
    expect(values.subarray(126, 189).every(Number.isNaN)).toBe(true);
    expect(values.subarray(189, 252).some(Number.isNaN)).toBe(false);
  });

  it.each([
    ['joints alone', [JOINTS], 'pa_mpjpe_mm', 'pa_mpvpe_mm'],
    ['vertices alone', [VERTICES], 'pa_mpvpe_mm', 'pa_mpjpe_mm'],
  ])('scores %s', async (_, outputs, present, absent) => {
    const { run } = await bench({ images: 2, xyz: 2, verts: 2 }, { outputs });
    const result = await run(['--json']);
    expect(result.code).toBe(0);
    const { metrics } = JSON.parse(result.stdout) as { metrics: Record<string, number> };
    expect(metrics).toHaveProperty(present);
    expect(metrics).not.toHaveProperty(absent);
  });

  it('takes the narrow input of the ViT and a fixed batch', async () => {
    const input = { name: 'img', shape: [7, 3, 256, 192] };
    const { run } = await bench({ images: 9, xyz: 9, verts: 9 }, { input });
    const result = await run(['--json']);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ coverage: { scored: 9 } });
  });

  it('names the sidecar where outputs are not recognised, and obeys it', async () => {
    const outputs = [
      { ...JOINTS, name: 'first' },
      { ...JOINTS, name: 'second' },
    ];
    const { run, model, folder } = await bench({ images: 2, xyz: 2, verts: 2 }, { outputs });
    const refused = await run(['--json']);
    expect(refused.code).toBe(1);
    const error = errorOf(refused);
    expect(error.file).toBe(model);
    expect(JSON.stringify(error)).toMatch(/first/);
    expect(JSON.stringify(error)).toMatch(/second/);
    expect(error.next).toContain('model.json');

    await writeFile(join(folder, 'model.json'), JSON.stringify({ outputs: { joints: 'second' } }));
    const accepted = await run(['--json']);
    expect(accepted.stdout).toContain('pa_mpjpe_mm');
    expect(accepted.code).toBe(0);
  });

  it('refuses an output of another shape than declared, and leaves nothing', async () => {
    const outputs = [{ name: 'joints', rows: 20, shape: ['N', 'J', 3] }, VERTICES];
    const { run, out, model } = await bench({ images: 2, xyz: 2, verts: 2 }, { outputs });
    const result = await run(['--json']);
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'model-output-shape', file: model });
    expect(existsSync(out)).toBe(false);
  });

  it('explains a model that is no ONNX file, before it touches the output folder', async () => {
    const { run, out, model } = await bench({ images: 2, xyz: 2, verts: 2 });
    await run();
    await writeFile(model, 'not a model at all');
    const result = await run(['--force', '--json']);
    expect(result.code).toBe(1);
    expect(errorOf(result).file).toBe(model);
    expect(existsSync(join(out, 'metrics.json'))).toBe(true);
  });

  it('names the photograph that is no photograph', async () => {
    const { run, out, data } = await bench({ images: 3, xyz: 3, verts: 3 });
    const broken = join(data, 'evaluation/rgb/00000001.jpg');
    await writeFile(broken, 'a text');
    const result = await run(['--json']);
    expect(result.code).toBe(1);
    expect(errorOf(result).file).toBe(broken);
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    ['photographs and ground truth', { images: 3, xyz: 2, verts: 3 }, '3 photographs, 2 entries'],
    ['joints and meshes', { images: 3, xyz: 3, verts: 4 }, '4 entries'],
  ])('says which of %s differ in number', async (_, folder, got) => {
    const { run, out } = await bench(folder);
    const result = await run(['--json']);
    expect(result.code).toBe(1);
    expect(errorOf(result).code).toBe('dataset-count-mismatch');
    expect(errorOf(result).got).toContain(got);
    expect(existsSync(out)).toBe(false);
  });

  it('names file and byte of a cut annotation file before it predicts', async () => {
    const { run, out, data } = await bench({ images: 3, xyz: 3, verts: 3 });
    const file = join(data, 'evaluation_verts.json');
    await truncate(file, 50_000);
    const result = await run(['--json']);
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'json-truncated', file, offset: 50_000 });
    expect(existsSync(out)).toBe(false);
  });

  it('names the photograph that is missing', async () => {
    const { run, data } = await bench({ images: 4 });
    await rm(join(data, 'evaluation/rgb/00000002.jpg'));
    const result = await run(['--json']);
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'dataset-images-missing' });
    expect(errorOf(result).got).toContain('00000002.jpg');
  });

  it('stops at Ctrl-C with 130 and leaves nothing that looks finished', async () => {
    const { run, out } = await bench({ images: 400 });
    await mkdir(out, { recursive: true });
    const result = await run([], { interruptAtFile: join(out, 'predictions/joints.npy.partial') });
    expect(result.code).toBe(130);
    expect(existsSync(join(out, 'predictions/joints.npy'))).toBe(false);
    expect(existsSync(join(out, 'metrics.json'))).toBe(false);
    expect(await readJson(join(out, 'run.json'))).toMatchObject({ state: 'interrupted' });
    // It has nothing to lose: the same command starts over.
    expect((await run(['--json'])).code).toBe(0);
  });
});
