/** A comparison of runs: for an 80-column terminal, for a paper (markdown, LaTeX) and as csv. */
import type {
  ComparedRun,
  ComparisonDocument,
  JointChange,
  MetricDifference,
  SampleChange,
  WorseCheck,
} from '../comparison/comparison-document.js';
import { isConcerned } from '../comparison/unlikeness.js';
import { DATASETS } from '../datasets/registry.js';
import { isPartial } from '../runs/metrics-document.js';
import { formatMetric, metricLabel } from './metric-labels.js';
import {
  renderTable,
  type TableCell,
  type TableColumn,
  type TableFormat,
  type TableOptions,
  type TableRow,
} from './table-formats.js';
import { grouped, printable, shortened, styled, wrapText } from './text.js';

const WIDTH = 80;

/** Corrected p below which a difference is marked. */
const SIGNIFICANT = 0.05;

/** Stands by a name or a metric that is compared across unlike rules. */
const UNLIKE_MARK = '≠';

export function comparisonText(
  document: ComparisonDocument,
  format: Exclude<TableFormat, 'json'>,
  colour: boolean,
): string {
  const options = { colour, width: WIDTH };
  switch (format) {
    case 'table':
      return terminalText(document, options);
    case 'markdown':
      return [
        resultsTable(document, format, options),
        ...others(document).map((run) => differencesTable(document, run, format, options)),
        ...notes(document).map((note) => note.replaceAll('*', '\\*')),
      ].join('\n\n');
    case 'latex':
      return [
        resultsTable(document, format, { ...options, caption: caption(document), label: 'tab:comparison' }),
        ...others(document).map((run) =>
          differencesTable(document, run, format, {
            ...options,
            caption: `${run.name} (${run.run}) against ${document.baseline}. ${notes(document).join(' ')}`,
            label: `tab:comparison-${run.name}`,
          }),
        ),
      ].join('\n\n');
    case 'csv':
      return csvText(document, options).trimEnd();
  }
}

/** One line a check, whatever the format. */
export function checkLines(document: ComparisonDocument): string[] {
  return document.checks.map((check) => checkLine(check, document.baseline));
}

function checkLine(check: WorseCheck, baseline: string): string {
  const { run, metric, allowed, worse_by: worseBy, lost_samples: lost, passed } = check;
  const { label } = metricLabel(metric);
  const amount = `${formatMetric(metric, Math.abs(worseBy))}${unitOf(metric)}`;
  const change = worseBy === 0 ? 'no different from' : `${amount} ${worseBy > 0 ? 'worse' : 'better'} than`;
  const missing =
    lost === 0
      ? ''
      : `; ${lost === 1 ? 'a sample that' : `${grouped(lost)} samples that`} ${baseline} has ${lost === 1 ? 'is' : 'are'} not scored`;
  return `${passed ? 'passed' : 'FAILED'}: ${run} is ${change} ${baseline} in ${label} (allowed: ${formatMetric(metric, allowed)}${unitOf(metric)})${missing}`;
}

function unitOf(metric: string): string {
  const { unit } = metricLabel(metric);
  return unit === '' ? '' : ` ${unit}`;
}

function others({ runs, baseline, paired }: ComparisonDocument): ComparedRun[] {
  return paired === null ? [] : runs.filter(({ name }) => name !== baseline);
}

function metricKeys({ runs }: ComparisonDocument): string[] {
  return [...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)))];
}

function title(metric: string): string {
  const { label, unit } = metricLabel(metric);
  // As STA-MPJPE has it: the column stays narrow.
  const short = label.replace('scale-translation', 'STA');
  return unit === '' ? short : `${short} ${unit}`;
}

/** Best and second of a metric, among values as they are shown: what reads the same is as good. */
function marks(document: ComparisonDocument, metric: string): Map<string, 'best' | 'second'> {
  const sign = metricLabel(metric).better === 'lower' ? 1 : -1;
  const shown = document.runs.flatMap(({ name, metrics }) =>
    metrics[metric] === undefined ? [] : [{ name, value: Number(formatMetric(metric, metrics[metric])) }],
  );
  const distinct = [...new Set(shown.map(({ value }) => value))].sort((a, b) => sign * (a - b));
  if (distinct.length < 2) return new Map();
  return new Map(
    shown.flatMap(({ name, value }): [string, 'best' | 'second'][] => {
      const rank = distinct.indexOf(value);
      return rank > 1 ? [] : [[name, rank === 0 ? 'best' : 'second']];
    }),
  );
}

function valueCell(run: ComparedRun, metric: string, mark?: 'best' | 'second'): TableCell | null {
  const value = run.metrics[metric];
  if (value === undefined) return null;
  return { text: formatMetric(metric, value), value, ...(mark === undefined ? {} : { mark }) };
}

function isMixed({ mixed }: ComparedRun): boolean {
  return mixed.length > 0;
}

function markedName(run: ComparedRun): string {
  return isMixed(run) ? `${run.name} ${UNLIKE_MARK}` : run.name;
}

// Differences

function signed(metric: string, value: number): string {
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

function shareText(share: number): string {
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
    { key: 'interval', title: '95 % interval', align: 'right' },
    { key: 'p', title: 'p', align: 'right' },
    { key: 'improved', title: 'better %', align: 'right' },
  ];
}

function metricCell(document: ComparisonDocument, run: ComparedRun | null, metric: string): TableCell {
  const unlike = (run === null ? document.runs : [run]).some(({ mixed }) =>
    mixed.some(({ concerns }) => concerns === 'unaligned' && isConcerned(metric, concerns)),
  );
  const arrow = metricLabel(metric).better === 'lower' ? '↓' : '↑';
  return { text: `${title(metric)} ${arrow}${unlike ? ` ${UNLIKE_MARK}` : ''}` };
}

const METRIC_COLUMN: TableColumn = { key: 'metric', title: '', align: 'left' };

function differencesTable(
  document: ComparisonDocument,
  run: ComparedRun,
  format: 'table' | 'markdown' | 'latex',
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
  return renderTable(format, columns, rows, options);
}

/** As papers print it: a method a row, a metric a column. */
function resultsTable(
  document: ComparisonDocument,
  format: 'markdown' | 'latex',
  options: TableOptions,
): string {
  const keys = metricKeys(document);
  const best = keys.map((key) => marks(document, key));
  const columns: TableColumn[] = [
    { key: 'name', title: '', align: 'left' },
    { key: 'run', title: 'Run', align: 'left' },
    ...keys.map((key): TableColumn => ({
      key,
      title: title(key),
      align: 'right',
      better: metricLabel(key).better,
    })),
  ];
  const rows = document.runs.map((run): TableRow => [
    { text: markedName(run) },
    { text: run.run },
    ...keys.map((key, k) => valueCell(run, key, best[k]!.get(run.name))),
  ]);
  return renderTable(format, columns, rows, options);
}

function datasetTitle({ dataset }: ComparisonDocument): string {
  return DATASETS.find(({ id }) => id === dataset.id)?.title ?? dataset.id;
}

function caption(document: ComparisonDocument): string {
  return `${datasetTitle(document)}, ${document.dataset.split}: ${samplesText(document)}.`;
}

/** One row a run and metric, under the keys of metrics.json. */
function csvText(document: ComparisonDocument, options: TableOptions): string {
  const keys = [
    'name',
    'run',
    'baseline',
    'metric',
    'value',
    'baseline_value',
    'difference',
    'low',
    'high',
    'level',
    'p',
    'p_holm',
    'improved',
    'equal',
    'worse',
  ] as const;
  const columns = [...keys, 'samples', 'missing', 'mixed'].map((key): TableColumn => ({
    key,
    title: key,
    align: 'left',
  }));
  const baseline = document.runs.find(({ name }) => name === document.baseline)!;
  const cell = (value: string | number | undefined): TableCell | null =>
    value === undefined ? null : { text: String(value), value };
  const rows = document.runs.flatMap((run) =>
    Object.keys(run.metrics).map((metric): TableRow => {
      const values = {
        name: run.name,
        run: run.run,
        ...(run === baseline ? {} : { baseline: baseline.run, baseline_value: baseline.metrics[metric] }),
        metric,
        value: run.metrics[metric],
        ...run.differences[metric],
        samples: document.paired?.samples,
        missing: run.missing,
        mixed: isMixed(run) ? run.mixed.map(({ field }) => field).join(' ') : undefined,
      } as Record<string, string | number | undefined>;
      return columns.map(({ key }) => cell(values[key]));
    }),
  );
  return renderTable('csv', columns, rows, options);
}

// Notes

function samplesText({ paired, runs }: ComparisonDocument): string {
  if (paired === null) return 'not paired';
  const { coverage } = runs[0]!;
  const whole = !isPartial({ ...coverage, scored: paired.samples });
  const count = whole
    ? `all ${grouped(paired.samples)} samples`
    : `partial ${grouped(paired.samples)} of ${grouped(coverage.benchmark)} samples`;
  return paired.units === 'groups' ? `${count} in ${grouped(paired.count)} groups` : count;
}

/** What the figures rest on, and everything that qualifies them. */
function notes(document: ComparisonDocument): string[] {
  const { paired, statistics, runs } = document;
  const lines: string[] = [];
  if (paired === null)
    lines.push('The runs are about different samples: nothing is paired, no difference shown.');
  else if (statistics.tests > 0) {
    const together =
      paired.units === 'groups' ? '; samples of one video sequence (or hand) stay together' : ' by sample';
    lines.push(
      `${100 * statistics.level} % bootstrap intervals and permutation p, paired${together}; * p < ${SIGNIFICANT} after Holm's correction for ${statistics.tests} tests.`,
    );
  }
  for (const run of runs) {
    for (const { field, baseline, run: value, concerns } of run.mixed) {
      const what = concerns === 'all' ? '' : ', which the metrics without alignment depend on';
      lines.push(
        `${UNLIKE_MARK} ${run.name}: ${field} is ${value}; ${document.baseline}: ${baseline}${what}.`,
      );
    }
    if (run.missing > 0) {
      lines.push(
        run.missing === 1
          ? `${run.name} has not scored one sample that another run has; it is left out for all.`
          : `${run.name} has not scored ${grouped(run.missing)} samples that another run has; they are left out for all.`,
      );
    }
    for (const { message } of run.remarks) lines.push(`${run.name}: ${message}.`);
  }
  return lines;
}

// Terminal

function terminalText(document: ComparisonDocument, options: TableOptions): string {
  const { colour } = options;
  const { runs } = document;
  const heading = `${datasetTitle(document)} · ${document.dataset.split}`;
  const counts = samplesText(document);
  const gap = ' '.repeat(Math.max(2, WIDTH - heading.length - counts.length));
  const differing = others(document);
  const blocks = [
    [
      styled(printable(heading), 'bold', colour) + gap + counts,
      ...runs.map((run) => legend(run, document)),
    ].join('\n'),
    ...(runs.length > 2 || differing.length === 0 ? [valuesTable(document, options)] : []),
    ...differing.flatMap((run) => [
      differencesTable(document, run, 'table', options),
      samplesBlock(document, run, options),
      jointsBlock(document, run, colour),
    ]),
    notes(document)
      .flatMap((note) => indented(note))
      .map((line) => styled(line, 'dim', colour))
      .join('\n'),
    document.checks
      .map((check) => {
        const lines = indented(checkLine(check, document.baseline)).join('\n');
        return styled(lines, check.passed ? 'green' : 'yellow', colour);
      })
      .join('\n'),
  ];
  return `\n${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Wrapped; what follows the first line stands in a little. */
function indented(text: string): string[] {
  return wrapText(printable(text), WIDTH - 2).map((line, index) => (index === 0 ? line : `  ${line}`));
}

function legend(run: ComparedRun, { baseline }: ComparisonDocument): string {
  const name = markedName(run).padEnd(4);
  const role = run.name === baseline ? '  (baseline)' : '';
  return `${name}${shortened(printable(run.run), WIDTH - name.length - role.length)}${role}`;
}

function valuesTable(document: ComparisonDocument, options: TableOptions): string {
  const columns = [
    METRIC_COLUMN,
    ...document.runs.map((run): TableColumn => ({ key: run.name, title: markedName(run), align: 'right' })),
  ];
  const rows = metricKeys(document).map((metric): TableRow => {
    const best = marks(document, metric);
    return [
      metricCell(document, null, metric),
      ...document.runs.map((run) => valueCell(run, metric, best.get(run.name))),
    ];
  });
  return renderTable('table', columns, rows, options);
}

function samplesBlock(
  document: ComparisonDocument,
  run: ComparedRun,
  { colour, width }: TableOptions,
): string {
  const { by } = document;
  const found = run.differences[by];
  if (found === undefined) return '';
  const { label, unit } = metricLabel(by);
  const head = `Samples by ${label}: ${run.name} better in ${shareText(found.improved)} %, equal in ${shareText(found.equal)} %, worse in ${shareText(found.worse)} %`;
  if (run.gained.length + run.lost.length === 0) return styled(head, 'bold', colour);
  const half = (width - 2) / 2;
  const column = (heading: string, changes: readonly SampleChange[]): string[] => [
    styled(`${heading}${unit === '' ? '' : `, ${unit}`}`.padEnd(half), 'dim', colour),
    ...(changes.length === 0 ? ['none'.padEnd(half)] : changes.map((change) => changeLine(change, by, half))),
  ];
  const left = column('gained most', run.gained);
  const right = column('lost most', run.lost);
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
    `${left[i] ?? ' '.repeat(half)}  ${right[i] ?? ''}`.trimEnd(),
  );
  return [styled(head, 'bold', colour), ...rows].join('\n');
}

function changeLine(
  { id, baseline, value, difference }: SampleChange,
  metric: string,
  width: number,
): string {
  const numbers = `${formatMetric(metric, baseline).padStart(6)} → ${formatMetric(metric, value).padStart(5)} ${signed(metric, difference).padStart(7)}`;
  const room = width - numbers.length - 1;
  return `${shortened(printable(id), room).padEnd(room)} ${numbers}`;
}

const FINGERS = ['thumb', 'index', 'middle', 'ring', 'pinky'] as const;

/** A finger a row, from the palm to its tip: where the hand got better or worse. */
function jointsBlock(document: ComparisonDocument, run: ComparedRun, colour: boolean): string {
  const key = run.joints[document.by] === undefined ? Object.keys(run.joints)[0] : document.by;
  const changes = key === undefined ? undefined : run.joints[key];
  if (key === undefined || changes === undefined || changes.length === 0) return '';
  const { label, unit } = metricLabel(key);
  const of = (joint: string): JointChange | undefined => changes.find((change) => change.joint === joint);
  const cell = (joint: string): string => {
    const change = of(joint);
    return (change === undefined ? '–' : signed(key, change.difference)).padStart(10);
  };
  const own = document.runs.some(({ missing }) => missing > 0) ? ", over each run's own samples" : '';
  const wrist = of('wrist') === undefined ? '' : `; wrist ${signed(key, of('wrist')!.difference)}`;
  return [
    styled(
      `Joints by ${label}: ${run.name} − ${document.baseline}${unit === '' ? '' : `, ${unit}`}${wrist}${own}`,
      'bold',
      colour,
    ),
    styled(
      `${' '.repeat(8)}${['base', '2', '3', 'tip'].map((place) => place.padStart(10)).join('')}`,
      'dim',
      colour,
    ),
    ...FINGERS.map(
      (finger) => `${finger.padEnd(8)}${[1, 2, 3, 4].map((place) => cell(`${finger}_${place}`)).join('')}`,
    ),
  ].join('\n');
}
