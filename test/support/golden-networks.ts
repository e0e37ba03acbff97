/** Networks of tiny checkpoints, and what the authors' public code computes from them (test/fixtures/network/README.md). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { buildModel, type BuildRequest, type BuiltModel } from '../../src/checkpoints/build-model.js';
import { readNpy } from '../../src/formats/npy/npy.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { openSession } from '../../src/inference/session/session.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/network');

export const goldenFile = (network: string, file: string): string => join(FIXTURES, network, file);

/** Metres and everything else: absolute for what leaves the network, of the largest number for what lies between. */
export const POINTS = 1e-5;
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

export function buildGolden(
  network: string,
  out: string,
  request: Partial<BuildRequest> = {},
): Promise<BuiltModel> {
  const [checkpoint, config] = ['model.ckpt', 'config.json'].map((file) => goldenFile(network, file));
  return buildModel({ ...REQUEST, checkpoint, config, out, ...request });
}

/** The largest difference of every value, in units of what is allowed. */
export async function differences(model: string, network: string): Promise<Record<string, number>> {
  const image = readNpy(await readFile(goldenFile(network, 'img.npy')), 'img.npy');
  const expected = await readNpz(goldenFile(network, 'expected.npz'));
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

/** What differs by more than is allowed. */
export function wrongValues(found: Readonly<Record<string, number>>): [name: string, difference: number][] {
  return Object.entries(found).filter(([, difference]) => !(difference <= 1));
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
