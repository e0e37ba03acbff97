/** A run directory of a test's own. */
import { join } from 'node:path';
import type { Manifest } from '../../src/runs/manifest.js';
import { RunDirectory } from '../../src/runs/run-directory.js';
import { temporaryFolder } from './cli.js';

export async function freshRun(change: Partial<Manifest> = {}): Promise<RunDirectory> {
  const { run } = await RunDirectory.open({
    path: join(await temporaryFolder(), 'run'),
    configuration: {},
    dataset: { id: 'freihand', folder: '/data', split: 'evaluation' },
    program: { name: 'hamba-eval', version: '0' },
    existing: 'refuse',
    resume: false,
  });
  await run.update(change);
  return run;
}
