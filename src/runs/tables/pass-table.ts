/** `tta_passes.csv`: one row a pass of a sweep that kept them, with the metrics of that pass alone. */
import { tableCsv, type Cell } from '../../text/csv.js';
import type { MetricValues } from '../metrics-document.js';
import type { RunDirectory } from '../run-directory.js';
import { CsvTable } from './csv-table.js';

export interface PassRow {
  readonly index: number;
  readonly name: string;
  readonly rotation_deg: number;
  readonly scale: number;
  readonly metrics: MetricValues;
}

export async function writePassTable(run: RunDirectory, passes: readonly PassRow[]): Promise<void> {
  const keys = [...new Set(passes.flatMap(({ metrics }) => Object.keys(metrics)))];
  const rows = passes.map((pass): Cell[] => [
    pass.index,
    pass.name,
    pass.rotation_deg,
    pass.scale,
    ...keys.map((key) => pass.metrics[key]),
  ]);
  await run.writeText('passes', tableCsv(['pass', 'name', 'rotation_deg', 'scale', ...keys], rows));
}

/** @throws UserError where the file is not there or damaged. */
export async function readPassTable(file: string): Promise<PassRow[]> {
  const table = await CsvTable.read(file, (header) => ({
    texts: ['name'],
    numbers: header.filter((name) => name !== 'name'),
  }));
  const [rotations, scales] = [table.number('rotation_deg'), table.number('scale')];
  const metrics = [...table.numbersWithout('pass', 'rotation_deg', 'scale')];
  return table.number('pass').map((index, row) => ({
    index,
    name: table.text('name')[row]!,
    rotation_deg: rotations[row]!,
    scale: scales[row]!,
    metrics: Object.fromEntries(
      metrics.flatMap(([key, values]) => (Number.isNaN(values[row]!) ? [] : [[key, values[row]!]])),
    ),
  }));
}
