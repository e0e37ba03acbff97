/** `compare` with the built program, on runs of the golden predictions and of copies with noise. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ComparisonDocument } from '../../src/comparison/comparison-document.js';
import type { ErrorJson } from '../../src/errors.js';
import { Random } from '../../src/statistics/random.js';
import { cli, errorOf, FIXTURES, sharedFolder, temporaryFolder, type CliResult } from '../support/cli.js';
import { writeFreihandFolder } from '../support/freihand-folder.js';

const GOLDEN = join(FIXTURES, 'golden', 'freihand');

const folder = sharedFolder();
type Prediction = [number[][][], number[][][]];

async function prediction(): Promise<Prediction> {
  return JSON.parse(await readFile(join(GOLDEN, 'pred.json'), 'utf8')) as Prediction;
}

async function makeRun(name: string, predictions: Prediction, ...more: string[]): Promise<void> {
  const file = join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(predictions));
  const args = ['run', '--dataset', 'freihand', '--data', GOLDEN, '--predictions', file];
  const { code, stderr } = await cli([...args, '--out', join(folder, name), ...more]);
  expect(code, stderr).toBe(0);
}

/** Each coordinate moved by so many metres. */
function noisy([joints, vertices]: Prediction, spread: number): Prediction {
  const random = new Random(2);
  const moved = (hands: number[][][]): number[][][] =>
    hands.map((hand) => hand.map((point) => point.map((value) => value + spread * random.normal())));
  return [moved(joints), moved(vertices)];
}

beforeAll(async () => {
  const predictions = await prediction();
  await makeRun('a', predictions);
  await makeRun('noisy', noisy(predictions, 0.003));
  await makeRun('limited', predictions, '--limit', '3');
  await makeRun('proper', predictions, '--reflection', 'forbidden');
});

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

describe('compare', () => {
  it('finds a run and itself exactly equal, with p = 1', async () => {
    const { runs, paired } = await compared('a', 'a');
    expect(paired).toEqual({ samples: 5, units: 'samples', count: 5 });
    expect(Object.keys(runs[1]!.differences)).toHaveLength(12);
    for (const found of Object.values(runs[1]!.differences)) {
      expect(found).toMatchObject({ difference: 0, low: 0, high: 0, p: 1, p_holm: 1, equal: 1 });
    }
  });

  it('tells the difference of the two results, under the keys of metrics.json', async () => {
    const { runs } = await compared('a', 'noisy');
    for (const [index, name] of ['a', 'noisy'].entries()) {
      const { metrics } = JSON.parse(await readFile(join(folder, name, 'metrics.json'), 'utf8')) as {
        metrics: Record<string, number>;
      };
      expect(metrics).toMatchObject(runs[index]!.metrics);
    }
    for (const [key, { difference }] of Object.entries(runs[1]!.differences)) {
      expect(difference).toBeCloseTo(runs[1]!.metrics[key]! - runs[0]!.metrics[key]!, 10);
    }
    expect(runs[1]!.differences.pa_mpjpe_mm!.difference).toBeGreaterThan(0);
    expect(runs[1]!.joints.pa_mpjpe_mm).toHaveLength(21);
  });

  it('fits 80 columns, and prints csv and json alone', async () => {
    const { stdout } = await compare('a', 'noisy');
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(stdout).toContain('FreiHAND · evaluation');
    expect(stdout).not.toContain(String.fromCharCode(27));
    const csv = await compare('a', 'noisy', '--format', 'csv', '--fail-if-worse', 'pa_mpjpe_mm:100');
    expect(csv.stdout.trim().split('\n')).toHaveLength(1 + 2 * 12);
    expect(csv.stderr).toContain('passed: B is');
    const json = await compare('a', 'noisy', '--format', 'json');
    expect(JSON.parse(json.stdout)).toEqual(await compared('a', 'noisy'));
    expect((await compare('a', 'noisy', '--format', 'latex')).stdout).toContain('\\begin{tabular}');
    expect((await compare('a', 'noisy', '--format', 'markdown')).stdout).toContain('| --- |');
  });

  it('exits with 3 where a run is worse than allowed', async () => {
    const worse = await compare('a', 'noisy', '--fail-if-worse', 'pa_mpjpe_mm:0.01');
    expect(worse.code).toBe(3);
    expect(worse.stdout).toMatch(/FAILED: B is \d\.\d\d mm worse than A in PA-MPJPE/);
    const rules = ['--fail-if-worse', 'pa_mpjpe_mm:0.01', '--fail-if-worse', 'f5_aligned:0'];
    expect((await compare('noisy', 'a', ...rules)).code).toBe(0);
    const json = await compare('a', 'noisy', '--baseline', '2', ...rules, '--json');
    expect(json.code).toBe(0);
    expect((JSON.parse(json.stdout) as ComparisonDocument).checks).toHaveLength(2);
    expect(await refused('a', 'noisy', '--fail-if-worse', 'pa:1')).toMatchObject({
      code: 'rule-invalid',
      exit: 2,
      expected: expect.stringContaining('pa_mpjpe_mm') as string,
    });
  });

  it('refuses unlike runs, and marks them where they are compared all the same', async () => {
    expect(await refused('a', 'limited')).toMatchObject({
      code: 'runs-unlike',
      exit: 1,
      got: 'samples 3, 3 of them the same',
    });
    expect(await refused('a', 'proper')).toMatchObject({ code: 'runs-unlike', got: 'reflection forbidden' });
    const { stdout, code } = await compare('a', 'limited', '--allow-mixed');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^B ≠ limited$/m);
    expect(stdout).toContain('partial 3 of 3,960 samples');
    expect(stdout).toContain('B has not scored 2 samples');
  });

  it('wants two runs that are finished and scored', async () => {
    expect(await refused('a')).toMatchObject({ exit: 2 });
    expect(await refused('a', 'noisy', '--baseline', '3')).toMatchObject({ exit: 2 });
    expect(await refused('a', 'nowhere')).toMatchObject({ code: 'run-directory-missing', exit: 1 });
    expect(await refused('a', 'b.onnx')).toMatchObject({ exit: 2 });
    // Run directories have their split; another one is not to be ignored.
    expect(await refused('a', 'noisy', '--split', 'training')).toMatchObject({ exit: 2 });
  });
});

describe('compare on HO-3D', () => {
  it('resamples the sequences that the run directory names', async () => {
    const data = await temporaryFolder();
    await cp(join(FIXTURES, 'golden', 'ho3d'), data, { recursive: true });
    await writeFile(
      join(data, 'evaluation.txt'),
      ['SM1/0', 'SM1/1', 'MPM10/0', 'MPM10/1', 'SB11/0'].join('\n'),
    );
    for (const name of ['one', 'two']) {
      const file = join(data, `${name}.json`);
      const predictions = JSON.parse(await readFile(join(data, 'pred.json'), 'utf8')) as Prediction;
      await writeFile(file, JSON.stringify(name === 'one' ? predictions : noisy(predictions, 0.01)));
      const args = ['run', '--dataset', 'ho3d-v2', '--data', data, '--predictions', file];
      expect((await cli([...args, '--out', join(data, 'runs', name)])).code).toBe(0);
    }
    const { runs, paired } = await compared(join(data, 'runs/one'), join(data, 'runs/two'));
    expect(paired).toEqual({ samples: 5, units: 'groups', count: 3 });
    // Three sequences: 2 of 2^3 assignments of signs are the least there can be.
    for (const { p } of Object.values(runs[1]!.differences)) expect(p).toBeGreaterThanOrEqual(2 / 8);
  });
});

describe('compare --dataset', () => {
  it('runs what has no run directory yet, and only that', async () => {
    const cwd = await temporaryFolder();
    const data = join(cwd, 'data');
    await writeFreihandFolder(data, { images: 1, xyz: 5, verts: 5 });
    const [joints, vertices] = await prediction();
    for (const [name, by] of [
      ['one', 0],
      ['two', 0.01],
    ] as const) {
      const moved = joints.map((hand) => hand.map(([x, y, z]) => [x! + by * y!, y!, z!]));
      await writeFile(join(cwd, `${name}.json`), JSON.stringify([moved, vertices]));
    }
    const args = ['compare', '--dataset', 'freihand', '--data', data, 'one.json', 'two.json'];
    const first = await cli(args, { cwd });
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain('one.json → reports/freihand-one');
    expect(first.stdout).toContain('reports/freihand-two');
    const started = async (): Promise<unknown> =>
      (
        JSON.parse(await readFile(join(cwd, 'reports/freihand-one/run.json'), 'utf8')) as {
          times: { started: string };
        }
      ).times.started;
    const before = await started();
    const again = await cli(args, { cwd });
    expect(again.stdout).toBe(first.stdout);
    expect(await started()).toBe(before);
    // A run directory beside what is still to be run.
    const mixed = await cli([...args.slice(0, 5), 'reports/freihand-one', 'two.json'], { cwd });
    expect(mixed.stdout).toBe(first.stdout);
  });

  it('does not let two things share a run directory', async () => {
    const error = await refused(...['--dataset', 'freihand', '--data', GOLDEN, 'x/pred.json', 'y/pred.json']);
    expect(error).toMatchObject({ code: 'run-directories-collide', got: 'x/pred.json and y/pred.json' });
  });
});
