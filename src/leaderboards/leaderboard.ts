/**
 * `leaderboard`: published rows and one's own runs in one order.
 *
 * A published figure is known to the digits that were printed, so a run is ranked by its figure rounded to as many;
 * equal figures share a rank. Figures that are not the benchmark's own (a part of the samples, another protocol) are
 * shown without a rank unless the caller allows it.
 */
import { datasetById } from '../datasets/registry.js';
import { metricOf, worseBy } from '../metrics/index.js';
import { publishedTable, type PublishedRow, type PublishedTable } from './published.js';
import { readRunEntries, type RunEntry } from './run-entries.js';

export interface LeaderboardRequest {
  readonly dataset: string;
  /** Run directories. */
  readonly runs: readonly string[];
  /** Rank runs that are not comparable, and say so in their row. */
  readonly allowMixed: boolean;
}

export interface Figure {
  /** At the precision of the published column. */
  readonly text: string;
  /** In full precision, in the units of metrics.json. */
  readonly value: number;
}

export interface LeaderboardRow {
  /** Null where the row is not ranked: it lacks the ranking metric, or is not comparable. */
  readonly rank: number | null;
  readonly method: string;
  readonly figures: ReadonlyMap<string, Figure>;
  readonly published: PublishedRow | null;
  readonly run: RunEntry | null;
}

export interface Leaderboard {
  readonly dataset: string;
  readonly title: string;
  readonly table: PublishedTable;
  /** Ranked ones first, the best at the top. */
  readonly rows: readonly LeaderboardRow[];
}

type Unranked = Omit<LeaderboardRow, 'rank'>;

export async function leaderboard(request: LeaderboardRequest): Promise<Leaderboard> {
  const { dataset, runs, allowMixed } = request;
  const { title } = datasetById(dataset);
  const table = publishedTable(dataset);
  const decimals = decimalsOf(table);
  const rows: Unranked[] = [
    ...table.rows.map((row) => publishedRow(row)),
    ...(await readRunEntries(dataset, runs)).map((entry) => runRow(entry, table, decimals)),
  ];
  const isRanked = ({ figures, run }: Unranked): boolean =>
    figures.has(table.rankedBy) && (allowMixed || (run?.obstacles.length ?? 0) === 0);
  return {
    dataset,
    title,
    table,
    rows: [
      ...ranked(rows.filter(isRanked), table.rankedBy),
      ...rows.filter((row) => !isRanked(row)).map((row) => ({ ...row, rank: null })),
    ],
  };
}

function publishedRow(published: PublishedRow): Unranked {
  const figures = [...published.printed].map(([key, text]): [string, Figure] => [
    key,
    { text, value: Number(text) },
  ]);
  return { method: published.method, figures: new Map(figures), published, run: null };
}

function runRow(run: RunEntry, { metrics }: PublishedTable, decimals: ReadonlyMap<string, number>): Unranked {
  const figures = metrics.flatMap((key): [string, Figure][] => {
    const value = run.metrics[key];
    return value === undefined ? [] : [[key, { text: value.toFixed(decimals.get(key)), value }]];
  });
  return { method: run.name, figures: new Map(figures), published: null, run };
}

/** How many digits each column was printed with. */
function decimalsOf({ metrics, rows }: PublishedTable): Map<string, number> {
  return new Map(
    metrics.map((key) => {
      const lengths = rows.map(({ printed }) => printed.get(key)?.split('.')[1]?.length ?? 0);
      return [key, Math.max(...lengths)];
    }),
  );
}

/** Best first; published rows before runs of the same figure, among themselves in the order of their table. */
function ranked(rows: readonly Unranked[], key: string): LeaderboardRow[] {
  const figure = (row: Unranked): number => Number(row.figures.get(key)!.text);
  const sorted = [...rows].sort((a, b) => worseBy(metricOf(key), figure(a) - figure(b)));
  return sorted.map((row) => ({
    ...row,
    rank: 1 + sorted.findIndex((other) => figure(other) === figure(row)),
  }));
}
