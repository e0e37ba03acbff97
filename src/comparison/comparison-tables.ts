/** The tables and cells of a comparison, as the terminal and the formats for papers both show them. */
import { metricOf, worseBy } from '../metrics/index.js';
import {
  type TableCell,
  type TableColumn,
  type TableFormat,
  type TableOptions,
  type TableRow,
} from '../text/formats/table-format.js';
import { formatMetric, INTERVAL_TITLE, metricLabel, withUnit } from '../text/metric-text.js';
import type { ComparedRun, ComparisonDocument, MetricDifference } from './comparison-document.js';
import { isConcerned } from './unlikeness.js';

/** Corrected p below which a difference is marked. */
export const SIGNIFICANT = 0.05;

/** Stands by a name or a metric that is compared across unlike rules. */
export const UNLIKE_MARK = '≠';

export function others({ runs, baseline, paired }: ComparisonDocument): ComparedRun[] {
  return paired === null ? [] : runs.filter(({ name }) => name !== baseline);
}

export function metricKeys({ runs }: ComparisonDocument): string[] {
  return [...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)))];
}

export function title(metric: string): string {
  // As STA-MPJPE has it: the column stays narrow.
  return withUnit(metric, metricLabel(metric).replace('scale-translation', 'STA'));
}

/** Best and second of a metric, among values as they are shown: what reads the same is as good. */
export function marks(document: ComparisonDocument, metric: string): Map<string, 'best' | 'second'> {
  const shown = document.runs.flatMap(({ name, metrics }) =>
    metrics[metric] === undefined ? [] : [{ name, value: Number(formatMetric(metric, metrics[metric])) }],
  );
  const distinct = [...new Set(shown.map(({ value }) => value))].sort((a, b) =>
    worseBy(metricOf(metric), a - b),
  );
  if (distinct.length < 2) return new Map();
  return new Map(
    shown.flatMap(({ name, value }): [string, 'best' | 'second'][] => {
      const rank = distinct.indexOf(value);
      return rank > 1 ? [] : [[name, rank === 0 ? 'best' : 'second']];
    }),
  );
}

export function valueCell(run: ComparedRun, metric: string, mark?: 'best' | 'second'): TableCell | null {
  const value = run.metrics[metric];
  if (value === undefined) return null;
  return { text: formatMetric(metric, value), value, ...(mark === undefined ? {} : { mark }) };
}

export function isMixed({ mixed }: ComparedRun): boolean {
  return mixed.length > 0;
}

/** The run directory, and the fusion whose figures are compared. */
export function runText({ run, tta }: ComparedRun): string {
  return tta === undefined ? run : `${run} (${tta})`;
}

export function markedName(run: ComparedRun): string {
  return isMixed(run) ? `${run.name} ${UNLIKE_MARK}` : run.name;
}

export function signed(metric: string, value: number): string {
  const text = formatMetric(metric, Math.abs(value));
  // Exactly none, or less than is shown.
  if (value === 0) return text;
  return `${value < 0 ? '−' : '+'}${text}`;
}

function intervalText(metric: string, { low, high }: MetricDifference): string {
  return low === undefined || high === undefined ? '' : `${signed(metric, low)} to ${signed(metric, high)}`;
}

function pText({ p, p_holm: corrected }: MetricDifference): string {
  if (p === undefined) return '';
  const isMarked = corrected !== undefined && corrected < SIGNIFICANT;
  return `${p === 1 ? '1' : p.toFixed(4)}${isMarked ? '*' : ''}`;
}

export function shareText(share: number): string {
  return (100 * share).toFixed(share === 0 || share === 1 ? 0 : 1);
}

/** Difference, interval, p and share of a metric; all absent where it is not compared. */
function differenceCells(run: ComparedRun, metric: string): (TableCell | null)[] {
  const found = run.differences[metric];
  if (found === undefined) return [null, null, null, null];
  return [
    { text: signed(metric, found.difference), value: found.difference },
    { text: intervalText(metric, found) },
    { text: pText(found) },
    { text: shareText(found.improved), value: found.improved },
  ];
}

function differenceColumns(run: ComparedRun, baseline: string): TableColumn[] {
  return [
    { key: 'difference', title: `${run.name} − ${baseline}`, align: 'right' },
    { key: 'interval', title: INTERVAL_TITLE, align: 'right' },
    { key: 'p', title: 'p', align: 'right' },
    { key: 'improved', title: 'better %', align: 'right' },
  ];
}

export function metricCell(document: ComparisonDocument, run: ComparedRun | null, metric: string): TableCell {
  const unlike = (run === null ? document.runs : [run]).some(({ mixed }) =>
    mixed.some(({ concerns }) => concerns === 'unaligned' && isConcerned(metric, concerns)),
  );
  const arrow = metricOf(metric).better === 'lower' ? '↓' : '↑';
  return { text: `${title(metric)} ${arrow}${unlike ? ` ${UNLIKE_MARK}` : ''}` };
}

export const METRIC_COLUMN: TableColumn = { key: 'metric', title: '', align: 'left' };

export function differencesTable(
  document: ComparisonDocument,
  run: ComparedRun,
  format: TableFormat,
  options: TableOptions,
): string {
  // Of more than two runs the values stand in a table of their own.
  const withValues = document.runs.length === 2 ? document.runs : [];
  const columns = [
    METRIC_COLUMN,
    ...withValues.map(({ name }): TableColumn => ({ key: name, title: name, align: 'right' })),
    ...differenceColumns(run, document.baseline),
  ];
  const rows = metricKeys(document).map((metric): TableRow => {
    const best = marks(document, metric);
    return [
      metricCell(document, run, metric),
      ...withValues.map((of) => valueCell(of, metric, best.get(of.name) === 'best' ? 'best' : undefined)),
      ...differenceCells(run, metric),
    ];
  });
  return format.render(columns, rows, options);
}
