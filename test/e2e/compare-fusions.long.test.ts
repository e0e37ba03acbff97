/** `compare --tta-fusion` with the built program: augmented figures sample by sample. */
import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ComparisonDocument } from '../../src/comparison/comparison-document.js';
import type { ErrorJson } from '../../src/errors.js';
import type { MetricsDocument } from '../../src/runs/metrics-document.js';
import { cli, errorOf, FIXTURES, sharedFolder, temporaryFolder, type CliResult } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { writeBlobFolder, writeMomentModel } from '../support/sweeps.js';

const SWEEP = ['--rotations=-30:30:30', '--scales', '0.9,1'];
const FUSIONS = ['aligned-mean', 'derotated-mean', 'mean-error'] as const;
const SAMPLES = 5;
const MANO = join(FIXTURES, 'mano', 'MANO_RIGHT.pkl');

const folder = sharedFolder();
let model: string;

async function makeRun(dataset: string, data: string, name: string, ...more: string[]): Promise<void> {
  const input = more.includes('--predictions') ? [] : ['--model', model];
  const args = ['run', '--dataset', dataset, '--data', data, ...input, '--out', join(folder, name)];
  const { code, stderr } = await cli([...args, '--workers', '1', ...more]);
  expect(code, stderr).toBe(0);
}

beforeAll(async () => {
  const data = join(folder, 'data');
  await writeBlobFolder(data, SAMPLES);
  model = await writeMomentModel(join(folder, 'model'));
  const fused = FUSIONS.flatMap((fusion) => ['--tta-fusion', fusion]);
  await makeRun('freihand', data, 'swept', ...SWEEP, ...fused);
  await makeRun('freihand', data, 'other', '--rotations=-20:20:20', '--scales', '0.9,1', ...fused);
  await makeRun('freihand', data, 'few', ...SWEEP, '--tta-fusion', 'aligned-mean', '--limit', '3');
  await makeRun('freihand', data, 'plain');
  const regressed = ['--tta-fusion', 'derotated-mean', '--joints-from', 'freihand', '--mano', MANO];
  await makeRun('freihand', data, 'regressed', '--rotations=0,30', ...regressed);
  await makeRun(
    ...(['freihand', data, 'again', '--predictions', join(folder, 'swept')] as const),
    ...['--tta-fusion', 'mean-error'],
  );
  await makeRun('hint-newdays', await demoFolder('hint-newdays'), 'keypoints', ...SWEEP, ...fused);
}, 240_000);

const compare = (...args: string[]): Promise<CliResult> => cli(['compare', ...args], { cwd: folder });

async function compared(...args: string[]): Promise<ComparisonDocument> {
  const { stdout, code, stderr } = await compare(...args, '--json');
  expect(code, stderr + stdout).toBe(0);
  return JSON.parse(stdout) as ComparisonDocument;
}

async function refused(...args: string[]): Promise<ErrorJson & { exit: number | null }> {
  const result = await compare(...args, '--json');
  return { ...errorOf(result), exit: result.code };
}

async function resultOf(run: string): Promise<MetricsDocument> {
  return JSON.parse(await readFile(join(folder, run, 'metrics.json'), 'utf8')) as MetricsDocument;
}

/** Each run's own figures, and each difference the difference of two figures: what single samples add up to. */
async function expectFigures(
  { runs }: ComparisonDocument,
  of: readonly { readonly run: string; readonly fusion: string }[],
): Promise<void> {
  for (const [index, { run, fusion }] of of.entries()) {
    const { metrics, tta } = await resultOf(run);
    expect(fusion === 'none' ? metrics : tta![fusion]).toMatchObject(runs[index]!.metrics);
  }
  const [first, second] = runs.map(({ metrics }) => metrics);
  const found = Object.entries(runs[1]!.differences);
  expect(found.length).toBeGreaterThan(2);
  for (const [key, { difference }] of found) {
    expect(difference, key).toBeCloseTo(second![key]! - first![key]!, 10);
  }
}

describe('compare --tta-fusion', () => {
  it.each(FUSIONS)(
    'pairs %s with the un-augmented pass where that is asked for, and says so',
    async (fusion) => {
      const asked = ['swept', 'swept', '--tta-fusion', 'none', '--tta-fusion', fusion];
      const refusal = await refused(...asked);
      expect(refusal).toMatchObject({ code: 'runs-unlike', exit: 1, got: `tta ${fusion}, 6 passes` });
      const document = await compared(...asked, '--allow-mixed');
      await expectFigures(document, [
        { run: 'swept', fusion: 'none' },
        { run: 'swept', fusion },
      ]);
      expect(document.paired).toEqual({ samples: SAMPLES, units: 'samples', count: SAMPLES });
      expect(document.runs.map(({ tta }) => tta)).toEqual([undefined, `${fusion}, 6 passes`]);
      expect(document.runs[1]!.joints.pa_mpjpe_mm).toHaveLength(21);
      const { stdout } = await compare(...asked, '--allow-mixed');
      expect(stdout).toContain(`B ≠ swept (${fusion}, 6 passes)`);
      expect(stdout).toContain(`≠ B: tta is ${fusion}, 6 passes; A: none.`);
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    },
  );

  it('takes one fusion for all runs, and says of which it is', async () => {
    const { stdout, code } = await compare('swept', 'swept', '--tta-fusion', 'derotated-mean');
    expect(code).toBe(0);
    expect(stdout).toContain('A   swept (derotated-mean, 6 passes)  (baseline)');
    expect(stdout).not.toContain('≠');
    const csv = await compare('swept', 'swept', '--tta-fusion', 'derotated-mean', '--format', 'csv');
    const [header, first] = csv.stdout.split('\n');
    expect(header).toMatch(/,tta$/);
    expect(first).toMatch(/,"derotated-mean, 6 passes"$/);
  });

  it('keeps sweeps of other passes apart, as many as they may be', async () => {
    const asked = ['swept', 'other', '--tta-fusion', 'aligned-mean'];
    expect(await refused(...asked)).toMatchObject({
      code: 'runs-unlike',
      got: 'sweep rotations -20, 0, 20 at scales 0.9, 1',
    });
    await expectFigures(
      await compared(...asked, '--allow-mixed'),
      ['swept', 'other'].map((run) => ({ run, fusion: 'aligned-mean' })),
    );
    // Their un-augmented figures are alike.
    expect((await compared('swept', 'other')).runs[1]!.mixed).toEqual([]);
  });

  it('finds the passes of a run that fused those of another', async () => {
    const asked = ['swept', 'again', '--tta-fusion', 'mean-error'];
    const { runs } = await compared(...asked);
    for (const { difference } of Object.values(runs[1]!.differences)) expect(difference).toBe(0);
  });

  it('takes the samples that a run has selected', async () => {
    const asked = ['few', 'few', '--tta-fusion', 'aligned-mean', '--tta-fusion', 'none', '--allow-mixed'];
    const document = await compared(...asked);
    expect(document.paired!.samples).toBe(3);
    await expectFigures(document, [
      { run: 'few', fusion: 'aligned-mean' },
      { run: 'few', fusion: 'none' },
    ]);
  });

  it.each(FUSIONS)('takes PCK joint by joint under %s', async (fusion) => {
    const asked = ['keypoints', 'keypoints', '--tta-fusion', 'none', '--tta-fusion', fusion];
    await expectFigures(await compared(...asked, '--allow-mixed'), [
      { run: 'keypoints', fusion: 'none' },
      { run: 'keypoints', fusion },
    ]);
  });

  it('forms joints from the fused meshes as the run did', async () => {
    const asked = ['regressed', 'regressed', '--tta-fusion', 'none', '--tta-fusion', 'derotated-mean'];
    expect(await refused(...asked, '--allow-mixed')).toMatchObject({ code: 'mano-file-needed' });
    await expectFigures(await compared(...asked, '--allow-mixed', '--mano', MANO), [
      { run: 'regressed', fusion: 'none' },
      { run: 'regressed', fusion: 'derotated-mean' },
    ]);
  });

  it('refuses a run without the fusion, and says how to make one', async () => {
    expect(await refused('swept', 'plain', '--tta-fusion', 'aligned-mean')).toMatchObject({
      code: 'fusion-missing',
      exit: 1,
      file: 'plain',
      got: 'a run without test-time augmentation',
      next: expect.stringContaining('--tta graphormer --tta-fusion aligned-mean') as string,
    });
    expect(await refused('few', 'few', '--tta-fusion', 'mean-error')).toMatchObject({
      code: 'fusion-missing',
      got: 'one with aligned-mean',
    });
    expect(
      await refused('swept', 'swept', 'swept', '--tta-fusion', 'none', '--tta-fusion', 'mean-error'),
    ).toMatchObject({ code: 'usage', exit: 2, got: '2 times' });
  });

  it('refuses ground truth and predictions that do not come to the figures of the run', async () => {
    const moved = await temporaryFolder();
    await cp(join(folder, 'data'), join(moved, 'data'), { recursive: true });
    const file = join(moved, 'data', 'evaluation_xyz.json');
    const truth = JSON.parse(await readFile(file, 'utf8')) as number[][][];
    truth[0]![3]![0]! += 0.01;
    await writeFile(file, JSON.stringify(truth));
    const asked = ['swept', 'swept', '--tta-fusion', 'aligned-mean'];
    const there = ['--dataset', 'freihand', '--data', join(moved, 'data')];
    expect(await refused(...asked, ...there)).toMatchObject({ code: 'fusion-other-figures', file: 'swept' });
    await rename(join(folder, 'data'), join(moved, 'elsewhere'));
    try {
      expect(await refused(...asked)).toMatchObject({
        exit: 1,
        next: expect.stringContaining('--dataset freihand --data DIR') as string,
      });
      const found = await compared(...asked, '--dataset', 'freihand', '--data', join(moved, 'elsewhere'));
      expect(found.runs[1]!.differences.pa_mpjpe_mm!.difference).toBe(0);
    } finally {
      await rename(join(moved, 'elsewhere'), join(folder, 'data'));
    }
  });
});
