/** The figures as data (scoring.json) and as a page for people (scoring.md, and the terminal). */
import type { EndToEndFigure, LengthFigure } from './end-to-end.js';
import type { Machine, Versions } from './machine.js';
import { markdownTable, type Column } from './markdown-table.js';
import type { MetricFigures } from './metrics.js';
import type { ParseFigure } from './parse.js';
import type { TimeShare } from './profile.js';
import { POSES, SEED } from './synthetic-hands.js';
import { judge, OFFICIAL_FREIHAND, speedUp, type Judgement } from './targets.js';

export const BENCHMARK_SCHEMA = 'hamba-eval/benchmark@1';

export interface Report {
  readonly schema: typeof BENCHMARK_SCHEMA;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly seed: number;
  readonly official_freihand: typeof OFFICIAL_FREIHAND;
  readonly targets: readonly Judgement[];
  readonly end_to_end: readonly EndToEndFigure[];
  /** Of one FreiHAND-size run under the profiler. */
  readonly time_shares?: readonly TimeShare[];
  readonly lengths?: readonly LengthFigure[];
  readonly parse?: readonly ParseFigure[];
  readonly metrics?: MetricFigures;
}

export type Measured = Pick<Report, 'end_to_end' | 'time_shares' | 'lengths' | 'parse' | 'metrics'>;

export function report(machine: Machine, versions: Versions, measured: Measured): Report {
  return {
    schema: BENCHMARK_SCHEMA,
    date: new Date().toISOString(),
    machine,
    versions,
    seed: SEED,
    official_freihand: OFFICIAL_FREIHAND,
    targets: judge({ ...measured, endToEnd: measured.end_to_end }),
    ...measured,
  };
}

export function reportMarkdown(report: Report): string {
  const { end_to_end, time_shares, lengths, parse, metrics } = report;
  return `${[
    '# Speed and memory of scoring',
    header(report),
    targetsSection(report.targets),
    ...(end_to_end.length > 0 ? [endToEndSection(end_to_end)] : []),
    ...(time_shares === undefined ? [] : [timeSection(time_shares, end_to_end[0]!.processor_seconds)]),
    ...(lengths === undefined ? [] : [lengthsSection(lengths)]),
    ...(parse === undefined ? [] : [parseSection(parse)]),
    ...(metrics === undefined ? [] : [metricsSection(metrics)]),
    method(),
  ].join('\n\n')}\n`;
}

/** What a report was made on and with. */
export function header({ date, machine, versions }: Pick<Report, 'date' | 'machine' | 'versions'>): string {
  const commit = versions.commit === undefined ? '' : ` (${versions.commit})`;
  return [
    `Made by \`npm run bench -- --write\` on ${date.slice(0, 10)}.`,
    '',
    `- ${machine.cpu}, ${machine.cores} hardware threads, ${gigabytes(machine.memory_bytes)} of memory`,
    `- ${machine.os}`,
    `- hamba-eval ${versions.program}${commit}, Node ${versions.node}`,
  ].join('\n');
}

export function targetsSection(targets: readonly Judgement[]): string {
  const rows = targets.map(({ target, wanted, measured, verdict }) => [target, wanted, measured, verdict]);
  return section('Targets', [left('what'), left('wanted'), right('measured'), left('')], rows);
}

function endToEndSection(figures: readonly EndToEndFigure[]): string {
  const rows = figures.map((figure) => [
    figure.title,
    grouped(figure.samples),
    megabytes(figure.prediction_bytes + figure.truth_bytes),
    `${figure.wall_seconds.toFixed(2)} s`,
    `${figure.processor_seconds.toFixed(2)} s`,
    megabytes(figure.peak_bytes),
  ]);
  const columns = [
    left('benchmark'),
    right('samples'),
    right('JSON read'),
    right('time'),
    right('processor'),
    right('peak memory'),
  ];
  const { length } = figures[0]!.repetitions;
  const notes = [
    `\`hamba-eval run --predictions pred.json\`, from start to exit: ${length === 1 ? 'one run' : `the median of ${length} runs`}.`,
  ];
  const freihand = figures.find(({ title, full_size }) => title === 'FreiHAND' && full_size);
  if (freihand !== undefined) {
    notes.push(
      `The official script took ${OFFICIAL_FREIHAND.seconds} s and ${gigabytes(OFFICIAL_FREIHAND.peak_bytes)}, measured elsewhere and not again here:`,
      `this is ${speedUp(freihand).toFixed(0)} times as fast, with ${(OFFICIAL_FREIHAND.peak_bytes / freihand.peak_bytes).toFixed(1)} times less memory.`,
    );
  }
  for (const { title, dataset } of figures) {
    const borrowed = title !== 'FreiHAND' && dataset === 'freihand';
    if (borrowed) notes.push(`${title} was read as FreiHAND of that size: it has no loader of its own yet.`);
  }
  return section('End to end', columns, rows, notes);
}

function timeSection(shares: readonly TimeShare[], processorSeconds: number): string {
  const rows = shares.map(({ name, share }) => [
    name,
    `${(share * 100).toFixed(0)} %`,
    `${(share * processorSeconds).toFixed(2)} s`,
  ]);
  return section('Where the time goes', [left('work'), right('share'), right('processor')], rows, [
    'Shares of one FreiHAND-size run under a sampling profiler, all threads together, waiting left out;',
    'seconds are these shares of the processor time above.',
  ]);
}

function lengthsSection(figures: readonly LengthFigure[]): string {
  const rows = figures.map(({ samples, processor_seconds, peak_bytes }) => [
    grouped(samples),
    megabytes(peak_bytes),
    `${processor_seconds.toFixed(2)} s`,
  ]);
  return section(
    'Memory and time against length',
    [right('samples'), right('peak memory'), right('processor')],
    rows,
    ['The same program on shorter FreiHAND files: memory should stay, time should grow in proportion.'],
  );
}

function parseSection(figures: readonly ParseFigure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    megabytes(figure.bytes),
    `${Math.round(figure.mb_per_second)} MB/s`,
    `${figure.ns_per_number.toFixed(1)} ns`,
  ]);
  return section('Parsing, one core', [left('text'), right('size'), right('speed'), right('a number')], rows);
}

function metricsSection(figures: MetricFigures): string {
  const { align, distances, fAligned, alignedSet, fRaw, wholeSet, accumulated } = figures;
  const rows = [align, distances, fAligned, alignedSet, fRaw, wholeSet, accumulated].map((figure) => [
    figure.name,
    `${figure.microseconds_per_sample.toFixed(1)} µs`,
    `${grouped(Math.round(figure.samples_per_second))} /s`,
  ]);
  const of = (key: string, digits: number): string => (figures.metrics[key] ?? Number.NaN).toFixed(digits);
  return section(
    'Metrics, one core, data in memory',
    [left('work'), right('a sample'), right('samples')],
    rows,
    [
      `${grouped(figures.samples)} synthetic samples: PA-MPJPE ${of('pa_mpjpe_mm', 1)} mm, PA-MPVPE ${of('pa_mpvpe_mm', 1)} mm, F@5 aligned ${of('f5_aligned', 2)}, MPVPE ${of('mpvpe_mm', 0)} mm.`,
      `The intervals of a whole benchmark (20,000 samples, 20 metrics, 1,000 resamples) take ${figures.bootstrap_seconds.toFixed(2)} s.`,
    ],
  );
}

function method(): string {
  return `## How it is measured

The data is synthetic, from seed ${SEED}: ${POSES} poses of the procedural hand, each sample turned, scaled
and moved differently; predictions err smoothly, by about 6 mm once aligned and some centimetres
before. Numbers are float32 values with 17 decimals: files of the length \`json.dump\` gives, within
1 %. They have just been written, so that they come from memory, not from the disk. Memory is the largest
resident size of the process with all its threads. 1 MB is 10^6 bytes.
One-core figures count processor time, the median of five passes after one that warms up.`;
}

function section(
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  notes: readonly string[] = [],
): string {
  const text = notes.length === 0 ? [] : [notes.join('\n')];
  return [`## ${title}`, ...text, markdownTable(columns, rows)].join('\n\n');
}

function left(title: string): Column {
  return { title, align: 'left' };
}

function right(title: string): Column {
  return { title, align: 'right' };
}

function grouped(value: number): string {
  return value.toLocaleString('en');
}

function megabytes(bytes: number): string {
  return `${grouped(Math.round(bytes / 1e6))} MB`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
