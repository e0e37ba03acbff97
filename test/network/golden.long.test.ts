/**
 * Networks built from tiny checkpoints against what the authors' public code computes from them, every value between
 * the layers included (test/fixtures/network/README.md).
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildModel, type BuildRequest } from '../../src/checkpoints/build-model.js';
import { decodeModel } from '../../src/formats/onnx/onnx.js';
import { readNpy } from '../../src/formats/npy/npy.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { openSession } from '../../src/inference/session/session.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/network');
const MANO = join(import.meta.dirname, '../fixtures/mano/MANO_RIGHT.pkl');

/** Metres and everything else: absolute for what leaves the network, of the largest number for what lies between. */
const POINTS = 1e-5;
const REST = 2e-5;
const IN_METRES = new Set(['vertices', 'joints', 'coarse_vertices', 'jr_joints']);
const LEAVING = new Set(['rotmats', 'betas', 'cam', 'cam_t', 'joints2d', 'pose']);

const REQUEST: BuildRequest = {
  copy: false,
  precision: 'fp32',
  random: false,
  tiny: false,
  seed: 0,
  intermediates: true,
  force: true,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hamba-network-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The largest difference of every value, in units of what is allowed. */
async function differences(model: string, caseFolder: string): Promise<Record<string, number>> {
  const image = readNpy(await readFile(join(caseFolder, 'img.npy')), 'img.npy');
  const expected = await readNpz(join(caseFolder, 'expected.npz'));
  const session = await openSession({ model, intraOpThreads: 2 });
  try {
    const names = expected.names.filter((name) => name !== 'focal_length');
    const data = Float32Array.from(image.data as Float32Array);
    const { outputs } = await session.run({ input: 'img', data, dims: image.shape, fetches: names });
    const found: Record<string, number> = {};
    for (const name of names) {
      const want = await expected.read(name);
      const got = outputs[name]!;
      expect(got.dims, name).toEqual(want.shape);
      found[name] = largest(got.data as Float32Array, want.data as Float32Array, name);
    }
    return found;
  } finally {
    expected.close();
    await session.close();
  }
}

function largest(got: Float32Array, want: Float32Array, name: string): number {
  let difference = 0;
  let scale = 0;
  want.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - got[i]!));
    scale = Math.max(scale, Math.abs(value));
  });
  if (IN_METRES.has(name)) return difference / POINTS;
  return difference / (LEAVING.has(name) ? REST : REST * scale);
}

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
    const built = await buildModel({
      ...REQUEST,
      copy,
      checkpoint: join(FIXTURES, name, checkpoint),
      config: join(FIXTURES, name, 'config.json'),
      out,
      ...(mano === undefined ? {} : { mano }),
    });
    expect(built.tensors.unknown).toEqual([]);
    const found = await differences(out, join(FIXTURES, name));
    expect(Object.entries(found).filter(([, difference]) => !(difference <= 1))).toEqual([]);
  });
});

/** Half precision: how far off the hand may be, in metres; docs/networks.md states what was found. */
test.each(['hamba-tiny', 'hamer-tiny', 'wilor-tiny'])('%s in fp16 stays near', async (name) => {
  const out = join(await mkdtemp(join(folder, 'half-')), 'model.onnx');
  const source = join(FIXTURES, name);
  const config = join(source, 'config.json');
  await buildModel({ ...REQUEST, precision: 'fp16', checkpoint: join(source, 'model.ckpt'), config, out });
  const found = await differences(out, source);
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
    const right = JSON.parse(await readFile(join(FIXTURES, name, 'config.json'), 'utf8')) as Record<
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
    await buildModel({ ...REQUEST, checkpoint: join(FIXTURES, name, 'model.ckpt'), config, out });
    const found = await differences(out, join(FIXTURES, name));
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
  await buildModel({ ...REQUEST, checkpoint: join(FIXTURES, 'hamba-tiny/model.ckpt'), out });
  const { nodes } = decodeModel(await readFile(out));
  const norms = nodes.filter(
    ({ opType, inputs }) => opType === 'LayerNormalization' && inputs[1]!.includes(key),
  );
  expect(norms.length).toBeGreaterThan(0);
  for (const { attributes } of norms)
    expect(attributes.epsilon).toEqual({ kind: 'float', value: Math.fround(epsilon) });
});
