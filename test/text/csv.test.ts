import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { csvRows } from '../../src/text/csv-reader.js';
import { tableCsv } from '../../src/text/csv.js';

const TEXTS = [
  'newdays_012',
  '00000012',
  '',
  '=HYPERLINK("http://example.org","ok")',
  '+cmd|calc',
  '-cmd',
  '@SUM(A1)',
  '\t=1+1',
  "'=1+1",
  "''@x",
  "it's",
  "'quoted'",
  'a "b", c\nd',
];

describe('text in a csv', () => {
  const csv = tableCsv(
    ['id'],
    TEXTS.map((text) => [text]),
  );

  it('comes back as it was', async () => {
    const rows: string[] = [];
    for await (const [cell] of csvRows(Readable.from([csv]))) rows.push(cell!);
    expect(rows).toEqual(['id', ...TEXTS]);
  });

  it('begins no cell with what a spreadsheet computes', () => {
    const beginsFormula = /^"?[=+\-@\t]/;
    const found = csv.split('\n').filter((line) => beginsFormula.test(line));
    expect(found).toEqual([]);
  });
});

it('leaves numbers as they are, also those that are text', () => {
  expect(tableCsv(['a', 'b'], [[-1.5, '-0.12']])).toBe('a,b\n-1.5,-0.12\n');
});
