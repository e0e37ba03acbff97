/** `model`: from a checkpoint, or from random weights, to a table. */
import { appendFile, cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BuiltModel } from '../../src/checkpoints/build-model.js';
import type { NetworkProfile } from '../../src/checkpoints/profile.js';
import type { Manifest } from '../../src/runs/manifest.js';
import { cli, FIXTURES, temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';

const NETWORKS = join(FIXTURES, 'network');

async function checkpointFolder(name: string): Promise<string> {
  const folder = await temporaryFolder();
  await cp(join(NETWORKS, name), folder, { recursive: true });
  return folder;
}

describe('model', () => {
  it.each(['hamba', 'hamer', 'wilor'])('builds a small random %s, which run scores', async (arch) => {
    const folder = await temporaryFolder();
    const model = join(folder, 'tiny.onnx');
    const built = await cli(['model', 'build', '--arch', arch, '--random', '--tiny', '--out', model]);
    expect(built).toMatchObject({ code: 0, stderr: '' });
    const data = await demoFolder('freihand');
    const out = join(folder, 'run');
    const run = await cli(['run', '--dataset', 'freihand', '--data', data, '--model', model, '--out', out]);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('MPJPE mm');
    const { configuration } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as Manifest;
    expect(configuration.protocol?.boxes).toBe(arch === 'hamba' ? 'hamba-freihand' : 'image');
  });

  it('builds beside the checkpoint, with its model_config.yaml, and agrees with the released code', async () => {
    const folder = await checkpointFolder('hamba-tiny');
    const checkpoint = join(folder, 'model.ckpt');
    const result = await cli(['model', 'build', '--checkpoint', checkpoint, '--json']);
    const built = JSON.parse(result.stdout) as BuiltModel;
    expect(built.in_place).toBe(true);
    expect(built.assumed.map(({ option }) => option)).toEqual(['vit_heads', 'sample_mode']);
    const inputs = join(folder, 'img.npy');
    const expected = join(folder, 'expected.npz');
    const verified = await cli([
      'model',
      'verify',
      built.model,
      '--inputs',
      inputs,
      '--expected',
      expected,
      '--json',
    ]);
    const { outputs } = JSON.parse(verified.stdout) as { outputs: { name: string; largest: number }[] };
    const of = (name: string): number => outputs.find((output) => output.name === name)!.largest;
    // Millimetres: 1e-5 m.
    expect(of('vertices')).toBeLessThan(0.01);
    expect(of('joints')).toBeLessThan(0.01);
  });

  it('refuses to run on a checkpoint that is not the one it was built from', async () => {
    const folder = await checkpointFolder('hamer-tiny');
    const checkpoint = join(folder, 'model.ckpt');
    const model = join(folder, 'model.onnx');
    const config = join(folder, 'config.json');
    await cli(['model', 'build', '--checkpoint', checkpoint, '--config', config]);
    await appendFile(checkpoint, 'x');
    const data = await demoFolder('freihand');
    const run = await cli([
      'run',
      '--dataset',
      'freihand',
      '--data',
      data,
      '--model',
      model,
      '--out',
      join(folder, 'run'),
    ]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('not the one it was built from');
  });

  it('names a configuration that contradicts the tensors, and the tensor', async () => {
    const folder = await checkpointFolder('hamba-tiny');
    const config = join(NETWORKS, 'hamba-tiny-b/config.json');
    const result = await cli([
      'model',
      'build',
      '--checkpoint',
      join(folder, 'model.ckpt'),
      '--config',
      config,
    ]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('vit_dim: 32');
    expect(result.stderr).toContain('backbone.blocks.0.mlp.fc1.weight is (192, 48)');
  });

  it('asks for the MANO file that a checkpoint was saved without', async () => {
    const folder = await checkpointFolder('wilor-tiny');
    const checkpoint = join(folder, 'model_no_mano.ckpt');
    const refused = await cli(['model', 'build', '--checkpoint', checkpoint]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--mano');
    const mano = join(FIXTURES, 'mano/MANO_RIGHT.pkl');
    expect((await cli(['model', 'build', '--checkpoint', checkpoint, '--mano', mano])).code).toBe(0);
  });

  it('inspects a checkpoint without opening its numbers', async () => {
    const result = await cli(['model', 'inspect', join(NETWORKS, 'hamba-tiny/model.ckpt')]);
    expect(result.stdout).toContain('465 tensors');
    expect(result.stdout).toContain('hyper_parameters');
    expect(result.stdout).toMatch(/clip +true/);
  });

  /** Table S2 of the Hamba paper; the totals of HaMeR and WiLoR as their public code counts them. */
  it.each([
    {
      arch: 'hamba',
      counts: { Backbone: 630_912_000, JR: 27_613_805, Decoder: 71_776_579, All: 733_293_483 },
    },
    { arch: 'hamer', counts: { Backbone: 630_912_000, Decoder: 39_497_837, All: 671_955_048 } },
    { arch: 'wilor', counts: { Backbone: 630_964_499, Refine: 8_316_429, All: 640_826_139 } },
  ])('profiles $arch at full size', async ({ arch, counts }) => {
    const { stdout } = await cli(['model', 'profile', '--arch', arch, '--json']);
    const { rows } = JSON.parse(stdout) as NetworkProfile;
    const found = Object.fromEntries(rows.map(({ module, parameters }) => [module, parameters]));
    expect(found).toMatchObject(counts);
    if (arch !== 'hamba') return;
    const decoder = rows.find(({ module }) => module === 'Decoder')!;
    expect((decoder.multiply_accumulates / 1e6).toFixed(2)).toBe('648.87');
  });

  it.each(['hamba', 'hamer', 'wilor'])('times each module of %s', async (arch) => {
    const result = await cli(['model', 'profile', '--arch', arch, '--tiny', '--measure', '--json']);
    const { rows, measured } = JSON.parse(result.stdout) as NetworkProfile;
    expect(measured).toMatchObject({ repetitions: 5, intra_op_threads: expect.any(Number) as number });
    for (const { module, latency_ms } of rows) {
      if (module === 'Discriminator') expect(latency_ms).toBeNull();
      else expect(latency_ms).toBeGreaterThan(0);
    }
  });

  it('profiles the network that a file is of', async () => {
    const folder = await checkpointFolder('hamba-tiny-b');
    const checkpoint = join(folder, 'model_legacy.ckpt');
    const model = join(folder, 'model.onnx');
    await cli(['model', 'build', '--checkpoint', checkpoint, '--out', model]);
    const tables = await Promise.all(
      [checkpoint, model].map(async (file) => (await cli(['model', 'profile', file])).stdout),
    );
    expect(tables[0]).toContain('Hamba, one image');
    expect(tables[1]).toBe(tables[0]);
    const neither = await cli(['model', 'profile']);
    expect(neither).toMatchObject({ code: 2 });
    expect(neither.stderr).toContain('add --arch hamba, or give a file');
  });

  it('keeps the ONNX file small where the weights stay in the checkpoint', async () => {
    const folder = await checkpointFolder('hamba-tiny');
    await cli(['model', 'build', '--checkpoint', join(folder, 'model.ckpt')]);
    // MANO's arrays that smplx keeps column by column are all that is copied.
    expect((await readFile(join(folder, 'model.onnx.data'))).length).toBeLessThan(1_500_000);
    expect((await readFile(join(folder, 'model.onnx'))).length).toBeLessThan(1_000_000);
  });
});
