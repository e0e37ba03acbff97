/** The table of `model profile`. */
import { grouped, padEnd, styled } from '../text/text.js';
import type { NetworkProfile, ProfileRow } from './profile.js';

const HEADER = ['', 'parameters', 'paper, M', 'MACs', 'paper, M', 'activations'];

export function profileText({ title, rows, measured }: NetworkProfile, colour: boolean): string {
  const header = measured === null ? HEADER : [...HEADER, 'time'];
  const cells = rows.map(rowCells);
  const widths = header.map((head, column) =>
    Math.max(head.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .slice(0, header.length)
      .map((cell, column) => (column === 0 ? padEnd(cell, widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [
    styled(`${title}, one image`, 'bold', colour),
    '',
    line(header),
    ...cells.map(line),
    '',
    'MACs are the multiply-accumulates of products of matrices and convolutions, as',
    'the paper counts them; activations are all values that operators write, in',
    'float32.',
    ...(measured === null ? [] : ['', ...measuredLines(measured)]),
  ].join('\n');
}

function measuredLines({
  provider,
  intra_op_threads,
  runtime_version,
  repetitions,
}: NonNullable<NetworkProfile['measured']>): string[] {
  const threads = provider === 'cpu' ? `, ${intra_op_threads} threads` : '';
  return [
    `Times: ONNX Runtime ${runtime_version} on ${provider}${threads}, random weights, median of ${repetitions} runs.`,
    'Each module is run as a graph of its own, so their sum is not the time of all:',
    'what is between modules is in All alone, and operators may be joined across.',
  ];
}

function rowCells(row: ProfileRow): string[] {
  return [
    row.module,
    row.parameters === 0 ? '' : grouped(row.parameters),
    row.published_parameters ?? '',
    row.multiply_accumulates === 0 ? '' : `${(row.multiply_accumulates / 1e6).toFixed(2)} M`,
    row.published_multiply_accumulates ?? '',
    row.activation_bytes === 0 ? '' : `${(row.activation_bytes / 2 ** 20).toFixed(1)} MiB`,
    row.latency_ms === null ? '' : `${row.latency_ms.toFixed(1)} ms`,
  ];
}
