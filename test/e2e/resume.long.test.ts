/** `run --model` that is interrupted while it predicts, and goes on: with the built program, by signals. */
import { existsSync, readFileSync } from 'node:fs';
import { cp, link, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/runs/manifest.js';
import { writeBlobs } from '../support/blobs.js';
import {
  cli,
  errorOf,
  sharedFolder,
  temporaryFolder,
  type CliOptions,
  type CliResult,
} from '../support/cli.js';
import { points, writeFreihandFolder } from '../support/freihand-folder.js';
import { givenModel } from '../support/models.js';

const SAMPLES = 600;
/** Different photographs; the others are the same files under other names. */
const DISTINCT = 9;
/** Cut off in the middle: among the first, and among the last. */
const BROKEN = [1, 597];
const BOTH = ['--tta-fusion', 'aligned-mean', '--tta-fusion', 'derotated-mean'];
/** Three passes: batches of four begin and end in the middle of samples. */
const SWEEP = ['--rotations=0', '--scales', '0.7,1,1.1', ...BOTH];

const shared = sharedFolder();
let data: string;
let model: string;
/** Uninterrupted runs. */
let plain: string;
let swept: string;

function run(
  out: string,
  more: readonly string[],
  options: CliOptions = {},
  folder = data,
): Promise<CliResult> {
  const where = ['--dataset', 'freihand', '--data', folder, '--model', model, '--out', out];
  return cli(['run', ...where, '--workers', '1', '--provider', 'cpu', '--skip-unreadable', ...more], options);
}

const photograph = (index: number): string =>
  join(data, 'evaluation/rgb', `${index.toString().padStart(8, '0')}.jpg`);

async function manifestOf(run: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as Manifest;
}

/** How many samples the journal says are whole; 0 where there is none. */
function done(out: string): number {
  try {
    const text = readFileSync(join(out, 'predictions/progress.json'), 'utf8');
    return (JSON.parse(text) as { journal: { done: number } }).journal.done;
  } catch {
    return 0;
  }
}

/** Stops the program once its journal has come further than it was. */
function stopped(out: string, signal: NodeJS.Signals): CliOptions {
  const before = done(out);
  return { interrupt: { signal, when: () => done(out) > before } };
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** What run.json says, times, the process and its own place aside. */
async function described(run: string): Promise<object> {
  const { times, timings, score_timings: scoring, host, origin, ...rest } = await manifestOf(run);
  expect([times, timings, scoring, host, origin]).not.toContain(undefined);
  return rest;
}

/** `files` of both runs, all of them unless given, are the same bytes. */
async function expectSame(out: string, expected: string, files?: readonly string[]): Promise<void> {
  if (files === undefined) {
    expect(await filesOf(out)).toEqual(await filesOf(expected));
    expect(await described(out)).toEqual(await described(expected));
  }
  for (const file of files ?? (await filesOf(expected)).filter((name) => name !== 'run.json')) {
    const [got, wanted] = [await readFile(join(out, file)), await readFile(join(expected, file))];
    expect(got.equals(wanted), file).toBe(true);
  }
}

beforeAll(async () => {
  data = join(shared, 'data');
  await writeFreihandFolder(data, { images: 1, xyz: SAMPLES, verts: SAMPLES });
  for (let k = 0; k < DISTINCT; k++) {
    // Every third is bright in its middle: zoomed in, the model says NaN.
    const reach = k % 3 === 2 ? 38 : 10 + k;
    await writeBlobs(photograph(k), { width: 224, height: 224, center: [112, 112], reach, seed: k });
  }
  for (let k = DISTINCT; k < SAMPLES; k++) await link(photograph(k % DISTINCT), photograph(k));
  for (const k of BROKEN) {
    await rename(photograph(k), `${photograph(k)}.whole`);
    await cp(`${photograph(k)}.whole`, photograph(k));
    await truncate(photograph(k), 900);
    await rm(`${photograph(k)}.whole`);
  }
  model = join(shared, 'model.onnx');
  const outputs = [
    { name: 'joints', shape: [21, 3], constant: points(21, 0).flat(), gain: 0.3 },
    { name: 'vertices', shape: [778, 3], constant: points(778, 0).flat(), gain: 0.2 },
  ];
  await writeFile(model, givenModel({ outputs, size: [64, 64], nanAbove: 0.017 }));
  await writeFile(join(shared, 'model.json'), '{"crop": "hamer", "mean": [0, 0, 0], "std": [1, 1, 1]}');
  plain = join(shared, 'plain');
  swept = join(shared, 'swept');
  expect((await run(plain, [])).code).toBe(3);
  expect((await run(swept, [...SWEEP, '--keep-passes'])).code).toBe(3);
});

describe('a run that was interrupted while it predicted', () => {
  it.each([
    ['SIGINT', 130, 'interrupted'],
    ['SIGTERM', 143, 'interrupted'],
    ['SIGHUP', 129, 'interrupted'],
    ['SIGKILL', null, 'running'],
  ] as const)('by %s goes on to the same bytes', async (signal, code, state) => {
    const out = join(await temporaryFolder(), 'run');
    const first = await run(out, [], stopped(out, signal));
    expect(first.code).toBe(code);
    expect((await manifestOf(out)).state).toBe(state);
    const kept = done(out);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(SAMPLES);
    expect((await filesOf(out)).filter((file) => file.endsWith('.npy'))).toEqual([]);
    if (code !== null) {
      expect(first.stderr).toContain(`The predictions of ${kept} of 600 images are kept in ${out}`);
    }
    const second = await run(out, []);
    expect(second.stderr).toContain(`goes on from image ${kept + 1} of 600 (interrupted `);
    expect(second.stderr).toContain('since then ');
    expect(second.code).toBe(3);
    await expectSame(out, plain);
    const { times, timings } = (await manifestOf(out)) as Manifest & { timings: Record<string, number> };
    expect(times.resumed).toHaveLength(1);
    expect(timings).toMatchObject({ crops: SAMPLES, batches: SAMPLES / 4 });
  });

  it('keeps the reasons of photographs and predictions that failed on either side', async () => {
    const { unpredicted, failed_passes: failed, fused } = await manifestOf(swept);
    expect(unpredicted!.map(({ id }) => Number(id))).toEqual(BROKEN);
    const ofBroken = failed!.filter(({ code }) => code === 'image-unreadable' || code.startsWith('image-'));
    expect(ofBroken.map(({ id, passes }) => [Number(id), passes])).toEqual(BROKEN.map((id) => [id, '0-2']));
    const ofZoomed = failed!.filter(({ code }) => code === 'prediction-not-finite');
    expect(ofZoomed.map(({ id }) => Number(id)).slice(0, 3)).toEqual([2, 5, 8]);
    expect(ofZoomed.every(({ passes }) => passes === '1')).toBe(true);
    expect(fused!['derotated-mean']!.unpredicted).toHaveLength(ofBroken.length + ofZoomed.length);
  });

  it('with a sweep whose passes are kept, killed and interrupted, goes on to the same bytes', async () => {
    const out = join(await temporaryFolder(), 'run');
    const args = [...SWEEP, '--keep-passes'];
    expect((await run(out, args, stopped(out, 'SIGKILL'))).code).toBeNull();
    const killed = done(out);
    const second = await run(out, args, stopped(out, 'SIGINT'));
    expect(second.code).toBe(130);
    expect(second.stderr).toContain(`goes on from image ${killed + 1} of 600`);
    const third = await run(out, args);
    expect(third.stderr).toMatch(/goes on from image \d+ of 600/);
    expect(third.code).toBe(3);
    await expectSame(out, swept);
    expect((await manifestOf(out)).times.resumed).toHaveLength(2);
  });

  it('with a sweep that is fused alone, goes on to the same bytes', async () => {
    const out = join(await temporaryFolder(), 'run');
    expect((await run(out, SWEEP, stopped(out, 'SIGKILL'))).code).toBeNull();
    const second = await run(out, SWEEP);
    expect(second.stderr).toMatch(/goes on from image \d+ of 600/);
    const fused = ['aligned-mean', 'derotated-mean'].flatMap((fusion) => [
      `predictions/fused/${fusion}/joints.npy`,
      `predictions/fused/${fusion}/vertices.npy`,
    ]);
    const files = ['predictions/joints.npy', 'predictions/vertices.npy', ...fused];
    await expectSame(out, swept, [...files, 'metrics.json', 'per_sample.csv']);
    expect((await filesOf(out)).filter((file) => file.startsWith('predictions/'))).toEqual(files.sort());
  });

  it('is refused with another batch size, and started over with --force', async () => {
    const out = join(await temporaryFolder(), 'run');
    await run(out, [], stopped(out, 'SIGINT'));
    const kept = done(out);
    const other = await run(out, ['--batch-size', '8', '--json']);
    expect(other.code).toBe(1);
    expect(errorOf(other).code).toBe('output-other-run');
    expect(done(out)).toBe(kept);
    const forced = await run(out, ['--force']);
    expect(forced.stderr).not.toContain('goes on from image');
    await expectSame(out, plain);
  });

  it('goes on with a copy of the dataset, and says so; not where an annotation has changed', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'run');
    await run(out, [], stopped(out, 'SIGINT'));
    const kept = done(out);
    const copy = join(folder, 'copy');
    await cp(data, copy, { recursive: true });
    const truth = join(copy, 'evaluation_xyz.json');
    const text = await readFile(truth, 'utf8');
    // In the middle of the file, which its two ends do not show.
    const middle = text.length >> 1;
    const at = middle + text.slice(middle).search(/[1-8]/);
    await writeFile(truth, `${text.slice(0, at)}9${text.slice(at + 1)}`);
    const changed = await run(out, ['--json'], {}, copy);
    expect(errorOf(changed).code).toBe('output-other-run');
    await writeFile(truth, text);
    const second = await run(out, [], {}, copy);
    expect(second.stderr).toContain(
      'The dataset lies elsewhere, or has other times, than when the run began',
    );
    expect(second.stderr).toContain(`goes on from image ${kept + 1} of 600`);
    expect((await manifestOf(out)).dataset.folder).toBe(copy);
    const third = await run(out, []);
    expect(third.stderr).toContain('its annotations are the same, byte for byte');
    expect(third.code).toBe(3);
  });

  it('starts over, and says so, where its journal is damaged', async () => {
    const out = join(await temporaryFolder(), 'run');
    await run(out, [], stopped(out, 'SIGINT'));
    await truncate(join(out, 'predictions/progress.json'), 50);
    const again = await run(out, []);
    expect(again.stderr).toContain('predicting starts over: predictions/progress.json is cut off');
    expect(again.code).toBe(3);
    await expectSame(out, plain);
  });

  it('brings the run that it was to replace back', async () => {
    const out = join(await temporaryFolder(), 'run');
    await cp(plain, out, { recursive: true, preserveTimestamps: true });
    const forced = await run(out, ['--force'], stopped(out, 'SIGINT'));
    expect(forced.code).toBe(130);
    expect(forced.stderr).not.toContain('goes on from');
    await expectSame(out, plain);
    expect(JSON.parse((await run(out, ['--json'])).stdout)).toMatchObject({ reused: true });
  });
});

describe('a run that a photograph has ended', () => {
  it('goes on once that is skipped', async () => {
    const out = join(await temporaryFolder(), 'run');
    const where = ['--dataset', 'freihand', '--data', data, '--model', model];
    const ids = join(out, '..', 'ids.txt');
    const chosen = Array.from({ length: 20 }, (_, k) => 580 + k);
    await writeFile(ids, chosen.map((k) => `${k.toString().padStart(8, '0')}\n`).join(''));
    const args = ['run', ...where, '--workers', '1', '--provider', 'cpu', '--samples', ids];
    const ended = await cli([...args, '--out', out]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('of 20 images are kept in');
    expect((await manifestOf(out)).state).toBe('failed');
    expect(done(out)).toBe(16);
    const skipped = await cli([...args, '--skip-unreadable', '--out', out]);
    expect(skipped.stderr).toContain('goes on from image 17 of 20');
    expect(skipped.code).toBe(3);
    const whole = join(out, '..', 'whole');
    await cli([...args, '--skip-unreadable', '--out', whole]);
    await expectSame(out, whole);
  });
});

describe('passes of a run in which photographs failed', () => {
  it('fused again give the reasons that fusing while predicting gave', async () => {
    const out = join(await temporaryFolder(), 'again');
    const where = ['--dataset', 'freihand', '--data', data, '--predictions', swept, '--out', out];
    await cli(['run', ...where, '--workers', '1', ...BOTH]);
    expect((await manifestOf(out)).fused).toEqual((await manifestOf(swept)).fused);
  });

  it('are fused once more when one of them has changed', async () => {
    const folder = await temporaryFolder();
    const [from, out] = [join(folder, 'from'), join(folder, 'again')];
    await cp(swept, from, { recursive: true, preserveTimestamps: true });
    const where = ['--dataset', 'freihand', '--data', data, '--predictions', from, '--out', out];
    const args = ['run', ...where, '--workers', '1', '--tta-fusion', 'aligned-mean', '--json'];
    await cli(args);
    expect(JSON.parse((await cli(args)).stdout)).toMatchObject({ reused: true });
    await cp(
      join(from, 'predictions/passes/000/joints.npy'),
      join(from, 'predictions/passes/002/joints.npy'),
    );
    const changed = await cli(args);
    expect(changed.code).toBe(1);
    expect(errorOf(changed).code).toBe('output-other-run');
    expect(existsSync(join(out, 'metrics.json'))).toBe(true);
  });
});
