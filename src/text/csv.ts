/** Tables as csv: RFC 4180 with a header, lines end in \n; cells are full precision. */
import { stringify } from 'csv-stringify/sync';

export type Cell = string | number | boolean | undefined;

/** A table with a header; an absent value is an empty cell. */
export function tableCsv(header: readonly string[], rows: Iterable<readonly Cell[]>): string {
  return stringify([[...header], ...[...rows].map((row) => [...row])], {
    cast: { boolean: (value) => (value ? '1' : '0'), string: inert },
  });
}

/** Text that a spreadsheet would compute, and what `inert` has made of such text. */
const FORMULA = /^'*[=+\-@\t\r]/;

/** An apostrophe before text that a spreadsheet would take for a formula; a number stays a number. */
function inert(text: string): string {
  return FORMULA.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
}

/** The text that `inert` was given. */
export function asGiven(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
