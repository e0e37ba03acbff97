/** The table of `model profile`. */
import { grouped, padEnd, styled } from '../text/text.js';
import type { NetworkProfile, ProfileRow } from './profile.js';

const HEADER = ['', 'parameters', 'paper, M', 'multiply-accumulates', 'paper, M', 'activations'];

export function profileText({ title, rows }: NetworkProfile, colour: boolean): string {
  const cells = rows.map(rowCells);
  const widths = HEADER.map((head, column) =>
    Math.max(head.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? padEnd(cell, widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [
    styled(`${title}, one image`, 'bold', colour),
    '',
    line(HEADER),
    ...cells.map(line),
    '',
    'Products of matrices and convolutions are counted, as in the paper; activations are',
    'all values that operators write, in float32.',
  ].join('\n');
}

function rowCells(row: ProfileRow): string[] {
  return [
    row.module,
    row.parameters === 0 ? '' : grouped(row.parameters),
    row.published_parameters ?? '',
    row.multiply_accumulates === 0 ? '' : `${(row.multiply_accumulates / 1e6).toFixed(2)} M`,
    row.published_multiply_accumulates ?? '',
    row.activation_bytes === 0 ? '' : `${(row.activation_bytes / 2 ** 20).toFixed(1)} MiB`,
  ];
}
