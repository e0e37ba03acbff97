/** Runs among published rows: made by hand, as `run` leaves them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { datasetById, DATASETS } from '../../src/datasets/registry.js';
import type { DatasetDefinition } from '../../src/datasets/types.js';
import { leaderboardJson, leaderboardText, lintText } from '../../src/leaderboards/leaderboard-text.js';
import { leaderboard, type LeaderboardRow } from '../../src/leaderboards/leaderboard.js';
import { lintRuns, lintTable } from '../../src/leaderboards/lint.js';
import type { MetricsDocument } from '../../src/runs/metrics-document.js';
import { METRICS_SCHEMA } from '../../src/runs/metrics-document.js';
import { StoredRun } from '../../src/runs/stored-run.js';
import { LATEX } from '../../src/text/formats/latex.js';
import { MARKDOWN } from '../../src/text/formats/markdown.js';
import { TERMINAL } from '../../src/text/formats/terminal.js';
import { temporaryFolder } from '../support/cli.js';

interface Made {
  readonly name?: string;
  readonly dataset?: string;
  readonly state?: string;
  readonly change?: Partial<MetricsDocument>;
  readonly metrics?: MetricsDocument['metrics'];
}

async function makeRun({
  name = 'mine',
  dataset = 'freihand',
  state = 'complete',
  change,
  metrics,
}: Made): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await mkdir(path);
  const { protocol } = datasetById(dataset);
  const samples = protocol.sampleCount;
  const document: MetricsDocument = {
    schema: METRICS_SCHEMA,
    state: 'complete',
    dataset: { id: dataset, split: 'evaluation' },
    coverage: { scored: samples, unscored: 0, folder: samples, benchmark: samples },
    protocol,
    metrics: metrics ?? { pa_mpjpe_mm: 5.96, pa_mpvpe_mm: 5.64, f5_aligned: 0.7901, f15_aligned: 0.9907 },
    confidence: {},
    warnings: [],
    unscored: [],
    ...change,
  };
  await writeFile(
    join(path, 'run.json'),
    JSON.stringify({
      schema: 'hamba-eval/run@1',
      state,
      configuration: {},
      dataset: { id: dataset, folder: '/data', split: 'evaluation' },
      coverage: document.coverage,
      program: { name: 'hamba-eval', version: '0.1.0' },
      host: { name: 'h', pid: 1 },
      times: { started: '2026-01-01T00:00:00.000Z' },
    }),
  );
  await writeFile(join(path, 'metrics.json'), JSON.stringify(document));
  return path;
}

const board = async (paths: readonly string[], allowMixed = false, dataset = 'freihand') =>
  leaderboard({ dataset, runs: await Promise.all(paths.map((path) => StoredRun.open(path))), allowMixed });

const mine = (rows: readonly LeaderboardRow[]): LeaderboardRow[] => rows.filter(({ run }) => run !== null);

describe('a leaderboard', () => {
  it('ranks by the main metric, equal figures equally, rows without it last', async () => {
    const { rows } = await board([]);
    expect(rows).toHaveLength(25);
    expect(rows.slice(0, 5).map(({ rank, method }) => `${rank} ${method}`)).toEqual([
      '1 MobRecon',
      '1 Zhou et al.',
      '1 Hamba',
      '4 HHMR',
      '4 Hamba',
    ]);
    expect(rows.slice(-4).map(({ rank }) => rank)).toEqual([null, null, null, null]);
    const { rows: hint } = await board([], false, 'hint-visor');
    expect(hint.map(({ method }) => method).slice(0, 2)).toEqual(['Hamba', 'HaMeR-170k']);
  });

  it('places a run where its figure belongs at the printed precision, and keeps its full precision', async () => {
    const { rows } = await board([await makeRun({})]);
    const [row] = mine(rows);
    // 5.96 is 6.0 to the digit that HaMeR's 6.0 was printed with.
    expect(row).toMatchObject({ rank: 7, method: 'mine' });
    expect(row!.figures.get('pa_mpjpe_mm')).toEqual({ text: '6.0', value: 5.96 });
    expect(rows.find(({ method }) => method === 'HaMeR')!.rank).toBe(7);
    expect(rows.find(({ method }) => method === 'PointHMR')!.rank).toBe(9);
  });

  it.each<[string, Partial<MetricsDocument>, string]>([
    [
      'of a part of the samples',
      { coverage: { scored: 5, unscored: 0, folder: 5, benchmark: 3960 } },
      'partial 5 of 3,960',
    ],
    [
      'that left samples unscored',
      { coverage: { scored: 3959, unscored: 1, folder: 3960, benchmark: 3960 } },
      'partial 3,959 of 3,960',
    ],
    [
      'without reflections',
      { protocol: { ...datasetById('freihand').protocol, reflection: 'forbidden' } as never },
      'no reflection (det +1)',
    ],
    [
      'with joints of another source',
      { protocol: { ...datasetById('freihand').protocol, jointSource: 'smplx' } as never },
      'joints from smplx',
    ],
    [
      'under another version of the protocol',
      { protocol: { ...datasetById('freihand').protocol, version: 2 } as never },
      'version 2',
    ],
    ['of another split', { dataset: { id: 'freihand', split: 'training-gs' } }, 'split training-gs'],
  ])('shows a run %s without a rank, unless told to', async (_, change, note) => {
    const path = await makeRun({ change });
    const { rows } = await board([path]);
    expect(rows.at(-1)).toMatchObject({ rank: null, method: 'mine' });
    expect(rows.at(-1)!.run!.obstacles).toEqual([note]);
    expect(leaderboardText(await board([path]), TERMINAL, false)).toContain(`not ranked; ${note}`);
    const mixed = await board([path], true);
    expect(mine(mixed.rows)[0]!.rank).toBe(7);
    expect(leaderboardText(mixed, TERMINAL, false)).toContain('ranked though not comparable');
  });

  it('never calls a run that is not comparable the best', async () => {
    const change = { coverage: { scored: 5, unscored: 0, folder: 5, benchmark: 3960 } };
    const path = await makeRun({ change, metrics: { pa_mpjpe_mm: 0.1 } });
    const latex = leaderboardText(await board([path], true), LATEX, false);
    expect(latex).toContain('mine (ours)');
    expect(latex).not.toContain('\\textbf{0.1}');
    expect(latex).toContain('\\textbf{5.7}');
  });

  it('ranks with other boxes and with test-time augmentation, and says so', async () => {
    const official = datasetById('freihand').protocol;
    const path = await makeRun({
      change: {
        protocol: { ...official, boxes: 'npz' },
        tta: { 'aligned-mean': { pa_mpjpe_mm: 5.61 } },
      },
    });
    const { rows } = await board([path]);
    expect(mine(rows).map(({ rank, run }) => [rank, run!.tta])).toEqual([
      [1, 'aligned-mean'],
      [8, null],
    ]);
    const text = leaderboardText(await board([path]), TERMINAL, false);
    expect(text).toMatch(
      / 1 {2}▸ mine † +5\.6 +– +– +–\n {4}test-time augmentation: aligned-mean; boxes: npz\n/,
    );
    expect(text).toMatch(/ 8 {2}▸ mine +6\.0 .*\n {4}boxes: npz\n/);
  });

  it('refuses runs of other datasets, without scores, or unfinished', async () => {
    const code = async (made: Made): Promise<unknown> =>
      board([await makeRun(made)]).catch((error: unknown) => (error as { code: string }).code);
    expect(await code({ dataset: 'ho3d-v2' })).toBe('leaderboard-other-dataset');
    expect(await code({ state: 'interrupted' })).toBe('run-unfinished');
    expect(await code({ change: { schema: 'hamba-eval/metrics@9' as never } })).toBe('run-damaged');
    await expect(board(['/nowhere'])).rejects.toMatchObject({ code: 'run-directory-missing' });
  });

  it('tells runs of one name apart by their paths', async () => {
    const paths = [await makeRun({}), await makeRun({}), await makeRun({ name: 'other' })];
    const methods = mine((await board(paths)).rows).map(({ method }) => method);
    expect(methods.sort()).toEqual([...paths.slice(0, 2), 'other'].sort());
  });
});

describe('a leaderboard of keypoints without a published table', () => {
  it('ranks the runs by PCK@0.05, in percent with one decimal', async () => {
    (DATASETS as DatasetDefinition[]).push({ ...datasetById('hint-visor'), id: 'toy-keypoints' });
    const paths = [0.43614, 0.47249].map((share, index) =>
      makeRun({
        name: `run-${index}`,
        dataset: 'toy-keypoints',
        metrics: { pck_0_05_all: share, pck_0_1_all: 0.8 },
      }),
    );
    const found = await board(await Promise.all(paths), false, 'toy-keypoints');
    expect(found).toMatchObject({ table: null, metrics: ['pck_0_05_all', 'pck_0_1_all'] });
    const text = leaderboardText(found, TERMINAL, false);
    expect(text).toMatch(/^1 {2}run-1 +47\.2 +80\.0$/m);
    expect(text).toMatch(/^2 {2}run-0 +43\.6 +80\.0$/m);
    expect(text).toContain('ranked by PCK@0.05 all');
  });
});

describe('a leaderboard on paper', () => {
  it.each(['freihand', 'ho3d-v2', 'ho3d-v3', 'hint-newdays', 'hint-visor', 'hint-ego4d'])(
    'fits 80 columns, with a run of a long name and an escape sequence in it: %s',
    async (dataset) => {
      const path = await makeRun({ dataset, name: `${'a long name '.repeat(8)}\u001b[2J` });
      const text = leaderboardText(await board([path], false, dataset), TERMINAL, false);
      for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
      expect(text).not.toContain('\u001b');
      for (const { method } of (await board([], false, dataset)).table!.rows) expect(text).toContain(method);
    },
  );

  it('marks the best in bold and the second underlined, in markdown and LaTeX', async () => {
    const empty = await board([], false, 'ho3d-v3');
    const latex = leaderboardText(empty, LATEX, false);
    expect(latex).toContain('1 & Hamba & NeurIPS 2024 & \\textbf{6.9} & \\textbf{6.8}');
    expect(latex).toContain('2 & AMVUR & CVPR 2023 & \\underline{8.7} & \\underline{8.3}');
    expect(leaderboardText(empty, MARKDOWN, false)).toContain(
      '| 1 | Hamba | NeurIPS 2024 | **6.9** | **6.8** |',
    );
  });

  it('has keys of metrics.json and full precision in JSON, and no key for what is not reported', async () => {
    const json = leaderboardJson(await board([await makeRun({})])) as {
      rows: { method: string; run?: string; rank?: number; metrics: Record<string, number> }[];
    };
    const own = json.rows.find(({ run }) => run !== undefined)!;
    expect(own).toMatchObject({
      rank: 7,
      comparable: true,
      metrics: { pa_mpjpe_mm: 5.96, f5_aligned: 0.7901 },
    });
    const zimmermann = json.rows.find(({ method }) => method === 'Zimmermann et al.')!;
    expect(zimmermann).not.toHaveProperty('rank');
    expect(zimmermann.metrics).toEqual({ pa_mpvpe_mm: 10.7, f5_aligned: 0.529, f15_aligned: 0.935 });
  });
});

describe('the linter', () => {
  it('looks at runs beside the published rows, by the digits a table would print of them', async () => {
    const path = await makeRun({
      metrics: { pa_mpjpe_mm: 5.96, f5_aligned: 0.995, f15_aligned: 0.99 },
      change: {
        tta: {
          'aligned-mean': { pa_mpjpe_mm: 5.5, pa_mpvpe_mm: 7, f5_aligned: 0.9904, f15_aligned: 0.9901 },
        },
      },
    });
    const found = await board([path]);
    const findings = lintRuns(found.rows);
    expect(findings).toEqual([
      expect.objectContaining({ method: 'mine (aligned-mean)', tta: true, rule: 'joints-vertices' }),
      expect.objectContaining({ method: 'mine', run: path, tta: false, rule: 'f-order' }),
    ]);
    expect(lintTable(found.table)).toEqual([]);
    const text = lintText(found, findings);
    expect(text).toContain('25 published rows of FreiHAND (Table 1) and 2 of yours: 2 contradictions.');
    expect(text).toMatch(/^! ▸ mine: F@5 0\.995 is larger than F@15 0\.99\.$/m);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('finds nothing in a run that agrees with itself', async () => {
    expect(lintRuns((await board([await makeRun({})])).rows)).toEqual([]);
  });
});
