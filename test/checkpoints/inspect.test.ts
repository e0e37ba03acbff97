/** `model inspect` of models and configurations: what it finds, and what it says is wrong. */
import { appendFile, cp, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildModel } from '../../src/checkpoints/build-model.js';
import { inspectFile } from '../../src/checkpoints/inspect/inspect.js';
import { inspectConfiguration } from '../../src/checkpoints/inspect/inspect-configuration.js';
import { inspectOnnx } from '../../src/checkpoints/inspect/inspect-onnx.js';
import { inspectionText } from '../../src/checkpoints/inspect/inspection-text.js';
import { rejection } from '../support/user-error.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/network');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hamba-inspect-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function builtHamer(): Promise<{ model: string; checkpoint: string }> {
  const checkpoint = join(folder, 'model.ckpt');
  const model = join(folder, 'model.onnx');
  await cp(join(FIXTURES, 'hamer-tiny/model.ckpt'), checkpoint);
  const config = join(FIXTURES, 'hamer-tiny/config.json');
  await buildModel({
    checkpoint,
    config,
    copy: false,
    precision: 'fp32',
    random: false,
    tiny: false,
    seed: 0,
    intermediates: false,
    force: true,
  });
  return { model, checkpoint };
}

describe('a model', () => {
  it('is shown with what run takes its outputs for', async () => {
    const { model } = await builtHamer();
    const found = await inspectOnnx(model);
    expect(found.outputs.map(({ name, read_as }) => [name, read_as])).toEqual([
      ['pred_keypoints_3d', 'joints'],
      ['pred_vertices', 'vertices'],
      ['pred_keypoints_2d', '2D keypoints'],
      ['pred_cam', 'camera'],
      ['pred_cam_t', null],
      ['pred_mano_params_global_orient', null],
      ['pred_mano_params_hand_pose', null],
      ['pred_mano_params_betas', null],
    ]);
    expect(found.modules.map(({ name }) => name).sort()).toEqual([
      'backbone',
      'constants',
      'mano',
      'mano_head',
    ]);
    expect(found.sidecar?.content.crop).toBe('hamer');
    expect(found.problem).toBeNull();
    const text = inspectionText(found, true);
    expect(text).toContain('joints, by its name');
    expect(text).toContain('backbone.blocks.0.attn.qkv.weight  (192, 64)  float32');
  });

  it('is shown with the files that hold its weights, and whether they are those it was built from', async () => {
    const { model, checkpoint } = await builtHamer();
    const stateOf = async (): Promise<string> =>
      (await inspectOnnx(model)).external.find(({ file }) => file === checkpoint)!.state;
    expect(await stateOf()).toBe('as recorded');
    await appendFile(checkpoint, 'x');
    expect(await stateOf()).toBe('changed');
    await truncate(checkpoint, 1000);
    expect(await stateOf()).toBe('too short');
    await rm(checkpoint);
    expect(await stateOf()).toBe('missing');
  });

  it('is shown with the reason where run cannot read it', async () => {
    const { model } = await builtHamer();
    await writeFile(join(folder, 'model.json'), '{"outputs": {"joints": "nothing"}}');
    const { contract, problem } = await inspectOnnx(model);
    expect(contract).toBeNull();
    expect(problem).toContain('names an output that the model does not have: nothing');
  });

  it('has no configuration', async () => {
    const error = await rejection(inspectFile(join(folder, 'model.onnx'), 'model_config.yaml'));
    expect(error.code).toBe('inspect-config');
  });
});

describe('a configuration', () => {
  it('is read for each network, and what no network reads is named', async () => {
    const { networks } = await inspectConfiguration(join(FIXTURES, 'hamba-tiny/model_config.yaml'));
    const [hamba, hamer] = networks;
    expect(hamba!.options).toContainEqual({
      option: 'gss.scan',
      value: 'cross',
      key: 'MODEL.MANO_HEAD.SSM_FORWARDTYPE',
      released: 'cross',
    });
    expect(Object.keys(hamba!.unsaid)).toEqual(['vit_heads', 'sample_mode']);
    expect(hamba!.unread).toContain('TRAIN');
    expect(hamba!.unread).toContain('MODEL.MANO_HEAD.DROP_PATH_RATE');
    expect(hamba!.unread).not.toContain('MODEL.MANO_HEAD.DEPTHS');
    expect(hamer!.problem).toContain('MODEL.MANO_HEAD.TYPE');
  });

  it('of options names one that there is not', async () => {
    const file = join(folder, 'options.json');
    await writeFile(file, '{"architecture": "hamba", "clipp": true}');
    const found = await inspectConfiguration(file);
    expect(found.networks.map(({ title }) => title)).toEqual(['Hamba']);
    expect(inspectionText(found, false)).toContain('The configuration has an unknown field: clipp');
  });
});
