/** Tables as csv: RFC 4180 with a header, lines end in \n; cells are full precision. */
import type { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { parse as parseText } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';

export type Cell = string | number | boolean | undefined;

/** A table with a header; an absent value is an empty cell. */
export function tableCsv(header: readonly string[], rows: Iterable<readonly Cell[]>): string {
  return stringify([[...header], ...[...rows].map((row) => [...row])], {
    cast: { boolean: (value) => (value ? '1' : '0') },
  });
}

/** The rows of a small table, by the names in its header. */
export function csvRecords(text: string): Readonly<Record<string, string>>[] {
  return parseText(text, { columns: true, record_delimiter: '\n', skip_empty_lines: true });
}

/** The rows of a table of any length, its header first, whatever their numbers of cells. */
export function csvRows(source: Readable): AsyncIterable<string[]> {
  const parser = parse({ record_delimiter: '\n', relax_column_count: true });
  source.on('error', (error) => parser.destroy(error));
  return source.pipe(parser);
}
