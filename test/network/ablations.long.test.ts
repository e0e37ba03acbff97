/** docs/networks.md lists the parts of Hamba that can be taken away: each builds, and runs. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../src/checkpoints/build-model.js';
import { profileNetwork, type NetworkProfile } from '../../src/checkpoints/profile.js';
import { openSession } from '../../src/inference/session/session.js';

const page = await readFile(new URL('../../docs/networks.md', import.meta.url), 'utf8');
const ablations = [...page.matchAll(/^\| `(\{"[^`]+\})` /gm)].map(([, options]) => options!);

let folder: string;
let whole: NetworkProfile;
const context = {
  progress: { stage: () => ({ update: () => undefined, stop: () => undefined }), note: () => undefined },
  signal: new AbortController().signal,
};
const profiled = (config?: string): Promise<NetworkProfile> =>
  profileNetwork({ arch: 'hamba', tiny: true, config, measure: null }, context as never);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hamba-ablations-'));
  whole = await profiled();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the ablations of the page', () => {
  it('are there', () => {
    expect(ablations.length).toBeGreaterThan(5);
  });

  it.each(ablations)('%s is another network that gives a hand', async (options) => {
    const config = join(folder, 'options.json');
    await writeFile(config, options);
    const { options: fields, rows } = await profiled(config);
    expect(fields).toMatchObject(JSON.parse(options) as object);
    expect({ fields, rows }).not.toEqual({ fields: whole.options, rows: whole.rows });
    const model = join(folder, 'ablation.onnx');
    await buildModel({
      ...{ arch: 'hamba', random: true, tiny: true, config, out: model, seed: 0, force: true },
      ...{ copy: false, precision: 'fp32', intermediates: false },
    });
    const session = await openSession({ model });
    const data = new Float32Array(3 * 256 * 256).fill(0.2);
    const fetches = ['pred_keypoints_3d'];
    const { outputs } = await session.run({ input: 'img', dims: [1, 3, 256, 256], data, fetches });
    await session.close();
    const joints = outputs.pred_keypoints_3d!.data as Float32Array;
    expect(joints).toHaveLength(63);
    expect(joints.every(Number.isFinite)).toBe(true);
  });
});
