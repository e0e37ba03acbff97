/** A published table as data: what a paper reports, digit by digit, with where it stands. */
import { findMetric, headlineOf } from '../metrics/index.js';
import { csvRecords } from '../text/csv-reader.js';

export interface PublishedRow {
  readonly method: string;
  /** The method's number in the list of references of the paper that reports it; null for that paper's own. */
  readonly reference: number | null;
  readonly venue: string;
  /** Null where the table does not say. */
  readonly backbone: string | null;
  /** The table's ∗: a stacked network. */
  readonly stacked: boolean;
  /** The table's †: test-time augmentation. */
  readonly tta: boolean;
  /** By the keys and in the units of metrics.json, with the digits that were printed; what was not reported has no key. */
  readonly printed: ReadonlyMap<string, string>;
}

export interface PublishedTable {
  readonly dataset: string;
  readonly source: PublishedSource;
  /** Keys of metrics.json, in the order of the columns. */
  readonly metrics: readonly string[];
  /** The metric that ranks. */
  readonly rankedBy: string;
  /** Whether the table tells backbones and stacked networks. */
  readonly hasBackbones: boolean;
  readonly rows: readonly PublishedRow[];
  /** What a reader should know of single rows. */
  readonly remarks: readonly string[];
  /** Where a row is not what its makers report themselves. */
  readonly discrepancies: readonly string[];
}

export interface PublishedSource {
  readonly citation: string;
  readonly table: string;
  readonly url: string;
}

export type CsvRecord = Readonly<Record<string, string>>;

export function rowOf(record: CsvRecord, printed: ReadonlyMap<string, string>): PublishedRow {
  const text = (name: string): string => record[name] ?? '';
  return {
    method: text('method'),
    reference: text('paper_reference') === '' ? null : Number(text('paper_reference')),
    venue: text('venue'),
    backbone: text('backbone') === '' ? null : text('backbone'),
    stacked: text('stacked') === 'yes',
    tta: text('tta') === 'yes',
    printed,
  };
}

/** A table of hands in 3D, whose columns are called as in metrics.json. */
export function handTable(
  dataset: string,
  source: PublishedSource,
  text: string,
  remark: string,
  discrepancies: readonly string[] = [],
): PublishedTable {
  const records = csvRecords(text);
  const header = Object.keys(records[0]!);
  const metrics = header.filter((name) => findMetric(name) !== undefined);
  return {
    dataset,
    source,
    metrics,
    rankedBy: headlineOf(metrics)!,
    hasBackbones: header.includes('backbone'),
    rows: records.map((record) => {
      const printed = metrics.map((key): [string, string] => [key, record[key]!]);
      return rowOf(record, new Map(printed.filter(([, value]) => value !== '')));
    }),
    remarks: [remark],
    discrepancies,
  };
}
