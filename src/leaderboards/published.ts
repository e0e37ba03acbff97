/** Published tables as data: what a paper reports, digit by digit, with where it stands. */
import { findMetric, headlineOf, KEYPOINT_METRIC_KEYS } from '../metrics/index.js';
import { PUBLISHED_FREIHAND } from './data/freihand.js';
import { PUBLISHED_HINT } from './data/hint.js';
import { PUBLISHED_HO3D_V2 } from './data/ho3d-v2.js';
import { PUBLISHED_HO3D_V3 } from './data/ho3d-v3.js';

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

const HAMBA = {
  citation:
    'Dong et al., Hamba: Single-view 3D Hand Reconstruction with Graph-guided Bi-Scanning Mamba, NeurIPS 2024, arXiv 2407.09646',
  url: 'https://arxiv.org/abs/2407.09646',
} as const;

const FULL_MIXTURE = 'the Hamba row was trained on the full mixture of datasets';

/** HInt's three sets by the prefix of their columns. */
const HINT_SETS = { 'hint-newdays': 'newdays', 'hint-visor': 'visor', 'hint-ego4d': 'ego4d' } as const;

export const PUBLISHED_TABLES: readonly PublishedTable[] = [
  handTable('freihand', 'Table 1', PUBLISHED_FREIHAND, 'the Hamba rows were trained on FreiHAND alone', [
    "METRO's own page gives 6.2 mm, 6.3 mm, 0.743, 0.984 with test-time augmentation and 6.6 mm, 6.7 mm, 0.721, 0.981 without; its row here differs from both",
  ]),
  handTable('ho3d-v2', 'Table 2', PUBLISHED_HO3D_V2, FULL_MIXTURE),
  handTable('ho3d-v3', 'Table 3', PUBLISHED_HO3D_V3, FULL_MIXTURE),
  ...Object.keys(HINT_SETS).map((dataset) => hintTable(dataset as keyof typeof HINT_SETS)),
];

/** @throws TypeError for a dataset without a table: every registered one has one. */
export function publishedTable(dataset: string): PublishedTable {
  const table = PUBLISHED_TABLES.find((candidate) => candidate.dataset === dataset);
  if (table === undefined) throw new TypeError(`no published table for ${dataset}`);
  return table;
}

type CsvRecord = ReadonlyMap<string, string>;

/** The cells of these tables hold no comma and no quote. */
function readCsv(text: string): { header: string[]; records: CsvRecord[] } {
  const [header = [], ...lines] = text
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return { header, records: lines.map((cells) => new Map(cells.map((cell, at) => [header[at]!, cell]))) };
}

function rowOf(record: CsvRecord, printed: ReadonlyMap<string, string>): PublishedRow {
  const text = (name: string): string => record.get(name) ?? '';
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

function handTable(
  dataset: string,
  table: string,
  text: string,
  remark: string,
  discrepancies: readonly string[] = [],
): PublishedTable {
  const { header, records } = readCsv(text);
  const metrics = header.filter((name) => findMetric(name) !== undefined);
  return {
    dataset,
    source: { ...HAMBA, table },
    metrics,
    rankedBy: headlineOf(metrics)!,
    hasBackbones: header.includes('backbone'),
    rows: records.map((record) => {
      const printed = metrics.map((key): [string, string] => [key, record.get(key) ?? '']);
      return rowOf(record, new Map(printed.filter(([, value]) => value !== '')));
    }),
    remarks: [remark],
    discrepancies,
  };
}

/** Three rows a method, one for each subset of the joints, become one; percent becomes shares, as in metrics.json. */
function hintTable(dataset: keyof typeof HINT_SETS): PublishedTable {
  const { header, records } = readCsv(PUBLISHED_HINT);
  const prefix = `${HINT_SETS[dataset]}_`;
  const columns = header.filter((name) => name.startsWith(prefix));
  const methods = new Map<string, { first: CsvRecord; printed: Map<string, string> }>();
  for (const record of records) {
    const name = record.get('method')!;
    const method = methods.get(name) ?? { first: record, printed: new Map<string, string>() };
    methods.set(name, method);
    for (const column of columns) {
      const percent = record.get(column)!;
      // One decimal of a percent is three of a share.
      const share = (Number(percent) / 100).toFixed(3);
      if (percent !== '')
        method.printed.set(`${column.slice(prefix.length)}_${record.get('joints')!}`, share);
    }
  }
  const all = [...methods.values()];
  const metrics = KEYPOINT_METRIC_KEYS.filter((key) => all.some(({ printed }) => printed.has(key)));
  return {
    dataset,
    source: { ...HAMBA, table: 'Table 5' },
    metrics,
    rankedBy: headlineOf(metrics)!,
    hasBackbones: false,
    rows: all.map(({ first, printed }) => rowOf(first, printed)),
    remarks: [FULL_MIXTURE],
    discrepancies: [],
  };
}
