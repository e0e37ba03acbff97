/** Whole folders of every benchmark, as the demo writes them: made once a run of the tests, copied for tests that break them. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { writeDemoDataset } from '../../src/demo/dataset.js';
import type { DemoDatasetId } from '../../src/demo/layouts/registry.js';
import { temporaryFolder } from './cli.js';

const SAMPLES = 8;
const made = new Map<string, Promise<string>>();

/** A folder of eight samples, shared by all tests of all files: not to be changed. */
export function demoFolder(dataset: string): Promise<string> {
  const folder = made.get(dataset) ?? make(dataset as DemoDatasetId);
  made.set(dataset, folder);
  return folder;
}

/** Test files run beside each other: where two make the same folder, that of the first is used. */
async function make(dataset: DemoDatasetId): Promise<string> {
  const folder = join(inject('demoFolders'), dataset);
  if (existsSync(folder)) return folder;
  const own = await mkdtemp(`${folder} `);
  await writeDemoDataset({ dir: own, dataset, seed: 3, training: 8, evaluation: SAMPLES });
  await rename(own, folder).catch((error: unknown) => {
    if (!existsSync(folder)) throw error;
  });
  return folder;
}

/** A copy of one's own. */
export async function demoFolderCopy(dataset: string): Promise<string> {
  const copy = join(await temporaryFolder(), 'a folder');
  await cp(await demoFolder(dataset), copy, { recursive: true });
  return copy;
}
