/**
 * The pipeline on WebGPU, where there is an adapter: a graphics card, or a Vulkan driver that computes
 * on the processor (Mesa 25 or newer). A small transformer has to give what it gives on the CPU.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { visionTransformer } from '../../bench/inference-models.js';
import { openModel } from '../../src/inference/model/model.js';
import { predict, type ImageSample } from '../../src/inference/predictor.js';
import { tryProviders, type ProviderTrial } from '../../src/inference/session/provider-trial.js';
import type { ExecutionProvider } from '../../src/inference/session/providers.js';
import { sharedFolder } from '../support/cli.js';
import { noisePhotograph } from '../support/photographs.js';

const [webgpu] = (await tryProviders(['webgpu'])) as [ProviderTrial];

const folder = sharedFolder();
async function joints(model: string, samples: readonly ImageSample[], provider: ExecutionProvider) {
  const { session, contract } = await openModel({ model, provider });
  try {
    expect(session.providerUsed).toBe(provider);
    const values: number[] = [];
    for await (const batch of predict({ session, contract, samples })) values.push(...batch.joints!);
    return values;
  } finally {
    await session.close();
  }
}

describe(`WebGPU${webgpu.ok ? '' : `: skipped, it does not start here (${webgpu.reason})`}`, () => {
  it.skipIf(!webgpu.ok)(
    'predicts what the CPU predicts',
    async () => {
      const model = join(folder, 'vit.onnx');
      await writeFile(model, visionTransformer({ layers: 2, width: 48, heads: 3 }));
      const samples = await Promise.all(
        Array.from({ length: 5 }, async (_, index) => {
          const { file } = await noisePhotograph(folder, `p${index}`, index + 1);
          return { id: `p${index}`, image: file, box: null, right: index % 2 === 0 };
        }),
      );
      const expected = await joints(model, samples, 'cpu');
      const got = await joints(model, samples, 'webgpu');
      expect(got.length).toBe(5 * 63);
      // Joints here are of the order of 2; float32 sums in another order differ in the last digits.
      const largest = Math.max(...got.map((value, index) => Math.abs(value - expected[index]!)));
      expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.1);
      expect(largest).toBeLessThan(5e-6);
    },
    120_000,
  );
});
