/**
 * Networks built from tiny checkpoints against what the authors' public code computes from them, every value between
 * the layers included (test/fixtures/network/README.md).
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeModel } from '../../src/formats/onnx/onnx.js';
import { buildGolden, differences, goldenFile, POINTS, wrongValues } from '../support/golden-networks.js';

const MANO = join(import.meta.dirname, '../fixtures/mano/MANO_RIGHT.pkl');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hamba-network-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  { name: 'hamba-tiny', checkpoint: 'model.ckpt' },
  { name: 'hamba-tiny-b', checkpoint: 'model_legacy.ckpt' },
  { name: 'hamba-tiny-b', checkpoint: 'model.ckpt', mano: MANO },
  { name: 'hamer-tiny', checkpoint: 'model.ckpt' },
  { name: 'wilor-tiny', checkpoint: 'model.ckpt' },
  { name: 'wilor-tiny', checkpoint: 'model_no_mano.ckpt', mano: MANO },
])('$name from $checkpoint', ({ name, checkpoint, mano }) => {
  test.each([{ copy: false }, { copy: true }])('gives every value (copy: $copy)', async ({ copy }) => {
    const out = join(await mkdtemp(join(folder, 'case-')), 'model.onnx');
    const built = await buildGolden(name, out, { copy, mano, checkpoint: goldenFile(name, checkpoint) });
    expect(built.tensors.unknown).toEqual([]);
    expect(wrongValues(await differences(out, name))).toEqual([]);
  });
});

/** Half precision: how far off the hand may be, in metres; docs/networks.md states what was found. */
test.each(['hamba-tiny', 'hamer-tiny', 'wilor-tiny'])('%s in fp16 stays near', async (name) => {
  const out = join(await mkdtemp(join(folder, 'half-')), 'model.onnx');
  await buildGolden(name, out, { precision: 'fp16' });
  const found = await differences(out, name);
  const metres = Math.max(found.vertices!, found.joints!) * POINTS;
  expect(metres).toBeGreaterThan(0);
  expect(metres).toBeLessThan(5e-4);
});

/** Options of the tiny Hamba that no tensor shows: each, set wrongly, has to be seen in the hand. */
describe('a wrong option shows', () => {
  test.each([
    { clip: false },
    { sample_mode: 'nearest' },
    { sample_mlp: false },
    { vit_heads: 8 },
    { focal: 4000 },
    { jr: { scan: 'bidi' } },
    { jr: { scan: 'uni' } },
    { jr: { out_act: true } },
    { gss: { scan: 'uni' } },
    { gss: { out_act: true } },
  ])('%o', async (wrong) => {
    const name = 'hamba-tiny';
    const place = await mkdtemp(join(folder, 'wrong-'));
    const right = JSON.parse(await readFile(goldenFile(name, 'config.json'), 'utf8')) as Record<
      string,
      object
    >;
    const config = join(place, 'config.json');
    const merged = Object.fromEntries(
      Object.entries(wrong).map(([key, value]) => [
        key,
        typeof value === 'object' ? { ...right[key], ...value } : value,
      ]),
    );
    await writeFile(config, JSON.stringify({ ...right, ...merged }));
    const out = join(place, 'model.onnx');
    await buildGolden(name, out, { config });
    const found = await differences(out, name);
    // In units of what is allowed: ten times as much at least.
    expect(Math.max(found.vertices!, found.joints2d!)).toBeGreaterThan(10);
  });
});

test.each([
  { key: 'blocks.0.norm1', epsilon: 1e-6 },
  { key: 'last_norm', epsilon: 1e-6 },
  { key: 'blocks.0.op.out_norm', epsilon: 1e-5 },
])('the norm $key has the epsilon $epsilon, which no number shows', async ({ key, epsilon }) => {
  const out = join(await mkdtemp(join(folder, 'norms-')), 'model.onnx');
  await buildGolden('hamba-tiny', out);
  const { nodes } = decodeModel(await readFile(out));
  const norms = nodes.filter(
    ({ opType, inputs }) => opType === 'LayerNormalization' && inputs[1]!.includes(key),
  );
  expect(norms.length).toBeGreaterThan(0);
  for (const { attributes } of norms)
    expect(attributes.epsilon).toEqual({ kind: 'float', value: Math.fround(epsilon) });
});
