/** Which runs a submission may be written from. */
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runSource } from '../../src/submission/submission-source.js';
import { freshRun } from '../support/run-directory.js';

/** A finished run without scores, of the samples in this order. */
async function runOf(
  dataset: string,
  ids: readonly string[],
  order: 'official' | 'metadata' = 'official',
): Promise<string> {
  const run = await freshRun({
    state: 'complete',
    dataset: { id: dataset, folder: '/data', split: 'evaluation', order },
    configuration: { protocol: {} },
    predictions: {},
  });
  await writeFile(run.file('samples'), `${ids.join('\n')}\n`);
  return run.path;
}

const refusal = expect.objectContaining({ code: 'submission-order' }) as Error;
describe('the order of a submission', () => {
  it("is FreiHAND's file numbers, wherever the boxes are from", async () => {
    const [first, second, third] = ['00000000', '00000002', '00000010'];
    for (const order of ['official', 'metadata'] as const) {
      const run = await runOf('freihand', [first, second, third], order);
      await expect(runSource(run, undefined)).resolves.toBeDefined();
    }
    for (const ids of [
      [second, first],
      [first, `${first}#2`],
    ]) {
      await expect(runSource(await runOf('freihand', ids, 'metadata'), undefined)).rejects.toThrow(refusal);
    }
  });

  it("is not known of a run on HO-3D that has the metadata's order, and is on HO-3D's own layout", async () => {
    const ids = ['SM1/0001', 'SM1/0000'];
    await expect(runSource(await runOf('ho3d-v2', ids, 'metadata'), undefined)).rejects.toThrow(refusal);
    await expect(runSource(await runOf('ho3d-v2', ids), undefined)).resolves.toBeDefined();
  });
});
