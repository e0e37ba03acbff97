/** `per_joint.csv`: one row a joint that was scored. */
import { tableCsv, type Cell } from '../../text/csv.js';
import type { RunDirectory } from '../run-directory.js';
import { CsvTable, numberCell } from './csv-table.js';

export interface JointTable {
  /** Index of each in the joint order of the protocol. */
  readonly joints: readonly number[];
  readonly names: readonly string[];
  /** Counts of samples and labels, and metrics: one value a joint, NaN where there is none. */
  readonly columns: ReadonlyMap<string, Float64Array>;
}

export async function writeJointTable(run: RunDirectory, table: JointTable): Promise<void> {
  const { joints, names, columns } = table;
  const rows = names.map((name, row): Cell[] => [
    joints[row],
    name,
    ...Array.from(columns.values(), (values) => numberCell(values[row]!)),
  ]);
  await run.writeText('perJoint', tableCsv(['joint', 'name', ...columns.keys()], rows));
}

/** @throws UserError where the file is not there or damaged. */
export async function readJointTable(file: string): Promise<JointTable> {
  const table = await CsvTable.read(file, (header) => ({
    texts: ['name'],
    numbers: ['joint', ...header.filter((name) => name !== 'joint' && name !== 'name')],
  }));
  return {
    joints: table.number('joint'),
    names: table.text('name'),
    columns: table.numbersWithout('joint'),
  };
}
