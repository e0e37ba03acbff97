/** What every table format must do, and that each is offered and shows a comparison and a leaderboard. */
import { describe, expect, it } from 'vitest';
import Compare from '../../../src/commands/compare.js';
import LeaderboardCommand from '../../../src/commands/leaderboard.js';
import { compare } from '../../../src/comparison/compare.js';
import { comparisonText } from '../../../src/comparison/comparison-text.js';
import { leaderboardText } from '../../../src/leaderboards/leaderboard-text.js';
import { leaderboard } from '../../../src/leaderboards/leaderboard.js';
import { DATA_FORMATS, FORMAT_CHOICES, tableFormat } from '../../../src/text/formats/registry.js';
import type { TableColumn, TableOptions, TableRow } from '../../../src/text/formats/table-format.js';
import { madeRun } from '../../comparison/support.js';

const FORMATS = FORMAT_CHOICES.flatMap((choice) => tableFormat(choice) ?? []);

const COLUMNS: readonly TableColumn[] = [
  { key: 'method', title: 'method', align: 'left' },
  { key: 'pa_mpjpe_mm', title: 'PA-MPJPE mm', align: 'right', better: 'lower' },
  { key: 'f5_aligned', title: 'F@5', align: 'right', better: 'higher' },
];

const ROWS: readonly TableRow[] = [
  [{ text: 'ours' }, { text: '5.7', value: 5.7, mark: 'best' }, { text: '0.806', value: 0.806 }],
  [{ text: 'theirs' }, { text: '6.4', value: 6.4, mark: 'second' }, null],
];

const OPTIONS: TableOptions = { colour: false, width: 80, caption: 'Both.', label: 'tab:both' };

const RUNS = ['run-a', 'run-b'].map((path, index) =>
  madeRun({
    path,
    columns: { pa_mpjpe_mm: Array.from({ length: 20 }, (_, sample) => 7 - index + (sample % 3) / 7) },
  }),
);

describe.each(FORMATS)('the table format $id', (format) => {
  const { id, around } = format;
  const isData = around === 'nothing';

  it('is offered under an id of its own', () => {
    expect(FORMAT_CHOICES.filter((choice) => choice === id)).toHaveLength(1);
    for (const { flags } of [Compare, LeaderboardCommand]) {
      expect(flags.format.options).toEqual(FORMAT_CHOICES);
      expect(flags.format.summary).toContain(DATA_FORMATS);
    }
    expect(DATA_FORMATS.split(/, | and /).includes(id)).toBe(isData);
  });

  it('shows every column and row in order, and nothing in the place of nothing', () => {
    const text = format.render(COLUMNS, ROWS, OPTIONS);
    const order = [isData ? 'f5_aligned' : 'F@5', 'ours', '5.7', '0.806', 'theirs', '6.4'];
    const places = order.map((part) => text.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(text).not.toMatch(/null|undefined|NaN/);
    expect(text.includes('Both.')).toBe(around === 'captions');
  });

  it('never lets data move the cursor or begin a line', () => {
    const rows: TableRow[] = [[{ text: 'a\u001b[2Jb\r\n\tc\u0007' }, { text: '1' }, { text: '1' }]];
    const text = format.render(COLUMNS, rows, OPTIONS);
    expect(text).not.toContain('\u001b');
    expect(text).not.toMatch(/^\s*c/m);
  });

  it('shows a comparison, with its notes unless it is for programs', () => {
    const text = comparisonText(compare(RUNS, { allowMixed: false, failIfWorse: [] }), format, false);
    for (const part of ['run-a', 'run-b', '7.1', '6.1']) expect(text).toContain(part);
    expect(text.includes('bootstrap')).toBe(!isData);
  });

  it('shows a leaderboard, with its source unless it is for programs', async () => {
    const board = await leaderboard({ dataset: 'freihand', runs: [], allowMixed: false });
    const text = leaderboardText(board, format, false);
    for (const { method, published } of board.rows) {
      expect(text).toContain(method.split(/[ +&_]/)[0]!);
      expect(text).toContain(published!.printed.get('pa_mpjpe_mm') ?? '');
    }
    expect(text.includes('Published figures')).toBe(!isData);
  });
});

it('json is no table: it is the document itself', () => {
  expect(FORMAT_CHOICES.at(-1)).toBe('json');
  expect(tableFormat('json')).toBeNull();
  expect(DATA_FORMATS).toMatch(/ and json$/);
});
