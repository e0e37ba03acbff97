import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { writeFileAtomic, writeStreamAtomic } from '../../src/runs/atomic-file.js';
import { RunDirectory, type OpenRunOptions } from '../../src/runs/run-directory.js';
import { temporaryFolder } from '../support/cli.js';

const options = (path: string, change: Partial<OpenRunOptions> = {}): OpenRunOptions => ({
  path,
  configuration: { dataset: 'freihand', model: { path: '/a.onnx', sha256: 'aa' } },
  dataset: { id: 'freihand', folder: '/data', split: 'evaluation' },
  program: { name: 'hamba-eval', version: '0.0.0' },
  force: false,
  ...change,
});

/** Rewrites fields of a run.json, as another process or an earlier crash left them. */
async function rewrite(path: string, change: object): Promise<void> {
  const file = join(path, 'run.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...manifest, ...change }));
}

describe('a run directory', () => {
  it('is fresh, then finished for the same configuration', async () => {
    const path = join(await temporaryFolder(), 'deep', 'run');
    const first = await RunDirectory.open(options(path));
    expect(first.state).toBe('fresh');
    expect(first.run.manifest.state).toBe('running');
    await first.run.finish('complete');
    expect((await RunDirectory.open(options(path))).state).toBe('finished');
    expect((await RunDirectory.read(path)).manifest).toMatchObject({ state: 'complete' });
  });

  it('refuses another configuration and names what differs', async () => {
    const path = await temporaryFolder();
    const { run } = await RunDirectory.open(options(path));
    await run.finish('complete');
    const other = options(path, {
      configuration: { dataset: 'freihand', model: { path: '/b.onnx', sha256: 'bb' } },
    });
    await expect(RunDirectory.open(other)).rejects.toMatchObject({
      code: 'output-other-run',
      expected: 'model /b.onnx',
      got: 'model /a.onnx',
    });
  });

  it('refuses an unfinished run until --force starts it over', async () => {
    const path = await temporaryFolder();
    const { run } = await RunDirectory.open(options(path));
    await run.finish('interrupted');
    await expect(RunDirectory.open(options(path))).rejects.toMatchObject({ code: 'output-unfinished-run' });
    expect((await RunDirectory.open(options(path, { force: true }))).state).toBe('fresh');
  });

  it('does not let two live processes write one folder, not even with --force', async () => {
    const path = await temporaryFolder();
    await RunDirectory.open(options(path));
    // The parent of this process is alive and is not this process.
    await rewrite(path, { host: { name: hostname(), pid: process.ppid } });
    for (const force of [false, true]) {
      await expect(RunDirectory.open(options(path, { force }))).rejects.toMatchObject({
        code: 'output-in-use',
      });
    }
  });

  it('removes only what it wrote', async () => {
    const path = await temporaryFolder();
    const { run } = await RunDirectory.open(options(path));
    await run.writeText('metrics', '{}');
    await writeFile(run.file('joints'), 'rows');
    await writeFile(`${run.file('vertices')}.partial`, 'half');
    await mkdir(join(path, 'figures'));
    await writeFile(join(path, 'figures', 'mine.svg'), '<svg/>');
    await writeFile(join(path, 'predictions', 'mine.npy'), 'x');
    await run.discard();
    expect((await readdir(path, { recursive: true })).sort()).toEqual([
      'figures',
      'figures/mine.svg',
      'predictions',
      'predictions/mine.npy',
    ]);
  });

  it('vanishes when nothing of it is worth keeping', async () => {
    const path = join(await temporaryFolder(), 'run');
    const { run } = await RunDirectory.open(options(path));
    await run.discard();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['no JSON', '{"schema": ', 'run-manifest-unreadable'],
    ['another schema', '{"schema": "other/run@7"}', 'run-manifest-unreadable'],
  ])('explains a run.json with %s, and leaves it alone', async (_, text, code) => {
    const path = await temporaryFolder();
    await writeFile(join(path, 'run.json'), text);
    await expect(RunDirectory.open(options(path, { force: true }))).rejects.toMatchObject({ code });
    expect(await readFile(join(path, 'run.json'), 'utf8')).toBe(text);
  });

  it('refuses a file where the folder should be', async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, 'x');
    await expect(RunDirectory.open(options(path))).rejects.toMatchObject({ code: 'output-unusable' });
  });
});

describe('an atomic file', () => {
  it('appears whole or not at all', async () => {
    const file = join(await temporaryFolder(), 'list.txt');
    await writeStreamAtomic(file, ['a', 'b', 'c']);
    expect(await readFile(file, 'utf8')).toBe('abc');
    async function* failing(): AsyncGenerator<string> {
      yield await Promise.resolve('half');
      throw new Error('no more');
    }
    await expect(writeStreamAtomic(file, failing())).rejects.toThrow('no more');
    expect(await readFile(file, 'utf8')).toBe('abc');
    expect(existsSync(`${file}.partial`)).toBe(false);
    await writeFileAtomic(file, 'new');
    expect(await readFile(file, 'utf8')).toBe('new');
  });
});
