/** The published results around a report's runs. */
import { leaderboard, type LeaderboardRow } from '../leaderboards/leaderboard.js';
import type { PublishedTable } from '../leaderboards/published-table.js';
import { publishedTable } from '../leaderboards/published.js';
import { metricOf, worseBy } from '../metrics/index.js';
import type { StoredRun } from '../runs/stored-run.js';
import { metricLabel, withUnit } from '../text/metric-text.js';
import type { PublishedNeighbours } from './page/report-data.js';

/** A run and its name on the page. */
interface NamedRun {
  readonly stored: StoredRun;
  readonly shown: { readonly name: string };
}

/** Published rows shown above and below each run. */
const REACH = 3;
/** More do not fit a page: the first are the ones a paper quotes. */
const MOST_COLUMNS = 6;

/** `null` where nothing is published for the dataset or the split. */
export async function neighboursOf(
  dataset: string,
  split: string,
  runs: readonly NamedRun[],
): Promise<PublishedNeighbours | null> {
  const table = publishedTable(dataset);
  if (table === null || split !== 'evaluation') return null;
  const board = await leaderboard({
    dataset,
    runs: runs.map(({ stored }) => stored),
    allowMixed: false,
  });
  const ranked = board.rows.filter(({ rank }) => rank !== null);
  const unranked = board.rows.filter(({ rank, run }) => rank === null && run !== null);
  const places = board.rows.flatMap((row) => (row.run === null ? [] : placeOf(row, ranked, table)));
  const near = ranked.filter((_, at) => places.some((place) => Math.abs(at - place) <= REACH));
  if (near.every(({ published }) => published === null)) return null;
  const metrics = table.metrics.slice(0, MOST_COLUMNS);
  return {
    caption: captionOf(table, near.length < ranked.length, unranked.length > 0),
    columns: metrics.map((key) => withUnit(key, metricLabel(key), ', ')),
    rows: [...near, ...unranked].map((row) => shownRow(row, metrics, runs)),
  };
}

/** Where a run's figure lies among the ranked rows, whether it is one of them or not; nowhere without a figure. */
function placeOf(
  row: LeaderboardRow,
  ranked: readonly LeaderboardRow[],
  { rankedBy }: PublishedTable,
): number[] {
  const figure = row.figures.get(rankedBy);
  if (figure === undefined) return [];
  const metric = metricOf(rankedBy);
  const better = ranked.filter(
    ({ figures }) => worseBy(metric, figures.get(rankedBy)!.value - figure.value) < 0,
  );
  return [better.length];
}

function captionOf({ source, rankedBy }: PublishedTable, isCut: boolean, hasUnranked: boolean): string {
  const { citation, table: number } = source;
  const order = metricLabel(rankedBy);
  const below = hasUnranked
    ? ' A run that is no benchmark number stands below, unranked; its row says why.'
    : '';
  return `${isCut ? 'The published results nearest to the runs' : 'The published results'}, in the order of ${order}; from ${citation}, ${number}, to the digits printed there.${below}`;
}

function shownRow(
  { method, figures, published, run }: LeaderboardRow,
  metrics: readonly string[],
  runs: readonly NamedRun[],
): PublishedNeighbours['rows'][number] {
  const notes =
    run === null
      ? [published?.venue, published?.backbone, published?.tta === true ? 'test-time augmentation' : null]
      : [run.tta, ...run.obstacles];
  const index = runs.findIndex(({ stored }) => stored.path === run?.path);
  return {
    // As the rest of the page has it.
    name: runs[index]?.shown.name ?? method,
    source: notes.filter((note) => note !== null && note !== undefined && note !== '').join('; '),
    run: index < 0 ? null : index,
    cells: metrics.map((key) => {
      const text = figures.get(key)?.text;
      if (text === undefined) return '–';
      // As the page's other tables have it, and the published one: one decimal of a percent is three of a share.
      return metricOf(key).unit === '%' ? (Number(text) * 100).toFixed(1) : text;
    }),
  };
}
