/** What every prediction format must do: be told from all others, open, and be named wherever formats are named. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import Run from '../../../src/commands/run.js';
import { datasetById } from '../../../src/datasets/registry.js';
import { NpyWriter } from '../../../src/formats/npy/npy.js';
import { PREDICTION_FORMATS } from '../../../src/predictions/formats/registry.js';
import { openPredictions } from '../../../src/predictions/open-predictions.js';
import { sizeAndTime } from '../../../src/predictions/size-and-time.js';
import { PLAIN_SET } from '../../../src/runs/prediction-sets.js';
import { AS_PREDICTED, SetWriter } from '../../../src/runs/set-writer.js';
import { temporaryFolder } from '../../support/cli.js';
import { npzBytes } from '../../support/npz-writer.js';
import { freshRun } from '../../support/run-directory.js';
import { zipStored } from '../../support/tiny-zip.js';

const FREIHAND = datasetById('freihand');

/** Two hands of 21 joints and 4 vertices. */
const JOINTS = Float64Array.from({ length: 2 * 21 * 3 }, (_, k) => k / 64);
const VERTICES = Float64Array.from({ length: 2 * 4 * 3 }, (_, k) => -(k + 1) / 64);

function predJson(): string {
  const points = (values: Float64Array): number[][] =>
    Array.from({ length: values.length / 3 }, (_, k) => [...values.subarray(3 * k, 3 * k + 3)]);
  const [joints, vertices] = [points(JOINTS), points(VERTICES)];
  return JSON.stringify([
    [joints.slice(0, 21), joints.slice(21)],
    [vertices.slice(0, 4), vertices.slice(4)],
  ]);
}

async function npyFolder(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, points, values] of [
    ['joints', 21, JOINTS],
    ['vertices', 4, VERTICES],
  ] as const) {
    const writer = await NpyWriter.create(join(folder, `${name}.npy`), {
      shape: [2, points, 3],
      dtype: '<f8',
    });
    await writer.writeRows(0, values);
    await writer.close();
  }
  return folder;
}

async function fileOf(name: string, bytes: string | Uint8Array): Promise<string> {
  const file = join(await temporaryFolder(), name);
  await writeFile(file, bytes);
  return file;
}

/** The same two hands in each format; the names of files tell nothing. */
const SAMPLES: Readonly<Record<string, () => Promise<string>>> = {
  'pred.json': () => fileOf('hands', predJson()),
  zip: () => fileOf('hands', zipStored([{ name: 'pred.json', bytes: Buffer.from(predJson()) }])),
  'json-object': () => {
    const [xyz, verts] = JSON.parse(predJson()) as [unknown, unknown];
    return fileOf('hands', JSON.stringify({ xyz, verts }));
  },
  'run-directory': async () => {
    const run = await freshRun();
    const writer = new SetWriter(run, PLAIN_SET, 2);
    await writer.write('joints', [21, 3], 0, JOINTS);
    await writer.write('vertices', [4, 3], 0, VERTICES);
    await run.update({ state: 'complete', predictions: await writer.close(AS_PREDICTED) });
    return run.path;
  },
  'npy-folder': npyFolder,
  'row-files': async () => {
    const folder = await temporaryFolder();
    for (const row of [0, 1]) {
      const joints = { shape: [21, 3], data: JOINTS.slice(row * 63, (row + 1) * 63) };
      const vertices = { shape: [4, 3], data: VERTICES.slice(row * 12, (row + 1) * 12) };
      await writeFile(join(folder, `0000000${row}.npz`), npzBytes({ joints, vertices }));
    }
    return folder;
  },
  npz: async () => {
    const folder = await npyFolder();
    const names = ['joints.npy', 'vertices.npy'];
    const entries = names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) }));
    return fileOf('hands', zipStored(await Promise.all(entries)));
  },
};

const WITHOUT_MESHES: Readonly<Record<string, () => Promise<string>>> = {
  npy: async () => fileOf('joints.npy', await readFile(join(await npyFolder(), 'joints.npy'))),
};

function sampleOf(kind: string): () => Promise<string> {
  return { ...SAMPLES, ...WITHOUT_MESHES }[kind]!;
}

afterEach(() => {
  vi.restoreAllMocks();
});

it('every prediction format has a sample here', () => {
  expect(Object.keys({ ...SAMPLES, ...WITHOUT_MESHES })).toEqual(PREDICTION_FORMATS.map(({ kind }) => kind));
});

describe.each(PREDICTION_FORMATS)('the prediction format $kind', (format) => {
  const { kind, title, help } = format;

  it('opens, and says what it is', async () => {
    const source = await openPredictions(await sampleOf(kind)(), FREIHAND);
    try {
      const vertexCount = kind in SAMPLES ? 4 : null;
      expect(source).toMatchObject({ count: 2, vertexCount, origin: { kind } });
      expect(source.joints).toEqual(JOINTS);
      if (vertexCount !== null) expect(await source.vertices(0, 2)).toEqual(VERTICES);
      await source.finish();
    } finally {
      await source.close();
    }
  });

  it('is recognised by no other', async () => {
    const asked = vi.spyOn(PREDICTION_FORMATS[0]!, 'recognises');
    const source = await openPredictions(await sampleOf(kind)(), FREIHAND);
    await source.close();
    const [given] = asked.mock.calls[0]!;
    const recognised = await Promise.all(PREDICTION_FORMATS.map(async (other) => other.recognises(given)));
    expect(PREDICTION_FORMATS.filter((_, index) => recognised[index])).toEqual([format]);
  });

  it('is named by the help and by the error of a path where nothing is', async () => {
    const missing = openPredictions(join(await temporaryFolder(), 'none'), FREIHAND);
    await expect(missing).rejects.toMatchObject({ expected: expect.stringContaining(title) as string });
    expect(title).toMatch(/^an? /);
    if (help !== null) expect(Run.flags.predictions.summary).toContain(help);
  });

  it('is known again by the size and time of what is read', async () => {
    const path = await sampleOf(kind)();
    const { bytes, files } = await sizeAndTime(path);
    expect(bytes).toBeGreaterThan(JOINTS.length);
    // A folder's own size and time tell nothing of what is in it.
    expect(files !== undefined).toBe(format.files !== undefined);
  });
});

describe('what no prediction format recognises', () => {
  it('is refused for what it lacks: a file as a pred.json, a folder as one of arrays', async () => {
    const file = await fileOf('pred.npy', 'NUMPY');
    await expect(openPredictions(file, FREIHAND)).rejects.toMatchObject({ code: 'json-not-json', file });
    const folder = await temporaryFolder();
    await expect(openPredictions(folder, FREIHAND)).rejects.toMatchObject({
      code: 'predictions-arrays',
      got: 'neither',
    });
  });
});
