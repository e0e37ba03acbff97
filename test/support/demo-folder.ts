/** Whole folders of every benchmark, as the demo writes them: made once a test file, copied for tests that break them. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { writeDemoDataset } from '../../src/demo/dataset.js';
import type { DemoDatasetId } from '../../src/demo/layouts/registry.js';
import { temporaryFolder } from './cli.js';

const SAMPLES = 8;
const made = new Map<string, Promise<string>>();

afterAll(async () => {
  for (const folder of made.values()) await rm(await folder, { recursive: true, force: true });
});

/** A folder of eight samples, shared by all tests of the file: not to be changed. */
export function demoFolder(dataset: string): Promise<string> {
  let folder = made.get(dataset);
  if (folder === undefined) {
    folder = mkdtemp(join(tmpdir(), 'hamba-eval-demo-')).then(async (dir) => {
      const id = dataset as DemoDatasetId;
      await writeDemoDataset({ dir, dataset: id, seed: 3, training: 8, evaluation: SAMPLES });
      return dir;
    });
    made.set(dataset, folder);
  }
  return folder;
}

/** A copy of one's own. */
export async function demoFolderCopy(dataset: string): Promise<string> {
  const copy = join(await temporaryFolder(), 'a folder');
  await cp(await demoFolder(dataset), copy, { recursive: true });
  return copy;
}
