/** The reader of run directories' csv: gives back what the writer was given, and names what it was not. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CsvTable } from '../../../src/runs/tables/csv-table.js';
import { tableCsv } from '../../../src/text/csv.js';
import { temporaryFolder } from '../../support/cli.js';

/** All columns as they are, but for those of numbers. */
async function read(text: string, numbers: readonly string[] = []): Promise<CsvTable> {
  const file = join(await temporaryFolder(), 'table.csv');
  await writeFile(file, text);
  return CsvTable.read(file, (header) => ({
    texts: header.filter((name) => !numbers.includes(name)),
    numbers,
  }));
}

/** Row by row. */
function cellsOf(table: CsvTable): string[][] {
  const columns = table.header.map((name) => table.text(name));
  return columns[0]!.map((_, row) => columns.map((values) => values[row]!));
}

describe('CsvTable', () => {
  it('gives back what the writer was given', async () => {
    const nasty = ['a,b', 'say "so"', 'two\nlines', '', '"', '""', ' spaced ', 'ä–手', ','];
    const header = nasty.map((_, i) => `c${i}`);
    const table = await read(tableCsv(header, [nasty, [...nasty].reverse()]));
    expect(table.header).toEqual(header);
    expect(cellsOf(table)).toEqual([nasty, [...nasty].reverse()]);
    // The first row spans two lines.
    expect([0, 1].map((row) => table.damaged(row, '', '').message)).toEqual([
      expect.stringMatching(/line 2\b/),
      expect.stringMatching(/line 4\b/),
    ]);
  });

  it('does not mind where a piece of the file ends', async () => {
    // Pieces are 64 KiB: quotes, line ends and letters of several bytes lie across their borders.
    const rows = Array.from({ length: 60_000 }, (_, i) => [`"${i}"`, 'x,手'.repeat(1 + (i % 3)), `${i}\n`]);
    expect(cellsOf(await read(tableCsv(['a', 'b', 'c'], rows)))).toEqual(rows);
  });

  it('reads a last row without its line end', async () => {
    expect(cellsOf(await read('a,b\n1,2'))).toEqual([['1', '2']]);
    expect(cellsOf(await read('a,b\n1,'))).toEqual([['1', '']]);
    expect(cellsOf(await read('a,b\n1,"2"'))).toEqual([['1', '2']]);
    expect(cellsOf(await read('a,b\n'))).toEqual([]);
  });

  it('reads numbers to the last bit, and an empty cell as NaN', async () => {
    const values = [0.1 + 0.2, -1e-300, 5e-324, 1.7976931348623157e308, 3];
    const table = await read(tableCsv(['id', 'x'], [...values.map((x) => ['a', x]), ['b', undefined]]), [
      'x',
    ]);
    expect(table.number('x')).toEqual([...values, NaN]);
    expect(table.numbersWithout()).toEqual(new Map([['x', Float64Array.of(...values, NaN)]]));
    expect(table.numbersWithout('x').size).toBe(0);
  });

  it.each([
    ['', /line 1\)/, 'an empty file'],
    ['a,b\n1,2\n3\n', /line 3\)/, '1 cells'],
    ['a,b\n"two\nlines",2\n3\n', /line 4\)/, '1 cells'],
    ['a,b\n1,2\n1,2,3\n1,2\n', /line 3\)/, '3 cells'],
    ['a,b\n1,"2\n', /line 2\)/, 'a quoted cell that does not end'],
    ['a,b\n1,2\n1,"2\n1,2\n', /line 3\)/, 'a quoted cell that does not end'],
    ['a,b\n1,2"3"\n', /line 2\)/, 'a quote within a cell'],
    ['a,b\n1,"2"3\n', /line 2\)/, 'text behind a closing quote'],
  ])('refuses %j', async (text, where, got) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'run-damaged',
      message: expect.stringMatching(where) as string,
      got,
    });
  });

  it.each([
    ['id,y\na,1\n', /line 1\)/, 'a column x', 'id, y'],
    ['id,x\na,1\nb,one\n', /line 3\)/, 'a number in x', 'one'],
    ['id,x\na,NaN\n', /line 2\)/, 'a number in x', 'NaN'],
    ['id,x\na,1e999\n', /line 2\)/, 'a number in x', '1e999'],
  ])('wants numbers where they belong: %j', async (text, where, expected, got) => {
    await expect(read(text, ['x'])).rejects.toMatchObject({
      code: 'run-damaged',
      message: expect.stringMatching(where) as string,
      expected,
      got,
    });
  });

  it('says that a file is not there', async () => {
    const file = join(await temporaryFolder(), 'no.csv');
    const reading = CsvTable.read(file, () => ({ texts: [], numbers: [] }));
    await expect(reading).rejects.toMatchObject({ code: 'file-missing', file });
  });
});
