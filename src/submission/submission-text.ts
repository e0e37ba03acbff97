/** `submission` as an 80-column terminal shows it. */
import { datasetById } from '../datasets/registry.js';
import { AXES } from '../hand/axes.js';
import { jointOrderById } from '../hand/joints.js';
import { findMetric } from '../metrics/index.js';
import type { TableColumn } from '../text/formats/table-format.js';
import { TERMINAL } from '../text/formats/terminal.js';
import { metricLabel, withUnit } from '../text/metric-text.js';
import { grouped, printable, styled, wrapText } from '../text/text.js';
import type { ScoreDifference } from './rounding.js';
import type { Submission } from './submission.js';

const WIDTH = 80;
const LABEL_WIDTH = 12;

/** What CodaLab took for these challenges, as people met it; some were refused with far less. */
const SERVER_LIMIT_BYTES = 300e6;

/** Where the challenges stand, by the evaluator they share. */
const SERVERS = {
  freihand:
    'FreiHAND publishes no wrists: for a model that knows no absolute place only the aligned scores mean anything. Its server is closed and the ground truth public, so the figures of a local run are the ones to quote.',
  ho3d: 'The ground truth of the evaluation split is public since November 2024, so the figures of a local run are the official ones.',
} as const;

export function submissionText(submission: Submission, colour: boolean): string {
  const definition = datasetById(submission.dataset);
  const { samples, benchmark, decimals, check } = submission;
  const axes = AXES[submission.axes];
  const isPartial = samples !== benchmark;
  const count = isPartial
    ? `partial ${grouped(samples)} of ${grouped(benchmark)} samples`
    : `all ${grouped(samples)} samples`;
  const title = `${definition.title} · submission`;
  const gap = ' '.repeat(Math.max(2, WIDTH - title.length - count.length));
  const lines = [
    styled(title, 'bold', colour) + gap + (isPartial ? styled(count, 'yellow', colour) : count),
    printable(submission.submission),
    '',
    ...field('numbers', `metres, ${decimals} decimals (${stepOf(decimals)})`),
    ...field(
      'points',
      `${jointOrderById(submission.joint_order).title} joint order, ${axes.name} axes (${axes.directions}), ${submission.placement === 'published-root' ? 'wrists on the published ones' : 'placed as predicted'}`,
    ),
    ...(submission.fusion === null ? [] : field('fusion', submission.fusion)),
    ...field('size', `${megabytes(submission.bytes)} (pred.json in it: ${megabytes(submission.json_bytes)})`),
    '',
    ...checkLines(submission, colour),
  ];
  for (const warning of warnings(submission)) {
    lines.push(
      '',
      ...wrapText(warning, WIDTH - 2).map((line, index) =>
        index === 0 ? `${styled('! ', 'yellow', colour)}${line}` : `  ${line}`,
      ),
    );
  }
  if (definition.officialScores !== null)
    lines.push('', ...wrapText(SERVERS[definition.officialScores], WIDTH));
  if (!check.agrees) lines.push('', styled('The check failed: see above.', 'yellow', colour));
  return `\n${lines.join('\n')}\n`;
}

function warnings(submission: Submission): string[] {
  const { samples, benchmark, odd_hand_length_m: odd, bytes } = submission;
  return [
    ...(samples === benchmark ? [] : ['A server takes whole submissions only: this zip is for local use.']),
    ...(odd === null
      ? []
      : [
          `The median hand is ${length(odd)} from the wrist to the farthest joint. Submissions are in metres: check the unit; only aligned scores are right otherwise.`,
        ]),
    ...(bytes <= SERVER_LIMIT_BYTES
      ? [`Servers have taken up to ${megabytes(SERVER_LIMIT_BYTES)}, some far less.`]
      : [
          `The zip passes the ${megabytes(SERVER_LIMIT_BYTES)} that servers have taken; --decimals 5 (10 µm) makes it smaller.`,
        ]),
  ];
}

const COLUMNS: readonly TableColumn[] = [
  { key: 'metric', title: 'read back', align: 'left' },
  { key: 'run', title: 'run', align: 'right' },
  { key: 'submission', title: 'zip', align: 'right' },
  { key: 'difference', title: 'difference', align: 'right' },
];

function checkLines({ check, decimals }: Submission, colour: boolean): string[] {
  if (check.kind === 'numbers') {
    const verdict = check.agrees ? 'equal those of the source' : 'differ from those of the source';
    return wrapText(
      `Read back: ${grouped(check.numbers)} numbers ${verdict} (largest difference ${scientific(check.largest_difference_m)} m, rounding allows ${scientific(check.tolerance_m)} m). The zip was not scored: ${printable(check.because)}.`,
      WIDTH,
    );
  }
  const shown = check.agrees
    ? check.metrics.filter(({ metric }) => findMetric(metric)?.alignment === 'similarity')
    : check.metrics;
  const digits = Math.max(3, decimals - 1);
  const table = TERMINAL.render(
    COLUMNS,
    shown.map((difference) => differenceRow(difference, digits)),
    { colour, width: WIDTH },
  );
  const { mm, share } = check.tolerance;
  const failed = check.metrics.filter(({ agrees }) => !agrees);
  const verdict =
    failed.length === 0
      ? `All ${check.metrics.length} metrics of the zip are the run's to within what ${decimals} decimals allow: ${mm} mm, ${share} of a share.`
      : `${failed.length} of ${check.metrics.length} metrics of the zip are not the run's to within what ${decimals} decimals allow (${mm} mm, ${share} of a share): ${failed.map(({ metric }) => metric).join(', ')}. Either the folder's ground truth has changed since the run, or the predictions are so small or large that more --decimals are needed.`;
  return [table, '', ...wrapText(verdict, WIDTH)];
}

function differenceRow({ metric, run, submission }: ScoreDifference, digits: number) {
  const number = (value: number | undefined) =>
    value === undefined ? null : { text: value.toFixed(digits) };
  return [
    { text: withUnit(metric, metricLabel(metric)) },
    number(run),
    number(submission),
    run === undefined || submission === undefined
      ? null
      : { text: Math.abs(submission - run).toFixed(digits) },
  ];
}

function field(label: string, text: string): string[] {
  return wrapText(text, WIDTH - LABEL_WIDTH).map(
    (line, index) => (index === 0 ? label : '').padEnd(LABEL_WIDTH) + line,
  );
}

function stepOf(decimals: number): string {
  const steps = ['1 mm', '0.1 mm', '10 µm', '1 µm', '0.1 µm', '10 nm', '1 nm'];
  return steps[decimals - 3] ?? `10^-${decimals} m`;
}

function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function length(metres: number): string {
  return metres >= 1 ? `${metres.toFixed(1)} m` : `${(metres * 1000).toPrecision(2)} mm`;
}

function scientific(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}
