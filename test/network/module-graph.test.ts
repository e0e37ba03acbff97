/** A module as a graph of its own: the same operators on the same weights, and nothing else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RandomWeights } from '../../src/checkpoints/random-weights.js';
import { decodeModel } from '../../src/formats/onnx/onnx.js';
import { openSession } from '../../src/inference/session/session.js';
import { HAMER } from '../../src/network/architectures/hamer-architecture.js';
import { buildNetwork } from '../../src/network/build.js';
import { moduleGraph } from '../../src/network/module-graph.js';
import { Random } from '../../src/statistics/random.js';
import { largestDifference } from '../support/largest-difference.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hamba-module-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("gives a decoder's outputs for the backbone's", async () => {
  const weights = new RandomWeights('weights');
  const g = buildNetwork({
    architecture: HAMER,
    fields: { ...HAMER.released, ...HAMER.tiny },
    weights,
    intermediates: true,
  });
  await weights.writeCopies(join(folder, 'weights'), 0);
  const random = new Random(1);
  const image = Float32Array.from({ length: 3 * 256 * 256 }, () => random.normal());

  const run = async (
    bytes: Uint8Array,
    input: string,
    data: Float32Array<ArrayBuffer>,
    dims: number[],
    fetches: readonly string[],
  ): Promise<Float32Array<ArrayBuffer>[]> => {
    const model = join(folder, 'model.onnx');
    await writeFile(model, bytes);
    const session = await openSession({ model });
    try {
      const { outputs } = await session.run({ input, data, dims, fetches });
      return fetches.map((name) => outputs[name]!.data as Float32Array<ArrayBuffer>);
    } finally {
      await session.close();
    }
  };
  const backbone = moduleGraph(g, 'Backbone')!;
  const decoder = moduleGraph(g, 'Decoder')!;
  expect(backbone.inputs).toBe(image.length);
  const [features] = await run(
    backbone.bytes,
    backbone.input,
    image.slice(),
    [image.length],
    backbone.outputs,
  );
  const got = await run(decoder.bytes, decoder.input, features!, [decoder.inputs], decoder.outputs);
  const betas = decodeModel(g.toBytes()).nodes.find(({ outputs }) => outputs[0] === 'betas')!.inputs[0]!;
  const [wanted] = await run(g.toBytes(), 'img', image, [1, 3, 256, 256], ['betas']);
  expect(largestDifference(got[decoder.outputs.indexOf(betas)]!, wanted!)).toBeLessThan(1e-5);
  expect(moduleGraph(g, 'Refine')).toBeNull();
});
