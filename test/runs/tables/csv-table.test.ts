/** The reader of run directories' csv: gives back what the writer was given, and names what it was not. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvRows, type CsvRow } from '../../src/comparison/csv-rows.js';
import { tableCsv } from '../../src/text/csv.js';
import { temporaryFolder } from '../support/cli.js';

async function read(text: string): Promise<CsvRow[]> {
  const file = join(await temporaryFolder(), 'table.csv');
  await writeFile(file, text);
  const rows: CsvRow[] = [];
  for await (const row of csvRows(file)) rows.push(row);
  return rows;
}

describe('csvRows', () => {
  it('gives back what the writer was given', async () => {
    const nasty = ['a,b', 'say "so"', 'two\nlines', '', '"', '""', ' spaced ', 'ä–手', ','];
    const rows = await read(
      tableCsv(
        nasty.map((_, i) => `c${i}`),
        [nasty, [...nasty].reverse()],
      ),
    );
    expect(rows.map(({ cells }) => cells)).toEqual([
      nasty.map((_, i) => `c${i}`),
      nasty,
      [...nasty].reverse(),
    ]);
    // The second row spans two lines.
    expect(rows.map(({ line }) => line)).toEqual([1, 2, 4]);
  });

  it('does not mind where a piece of the file ends', async () => {
    // Pieces are 256 KiB: quotes, line ends and letters of several bytes lie across their borders.
    const table = Array.from({ length: 60_000 }, (_, i) => [`"${i}"`, 'x,手'.repeat(1 + (i % 3)), `${i}\n`]);
    const rows = await read(tableCsv(['a', 'b', 'c'], table));
    expect(rows).toHaveLength(60_001);
    expect(rows.slice(1).map(({ cells }) => cells)).toEqual(table);
  });

  it('reads a last row without its line end', async () => {
    expect((await read('a,b\n1,2')).map(({ cells }) => cells)).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
    expect((await read('a,b\n1,')).at(-1)?.cells).toEqual(['1', '']);
    expect((await read('a,b\n1,"2"')).at(-1)?.cells).toEqual(['1', '2']);
  });

  it.each([
    ['', /line 1/, 'an empty file'],
    ['a,b\n1,2\n3\n', /line 3/, '1 cells'],
    ['a,b\n1,"2\n', /line 2/, 'a quoted cell that does not end'],
    ['a,b\n1,2"3"\n', /line 2/, 'a quote within a cell'],
    ['a,b\n1,"2"3\n', /line 2/, 'text behind a closing quote'],
  ])('refuses %j', async (text, where, got) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'run-damaged',
      message: expect.stringMatching(where) as string,
      got,
    });
  });

  it('says that a file is not there', async () => {
    const rows = csvRows(join(await temporaryFolder(), 'no.csv'));
    await expect(rows.next()).rejects.toMatchObject({ code: 'file-missing' });
  });
});
