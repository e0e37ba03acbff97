/** Tables as csv: RFC 4180 with a header, lines end in \n; cells are full precision. */
import { stringify } from 'csv-stringify/sync';

export type Cell = string | number | boolean | undefined;

/** A table with a header; an absent value is an empty cell. */
export function tableCsv(header: readonly string[], rows: Iterable<readonly Cell[]>): string {
  return stringify([[...header], ...[...rows].map((row) => [...row])], {
    cast: { boolean: (value) => (value ? '1' : '0') },
  });
}
