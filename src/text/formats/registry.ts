/** The formats of a table; one file each. */
import { CSV } from './csv.js';
import { LATEX } from './latex.js';
import { MARKDOWN } from './markdown.js';
import type { TableFormat } from './table-format.js';
import { TERMINAL } from './terminal.js';

const TABLE_FORMATS: readonly TableFormat[] = [TERMINAL, MARKDOWN, LATEX, CSV];

/** What `--format` takes. `json` is no table: it is the document that `--json` prints as well. */
export const FORMAT_CHOICES = [...TABLE_FORMATS.map(({ id }) => id), 'json'];

/** The formats that print data and nothing else, for the help of `--format`. */
export const DATA_FORMATS = new Intl.ListFormat('en-GB').format(
  FORMAT_CHOICES.filter((choice) => (tableFormat(choice)?.around ?? 'nothing') === 'nothing'),
);

/** @returns null for `json`. */
export function tableFormat(choice: string): TableFormat | null {
  return TABLE_FORMATS.find(({ id }) => id === choice) ?? null;
}
