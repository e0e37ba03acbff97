import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFileAtomic, writeStreamAtomic } from '../../src/files/atomic-file.js';
import { RunDirectory, type OpenRunOptions } from '../../src/runs/run-directory.js';
import { StoredRun } from '../../src/runs/stored-run.js';
import { temporaryFolder } from '../support/cli.js';

const options = (path: string, change: Partial<OpenRunOptions> = {}): OpenRunOptions => ({
  path,
  configuration: { dataset: 'freihand', model: { path: '/a.onnx', sha256: 'aa' } },
  dataset: { id: 'freihand', folder: '/data', split: 'evaluation' },
  program: { name: 'hamba-eval', version: '0.0.0' },
  existing: 'refuse',
  resume: false,
  ...change,
});

/** Above the largest pid of Linux. */
const NO_SUCH_PROCESS = 2 ** 22 + 1;

/** Rewrites fields of run.lock, as another process or an earlier crash left them. */
async function rewriteLock(path: string, change: object): Promise<void> {
  const file = join(path, 'run.lock');
  const lock = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...lock, ...change }));
}

describe('a run directory', () => {
  it('is fresh, then finished for the same configuration', async () => {
    const path = join(await temporaryFolder(), 'deep', 'run');
    const first = await RunDirectory.open(options(path));
    expect(first.state).toBe('fresh');
    expect(first.run.manifest.state).toBe('running');
    await first.run.finish('complete');
    expect((await RunDirectory.open(options(path))).state).toBe('finished');
    expect((await StoredRun.open(path)).manifest).toMatchObject({ state: 'complete' });
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

  it('starts over an unfinished run that has nothing to lose', async () => {
    const path = await temporaryFolder();
    const { run } = await RunDirectory.open(options(path));
    await run.finish('interrupted');
    expect((await RunDirectory.open(options(path))).state).toBe('fresh');
  });

  it('goes on from predictions that an unfinished run has made, and starts over where they are copies', async () => {
    const path = await temporaryFolder();
    const { run } = await RunDirectory.open(options(path));
    await writeFile(run.file('joints'), 'rows');
    await run.update({
      predictions: {
        joints: { file: 'predictions/joints.npy', dtype: 'float32', shape: [1], axes: 'opencv', units: 'm' },
      },
    });
    await run.finish('failed');
    const resumed = await RunDirectory.open(options(path, { resume: true }));
    expect(resumed.state).toBe('predicted');
    expect(await readFile(resumed.run.file('joints'), 'utf8')).toBe('rows');
    await resumed.run.finish('interrupted');
    // The same command of another configuration, or of a file that is there to be read again.
    const other = options(path, { resume: true, configuration: { dataset: 'freihand' } });
    await expect(RunDirectory.open(other)).rejects.toMatchObject({ code: 'output-other-run' });
    const again = await RunDirectory.open(options(path));
    expect(again.state).toBe('fresh');
    expect(existsSync(again.run.file('joints'))).toBe(false);
  });

  it('goes on with predictions that are begun, unless it is to start over', async () => {
    const path = await temporaryFolder();
    const begin = async (change: Partial<OpenRunOptions> = {}): Promise<void> => {
      const { run } = await RunDirectory.open(options(path, { existing: 'replace', ...change }));
      await writeFile(run.file('progress'), '{}');
      await mkdir(join(path, 'predictions/passes/000'), { recursive: true });
      for (const name of ['joints', 'passes/000/vertices']) {
        await writeFile(join(path, `predictions/${name}.npy.partial`), 'rows');
      }
      await run.finish('interrupted');
    };
    await begin();
    const begun = await RunDirectory.open(options(path, { resume: true }));
    expect(begun.state).toBe('begun');
    expect(begun.run.manifest).toMatchObject({ state: 'running', host: { pid: process.pid } });
    expect(begun.run.manifest.times.resumed).toHaveLength(1);
    expect(await readFile(join(path, 'predictions/joints.npy.partial'), 'utf8')).toBe('rows');
    await begun.run.finish('interrupted');
    expect((await StoredRun.open(path)).manifest.times.resumed).toHaveLength(1);

    const other = options(path, {
      resume: true,
      configuration: { dataset: 'freihand', model: { path: '/another.onnx' } },
    });
    await expect(RunDirectory.open(other)).rejects.toMatchObject({ code: 'output-other-run' });
    const allowed = { ...other, resumeAlso: options(path).configuration };
    const relaxed = await RunDirectory.open(allowed);
    expect(relaxed.state).toBe('begun');
    expect(relaxed.run.manifest.configuration).toEqual(other.configuration);
    await relaxed.run.finish('interrupted');

    for (const change of [{ existing: 'replace', resume: true }, { resume: false }] as const) {
      await begin();
      const { state, run } = await RunDirectory.open(options(path, change));
      expect(state).toBe('fresh');
      expect(await readdir(join(path, 'predictions'))).toEqual([]);
      await run.discard();
    }
  });

  it('counts the time of every sitting and not that between them', async () => {
    const path = await temporaryFolder();
    const { run } = await RunDirectory.open(options(path));
    await writeFile(run.file('progress'), '{}');
    await run.finish('interrupted');
    const file = join(path, 'run.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as { times: Record<string, unknown> };
    manifest.times = { ...manifest.times, started: '2026-01-01T00:00:00.000Z', seconds: 1000 };
    await writeFile(file, JSON.stringify(manifest));
    const again = await RunDirectory.open(options(path, { resume: true }));
    expect(again.run.manifest.times).toMatchObject({ started: '2026-01-01T00:00:00.000Z' });
    expect(again.run.manifest.times.finished).toBeUndefined();
    await again.run.finish('complete');
    const { seconds } = again.run.manifest.times;
    expect(seconds).toBeGreaterThanOrEqual(1000);
    expect(seconds).toBeLessThan(1600);
  });

  it('drops the journal of predictions that are made', async () => {
    const path = await temporaryFolder();
    const { run } = await RunDirectory.open(options(path));
    await run.update({
      predictions: { joints: { file: 'predictions/joints.npy', dtype: 'float32', shape: [1], units: 'm' } },
    });
    await writeFile(run.file('progress'), '{}');
    await run.finish('interrupted');
    expect((await RunDirectory.open(options(path, { resume: true }))).state).toBe('predicted');
    expect(existsSync(run.file('progress'))).toBe(false);
  });

  it('brings the replaced run back where the new one fails, and drops it where that is finished', async () => {
    const path = await temporaryFolder();
    const first = await RunDirectory.open(options(path));
    await first.run.writeText('metrics', 'old');
    await writeFile(first.run.file('vertices'), 'old rows');
    await first.run.finish('complete');
    const other = {
      configuration: { dataset: 'freihand', model: { path: '/another.onnx' } },
      existing: 'replace',
    } as const;

    const failing = await RunDirectory.open(options(path, other));
    await failing.run.writeText('metrics', 'new');
    expect(await failing.run.replacesAnother()).toBe(true);
    await failing.run.discard();
    expect(await readFile(join(path, 'metrics.json'), 'utf8')).toBe('old');
    expect(await readFile(join(path, 'predictions/vertices.npy'), 'utf8')).toBe('old rows');
    expect((await RunDirectory.open(options(path))).state).toBe('finished');

    const working = await RunDirectory.open(options(path, other));
    await working.run.writeText('metrics', 'new');
    await working.run.finish('complete');
    expect(await readFile(join(path, 'metrics.json'), 'utf8')).toBe('new');
    expect((await readdir(path)).sort()).toEqual(['metrics.json', 'predictions', 'run.json']);
  });

  it('keeps the finished run that a crashed replacement had set aside', async () => {
    const path = await temporaryFolder();
    const first = await RunDirectory.open(options(path));
    await first.run.writeText('metrics', 'old');
    await first.run.finish('complete');
    const other = {
      configuration: { dataset: 'freihand', model: { path: '/another.onnx' } },
      existing: 'replace',
    } as const;
    await RunDirectory.open(options(path, other));
    await rewriteLock(path, { pid: NO_SUCH_PROCESS });
    const again = await RunDirectory.open(options(path, other));
    await again.run.discard();
    expect(await readFile(join(path, 'metrics.json'), 'utf8')).toBe('old');
  });

  it('replaces in a folder of its own whatever is not this very run', async () => {
    const path = await temporaryFolder();
    const own = { existing: 'replace-other' } as const;
    const first = await RunDirectory.open(options(path, own));
    await first.run.finish('complete');
    expect((await RunDirectory.open(options(path, own))).state).toBe('finished');
    const other = { ...own, configuration: { dataset: 'freihand', model: { path: '/another.onnx' } } };
    expect((await RunDirectory.open(options(path, other))).state).toBe('fresh');
  });

  it('has one writer, also with --force; a lock whose process is gone is taken over', async () => {
    const path = await temporaryFolder();
    await RunDirectory.open(options(path));
    for (const existing of ['refuse', 'replace', 'replace-other'] as const) {
      const error = RunDirectory.open(options(path, { existing }));
      await expect(error).rejects.toMatchObject({ code: 'output-in-use' });
    }
    await rewriteLock(path, { host: 'another-machine' });
    await expect(RunDirectory.open(options(path))).rejects.toMatchObject({ code: 'output-in-use' });
    await rewriteLock(path, { host: hostname(), pid: NO_SUCH_PROCESS });
    expect((await RunDirectory.open(options(path))).state).toBe('fresh');
  });

  it('does not take another process with the same number for the writer', async () => {
    const path = await temporaryFolder();
    await RunDirectory.open(options(path));
    await rewriteLock(path, { processStart: '1' });
    expect((await RunDirectory.open(options(path))).state).toBe('fresh');
  });

  it('lets one of two that start together write', async () => {
    const path = join(await temporaryFolder(), 'run');
    const both = await Promise.allSettled([
      RunDirectory.open(options(path)),
      RunDirectory.open(options(path)),
    ]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = both.find((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'output-in-use' });
  });

  it('lets one of several write that find the lock of a process that is gone', async () => {
    for (let round = 0; round < 20; round++) {
      const path = await temporaryFolder();
      await RunDirectory.open(options(path));
      await rewriteLock(path, { pid: NO_SUCH_PROCESS });
      const all = await Promise.allSettled(Array.from({ length: 4 }, () => RunDirectory.open(options(path))));
      expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of all) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'output-in-use' });
      }
      expect((await readdir(path)).filter((name) => name.startsWith('run.lock'))).toEqual(['run.lock']);
    }
  });

  it('does not take a lock that is being written for one that a crash has cut', async () => {
    const path = await temporaryFolder();
    await RunDirectory.open(options(path));
    const file = join(path, 'run.lock');
    await writeFile(file, '{"host":');
    await expect(RunDirectory.open(options(path))).rejects.toMatchObject({ code: 'output-in-use' });
    const before = new Date(Date.now() - 60_000);
    await utimes(file, before, before);
    expect((await RunDirectory.open(options(path))).state).toBe('fresh');
  });

  it('removes only what it wrote', async () => {
    const path = await temporaryFolder();
    const { run } = await RunDirectory.open(options(path));
    await run.writeText('metrics', '{}');
    await writeFile(run.file('joints'), 'rows');
    await writeFile(`${run.file('vertices')}.partial`, 'half');
    await writeFile(run.file('progress'), '{}');
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
    await expect(RunDirectory.open(options(path, { existing: 'replace' }))).rejects.toMatchObject({ code });
    expect(await readFile(join(path, 'run.json'), 'utf8')).toBe(text);
  });

  it('ends where no folder can be made', async () => {
    await expect(RunDirectory.open(options('/proc/hamba-eval/run'))).rejects.toMatchObject({
      code: 'output-unusable',
    });
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
