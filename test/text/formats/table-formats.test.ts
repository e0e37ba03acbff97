import { describe, expect, it } from 'vitest';
import { CSV } from '../../../src/text/formats/csv.js';
import { LATEX } from '../../../src/text/formats/latex.js';
import { MARKDOWN } from '../../../src/text/formats/markdown.js';
import type { TableColumn, TableFormat, TableRow } from '../../../src/text/formats/table-format.js';
import { TERMINAL } from '../../../src/text/formats/terminal.js';

const COLUMNS: readonly TableColumn[] = [
  { key: 'method', title: 'method', align: 'left' },
  { key: 'pa_mpjpe_mm', title: 'PA-MPJPE mm', align: 'right', better: 'lower' },
  { key: 'f5_aligned', title: 'F@5', align: 'right', better: 'higher' },
];

const ROWS: readonly TableRow[] = [
  [
    { text: 'ours' },
    { text: '5.7', value: 5.712345678901234, mark: 'best' },
    { text: '0.806', value: 0.806 },
  ],
  [{ text: 'theirs' }, { text: '6.0', value: 6, mark: 'second' }, null],
];

function render(
  format: TableFormat,
  columns: readonly TableColumn[] = COLUMNS,
  rows: readonly TableRow[] = ROWS,
  more: { colour?: boolean; caption?: string; label?: string; width?: number } = {},
): string {
  return format.render(columns, rows, { colour: false, width: 80, ...more });
}

const lines = (text: string): string[] => text.split('\n');

describe('a table for a terminal', () => {
  it('stands in columns, numbers to the right, with an arrow to what is better', () => {
    expect(lines(render(TERMINAL))).toEqual([
      'method  PA-MPJPE mm ↓  F@5 ↑',
      'ours              5.7  0.806',
      'theirs            6.0      –',
    ]);
  });

  it('shows what is best where colour is welcome, and nothing of it elsewhere', () => {
    const coloured = render(TERMINAL, COLUMNS, ROWS, { colour: true });
    expect(coloured).toContain('\u001b[1m5.7\u001b[0m  0.806');
    expect(coloured).toContain('\u001b[4m6.0\u001b[0m');
    expect(render(TERMINAL)).not.toContain('\u001b');
  });

  it('breaks titles before it breaks names, arrows under each other', () => {
    const columns = COLUMNS.map((column) => ({ ...column }));
    expect(lines(render(TERMINAL, columns, ROWS, { width: 24 }))).toEqual([
      '        PA-MPJPE    F@5',
      'method      mm ↓      ↑',
      'ours         5.7  0.806',
      'theirs       6.0      –',
    ]);
  });

  it('leaves out what is there if there is room, then breaks names, then cuts them, never a number', () => {
    const columns: TableColumn[] = [
      { key: 'method', title: 'method', align: 'left' },
      { key: 'venue', title: 'venue', align: 'left', terminal: 'if-room' },
      { key: 'x', title: 'error', align: 'right' },
    ];
    const rows: TableRow[] = [
      [{ text: 'a method of many words' }, { text: 'NeurIPS 2024' }, { text: '12345.678' }],
      [{ text: 'averylongnamewithoutanyspace' }, { text: 'CVPR 2024' }, { text: '1.5' }],
    ];
    expect(render(TERMINAL, columns, rows)).toContain('NeurIPS 2024');
    expect(render(TERMINAL, columns, rows, { width: 50 })).not.toContain('venue');
    expect(lines(render(TERMINAL, columns, rows, { width: 27 }))).toEqual([
      'method                error',
      'a method of many  12345.678',
      'words',
      'avery…utanyspace        1.5',
    ]);
  });

  it('puts the columns that do not fit into a block below, behind the names', () => {
    const many: TableColumn[] = [
      { key: 'method', title: 'method', align: 'left' },
      ...Array.from({ length: 12 }, (_, k): TableColumn => ({
        key: `m${k}`,
        title: `metric${k}`,
        align: 'right',
      })),
    ];
    const row: TableRow = [
      { text: 'ours' },
      ...Array.from({ length: 12 }, (_, k) => ({ text: `1234.56${k}` })),
    ];
    const text = render(TERMINAL, many, [row]);
    for (const line of lines(text)) expect(line.length).toBeLessThanOrEqual(80);
    expect(text.match(/^ours/gm)).toHaveLength(2);
    for (let k = 0; k < 12; k++) expect(text).toContain(`1234.56${k}`);
  });

  it('puts notes below their rows, wrapped', () => {
    const columns: TableColumn[] = [
      ...COLUMNS,
      { key: 'notes', title: 'notes', align: 'left', terminal: 'below' },
    ];
    const rows = ROWS.map((row, index) => [
      ...row,
      index === 0 ? null : { text: 'partial 5 of 3,960; and more' },
    ]);
    expect(lines(render(TERMINAL, columns, rows, { width: 29 }))).toEqual([
      'method  PA-MPJPE mm ↓  F@5 ↑',
      'ours              5.7  0.806',
      'theirs            6.0      –',
      '    partial 5 of 3,960; and',
      '    more',
    ]);
  });

  it('never lets data move the cursor or begin a line', () => {
    const text = render(TERMINAL, COLUMNS, [[{ text: 'a\u001b[2Jb\r\n\tc\u0007' }, null, null]]);
    expect(lines(text)[1]).toMatch(/^a\\x1b\[2Jb c\\x07/);
  });

  it('is a header alone where there are no rows', () => {
    expect(render(TERMINAL, COLUMNS, [])).toBe('method  PA-MPJPE mm ↓  F@5 ↑');
  });

  it.each([24, 30, 40, 60, 80, 120])('keeps to %i columns for names of every length', (width) => {
    for (let length = 1; length < 100; length += 3) {
      const rows: TableRow[] = [[{ text: 'x'.repeat(length) }, { text: '12.3' }, { text: '0.5' }]];
      for (const line of lines(render(TERMINAL, COLUMNS, rows, { width }))) {
        expect(line.length).toBeLessThanOrEqual(width);
      }
    }
  });
});

describe('a table in markdown', () => {
  it('marks best and second and aligns numbers', () => {
    expect(lines(render(MARKDOWN))).toEqual([
      '| method | PA-MPJPE mm ↓ | F@5 ↑ |',
      '| --- | ---: | ---: |',
      '| ours | **5.7** | 0.806 |',
      '| theirs | <u>6.0</u> | – |',
    ]);
  });

  it('escapes what markdown and HTML would obey', () => {
    const text = render(MARKDOWN, COLUMNS, [[{ text: 'a|b*c_d`<script>&[x](y)\n# z' }, null, null]]);
    expect(lines(text)[2]).toContain('a\\|b\\*c\\_d\\`&lt;script&gt;&amp;\\[x\\](y) \\# z');
    expect(lines(text)).toHaveLength(3);
  });

  it('leaves out columns in which there is nothing', () => {
    const rows = ROWS.map((row) => row.map((cell, index) => (index === 2 ? null : cell)));
    expect(render(MARKDOWN, COLUMNS, rows)).not.toContain('F@5');
  });
});

describe('a table in LaTeX', () => {
  it('is a booktabs table with best in bold and second underlined', () => {
    expect(lines(render(LATEX, COLUMNS, ROWS, { caption: 'FreiHAND, 100 %', label: 'tab:a b' }))).toEqual([
      '% \\usepackage{booktabs}',
      '\\begin{table}',
      '  \\centering',
      '  \\caption{FreiHAND, 100 \\%}',
      '  \\label{tab:a-b}',
      '  \\begin{tabular}{lrr}',
      '    \\toprule',
      '    method & PA-MPJPE mm $\\downarrow$ & F@5 $\\uparrow$ \\\\',
      '    \\midrule',
      '    ours & \\textbf{5.7} & 0.806 \\\\',
      '    theirs & \\underline{6.0} & -- \\\\',
      '    \\bottomrule',
      '  \\end{tabular}',
      '\\end{table}',
    ]);
  });

  it('escapes everything TeX would obey', () => {
    const name = '\\input{x} $a$ & b_c #1 50% ~ ^ <d> | ± † ∗ ≤';
    const cell = lines(render(LATEX, COLUMNS, [[{ text: name }, null, { text: '1' }]])).find((line) =>
      line.includes('input'),
    );
    expect(cell).toBe(
      '    \\textbackslash{}input\\{x\\} \\$a\\$ \\& b\\_c \\#1 50\\% \\textasciitilde{} \\textasciicircum{} \\textless{}d\\textgreater{} \\textbar{} $\\pm$ $\\dagger$ $\\ast$ $\\leq$ & 1 \\\\',
    );
  });
});

describe('a table as data', () => {
  it('has full precision and empty cells in csv', () => {
    expect(render(CSV)).toBe('method,pa_mpjpe_mm,f5_aligned\nours,5.712345678901234,0.806\ntheirs,6,\n');
  });

  it('quotes text in csv', () => {
    expect(lines(render(CSV, COLUMNS, [[{ text: 'a "b", c' }, null, null]]))[1]).toBe('"a ""b"", c",,');
  });
});
