/** What the rooms behind the registry make of a benchmark that is a file and a registry line: see toy-dataset.ts. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATASETS } from '../../src/datasets/registry.js';
import { verifyDataset } from '../../src/datasets/verify/verify.js';
import { DEMO_DATASET_IDS, layoutOf } from '../../src/demo/layouts/registry.js';
import { compareRuns } from '../../src/evaluation/compare.js';
import { run } from '../../src/evaluation/run.js';
import { leaderboardJson, leaderboardText, lintText } from '../../src/leaderboards/leaderboard-text.js';
import { leaderboard } from '../../src/leaderboards/leaderboard.js';
import { lintRuns, lintTable } from '../../src/leaderboards/lint.js';
import { evaluateSample, ScoreAccumulator, type Protocol } from '../../src/metrics/index.js';
import { silentProgress } from '../../src/progress.js';
import { makeReport } from '../../src/report/report.js';
import type { MetricsDocument } from '../../src/runs/metrics-document.js';
import { StoredRun } from '../../src/runs/stored-run.js';
import { Random } from '../../src/statistics/random.js';
import { requireFormat } from '../../src/submission/checks.js';
import { CSV } from '../../src/text/formats/csv.js';
import { LATEX } from '../../src/text/formats/latex.js';
import { MARKDOWN } from '../../src/text/formats/markdown.js';
import { TERMINAL } from '../../src/text/formats/terminal.js';
import {
  registerToy,
  TOY_VERTICES,
  toy,
  toyHands,
  writeHands,
  writeToyFolder,
  type ToyHands,
} from '../support/toy-dataset.js';
import { failure } from '../support/user-error.js';

/** More than one batch; the whole benchmark. */
const COUNT = 70;
const CONTEXT = { progress: silentProgress, signal: new AbortController().signal };

function moved({ joints, meshes }: ToyHands, by: number): ToyHands {
  const random = new Random(5);
  const move = (values: Float64Array): Float64Array => values.map((value) => value + by * random.normal());
  return { joints: move(joints), meshes: move(meshes) };
}

/** Scores predictions as `run --predictions` does. */
async function scored(data: string, name: string, hands: ToyHands): Promise<[string, MetricsDocument]> {
  const [predictions, out] = [join(root, `${name}-predictions`), join(root, name)];
  await writeHands(predictions, hands);
  const request = { dataset: 'toy', split: 'evaluation', data, predictions, out };
  const { document } = await run({ ...request, workers: 1, existing: 'refuse' }, CONTEXT);
  return [out, document!];
}

const truth = toyHands(COUNT);
const protocol = { ...toy.protocol, boxes: null } as Protocol;
let root: string;
let data: string;
let good: [string, MetricsDocument];
let bad: [string, MetricsDocument];

/** The same by the metrics alone. */
function figures(predicted: ToyHands, trueHands: ToyHands): ReturnType<ScoreAccumulator['result']> {
  const accumulator = new ScoreAccumulator(protocol);
  const handOf = ({ joints, meshes }: ToyHands, index: number) => ({
    joints: part(joints, index),
    vertices: part(meshes, index),
  });
  for (let index = 0; index < COUNT; index++) {
    const pair = { prediction: handOf(predicted, index), groundTruth: handOf(trueHands, index) };
    accumulator.add(evaluateSample(pair, protocol));
  }
  return accumulator.result();
}

function part(values: Float64Array, index: number): Float64Array {
  const width = values.length / COUNT;
  return values.slice(index * width, (index + 1) * width);
}

beforeAll(async () => {
  registerToy();
  root = await mkdtemp(join(tmpdir(), 'hamba-eval-toy-'));
  data = join(root, 'toy');
  await writeToyFolder(data, truth);
  good = await scored(data, 'good', moved(truth, 0.003));
  bad = await scored(data, 'bad', moved(truth, 0.01));
});

afterAll(() => rm(root, { recursive: true, force: true }));

describe('predictions of the toy', () => {
  it('are scored against its joints and meshes', () => {
    const { metrics, coverage } = good[1];
    const { metrics: expected, proper } = figures(moved(truth, 0.003), truth);
    expect(metrics).toEqual({ ...expected, ...proper });
    expect(metrics.pa_mpvpe_mm).toBeGreaterThan(1);
    expect(coverage).toEqual({ scored: COUNT, unscored: 0, folder: COUNT, benchmark: COUNT });
  });

  it('stay unscored where a sample has no joints or no mesh', async () => {
    const holes = { joints: truth.joints.slice(), meshes: truth.meshes.slice() };
    holes.joints.fill(NaN, 3 * 63, 4 * 63);
    holes.meshes.fill(NaN, 66 * TOY_VERTICES * 3, 67 * TOY_VERTICES * 3);
    const folder = join(root, 'toy-with-holes');
    await writeToyFolder(folder, holes);
    const [, { metrics, unscored }] = await scored(folder, 'partial', moved(truth, 0.003));
    expect(unscored.map(({ id, code }) => [id, code])).toEqual([
      ['hand_03', 'ground-truth-not-finite'],
      ['hand_66', 'ground-truth-not-finite'],
    ]);
    expect(metrics.pa_mpvpe_mm).toBe(figures(moved(truth, 0.003), holes).metrics.pa_mpvpe_mm);
  });

  it('need its truth, whose files are named', async () => {
    const folder = join(root, 'toy-without-truth');
    await writeToyFolder(folder, truth);
    await rm(join(folder, 'hands'), { recursive: true });
    await expect(scored(folder, 'nothing', truth)).rejects.toMatchObject({
      code: 'ground-truth-missing',
      expected: 'hands/joints.npy and hands/meshes.npy',
    });
  });

  it('are compared', async () => {
    const document = await compareRuns(
      {
        ...{ subjects: [good[0], bad[0]], dataset: undefined, baseline: 1, allowMixed: false, by: undefined },
        ...{ top: 3, failIfWorse: ['pa_mpjpe_mm:0.1'], fusions: [], mano: undefined, workers: 1 },
      },
      CONTEXT,
    );
    expect(document.paired).toMatchObject({ samples: COUNT, units: 'samples' });
    expect(document.checks).toMatchObject([{ metric: 'pa_mpjpe_mm', passed: false }]);
  });
});

describe('a folder of the toy', () => {
  it('is verified with meshes of its own number of vertices', async () => {
    const verified = await verifyDataset({ dataset: 'toy', data, split: 'evaluation' }, CONTEXT);
    expect(verified.problems).toEqual([]);
    expect(verified.counts).toMatchObject({ photographs: COUNT, joints: COUNT, meshes: COUNT });
  });
});

describe('the leaderboard of the toy', () => {
  const board = async (runs: readonly string[]) =>
    leaderboard({
      dataset: 'toy',
      runs: await Promise.all(runs.map((run) => StoredRun.open(run))),
      allowMixed: false,
    });

  it('has the runs alone, ranked by PA-MPJPE, and says that nothing is published', async () => {
    const found = await board([bad[0], good[0]]);
    expect(found.table).toBeNull();
    expect(found.rows.map(({ rank, method }) => [rank, method])).toEqual([
      [1, 'good'],
      [2, 'bad'],
    ]);
    const { pa_mpjpe_mm } = good[1].metrics;
    expect(found.rows[0]!.figures.get('pa_mpjpe_mm')).toEqual({
      text: pa_mpjpe_mm!.toFixed(2),
      value: pa_mpjpe_mm,
    });
    const text = leaderboardText(found, TERMINAL, false);
    expect(text).toContain('ranked by PA-MPJPE. – not reported.');
    expect(text.replace(/\s+/g, ' ')).toContain(
      'No table of published results is known for Toy: runs are ranked among themselves.',
    );
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    for (const format of [MARKDOWN, LATEX, CSV])
      expect(leaderboardText(found, format, false)).toContain('good');
    expect(leaderboardJson(found)).toMatchObject({
      ranked_by: 'pa_mpjpe_mm',
      source: null,
      remarks: [],
      rows: [{ rank: 1 }, { rank: 2 }],
    });
  });

  it('lints the runs alone', async () => {
    const found = await board([good[0]]);
    const findings = [...lintTable(found.table), ...lintRuns(found.rows)];
    expect(lintText(found, findings).trim().replace(/\s+/g, ' ')).toMatch(
      /^one run of Toy, for which no published table is known: /,
    );
  });

  it('needs a run', async () => {
    await expect(board([])).rejects.toMatchObject({
      code: 'leaderboard-empty',
      next: expect.stringContaining('hamba-eval leaderboard toy RUN_DIR…') as string,
    });
  });
});

describe('the report of the toy', () => {
  it('is whole but for the published neighbours', async () => {
    const runs = [good[0], bad[0]];
    const { file, missing } = await makeReport({ runs, samples: 2, images: true }, CONTEXT);
    const page = await readFile(file, 'utf8');
    expect(page).toContain('Toy: good and bad');
    expect(page).not.toContain('published results');
    expect(missing.join()).not.toContain('true hands');
  });
});

describe('what the toy does not have', () => {
  it('is a challenge', () => {
    expect(failure(() => requireFormat(toy))).toMatchObject({
      code: 'submission-no-format',
      expected: 'freihand, ho3d-v2 or ho3d-v3',
    });
  });

  it('is a layout of the demo, which lists those that there are', async () => {
    const missing = DATASETS.map(({ id }) => id).filter((id) => !(DEMO_DATASET_IDS as string[]).includes(id));
    expect(missing).toEqual(['toy']);
    await expect(layoutOf('toy' as 'freihand')).rejects.toMatchObject({
      code: 'demo-dataset-unknown',
      expected: `one of ${DEMO_DATASET_IDS.join(', ')}`,
    });
  });
});
