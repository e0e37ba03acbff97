/** Prediction files as people have them: each is read to its right value (test/fixtures/field). */
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ComparisonDocument } from '../../src/comparison/comparison-document.js';
import { cli, errorOf, FIXTURES, temporaryFolder, type CliResult } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';

const FIELD = join(FIXTURES, 'field');
const NAMES = join(FIELD, '01-image-names-under-another-key-ignored');
const OTHER_NAMES = join(FIELD, '07-npz-names-not-listed');

async function scored(dataset: string, data: string, predictions: string): Promise<CliResult> {
  const out = join(await temporaryFolder(), 'run');
  return cli([
    'run',
    '--dataset',
    dataset,
    '--data',
    data,
    '--predictions',
    predictions,
    '--out',
    out,
    '--json',
  ]);
}

function metricsOf({ stdout }: CliResult): Record<string, number> {
  return (JSON.parse(stdout) as { metrics: Record<string, number> }).metrics;
}

async function expected<T>(folder: string): Promise<T> {
  return JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as T;
}

it('rows are matched by paths under another key', async () => {
  const result = await scored('freihand', join(NAMES, 'freihand'), join(NAMES, 'freihand_imgname.npz'));
  const right = (
    await expected<Record<string, { right_if_names_are_used: { pa_mpjpe_mm: number; mpjpe_mm: number } }>>(
      NAMES,
    )
  )['freihand_imgname.npz']!.right_if_names_are_used;
  const metrics = metricsOf(result);
  expect(metrics.pa_mpjpe_mm).toBeCloseTo(right.pa_mpjpe_mm, 6);
  expect(metrics.mpjpe_mm).toBeCloseTo(right.mpjpe_mm, 6);
  expect(result.stderr).toContain("The rows are matched to the samples by 'imgname'.");
});

it('and so are HInt’s, by base names', async () => {
  const result = await scored('hint-newdays', join(NAMES, 'hint'), join(NAMES, 'hint_imgname.npz'));
  const right = (
    await expected<Record<string, { right_if_names_are_used: { pck_0_05_all: number } }>>(NAMES)
  )['hint_imgname.npz']!.right_if_names_are_used;
  expect(metricsOf(result).pck_0_05_all).toBeCloseTo(right.pck_0_05_all, 9);
});

it.each([
  ['hamer_names.npz', 'pred_keypoints_3d'],
  ['positional.npz', 'arr_0'],
  ['xyz.npz', 'xyz'],
])('the joints of %s are those of its array %s', async (file, name) => {
  const result = await scored('freihand', join(OTHER_NAMES, 'freihand'), join(OTHER_NAMES, file));
  const { right } = await expected<{ right: { pa_mpjpe_mm: number } }>(OTHER_NAMES);
  expect(metricsOf(result).pa_mpjpe_mm).toBeCloseTo(right.pa_mpjpe_mm, 6);
  expect(result.stderr).toContain(`The joints are read from ${name} (24, 21, 3) <f4.`);
});

it('a file for each photograph is matched by its name', async () => {
  const result = await scored('freihand', join(OTHER_NAMES, 'freihand'), join(OTHER_NAMES, 'per_image'));
  const { right } = await expected<{ right: { pa_mpjpe_mm: number } }>(OTHER_NAMES);
  expect(metricsOf(result).pa_mpjpe_mm).toBeCloseTo(right.pa_mpjpe_mm, 6);
  expect(result.stderr).toContain('The rows are matched to the samples by the names of the files.');
});

describe('a model', () => {
  const run = async (folder: string, ...more: string[]): Promise<CliResult> => {
    const [model, data] = [join(FIELD, folder, 'hand.onnx'), await demoFolder('freihand')];
    const out = join(await temporaryFolder(), 'run');
    return cli([
      'run',
      '--dataset',
      'freihand',
      '--data',
      data,
      '--model',
      model,
      '--out',
      out,
      '--json',
      ...more,
    ]);
  };

  it('with flat outputs is read', async () => {
    const result = await run('05-flat-onnx-outputs-dead-end');
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('The output joints (N, 63) is read as joints (N, 21, 3).');
  });

  it('with a batch built in runs as the error says', async () => {
    const refused = await run('06-batch-baked-into-reshape');
    const { code, next } = errorOf(refused);
    expect(code).toBe('model-run-failed');
    const [flag, size] = /--batch-size (\d+)/.exec(next!)![0].split(' ');
    expect((await run('06-batch-baked-into-reshape', flag!, size!)).code).toBe(0);
  });

  it('that is a Git LFS pointer is named', async () => {
    expect(errorOf(await run('20-onnx-git-lfs-pointer'))).toMatchObject({
      code: 'file-lfs-pointer',
      next: expect.stringContaining('git lfs pull') as string,
    });
  });
});

it('compare pairs joints by the samples that both runs have', async () => {
  const folder = join(FIELD, '10-compare-joint-table-unpaired');
  const out = await temporaryFolder();
  const runs = ['a', 'b'].map((name) => join(out, name));
  for (const run of runs) {
    const predictions = join(folder, `${basename(run)}.npz`);
    const data = join(folder, 'freihand');
    await cli(['run', '--dataset', 'freihand', '--data', data, '--predictions', predictions, '--out', run]);
  }
  const { stdout } = await cli(['compare', ...runs, '--json']);
  const [, other] = (JSON.parse(stdout) as ComparisonDocument).runs;
  expect(Object.keys(other!.joints)).toEqual(['pa_mpjpe_mm', 'mpjpe_mm', 'auc_aligned', 'auc']);
  for (const changes of Object.values(other!.joints)) {
    expect(changes).toHaveLength(21);
    for (const { difference } of changes) expect(difference).toBe(0);
  }
  // A run of before has none, and says so.
  await rm(join(runs[1]!, 'joint_errors.npy'));
  const { stdout: text } = await cli(['compare', ...runs]);
  expect(text).not.toContain('Joints by');
  expect(text.replaceAll(/\s+/g, ' ')).toContain(`${runs[1]!} has no joint_errors.npy`);
});
