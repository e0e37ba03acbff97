/** The result of a run as an 80-column terminal shows it. */
import type { Protocol } from '../metrics/index.js';
import { isPartial, type MetricsDocument } from '../runs/metrics-document.js';
import { formatMetric, metricLabel } from '../text/metric-labels.js';
import { displayWidth, grouped, printable, shortened, styled, wrapText } from '../text/text.js';

const WIDTH = 80;

/** One row: a quantity, aligned and raw. */
interface Row {
  readonly label: string;
  readonly aligned: string;
  readonly raw: string;
}

const ROWS: readonly Row[] = [
  { label: 'MPJPE', aligned: 'pa_mpjpe_mm', raw: 'mpjpe_mm' },
  { label: 'MPVPE', aligned: 'pa_mpvpe_mm', raw: 'mpvpe_mm' },
  { label: 'F@5', aligned: 'f5_aligned', raw: 'f5' },
  { label: 'F@15', aligned: 'f15_aligned', raw: 'f15' },
  { label: 'AUC_J', aligned: 'auc_j_aligned', raw: 'auc_j' },
  { label: 'AUC_V', aligned: 'auc_v_aligned', raw: 'auc_v' },
];

/** The thresholds of PCK as the keys of metrics.json spell them. */
const KEYPOINT_ROWS = [
  { label: 'PCK@0.05', threshold: '0_05' },
  { label: 'PCK@0.10', threshold: '0_1' },
  { label: 'PCK@0.15', threshold: '0_15' },
] as const;

const KEYPOINT_COLUMNS = [
  { title: 'all', subset: 'all' },
  { title: 'visible', subset: 'vis' },
  { title: 'occluded', subset: 'occ' },
] as const;

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
    ...(document.protocol.measure === 'keypoints-2d'
      ? keypointRows(document, colour)
      : handRows(document, document.protocol, colour)),
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

/** Joints and vertices in 3D: a quantity a row, aligned beside raw. */
function handRows(document: MetricsDocument, protocol: Protocol, colour: boolean): string[] {
  const header = row('', alignedTitle(protocol), '95 % interval', 'raw', '95 % interval');
  const lines = [styled(header, 'dim', colour)];
  for (const { label, aligned, raw } of ROWS) {
    if (document.metrics[aligned] === undefined && document.metrics[raw] === undefined) continue;
    const unit = metricLabel(aligned).unit;
    const name = unit === '' ? label : `${label} ${unit}`;
    lines.push(
      row(
        name,
        value(document, aligned),
        interval(document, aligned),
        value(document, raw),
        interval(document, raw),
      ),
    );
  }
  return [...lines, ...scaleTranslationRow(document), ...properRotationRow(document)];
}

/** The metrics that stand beside each fusion of test-time augmentation. */
const TTA_COLUMNS: Readonly<
  Record<MetricsDocument['protocol']['measure'], readonly (readonly [string, string])[]>
> = {
  'hands-3d': [
    ['PA-MPJPE mm', 'pa_mpjpe_mm'],
    ['PA-MPVPE mm', 'pa_mpvpe_mm'],
    ['F@5', 'f5_aligned'],
    ['F@15', 'f15_aligned'],
  ],
  'keypoints-2d': [
    ['PCK@0.05, %', 'pck_0_05_all'],
    ['PCK@0.10, %', 'pck_0_1_all'],
    ['PCK@0.15, %', 'pck_0_15_all'],
  ],
};

/** A fusion a row, the un-augmented pass first: figures with and without augmentation are never seen apart. */
function ttaRows(document: MetricsDocument, colour: boolean): string[] {
  const { tta, tta_sweep: sweep, metrics, protocol } = document;
  if (tta === undefined) return [];
  const title = sweep === undefined ? 'augmentation' : `augmented, ${grouped(sweep.passes)} passes`;
  const columns = TTA_COLUMNS[protocol.measure].filter(([, key]) => metrics[key] !== undefined);
  const cells = (values: MetricsDocument['metrics']): string =>
    columns
      .map(([, key]) => (values[key] === undefined ? '–' : formatMetric(key, values[key])).padStart(14))
      .join('');
  const header = columns.map(([title]) => title.padStart(14)).join('');
  return [
    '',
    styled(`${title.padEnd(24)}${header}`, 'dim', colour),
    `${'none'.padEnd(24)}${cells(metrics)}`,
    ...Object.entries(tta).map(([fusion, values]) => `${fusion.padEnd(24)}${cells(values)}`),
  ];
}

function row(
  label: string,
  aligned: string,
  alignedInterval: string,
  raw: string,
  rawInterval: string,
): string {
  const cells = [
    label.padEnd(12),
    // Whatever is wider than its column (millimetres taken for metres) still stands apart from its neighbour.
    ` ${aligned.padStart(12)}`,
    ` ${alignedInterval.padStart(18)}`,
    ` ${raw.padStart(13)}`,
    ` ${rawInterval.padStart(19)}`,
  ];
  return cells.join('').trimEnd();
}

/** Keypoints in the photograph: a threshold a row, a subset of the keypoints a column; percent. */
function keypointRows(document: MetricsDocument, colour: boolean): string[] {
  const subsets = KEYPOINT_COLUMNS.filter(({ subset }) =>
    KEYPOINT_ROWS.some(({ threshold }) => document.metrics[`pck_${threshold}_${subset}`] !== undefined),
  );
  const header = subsets.map(({ title }) => title.padStart(10) + '95 % interval'.padStart(14)).join('');
  if (subsets.length === 0) return [];
  const rows = KEYPOINT_ROWS.map(({ label, threshold }) =>
    [
      label,
      ...subsets.flatMap(({ subset }) => {
        const key = `pck_${threshold}_${subset}`;
        return [value(document, key).padStart(10), interval(document, key).padStart(14)];
      }),
    ]
      .join('')
      .trimEnd(),
  );
  return [styled(`PCK, %  ${header}`.trimEnd(), 'dim', colour), ...rows];
}

function value(document: MetricsDocument, key: string): string {
  const number = document.metrics[key];
  return number === undefined ? '–' : formatMetric(key, number);
}

function interval(document: MetricsDocument, key: string): string {
  const bounds = document.confidence[key];
  return bounds === undefined ? '' : `${formatMetric(key, bounds.low)} – ${formatMetric(key, bounds.high)}`;
}

function alignedTitle({ reflection }: Protocol): string {
  return reflection === 'allowed' ? 'aligned (PA)' : 'PA, det +1';
}

/** The official alignment may mirror a hand; where it did, the figures without that stand beside. */
function properRotationRow(document: MetricsDocument): string[] {
  const { metrics } = document;
  const parts = [
    ['MPJPE', 'pa_mpjpe_mm', 'pa_mpjpe_proper_mm', ' mm'],
    ['MPVPE', 'pa_mpvpe_mm', 'pa_mpvpe_proper_mm', ' mm'],
    ['F@5', 'f5_aligned', 'f5_aligned_proper', ''],
    ['F@15', 'f15_aligned', 'f15_aligned_proper', ''],
  ] as const;
  if (parts.every(([, key, proper]) => metrics[proper] === undefined || metrics[key] === metrics[proper])) {
    return [];
  }
  const shown = parts
    .filter(([, , proper]) => metrics[proper] !== undefined)
    .map(([label, key, proper, unit]) => `${label} ${formatMetric(key, metrics[proper]!)}${unit}`);
  return ['', ...wrapped(`no reflection (det +1): ${shown.join(', ')}`, '', false)];
}

/** HO-3D's third alignment has a line of its own. */
function scaleTranslationRow(document: MetricsDocument): string[] {
  if (document.metrics.sta_mpjpe_mm === undefined) return [];
  const error = `${value(document, 'sta_mpjpe_mm')} mm`;
  const auc = value(document, 'auc_j_sta');
  return ['', `scale-translation aligned joints: MPJPE ${error}, AUC_J ${auc}`];
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
