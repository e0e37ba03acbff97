/** `pck_curves.csv`: one row a threshold, one column a curve. */
import { isFile } from '../../datasets/folder.js';
import { tableCsv } from '../../text/csv.js';
import type { RunDirectory } from '../run-directory.js';
import { CsvTable } from './csv-table.js';

export interface CurveTable {
  /** `threshold_mm`, or `threshold` for shares of the longer side of the hand's box. */
  readonly scale: string;
  readonly thresholds: readonly number[];
  /** PCK (0…1) at each threshold, by the name of the curve. */
  readonly curves: ReadonlyMap<string, ArrayLike<number>>;
}

export async function writeCurveTable(run: RunDirectory, table: CurveTable): Promise<void> {
  const { scale, thresholds, curves } = table;
  const rows = thresholds.map((threshold, row) => [
    threshold,
    ...Array.from(curves.values(), (pck) => pck[row]),
  ]);
  await run.writeText('pckCurves', tableCsv([scale, ...curves.keys()], rows));
}

/**
 * @returns null where there is no such file: nothing was scored that has a curve.
 * @throws UserError where it is damaged.
 */
export async function readCurveTable(file: string): Promise<CurveTable | null> {
  if (!(await isFile(file))) return null;
  const table = await CsvTable.read(file, (header) => ({ texts: [], numbers: header }));
  const [scale = ''] = table.header;
  return { scale, thresholds: table.number(scale), curves: table.numbersWithout(scale) };
}
