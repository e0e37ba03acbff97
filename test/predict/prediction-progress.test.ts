import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PredictedBatch } from '../../src/inference/predictor.js';
import {
  openWriter,
  PredictionProgress,
  wholeSamples,
  type MadeWith,
  type Plan,
} from '../../src/predict/prediction-progress.js';
import { PredictionWriter } from '../../src/predict/prediction-writer.js';
import { silentProgress, type Progress } from '../../src/progress.js';
import type { Journal } from '../../src/runs/progress-journal.js';
import type { RunDirectory } from '../../src/runs/run-directory.js';
import { Random } from '../../src/statistics/random.js';
import { sweepPasses } from '../../src/tta/sweep.js';
import { freshRun } from '../support/run-directory.js';

const PASSES = sweepPasses({ rotations: [-30, 0, 30], scales: [1] });
const SAMPLES = 13;
const ROWS = SAMPLES * PASSES.length;
const BATCH = 4;
const PLAN: Plan = { samples: SAMPLES, passes: PASSES.length, batchSize: BATCH };
const MADE_WITH: MadeWith = { 'ONNX Runtime': '1.2.3', platform: 'linux-x64' };
const SWEPT = Array.from({ length: SAMPLES }, (_, k) => ({ id: `s${k}`, mirrored: k % 2 === 1 }));
const SWEEP = {
  passes: PASSES,
  fusions: ['aligned-mean', 'derotated-mean'],
  keepPasses: true,
} as const;

const random = new Random(11);
const JOINTS = Float32Array.from({ length: ROWS * 63 }, () => 0.1 * random.normal());
const KEYPOINTS = Float32Array.from({ length: ROWS * 42 }, () => 100 + random.normal());
/** Rows that fail: whole samples, single passes, keypoints alone; on both sides of every place to go on from. */
const HAND_FAILS = [0, 1, 2, 13, 22, 36];
const KEYPOINTS_FAIL = [5, 20, 37];

function batchAt(first: number): PredictedBatch {
  const count = Math.min(BATCH, ROWS - first);
  const failed = (rows: readonly number[]): PredictedBatch['invalid'] =>
    rows
      .filter((row) => row >= first && row < first + count)
      .map((row) => {
        const [index, pass] = [Math.floor(row / PASSES.length), row % PASSES.length];
        return { index, pass, id: `s${index}`, code: 'made-up', reason: `why ${index}` };
      });
  const joints = JOINTS.slice(first * 63, (first + count) * 63);
  const keypoints2d = KEYPOINTS.slice(first * 42, (first + count) * 42);
  const invalid = failed(HAND_FAILS);
  const invalidKeypoints = failed(KEYPOINTS_FAIL);
  const clear = (values: Float32Array, rows: PredictedBatch['invalid'], width: number): void => {
    for (const { index, pass } of rows) {
      const at = (index * PASSES.length + pass - first) * width;
      values.fill(Number.NaN, at, at + width);
    }
  };
  clear(joints, invalid, 63);
  clear(keypoints2d, [...invalid, ...invalidKeypoints], 42);
  return { first, count, joints, keypoints2d, invalid, invalidKeypoints };
}

const create = (run: RunDirectory) => (): PredictionWriter => new PredictionWriter(run, SWEPT, SWEEP);

interface Sitting {
  readonly writer: PredictionWriter;
  readonly place: PredictionProgress;
  readonly from: Journal | null;
  readonly notes: readonly string[];
}

async function sit(run: RunDirectory, madeWith = MADE_WITH): Promise<Sitting> {
  const notes: string[] = [];
  const progress: Progress = { ...silentProgress, note: (text) => notes.push(text) };
  const how = { plan: PLAN, madeWith };
  const { writer, from } = await openWriter(run, create(run), { ...how, progress });
  return { writer, place: new PredictionProgress(run, writer, { ...how, from }), from, notes };
}

/** Predicts rows up to `end`. */
async function work({ writer, place, from }: Sitting, end: number): Promise<void> {
  const start = (from?.done ?? 0) * PASSES.length;
  for (let first = start; first < Math.min(end, ROWS); first += BATCH) {
    const batch = batchAt(first);
    await writer.add(batch);
    await place.reached(first + batch.count, () => ({ batches: (first - start) / BATCH + 1 }));
  }
}

async function finish(run: RunDirectory, sitting: Sitting): Promise<void> {
  await work(sitting, ROWS);
  await run.update({ ...(await sitting.writer.close(null, 'opencv')) });
}

async function arraysOf(run: RunDirectory): Promise<Record<string, string>> {
  const folder = join(run.path, 'predictions');
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.includes('.npy')).sort();
  const digests = names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')]);
  return Object.fromEntries(await Promise.all(digests)) as Record<string, string>;
}

/** All that predicting leaves, with nothing in its way. */
async function whole(): Promise<{ arrays: Record<string, string>; manifest: object }> {
  const run = await freshRun();
  await finish(run, await sit(run));
  return { arrays: await arraysOf(run), manifest: described(run) };
}

function described({ manifest }: RunDirectory): object {
  const { predictions, fused, passes, mirrored, failed_passes } = manifest;
  const { unpredicted, unpredicted_keypoints } = manifest;
  return { predictions, fused, passes, mirrored, failed_passes, unpredicted, unpredicted_keypoints };
}

const progressFile = (run: RunDirectory): string => run.file('progress');

/** A run that was interrupted after 28 of its 39 rows. */
async function interrupted(): Promise<RunDirectory> {
  const run = await freshRun();
  const sitting = await sit(run);
  await work(sitting, 28);
  expect(await sitting.place.leave()).toBe(true);
  return run;
}

describe('wholeSamples', () => {
  it('is the last place, or the end, where a batch begins with a sample', () => {
    for (let passes = 1; passes <= 12; passes++) {
      for (let batchSize = 1; batchSize <= 12; batchSize++) {
        const samples = 25;
        for (let rows = 0; rows <= samples * passes; rows++) {
          let expected = 0;
          for (let done = 0; done * passes <= rows; done++) {
            if (done === samples || (done * passes) % batchSize === 0) expected = done;
          }
          expect(wholeSamples(rows, { samples, passes, batchSize })).toBe(expected);
        }
      }
    }
  });

  it('loses no more than one batch or one sweep at a time for the usual sizes', () => {
    expect(wholeSamples(379, { samples: 3960, passes: 95, batchSize: 4 })).toBe(0);
    expect(wholeSamples(380, { samples: 3960, passes: 95, batchSize: 4 })).toBe(4);
    expect(wholeSamples(1207, { samples: 3960, passes: 1, batchSize: 4 })).toBe(1204);
  });
});

describe('predicting that ends early', () => {
  it('goes on with the same bytes and reasons from wherever it was interrupted', async () => {
    const expected = await whole();
    expect(expected.manifest).toMatchObject({
      unpredicted: [{ id: 's0' }, { id: 's12' }],
      failed_passes: [
        { id: 's0', passes: '0-2' },
        { id: 's1', passes: '2', keypoints_alone: true },
        { id: 's4', passes: '1' },
        { id: 's6', passes: '2', keypoints_alone: true },
        { id: 's7', passes: '1' },
        { id: 's12', passes: '0' },
        { id: 's12', passes: '1', keypoints_alone: true },
      ],
    });
    for (let end = BATCH; end <= ROWS + BATCH - 1; end += BATCH) {
      const run = await freshRun();
      const first = await sit(run);
      await work(first, end);
      const left = await first.place.leave();
      expect(left, `after row ${end}`).toBe(end >= 12);
      expect(existsSync(progressFile(run))).toBe(left);
      if (!left) expect(Object.keys(await arraysOf(run))).toEqual([]);
      const second = await sit(run);
      expect(second.from?.done ?? 0).toBe(wholeSamples(end, PLAN));
      await finish(run, second);
      expect(await arraysOf(run), `after row ${end}`).toEqual(expected.arrays);
      expect(described(run)).toEqual(expected.manifest);
    }
  });

  it('does so after a death without warning, and after several', async () => {
    const expected = await whole();
    const run = await freshRun();
    for (const end of [16, 28, 39]) {
      const sitting = await sit(run);
      await work(sitting, end);
      // A killed process writes no last entry; the files are closed for it.
      await sitting.writer.suspend();
    }
    const last = await sit(run);
    expect(last.notes[0]).toMatch(/^all 13 images are predicted \(interrupted \d{4}-\d\d-\d\d \d\d:\d\d\)$/);
    await finish(run, last);
    expect(await arraysOf(run)).toEqual(expected.arrays);
    expect(described(run)).toEqual(expected.manifest);
  });

  it('does so where some arrays had their final names already', async () => {
    const expected = await whole();
    const run = await freshRun();
    const sitting = await sit(run);
    await work(sitting, ROWS);
    await sitting.writer.suspend();
    const folder = join(run.path, 'predictions');
    for (const name of ['joints', 'fused/aligned-mean/joints', 'passes/001/keypoints_2d']) {
      await rename(join(folder, `${name}.npy.partial`), join(folder, `${name}.npy`));
    }
    await finish(run, await sit(run));
    expect(await arraysOf(run)).toEqual(expected.arrays);
  });

  it('names the image it goes on from, and counts the time of all sittings', async () => {
    const run = await interrupted();
    const sitting = await sit(run);
    expect(sitting.notes).toHaveLength(1);
    expect(sitting.notes[0]).toMatch(
      /^goes on from image 9 of 13 \(interrupted \d{4}-\d\d-\d\d \d\d:\d\d\)$/,
    );
    expect(sitting.from).toMatchObject({ done: 8, timings: { batches: 6 } });
    await sitting.writer.suspend();
  });

  it('keeps what the journal has where the last entry cannot be written', async () => {
    const run = await interrupted();
    const sitting = await sit(run);
    await sitting.writer.suspend();
    await rm(join(run.path, 'predictions/passes/002/joints.npy.partial'));
    await expect(work(sitting, ROWS)).rejects.toMatchObject({ code: 'file-missing' });
    expect(await sitting.place.leave()).toBe(true);
    expect(JSON.parse(await readFile(progressFile(run), 'utf8'))).toMatchObject({ journal: { done: 8 } });
  });
});

describe('predictions that cannot be gone on with', () => {
  const change = (from: string, to: string) => async (run: RunDirectory) => {
    const text = await readFile(progressFile(run), 'utf8');
    expect(text).toContain(from);
    await writeFile(progressFile(run), text.replace(from, to));
  };
  const array = (run: RunDirectory): string =>
    join(run.path, 'predictions/fused/derotated-mean/joints.npy.partial');

  it.each([
    [
      'whose journal is cut off',
      (run: RunDirectory) => truncate(progressFile(run), 100),
      /cut off or no JSON/,
    ],
    ['whose journal is empty', (run: RunDirectory) => truncate(progressFile(run), 0), /cut off or no JSON/],
    ['whose journal is null', (run: RunDirectory) => writeFile(progressFile(run), 'null'), /schema absent/],
    [
      'whose journal is of another schema',
      change('hamba-eval/progress@1', 'hamba-eval/progress@7'),
      /schema "hamba-eval\/progress@7"/,
    ],
    ['whose journal was changed', change('"done":8', '"done":12'), /not as it was written/],
    [
      'an array of which is cut',
      (run: RunDirectory) => truncate(array(run), 900),
      /joints.npy.partial: it has 900 bytes/,
    ],
    ['an array of which is gone', (run: RunDirectory) => rm(array(run)), /joints.npy.partial: it is gone/],
    [
      'an array of which is of another shape',
      async (run: RunDirectory) => {
        const other = join(run.path, 'predictions/fused/derotated-mean/keypoints_2d.npy.partial');
        await writeFile(other, await readFile(array(run)));
      },
      /keypoints_2d.npy.partial: it has .*\(13, 21, 3\)/,
    ],
  ])('%s are said to be so, and made again', async (_, damage, why) => {
    const run = await interrupted();
    await damage(run);
    const sitting = await sit(run);
    expect(sitting.from).toBeNull();
    expect(sitting.notes).toHaveLength(1);
    expect(sitting.notes[0]).toContain('predicting starts over');
    expect(sitting.notes[0]).toMatch(why);
    expect(await arraysOf(run)).toEqual({});
    expect(existsSync(progressFile(run))).toBe(false);
    await finish(run, sitting);
    expect(await arraysOf(run)).toEqual((await whole()).arrays);
  });

  it('which another ONNX Runtime has made are made again', async () => {
    const run = await interrupted();
    const sitting = await sit(run, { ...MADE_WITH, 'ONNX Runtime': '1.2.4' });
    expect(sitting.from).toBeNull();
    expect(sitting.notes[0]).toContain('they were made with ONNX Runtime 1.2.3, and this is 1.2.4');
    expect(await arraysOf(run)).toEqual({});
  });

  it('of another number of passes are made again', async () => {
    const run = await interrupted();
    const notes: string[] = [];
    const { from } = await openWriter(run, create(run), {
      plan: { ...PLAN, passes: 2 },
      madeWith: MADE_WITH,
      progress: { ...silentProgress, note: (text) => notes.push(text) },
    });
    expect(from).toBeNull();
    expect(notes[0]).toContain('other samples, passes or batches');
  });

  it('stay where they cannot be read for another reason', async () => {
    const run = await interrupted();
    const before = await arraysOf(run);
    const file = join(run.path, 'predictions/passes/002/joints.npy.partial');
    await rename(file, `${file}.away`);
    await mkdir(file);
    await expect(sit(run)).rejects.toMatchObject({ code: 'file-unreadable' });
    expect(existsSync(progressFile(run))).toBe(true);
    await rm(file, { recursive: true });
    await rename(`${file}.away`, file);
    expect(await arraysOf(run)).toEqual(before);
  });
});
