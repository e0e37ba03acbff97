/** Reads csv as csv.ts writes it. A file of its own: most commands write tables and read none. */
import type { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { parse as parseText } from 'csv-parse/sync';
import { asGiven } from './csv.js';

/** The rows of a small table, by the names in its header. */
export function csvRecords(text: string): Readonly<Record<string, string>>[] {
  return parseText(text, { columns: true, record_delimiter: '\n', skip_empty_lines: true, cast: asGiven });
}

/** The rows of a table of any length, its header first, whatever their numbers of cells. */
export function csvRows(source: Readable): AsyncIterable<string[]> {
  const parser = parse({ record_delimiter: '\n', relax_column_count: true, cast: asGiven });
  source.on('error', (error) => parser.destroy(error));
  return source.pipe(parser);
}
