/** `per_sample.csv`: one row a sample; the metrics of an unscored one are empty, its reason is not. */
import { tableCsv, type Cell } from '../../text/csv.js';
import type { RunDirectory } from '../run-directory.js';
import { CsvTable, numberCell } from './csv-table.js';

export interface SampleTable {
  readonly ids: readonly string[];
  /** Position of each sample in the dataset folder. */
  readonly indices: ArrayLike<number>;
  /** 1 where the sample is scored. */
  readonly scored: Uint8Array;
  /** Why a sample is unscored; empty where it is scored. */
  readonly reasons: readonly string[];
  /** What each sample must be resampled together with; null where they are independent or it is not known. */
  readonly sequences: readonly string[] | null;
  /** One value a sample, NaN where there is none: metrics, and 1 where the best alignment mirrors the hand. */
  readonly columns: ReadonlyMap<string, Float64Array>;
}

const ABOUT = ['index', 'id', 'state', 'reason'];
const SEQUENCE = 'sequence';

export async function writeSampleTable(run: RunDirectory, table: SampleTable): Promise<void> {
  const { ids, indices, scored, reasons, sequences, columns } = table;
  const rows = ids.map((id, row): Cell[] => [
    indices[row],
    id,
    scored[row] === 1 ? 'scored' : 'unscored',
    reasons[row],
    ...(sequences === null ? [] : [sequences[row]]),
    ...Array.from(columns.values(), (values) => numberCell(values[row]!)),
  ]);
  const header = [...ABOUT, ...(sequences === null ? [] : [SEQUENCE]), ...columns.keys()];
  await run.writeText('perSample', tableCsv(header, rows));
}

/**
 * @param columns those to read; all unless given.
 * @throws UserError where the file is not there or damaged, or lacks one of them.
 */
export async function readSampleTable(file: string, columns?: readonly string[]): Promise<SampleTable> {
  const table = await CsvTable.read(file, (header) => ({
    texts: ['id', 'state', 'reason', ...(header.includes(SEQUENCE) ? [SEQUENCE] : [])],
    numbers: ['index', ...(columns ?? header.filter((name) => ![...ABOUT, SEQUENCE].includes(name)))],
  }));
  const ids = table.text('id');
  const known = new Set<string>();
  ids.forEach((id, row) => {
    if (known.has(id)) throw table.damaged(row, 'every sample once', `${id} for the second time`);
    known.add(id);
  });
  return {
    ids,
    indices: table.number('index'),
    scored: Uint8Array.from(table.text('state'), (state) => (state === 'scored' ? 1 : 0)),
    reasons: table.text('reason'),
    sequences: table.header.includes(SEQUENCE) ? table.text(SEQUENCE) : null,
    columns: table.numbersWithout('index'),
  };
}
