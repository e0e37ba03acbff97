/** What a `--predictions` path may be, and that nothing stays open or behind where it is refused. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { datasetById } from '../../src/datasets/registry.js';
import type { UserError } from '../../src/errors.js';
import { openPredictions } from '../../src/predictions/open-predictions.js';
import { RUN_SCHEMA } from '../../src/runs/manifest.js';
import { temporaryFolder } from '../support/cli.js';
import { zipStored } from '../support/tiny-zip.js';
import { rejection } from '../support/user-error.js';

const FREIHAND = datasetById('freihand');

/** A .npy of version 1.0; elements are those of `values`, or zeros. */
function npy(descr: string, shape: readonly number[], values?: readonly number[]): Buffer {
  const itemSize = descr.startsWith('<U') ? 4 * Number(descr.slice(2)) : Number(descr.slice(2));
  const count = shape.reduce((a, b) => a * b, 1);
  const head = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const body = Buffer.alloc(count * itemSize);
  values?.forEach((value, index) => body.writeDoubleLE(value, index * 8));
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
    Buffer.from(`${head.padEnd(117)}\n`, 'latin1'),
    body,
  ]);
}

const JOINTS = npy('<f8', [2, 21, 3]);
const CUT_SHORT = npy('<f8', [2, 4, 3]).subarray(0, -8);

type Arrays = Readonly<Record<string, Uint8Array>>;

async function npzOf(arrays: Arrays): Promise<string> {
  const file = join(await temporaryFolder(), 'preds.npz');
  const entries = Object.entries(arrays).map(([name, bytes]) => ({ name: `${name}.npy`, bytes }));
  await writeFile(file, zipStored(entries));
  return file;
}

async function folderOf(arrays: Arrays): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, bytes] of Object.entries(arrays)) await writeFile(join(folder, `${name}.npy`), bytes);
  return folder;
}

/** A run directory whose run.json describes the arrays as they should be. */
async function runOf(arrays: Arrays, change: Readonly<Record<string, object>> = {}): Promise<string> {
  const path = await temporaryFolder();
  await mkdir(join(path, 'predictions'));
  const described: Record<string, unknown> = {};
  for (const [name, bytes] of Object.entries(arrays)) {
    const file = `predictions/${name}.npy`;
    await writeFile(join(path, file), bytes);
    const known = name === 'joints' ? { shape: [2, 21, 3], joint_order: 'openpose' } : { shape: [2, 4, 3] };
    described[name] = { file, dtype: 'float64', ...known, axes: 'opencv', units: 'm', ...change[name] };
  }
  const manifest = {
    schema: RUN_SCHEMA,
    state: 'complete',
    configuration: {},
    dataset: { id: 'freihand', folder: '/data', split: 'evaluation' },
    predictions: described,
    program: { name: 'hamba-eval', version: '0.0.0' },
    host: { name: 'test', pid: 1 },
    times: { started: '2026-01-01T00:00:00.000Z' },
  };
  await writeFile(join(path, 'run.json'), JSON.stringify(manifest));
  return path;
}

async function predJson(value: unknown): Promise<string> {
  const file = join(await temporaryFolder(), 'pred.json');
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

const refusal = (path: string): Promise<UserError> => rejection(openPredictions(path, FREIHAND));

function zeros(...shape: readonly number[]): unknown {
  const [length, ...inner] = shape;
  return length === undefined ? 0 : Array.from({ length }, () => zeros(...inner));
}

/** Files under `folder` that this process has open. */
function openFiles(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      return []; // the descriptor by which the folder was listed
    }
  });
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('an array that cannot be read', () => {
  it('is named by its archive, not by the temporary file', async () => {
    const path = await npzOf({ joints: JOINTS, vertices: CUT_SHORT });
    expect(await refusal(path)).toMatchObject({ code: 'npy-truncated', file: `${path}:vertices.npy` });
  });

  describe.skipIf(!existsSync('/proc/self/fd'))('leaves no file open', () => {
    const arrays = { joints: JOINTS, vertices: CUT_SHORT };
    it.each([
      ['folder', () => folderOf(arrays)],
      ['run directory', () => runOf(arrays)],
    ])('of a %s', async (_, make) => {
      const path = await make();
      expect(await refusal(path)).toMatchObject({ code: 'npy-truncated' });
      expect(openFiles(path)).toEqual([]);
    });

    it('and no temporary one of an archive', async () => {
      const scratch = await temporaryFolder();
      const path = await npzOf(arrays);
      vi.stubEnv('TMPDIR', scratch);
      expect(await refusal(path)).toMatchObject({ code: 'npy-truncated' });
      expect(openFiles(scratch)).toEqual([]);
      expect(readdirSync(scratch)).toEqual([]);
    });
  });

  it('is the archive’s error where its place in it is damaged', async () => {
    const path = await npzOf({ joints: JOINTS });
    const bytes = await readFile(path);
    bytes.writeUInt16LE(0xffff, 28); // the length of the extra field: the data begin past the end
    await writeFile(path, bytes);
    expect(await refusal(path)).toMatchObject({ code: 'zip-invalid', file: path });
  });

  it('is the user’s error where there is no room to unpack it', async () => {
    const path = await npzOf({ joints: JOINTS });
    vi.stubEnv('TMPDIR', join(await temporaryFolder(), 'missing'));
    expect(await refusal(path)).toMatchObject({ code: 'file-unwritable' });
  });
});

describe('meshes without a vertex', () => {
  const vertices = npy('<f8', [2, 0, 3]);
  it.each([
    ['an .npz', () => npzOf({ joints: JOINTS, vertices })],
    ['a folder', () => folderOf({ vertices })],
    ['a pred.json', () => predJson([zeros(2, 21, 3), [[], []]])],
  ])('are refused in %s', async (_, make) => {
    expect(await refusal(await make())).toMatchObject({
      code: 'predictions-arrays',
      message: 'The meshes have no vertices',
    });
  });
});

describe('the two lists of a pred.json', () => {
  it('may not be meshes alone, and the error says what to do', async () => {
    const error = await refusal(await predJson([[], zeros(2, 4, 3)]));
    expect(error).toMatchObject({ code: 'predictions-without-joints', expected: '[joints, vertices]' });
    expect(error.next).toContain('.npz');
  });

  it('may not both be empty', async () => {
    expect(await refusal(await predJson([[], []]))).toMatchObject({
      code: 'nothing-to-score',
      got: 'two empty lists',
    });
  });

  it('may be joints alone, and the source says so', async () => {
    const source = await openPredictions(await predJson([zeros(2, 21, 3), []]), FREIHAND);
    await source.close();
    expect(source).toMatchObject({ count: 2, vertexCount: null });
    expect(source.notices).toEqual([
      {
        code: 'predictions-without-meshes',
        message: 'the predictions hold no meshes, so vertices are not scored',
        remedy: expect.stringContaining('pred.json') as string,
      },
    ]);
  });

  it('have no notice where both are there', async () => {
    const source = await openPredictions(await predJson([zeros(2, 21, 3), zeros(2, 4, 3)]), FREIHAND);
    await source.close();
    expect(source.notices).toEqual([]);
  });
});

describe('a file that cannot be read', () => {
  it.skipIf(!existsSync('/proc/self/mem'))('is the user’s error', async () => {
    // Opens, and fails to be read from its start, whoever runs the test.
    expect(await refusal('/proc/self/mem')).toMatchObject({
      code: 'file-unreadable',
      file: '/proc/self/mem',
    });
  });

  it.skipIf(process.platform === 'win32')('is refused before it is opened where it is no file', async () => {
    const pipe = join(await temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await refusal(pipe)).toMatchObject({ code: 'predictions-no-file', got: 'a pipe' });
  });

  it('is called an empty zip where it is one', async () => {
    const file = join(await temporaryFolder(), 'pred.zip');
    await writeFile(file, zipStored([]));
    expect(await refusal(file)).toMatchObject({
      code: 'zip-no-prediction',
      message: 'The zip archive is empty',
    });
  });
});

describe('the arrays of a run directory', () => {
  it.each([
    ['axes', 'foo'],
    ['units', 'foo'],
    ['joint_order', 'foo'],
  ])('are refused with unknown %s', async (key, value) => {
    const refused = await refusal(await runOf({ joints: JOINTS }, { joints: { [key]: value } }));
    expect(refused.code).toBe('run-manifest-unreadable');
    expect(refused.got).toContain(`predictions.joints.${key}`);
  });

  it.each(['axes', 'joint_order'])('are refused where run.json does not say their %s', async (key) => {
    const refused = await refusal(await runOf({ joints: JOINTS }, { joints: { [key]: undefined } }));
    expect(refused).toMatchObject({ code: 'run-array-undescribed', got: 'absent' });
    expect(refused.message).toContain(key);
  });

  it.each(['predictions', 'predictions/fused/aligned-mean'])(
    'are refused without their run.json: %s',
    async (part) => {
      const run = await runOf({ joints: JOINTS });
      await mkdir(join(run, part), { recursive: true });
      await writeFile(join(run, part, 'joints.npy'), JOINTS);
      const refused = await refusal(join(run, part));
      expect(refused).toMatchObject({
        code: 'predictions-of-run',
        next: expect.stringContaining(run) as string,
      });
      await rm(join(run, 'run.json'));
      const source = await openPredictions(join(run, part), FREIHAND);
      await source.close();
      expect(source.origin.kind).toBe('npy-folder');
    },
  );

  it('know their samples and boxes where the run says them', async () => {
    const run = await runOf({ joints: JOINTS });
    const unnamed = await openPredictions(run, FREIHAND);
    await unnamed.close();
    expect(unnamed.listed).toBeUndefined();
    expect(unnamed.origin.boxes).toBeNull();
    await writeFile(join(run, 'samples.txt'), '00000001\n00000000\n');
    const manifest = JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as object;
    const configuration = { protocol: { boxes: 'npz' } };
    await writeFile(join(run, 'run.json'), JSON.stringify({ ...manifest, configuration }));
    const named = await openPredictions(run, FREIHAND);
    await named.close();
    expect(named).toMatchObject({ ids: null, listed: ['00000001', '00000000'], origin: { boxes: 'npz' } });
  });

  it('are turned each by its own axes', async () => {
    const joints = npy('<f8', [2, 21, 3], new Array<number>(126).fill(1));
    const vertices = npy('<f8', [2, 4, 3], new Array<number>(24).fill(1));
    const path = await runOf({ joints, vertices }, { vertices: { axes: 'opengl' } });
    const source = await openPredictions(path, FREIHAND);
    try {
      expect([...source.joints!.subarray(0, 3)]).toEqual([1, 1, 1]);
      expect([...(await source.vertices(0, 2)).subarray(0, 3)]).toEqual([1, -1, -1]);
    } finally {
      await source.close();
    }
  });
});

describe('an interruption', () => {
  const reason = new Error('the user interrupted');

  it('ends the reading of a pred.json', async () => {
    const path = await predJson([zeros(200, 21, 3), zeros(200, 4, 3)]);
    const controller = new AbortController();
    const opening = openPredictions(path, FREIHAND, controller.signal);
    setTimeout(() => controller.abort(reason), 5);
    await expect(opening).rejects.toBe(reason);
  });

  it('ends the unpacking of an .npz and leaves nothing behind', async () => {
    const scratch = await temporaryFolder();
    const path = await npzOf({ vertices: npy('<f4', [20_000, 778, 3]) });
    vi.stubEnv('TMPDIR', scratch);
    const controller = new AbortController();
    const opening = openPredictions(path, FREIHAND, controller.signal);
    const watch = (): void => {
      const [unpacking] = readdirSync(scratch);
      if (unpacking === undefined) setImmediate(watch);
      else controller.abort(reason);
    };
    watch();
    await expect(opening).rejects.toBe(reason);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('before the first byte is heeded too', async () => {
    const folder = await folderOf({ joints: JOINTS });
    await expect(openPredictions(folder, FREIHAND, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
