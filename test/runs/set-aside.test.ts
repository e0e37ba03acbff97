/** What becomes of a run that `--force` replaces, or that is damaged, whatever ends the process in between. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunDirectory, type OpenedRun, type OpenRunOptions } from '../../src/runs/run-directory.js';
import { temporaryFolder } from '../support/cli.js';

function open(path: string, model: string, change: Partial<OpenRunOptions> = {}): Promise<OpenedRun> {
  return RunDirectory.open({
    path,
    configuration: { dataset: 'freihand', model: { path: model } },
    dataset: { id: 'freihand', folder: '/data', split: 'evaluation' },
    program: { name: 'hamba-eval', version: '0.0.0' },
    existing: 'refuse',
    resume: true,
    ...change,
  });
}

const FORCE = { existing: 'replace' } as const;

/** A finished run of old.onnx, and one that was forced in its place and killed. */
async function crashed(): Promise<string> {
  const path = await temporaryFolder();
  const { run } = await open(path, 'old.onnx');
  await run.writeText('metrics', 'old');
  await run.finish('complete');
  const replacing = await open(path, 'new.onnx', FORCE);
  await writeFile(replacing.run.file('progress'), '{}');
  await unlock(path);
  return path;
}

/** As if the process that holds the lock were gone. */
async function unlock(path: string): Promise<void> {
  await rm(join(path, 'run.lock'));
}

async function expectOld(path: string): Promise<void> {
  expect((await open(path, 'old.onnx')).state).toBe('finished');
  expect(await readFile(join(path, 'metrics.json'), 'utf8')).toBe('old');
  expect(await readdir(path)).not.toContain('.previous');
  expect(await readdir(path)).not.toContain('run.lock');
}

describe('a finished run that was set aside', () => {
  it('comes back by its own command after a crash', async () => {
    await expectOld(await crashed());
  });

  it('waits while the run in its place is gone on with, and goes when that is finished', async () => {
    const path = await crashed();
    const begun = await open(path, 'new.onnx');
    expect(begun.state).toBe('begun');
    await begun.run.finish('interrupted');
    await expect(open(path, 'third.onnx')).rejects.toMatchObject({ code: 'output-other-run' });
    const again = await open(path, 'new.onnx');
    await again.run.finish('complete');
    expect((await open(path, 'new.onnx')).state).toBe('finished');
    await expect(open(path, 'old.onnx')).rejects.toMatchObject({ code: 'output-other-run' });
  });

  it('comes back where the run in its place was interrupted', async () => {
    const path = await crashed();
    await (await open(path, 'new.onnx')).run.finish('interrupted');
    await expectOld(path);
  });

  it.each([
    ['before the last file was set aside', 'run.json', 'metrics.json'],
    ['before the last file came back', 'metrics.json', 'run.json'],
  ])('is whole again after a crash %s', async (_, inPlace, aside) => {
    const path = await temporaryFolder();
    const { run } = await open(path, 'old.onnx');
    await run.writeText('metrics', 'old');
    await run.finish('complete');
    await mkdir(join(path, '.previous'));
    await rename(join(path, aside), join(path, '.previous', aside));
    expect(await readdir(path)).toContain(inPlace);
    // Also where another run is asked for, which is refused.
    await expect(open(path, 'new.onnx')).rejects.toMatchObject({ code: 'output-other-run' });
    await expectOld(path);
  });

  it('does not come back in place of a finished one', async () => {
    const path = await crashed();
    const { run } = await open(path, 'new.onnx');
    await run.update({ state: 'complete' });
    await unlock(path);
    const third = await open(path, 'third.onnx', FORCE);
    await third.run.discard();
    expect((await open(path, 'new.onnx')).state).toBe('finished');
  });
});

describe('a run.json that is cut off', () => {
  it('is replaced by force, and by a folder of the program’s own; else the error says how', async () => {
    const path = await temporaryFolder();
    const { run } = await open(path, 'old.onnx');
    await run.writeText('metrics', 'old');
    await run.finish('complete');
    const file = join(path, 'run.json');
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 60));
    await expect(open(path, 'old.onnx')).rejects.toMatchObject({
      code: 'run-manifest-unreadable',
      next: expect.stringContaining('--force') as string,
    });
    for (const existing of ['replace', 'replace-other'] as const) {
      const replacing = await open(path, 'old.onnx', { existing });
      expect(replacing.state).toBe('fresh');
      await replacing.run.discard();
      // What fails leaves the folder as it was.
      expect(await readFile(join(path, 'metrics.json'), 'utf8')).toBe('old');
    }
    const replaced = await open(path, 'old.onnx', FORCE);
    await replaced.run.finish('complete');
    expect((await readdir(path)).sort()).toEqual(['predictions', 'run.json']);
  });

  it('names the folder to delete where nothing says whose it is', async () => {
    const path = await temporaryFolder();
    await writeFile(join(path, 'run.json'), '');
    await expect(open(path, 'old.onnx', FORCE)).rejects.toMatchObject({
      code: 'run-manifest-unreadable',
      got: 'an empty file',
      next: expect.stringContaining(`if ${path} is a run that was damaged, delete it`) as string,
    });
  });
});
