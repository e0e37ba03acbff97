/**
 * A wrong wiring shows in the comparison of golden.long.test.ts, by its own tolerances; what no number shows is read off
 * the graph.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeModel } from '../../src/formats/onnx/onnx.js';
import { buildGolden, differences, wrongValues } from '../support/golden-networks.js';
import { RewiredModel } from '../support/rewired-model.js';
import { HAMBA_FAULTS, VIT_FAULTS, WILOR_FAULTS, type Fault } from '../support/wiring-faults.js';

describe.each<{ network: string; faults: Readonly<Record<string, Fault>> }>([
  { network: 'hamba-tiny', faults: { ...VIT_FAULTS, ...HAMBA_FAULTS } },
  { network: 'hamer-tiny', faults: VIT_FAULTS },
  { network: 'wilor-tiny', faults: { ...VIT_FAULTS, ...WILOR_FAULTS } },
])('$network', ({ network, faults }) => {
  let folder: string;
  let right: Uint8Array;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hamba-wiring-'));
    const model = join(folder, 'right.onnx');
    await buildGolden(network, model);
    right = await readFile(model);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The values that are wrong once the model is written again with a fault. */
  async function wrongWith(fault: Fault): Promise<[string, number][]> {
    const rewired = new RewiredModel(right);
    fault(rewired);
    const model = join(folder, 'rewired.onnx');
    await writeFile(model, rewired.toBytes());
    return wrongValues(await differences(model, network));
  }

  test('written again without a fault gives every value', async () => {
    expect(await wrongWith(() => undefined)).toEqual([]);
  });

  test.each(Object.entries(faults))('%s', async (_, fault) => {
    expect(await wrongWith(fault)).not.toEqual([]);
  });

  test('layer norms have the epsilon 1e-6 in the ViT and 1e-5 elsewhere, which no number shows', () => {
    const norms = decodeModel(right).nodes.filter(({ opType }) => opType === 'LayerNormalization');
    expect(norms.length).toBeGreaterThan(0);
    const wrong = norms.filter(({ inputs, attributes: { epsilon } }) => {
      const wanted = Math.fround(inputs[1]!.startsWith('backbone.') ? 1e-6 : 1e-5);
      return epsilon?.kind !== 'float' || epsilon.value !== wanted;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});
