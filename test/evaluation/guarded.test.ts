import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { guarded, type Task } from '../../src/evaluation/task.js';
import { RunDirectory } from '../../src/runs/run-directory.js';
import { temporaryFolder } from '../support/cli.js';

it('lets a run directory go where the disk is too full to say how the run ended', async () => {
  const path = await temporaryFolder();
  const { run } = await RunDirectory.open({
    path,
    configuration: { dataset: 'freihand' },
    dataset: { id: 'freihand', folder: '/data', split: 'evaluation' },
    program: { name: 'hamba-eval', version: '0.0.0' },
    existing: 'refuse',
    resume: false,
  });
  await writeFile(join(path, 'predictions', 'progress.json'), '{}');
  const full = (): Promise<never> =>
    Promise.reject(new UserError({ code: 'file-unwritable', message: 'The file cannot be written' }));
  const task = { context: { signal: new AbortController().signal }, request: {} } as unknown as Task;
  const first = new UserError({ code: 'file-unwritable', message: 'what came first' });
  const step = guarded(task, run, 'predicted', () => {
    run.update = full;
    return Promise.reject(first);
  });
  await expect(step).rejects.toBe(first);
  expect(await readdir(path)).not.toContain('run.lock');
});
