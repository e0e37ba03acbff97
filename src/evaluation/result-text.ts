/** The result of a run as an 80-column terminal shows it. */
import {
  HAND_METRICS,
  KEYPOINT_METRICS,
  KEYPOINT_SUBSETS,
  METRICS,
  SUBSET_NAMES,
  underAlignment,
  type AnyProtocol,
  type HandMetric,
  type MetricDefinition,
} from '../metrics/index.js';
import { isPartial, type MetricsDocument } from '../runs/metrics-document.js';
import { formatMetric, INTERVAL_TITLE, withUnit } from '../text/metric-text.js';
import { measureText } from '../text/measure-text.js';
import { displayWidth, grouped, printable, shortened, styled, wrapText } from '../text/text.js';

const WIDTH = 80;

export interface MetricsTableOptions {
  readonly title: string;
  /** What was measured: the checkpoint or the prediction file. */
  readonly subject: string;
  readonly colour: boolean;
}

export function metricsTable(document: MetricsDocument, options: MetricsTableOptions): string {
  const { colour } = options;
  const { coverage } = document;
  const counts = isPartial(coverage)
    ? `partial ${grouped(coverage.scored)} of ${grouped(coverage.benchmark)} samples`
    : `all ${grouped(coverage.benchmark)} samples`;
  const title = `${printable(options.title)} · ${document.dataset.split}`;
  const gap = ' '.repeat(Math.max(2, WIDTH - displayWidth(title) - counts.length));
  const lines = [
    styled(title, 'bold', colour) + gap + (isPartial(coverage) ? styled(counts, 'yellow', colour) : counts),
    styled(shortened(printable(options.subject), WIDTH), 'dim', colour),
    '',
    ...ROWS[document.protocol.measure](document, colour),
    ...ttaRows(document, colour),
  ];
  if (coverage.unscored > 0) {
    const named = document.unscored.slice(0, 3).map(({ id, reason }) => `${id} (${reason})`);
    const more = document.unscored.length > named.length ? ', …' : '';
    lines.push(
      '',
      ...wrapped(
        `${grouped(coverage.unscored)} of ${grouped(coverage.scored + coverage.unscored)} samples are not scored: ${named.join(', ')}${more}`,
        '! ',
        colour,
      ),
    );
  }
  for (const warning of document.warnings) {
    lines.push('', ...wrapped(`${sentence(warning.message)} ${sentence(warning.remedy)}`, '! ', colour));
  }
  return lines.join('\n');
}

/** The figures of each kind of measure. */
const ROWS = { 'hands-3d': handRows, 'keypoints-2d': keypointRows } as const;

/** Joints and vertices in 3D: a quantity a row, aligned beside raw. */
function handRows(document: MetricsDocument, colour: boolean): string[] {
  const header = row('', alignedColumn(document.protocol), INTERVAL_TITLE, 'raw', INTERVAL_TITLE);
  const lines = [styled(header, 'dim', colour)];
  for (const name of namesOf(HAND_METRICS)) {
    const shown = HAND_METRICS.filter((metric) => metric.name === name && isIn(document, metric));
    const aligned = shown.find(({ alignment }) => alignment === 'similarity');
    const raw = shown.find(({ alignment }) => alignment === 'none');
    const either = aligned ?? raw;
    if (either === undefined) continue;
    const cells = [aligned, raw].flatMap((metric) => [value(document, metric), interval(document, metric)]);
    lines.push(row(withUnit(either.key, name), ...cells));
  }
  return [...lines, ...scaleTranslationRows(document), ...properRotationRow(document)];
}

/** A fusion a row, the un-augmented pass first: figures with and without augmentation are never seen apart. */
function ttaRows(document: MetricsDocument, colour: boolean): string[] {
  const { tta, tta_sweep: sweep, metrics, protocol } = document;
  if (tta === undefined) return [];
  const words = measureText(protocol.measure);
  const title = sweep === undefined ? 'augmentation' : `augmented, ${grouped(sweep.passes)} passes`;
  const columns = METRICS.filter(
    (metric) => metric.headline && metric.measure === protocol.measure && isIn(document, metric),
  );
  const cells = (values: MetricsDocument['metrics']): string =>
    columns
      .map(({ key }) => (values[key] === undefined ? '–' : formatMetric(key, values[key])).padStart(14))
      .join('');
  const header = columns.map((metric) => words.fusionColumn(metric).padStart(14)).join('');
  return [
    '',
    styled(`${title.padEnd(24)}${header}`, 'dim', colour),
    `${'none'.padEnd(24)}${cells(metrics)}`,
    ...Object.entries(tta).map(([fusion, values]) => `${fusion.padEnd(24)}${cells(values)}`),
  ];
}

/** Columns of the aligned figure, its interval, the raw figure and its interval. */
const CELL_WIDTHS = [12, 18, 13, 19] as const;

function row(label: string, ...cells: readonly string[]): string {
  // Whatever is wider than its column (millimetres taken for metres) still stands apart from its neighbour.
  const padded = cells.map((cell, index) => ` ${cell.padStart(CELL_WIDTHS[index]!)}`);
  return [label.padEnd(12), ...padded].join('').trimEnd();
}

/** Keypoints in the photograph: a threshold a row, a subset of the keypoints a column; percent. */
function keypointRows(document: MetricsDocument, colour: boolean): string[] {
  const present = KEYPOINT_METRICS.filter((metric) => isIn(document, metric));
  const subsets = KEYPOINT_SUBSETS.filter((subset) => present.some((metric) => metric.subset === subset));
  if (subsets.length === 0) return [];
  const header = subsets
    .map((subset) => SUBSET_NAMES[subset].padStart(10) + INTERVAL_TITLE.padStart(14))
    .join('');
  const rows = namesOf(present).map((name) => {
    const cells = subsets.flatMap((subset) => {
      const metric = present.find((candidate) => candidate.name === name && candidate.subset === subset);
      return [value(document, metric).padStart(10), interval(document, metric).padStart(14)];
    });
    return [name, ...cells].join('').trimEnd();
  });
  return [styled(`PCK, %  ${header}`.trimEnd(), 'dim', colour), ...rows];
}

function namesOf(metrics: readonly MetricDefinition[]): string[] {
  return [...new Set(metrics.map(({ name }) => name))];
}

function isIn({ metrics }: MetricsDocument, { key }: MetricDefinition): boolean {
  return metrics[key] !== undefined;
}

/** The value of a metric that the document has; a dash for none. */
function value({ metrics }: MetricsDocument, metric: MetricDefinition | undefined): string {
  return metric === undefined ? '–' : formatMetric(metric.key, metrics[metric.key]!);
}

function interval({ confidence }: MetricsDocument, metric: MetricDefinition | undefined): string {
  if (metric === undefined) return '';
  const bounds = confidence[metric.key];
  if (bounds === undefined) return '';
  return `${formatMetric(metric.key, bounds.low)} – ${formatMetric(metric.key, bounds.high)}`;
}

function alignedColumn(protocol: AnyProtocol): string {
  return 'reflection' in protocol && protocol.reflection === 'allowed' ? 'aligned (PA)' : 'PA, det +1';
}

/** The official alignment may mirror a hand; where it did, the headlines without that stand beside. */
function properRotationRow(document: MetricsDocument): string[] {
  const { metrics } = document;
  const twins = HAND_METRICS.filter(({ headline }) => headline).flatMap((metric) => {
    const proper = underAlignment(metric, 'similarity-proper');
    return proper !== undefined && isIn(document, proper) ? [{ metric, proper }] : [];
  });
  if (twins.every(({ metric, proper }) => metrics[metric.key] === metrics[proper.key])) return [];
  const shown = twins.map(({ proper }) => figure(document, proper)).join(', ');
  return ['', ...wrapped(`no reflection (det +1): ${shown}`, '', false)];
}

/** HO-3D's third alignment has a line of its own. */
function scaleTranslationRows(document: MetricsDocument): string[] {
  return (['joints', 'vertices'] as const).flatMap((of) => {
    const shown = HAND_METRICS.filter(
      (metric) => metric.alignment === 'scale-translation' && metric.of === of && isIn(document, metric),
    ).map((metric) => figure(document, metric));
    return shown.length === 0 ? [] : ['', `scale-translation aligned ${of}: ${shown.join(', ')}`];
  });
}

function figure(document: MetricsDocument, metric: HandMetric): string {
  return `${metric.name} ${withUnit(metric.key, value(document, metric))}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** `text` in lines of the terminal's width, behind a mark. */
function wrapped(text: string, mark: string, colour: boolean): string[] {
  return wrapText(printable(text), WIDTH - mark.length).map((content, index) =>
    index === 0 ? styled(mark, 'yellow', colour) + content : ' '.repeat(mark.length) + content,
  );
}
