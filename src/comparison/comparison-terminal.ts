/** A comparison of runs in an 80-column terminal. */
import type { TableColumn, TableFormat, TableOptions, TableRow } from '../text/formats/table-format.js';
import { formatMetric, metricLabel, withUnit } from '../text/metric-text.js';
import { displayWidth, padEnd, printable, shortened, styled, wrapText } from '../text/text.js';
import type { ComparedRun, ComparisonDocument, JointChange, SampleChange } from './comparison-document.js';
import { checkLine, datasetTitle, notes, samplesText } from './comparison-notes.js';
import {
  differencesTable,
  markedName,
  marks,
  METRIC_COLUMN,
  metricCell,
  metricKeys,
  others,
  shareText,
  signed,
  valueCell,
} from './comparison-tables.js';

export const WIDTH = 80;

export function terminalText(
  document: ComparisonDocument,
  format: TableFormat,
  options: TableOptions,
): string {
  const { colour } = options;
  const { runs } = document;
  const heading = `${datasetTitle(document)} · ${document.dataset.split}`;
  const counts = samplesText(document);
  const gap = ' '.repeat(Math.max(2, WIDTH - displayWidth(heading) - counts.length));
  const differing = others(document);
  const blocks = [
    [
      styled(printable(heading), 'bold', colour) + gap + counts,
      ...runs.map((run) => legend(run, document)),
    ].join('\n'),
    ...(runs.length > 2 || differing.length === 0 ? [valuesTable(document, format, options)] : []),
    ...differing.flatMap((run) => [
      differencesTable(document, run, format, options),
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
  const fusion = run.tta === undefined ? '' : ` (${run.tta})`;
  const role = `${printable(fusion)}${run.name === baseline ? '  (baseline)' : ''}`;
  return `${name}${shortened(printable(run.run), WIDTH - displayWidth(name) - displayWidth(role))}${role}`;
}

function valuesTable(document: ComparisonDocument, format: TableFormat, options: TableOptions): string {
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
  return format.render(columns, rows, options);
}

function samplesBlock(
  document: ComparisonDocument,
  run: ComparedRun,
  { colour, width }: TableOptions,
): string {
  const { by } = document;
  const found = run.differences[by];
  if (found === undefined) return '';
  const head = `Samples by ${metricLabel(by)}: ${run.name} better in ${shareText(found.improved)} %, equal in ${shareText(found.equal)} %, worse in ${shareText(found.worse)} %`;
  if (run.gained.length + run.lost.length === 0) return styled(head, 'bold', colour);
  const half = (width - 2) / 2;
  const column = (heading: string, changes: readonly SampleChange[]): string[] => [
    styled(withUnit(by, heading, ', ').padEnd(half), 'dim', colour),
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
  return `${padEnd(shortened(printable(id), room), room)} ${numbers}`;
}

const FINGERS = ['thumb', 'index', 'middle', 'ring', 'pinky'] as const;

/** A finger a row, from the palm to its tip: where the hand got better or worse. */
function jointsBlock(document: ComparisonDocument, run: ComparedRun, colour: boolean): string {
  const key = run.joints[document.by] === undefined ? Object.keys(run.joints)[0] : document.by;
  const changes = key === undefined ? undefined : run.joints[key];
  if (key === undefined || changes === undefined || changes.length === 0) return '';
  const of = (joint: string): JointChange | undefined => changes.find((change) => change.joint === joint);
  const cell = (joint: string): string => {
    const change = of(joint);
    return (change === undefined ? '–' : signed(key, change.difference)).padStart(10);
  };
  const wrist = of('wrist') === undefined ? '' : `; wrist ${signed(key, of('wrist')!.difference)}`;
  return [
    styled(
      `${withUnit(key, `Joints by ${metricLabel(key)}: ${run.name} − ${document.baseline}`, ', ')}${wrist}`,
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
