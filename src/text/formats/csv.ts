import { tableCsv } from '../csv.js';
import { visible, type TableFormat } from './table-format.js';

/** Values in full precision; the cell of an absent one is empty. */
export const CSV: TableFormat = {
  id: 'csv',
  around: 'nothing',
  render: (columns, rows) =>
    tableCsv(
      columns.map(({ key }) => key),
      rows.map((row) => row.map((cell) => (cell === null ? undefined : visible(cell.value ?? cell.text)))),
    ),
};
