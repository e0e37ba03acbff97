import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { UserError } from '../../src/errors.js';
import { parseSidecar, readSidecar } from '../../src/inference/model/sidecar.js';
import { temporaryFolder } from '../support/cli.js';
import { failure } from '../support/user-error.js';

describe('where a sidecar is looked for', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });

  it('nowhere else than beside the model, its own name first', async () => {
    const model = join(folder, 'net.v2.onnx');
    expect(await readSidecar(model)).toBeNull();
    await writeFile(join(folder, 'model.json'), '{"units": "mm"}');
    expect((await readSidecar(model))?.content).toEqual({ units: 'mm' });
    await writeFile(join(folder, 'net.v2.json'), '{"units": "m"}');
    expect(await readSidecar(model)).toEqual({ file: join(folder, 'net.v2.json'), content: { units: 'm' } });
  });

  it('never in the model itself', async () => {
    const model = join(folder, 'pred.json');
    await writeFile(model, JSON.stringify([[0.1], []]));
    expect(await readSidecar(model)).toBeNull();
    expect(await readSidecar(`${folder}/./pred.json`)).toBeNull();
    await writeFile(join(folder, 'model.json'), '{"units": "mm"}');
    expect((await readSidecar(model))?.content).toEqual({ units: 'mm' });
    expect(await readSidecar(join(folder, 'model.json'))).toBeNull();
  });

  it('in no file that is too long for one, which is not read', async () => {
    const file = join(folder, 'net.json');
    await writeFile(file, '');
    await truncate(file, 8 * 2 ** 30);
    await expect(readSidecar(join(folder, 'net.onnx'))).rejects.toMatchObject({
      code: 'sidecar-too-large',
      file,
      got: '8589934592 bytes',
    });
  });

  it('in no folder', async () => {
    const file = join(folder, 'net.json');
    await mkdir(file);
    await expect(readSidecar(join(folder, 'net.onnx'))).rejects.toMatchObject({
      code: 'sidecar-unreadable',
      file,
      got: 'a folder',
    });
  });
});

function refusal(text: string): UserError {
  const error = failure(() => parseSidecar(text, 'net.json'));
  expect(error.file).toBe('net.json');
  return error;
}

describe('what a sidecar may hold', () => {
  it('every key, or none', () => {
    const whole = {
      input: 'img',
      outputs: { joints: 'j', vertices: 'v', keypoints_2d: 'k', camera: 'c' },
      mano: { pose: 'p', betas: 'b', representation: '6d', global_orient: 'g', mean_pose: 'relative' },
      points_from: 'mano',
      size: [256, 192],
      crop: 'hamer',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      units: 'mm',
      joint_order: 'ho3d',
      keypoints_2d_units: 'patch',
      focal_length: 1000,
      handedness: 'both',
    };
    expect(parseSidecar(JSON.stringify(whole), 'net.json')).toEqual(whole);
    expect(parseSidecar('{}', 'net.json')).toEqual({});
    // As an editor may save it.
    expect(parseSidecar('\ufeff{}', 'net.json')).toEqual({});
  });

  it.each([
    ['{"unit": "mm"}', 'unit', 'units'],
    ['{"outputs": {"joint": "a"}}', 'outputs.joint', 'outputs.joints'],
    [
      '{"mano": {"pose": "a", "betas": "b", "representation": "6d", "shape": "b"}}',
      'mano.shape',
      'mano.betas',
    ],
  ])('unknown keys are refused: %s', (text, got, expected) => {
    const error = refusal(text);
    expect(error.code).toBe('sidecar-key-unknown');
    expect(error.got).toBe(got);
    expect(error.expected).toContain(expected);
  });

  it.each([
    ['{"units": "cm"}', 'units', '"m" or "mm"', '"cm"'],
    ['{"size": [256]}', 'size', '[height, width]', '[256]'],
    ['{"size": [256, 19.5]}', 'size', '[height, width]', '[256,19.5]'],
    ['{"size": "256x192"}', 'size', '[height, width]', '"256x192"'],
    ['{"crop": "center"}', 'crop', '"hamer", "whole-image" or "hamba-freihand"', '"center"'],
    ['{"std": [1, 0, 1]}', 'std', 'positive', '[1,0,1]'],
    ['{"mean": null}', 'mean', 'three numbers', 'null'],
    ['{"joint_order": "mano"}', 'joint_order', '"openpose"', '"mano"'],
    ['{"handedness": "left"}', 'handedness', '"right"', '"left"'],
    ['{"outputs": {"joints": 3}}', 'outputs.joints', 'a string', '3'],
    ['{"outputs": {}}', 'outputs', '{"joints": NAME}', '{}'],
    ['{"keypoints_2d_units": "px"}', 'keypoints_2d_units', '"crop"', '"px"'],
    ['{"focal_length": 0}', 'focal_length', 'positive', '0'],
    ['{"points_from": "model"}', 'points_from', '"mano"', '"model"'],
    ['{"mano": "pose"}', 'mano', '{"pose": NAME', '"pose"'],
    ['{"mano": {"betas": "b", "representation": "6d"}}', 'mano.pose', 'a string', 'nothing'],
    ['{"mano": {"pose": "a", "betas": "b", "representation": "6D"}}', 'mano.representation', '"6d"', '"6D"'],
  ])('wrong values are refused: %s', (text, key, expected, got) => {
    const error = refusal(text);
    expect(error.code).toBe('sidecar-value-invalid');
    expect(error.message).toMatch(new RegExp(`: ${key}$`));
    expect(error.expected).toContain(expected);
    expect(error.got).toBe(got);
  });

  it.each([
    [
      { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
      { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    ],
    [
      { mean: [0, 0, 0], std: [255, 255, 255] },
      { mean: [0, 0, 0], std: [1, 1, 1] },
    ],
    [
      { mean: [127.5, 127.5, 127.5], std: [1, 1, 1] },
      { mean: [0.5, 0.5, 0.5], std: new Array<number>(3).fill(1 / 255) },
    ],
    [
      { mean: [0.485, 0.456, 0.406], std: [58.395, 57.12, 57.375] },
      { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    ],
    [{ mean: [-123.675, -116.28, -103.53] }, { mean: [-0.485, -0.456, -0.406] }],
    [{ std: [1, 1, 1.0001] }, { std: [0.00392156862745098, 0.00392156862745098, 0.00392196078431373] }],
  ])('mean and std on the scale 0 to 255 are refused, and the remedy is accepted: %j', (given, right) => {
    const { code, got, next } = refusal(JSON.stringify(given));
    expect(code).toBe('sidecar-pixel-scale');
    expect(got).toBe(JSON.stringify(given).slice(1, -1).replaceAll(/":/g, '": ').replaceAll('],', '], '));
    const mended = `{${/write (.*)$/.exec(next!)![1]!}}`;
    expect(parseSidecar(mended, 'net.json')).toEqual(JSON.parse(mended));
    for (const [key, values] of Object.entries(right)) {
      const written = (JSON.parse(mended) as Record<string, number[]>)[key]!;
      values.forEach((value, k) => expect(written[k]).toBeCloseTo(value, 14));
    }
  });

  it('a long wrong value is shown by its beginning', () => {
    const { got } = refusal(JSON.stringify({ units: 'µ'.repeat(100_000) }));
    expect(got).toMatch(/^"µ+…$/);
    expect(got!.length).toBe(120);
    expect(refusal(JSON.stringify(Array.from({ length: 9999 }, () => 0.1))).got!.length).toBe(120);
    expect(refusal(JSON.stringify({ ['k'.repeat(9999)]: 1 })).got!.length).toBe(120);
  });

  it('what is no JSON object is refused', () => {
    expect(refusal('{"units": ').code).toBe('sidecar-not-json');
    expect(refusal('[1]')).toMatchObject({
      code: 'sidecar-value-invalid',
      expected: 'a JSON object',
      got: '[1]',
    });
  });
});
