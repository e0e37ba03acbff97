/**
 * `leaderboard`: published rows and one's own runs in one order.
 *
 * A published figure is known to the digits that were printed, so a run is ranked by its figure rounded to as many;
 * equal figures share a rank. Figures that are not the benchmark's own (a part of the samples, another protocol) are
 * shown without a rank unless the caller allows it. Where nothing is published, the runs stand alone.
 */
import { datasetById } from '../datasets/registry.js';
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { headlineOf, metricOf, METRICS, worseBy } from '../metrics/index.js';
import type { StoredRun } from '../runs/stored-run.js';
import type { PublishedRow, PublishedTable } from './published-table.js';
import { publishedTable } from './published.js';
import { readRunEntries, type RunEntry } from './run-entries.js';

export interface LeaderboardRequest {
  readonly dataset: string;
  readonly runs: readonly StoredRun[];
  /** Rank runs that are not comparable, and say so in their row. */
  readonly allowMixed: boolean;
}

export interface Figure {
  /** At the precision of the published column, or of the metric where nothing is published. */
  readonly text: string;
  /** The figure in full precision, in the units of metrics.json. */
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
  /** Null where nothing is published for the dataset. */
  readonly table: PublishedTable | null;
  /** Keys of metrics.json, in the order of the columns. */
  readonly metrics: readonly string[];
  /** The metric that ranks. */
  readonly rankedBy: string;
  /** Ranked ones first, the best at the top. */
  readonly rows: readonly LeaderboardRow[];
}

type Unranked = Omit<LeaderboardRow, 'rank'>;

/** @throws UserError where nothing is published for the dataset, and no run is given either. */
export async function leaderboard(request: LeaderboardRequest): Promise<Leaderboard> {
  const { dataset, runs, allowMixed } = request;
  const definition = datasetById(dataset);
  const table = publishedTable(dataset);
  if (table === null && runs.length === 0) throw nothingPublished(definition);
  const entries = await readRunEntries(dataset, runs);
  const columns = table === null ? runColumns(definition, entries) : publishedColumns(table);
  const { rankedBy } = columns;
  const rows: Unranked[] = [
    ...(table?.rows ?? []).map((row) => publishedRow(row)),
    ...entries.map((entry) => runRow(entry, columns.decimals)),
  ];
  const isRanked = ({ figures, run }: Unranked): boolean =>
    figures.has(rankedBy) && (allowMixed || (run?.obstacles.length ?? 0) === 0);
  return {
    dataset,
    title: definition.title,
    table,
    metrics: [...columns.decimals.keys()],
    rankedBy,
    rows: [
      ...ranked(rows.filter(isRanked), rankedBy),
      ...rows.filter((row) => !isRanked(row)).map((row) => ({ ...row, rank: null })),
    ],
  };
}

function nothingPublished({ id, title }: DatasetDefinition): UserError {
  return new UserError({
    code: 'leaderboard-empty',
    message: `No table of published results is known for ${title}`,
    expected: 'runs, to be ranked among themselves',
    got: 'none',
    next: `name their directories: hamba-eval leaderboard ${id} RUN_DIR…`,
  });
}

interface Columns {
  /** Digits behind the point of each column, by its key, in the order of the columns. */
  readonly decimals: ReadonlyMap<string, number>;
  readonly rankedBy: string;
}

/** The columns of a published table, each with as many digits as it was printed with. */
function publishedColumns({ metrics, rows, rankedBy }: PublishedTable): Columns {
  const decimals = new Map(
    metrics.map((key) => {
      const lengths = rows.map(({ printed }) => printed.get(key)?.split('.')[1]?.length ?? 0);
      return [key, Math.max(...lengths)];
    }),
  );
  return { decimals, rankedBy };
}

/** What a paper quotes of such runs, as far as they have it, with as many digits as people read. */
function runColumns({ protocol }: DatasetDefinition, runs: readonly RunEntry[]): Columns {
  const quoted = METRICS.filter(
    ({ measure, alignment }) =>
      measure === protocol.measure && (alignment === 'similarity' || alignment === null),
  );
  const present = quoted.filter(({ key }) => runs.some(({ metrics }) => metrics[key] !== undefined));
  // One decimal of a percent is three of a share.
  const decimals = new Map(present.map(({ key, unit, decimals: n }) => [key, unit === '%' ? n + 2 : n]));
  const named = present.length > 0 ? present : quoted;
  return { decimals, rankedBy: headlineOf(named.map(({ key }) => key))! };
}

function publishedRow(published: PublishedRow): Unranked {
  const figures = [...published.printed].map(([key, text]): [string, Figure] => [
    key,
    { text, value: Number(text) },
  ]);
  return { method: published.method, figures: new Map(figures), published, run: null };
}

function runRow(run: RunEntry, decimals: Columns['decimals']): Unranked {
  const figures = [...decimals].flatMap(([key, digits]): [string, Figure][] => {
    const value = run.metrics[key];
    return value === undefined ? [] : [[key, { text: value.toFixed(digits), value }]];
  });
  return { method: run.name, figures: new Map(figures), published: null, run };
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
