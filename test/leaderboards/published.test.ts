/** The tables in the program against the csv they were typed into from the paper. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATASET_IDS } from '../../src/datasets/registry.js';
import { leaderboardText } from '../../src/leaderboards/leaderboard-text.js';
import { leaderboard } from '../../src/leaderboards/leaderboard.js';
import { PUBLISHED_TABLES, publishedTable } from '../../src/leaderboards/published.js';
import { CSV } from '../../src/text/formats/csv.js';
import { FIXTURES } from '../support/cli.js';

type Row = Readonly<Record<string, string>>;

function readCsv(text: string): Row[] {
  const [header = '', ...lines] = text.trim().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, at) => [names[at]!, cell])));
}

const paper = (name: string): Row[] =>
  readCsv(readFileSync(join(FIXTURES, 'published', `${name}.csv`), 'utf8'));

const ROWS = { freihand: 25, 'ho3d-v2': 21, 'ho3d-v3': 9 } as const;
const HINT = { 'hint-newdays': 'newdays', 'hint-visor': 'visor', 'hint-ego4d': 'ego4d' } as const;

async function csvOf(dataset: string): Promise<Row[]> {
  const board = await leaderboard({ dataset, runs: [], allowMixed: false });
  return readCsv(leaderboardText(board, CSV, false));
}

/** Rows are ranked in the csv; a method may stand twice, with and without augmentation. */
const byName = (rows: readonly Row[]): Row[] =>
  [...rows].sort((a, b) => `${a.method!}${a.tta ?? ''}`.localeCompare(`${b.method!}${b.tta ?? ''}`));

describe('the published tables', () => {
  it('are of datasets that there are, one each, with their source', () => {
    const ids = PUBLISHED_TABLES.map(({ dataset }) => dataset);
    expect(DATASET_IDS).toEqual(expect.arrayContaining(ids));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.sort()).toEqual([...Object.keys(ROWS), ...Object.keys(HINT)].sort());
    for (const { source } of PUBLISHED_TABLES) {
      expect(source.citation).toContain('arXiv 2407.09646');
      expect(source.table).toMatch(/^Table [1235]$/);
    }
  });

  it.each(Object.entries(ROWS))('hold all rows and numbers of %s: %i', (dataset, count) => {
    const rows = paper(dataset);
    expect(rows).toHaveLength(count);
    const { metrics, rows: ours } = publishedTable(dataset)!;
    expect(ours).toHaveLength(count);
    ours.forEach((row, index) => {
      const theirs = rows[index]!;
      expect(row).toMatchObject({
        method: theirs.method,
        venue: theirs.venue,
        reference: theirs.paper_reference === '' ? null : Number(theirs.paper_reference),
        backbone: theirs.backbone === undefined || theirs.backbone === '' ? null : theirs.backbone,
        stacked: theirs.stacked === 'yes',
        tta: theirs.tta === 'yes',
      });
      // Not reported stays without a value: no key, and never 0.
      for (const key of metrics) expect(row.printed.get(key) ?? '').toBe(theirs[key]);
      expect([...row.printed.keys()].every((key) => metrics.includes(key))).toBe(true);
    });
  });

  it.each(Object.entries(HINT))('hold all of HInt: %s', (dataset, prefix) => {
    const rows = paper('hint');
    expect(rows).toHaveLength(24);
    const { rows: ours, metrics } = publishedTable(dataset)!;
    expect(ours).toHaveLength(8);
    expect(metrics).toHaveLength(9);
    let numbers = 0;
    for (const theirs of rows) {
      const row = ours.find(({ method }) => method === theirs.method)!;
      expect(row.venue).toBe(theirs.venue);
      for (const threshold of ['0_05', '0_1', '0_15']) {
        const printed = row.printed.get(`pck_${threshold}_${theirs.joints!}`)!;
        expect((Number(printed) * 100).toFixed(1)).toBe(theirs[`${prefix}_pck_${threshold}`]);
        numbers += 1;
      }
    }
    expect(numbers).toBe(72);
  });

  it.each(Object.keys(ROWS))('come back from --format csv: %s', async (dataset) => {
    const given = byName(await csvOf(dataset));
    const expected = byName(paper(dataset));
    expect(given).toHaveLength(expected.length);
    given.forEach((row, index) => expect(row).toMatchObject(expected[index]!));
  });

  it.each(Object.entries(HINT))('come back from --format csv, as shares: %s', async (dataset, prefix) => {
    const given = await csvOf(dataset);
    for (const theirs of paper('hint')) {
      const row = given.find(({ method }) => method === theirs.method)!;
      for (const threshold of ['0_05', '0_1', '0_15']) {
        const share = Number(row[`pck_${threshold}_${theirs.joints!}`]);
        expect(share).toBeCloseTo(Number(theirs[`${prefix}_pck_${threshold}`]) / 100, 12);
      }
    }
  });

  it('have as many numbers in all as the paper', () => {
    const count = (rows: readonly Row[], isMetric: RegExp): number =>
      rows.flatMap((row) => Object.entries(row).filter(([key, value]) => isMetric.test(key) && value !== ''))
        .length;
    const files = ['freihand', 'ho3d-v2', 'ho3d-v3', 'hint'].map((name) =>
      count(paper(name), /_mm$|^f\d|^auc|pck/),
    );
    const ours = PUBLISHED_TABLES.map(({ rows }) => rows.reduce((sum, { printed }) => sum + printed.size, 0));
    expect(ours.reduce((a, b) => a + b)).toBe(files.reduce((a, b) => a + b));
  });
});
