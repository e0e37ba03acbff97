/** `metrics.json`: the result of a run, as other people's scripts read it. */
import type { AnyProtocol } from '../metrics/index.js';
import type { SweepDescription } from './manifest.js';

export const METRICS_SCHEMA = 'hamba-eval/metrics@1';

/** How much of the benchmark a result covers. */
export interface Coverage {
  readonly scored: number;
  readonly unscored: number;
  /** Samples in the folder. */
  readonly folder: number;
  /** Samples in the whole benchmark's split. */
  readonly benchmark: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** A finding about the data or the result: shown in the table, in metrics.json and in the log. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface UnscoredSample {
  readonly id: string;
  /** Kebab-case, as docs/metrics.md lists them. */
  readonly code: string;
  readonly reason: string;
}

/** A metric that does not exist has no key: nothing is ever NaN or null. */
export type MetricValues = Readonly<Record<string, number>>;

export interface MetricsDocument {
  readonly schema: typeof METRICS_SCHEMA;
  readonly state: 'complete';
  readonly dataset: { readonly id: string; readonly split: string };
  readonly coverage: Coverage;
  readonly protocol: AnyProtocol;
  readonly metrics: MetricValues;
  readonly confidence: Readonly<Record<string, Interval>>;
  /** The same metrics of each fusion of test-time augmentation; `metrics` is the un-augmented pass. */
  readonly tta?: Readonly<Record<string, MetricValues>>;
  /** The passes behind them. */
  readonly tta_sweep?: SweepDescription;
  /** How many samples each fusion covers: one whose pass failed has no fused hand. */
  readonly tta_coverage?: Readonly<Record<string, { readonly scored: number; readonly unscored: number }>>;
  readonly tta_confidence?: Readonly<Record<string, Readonly<Record<string, Interval>>>>;
  readonly warnings: readonly Warning[];
  /** Every unscored sample with its reason. */
  readonly unscored: readonly UnscoredSample[];
}

/** `partial 5 of 3,960` is not a benchmark number; this is the one place that decides it. */
export function isPartial(coverage: Coverage): boolean {
  return coverage.scored !== coverage.benchmark;
}

/** `aligned-mean, 95 passes`: figures of another sweep are another method's. */
export function fusionLabel(
  fusion: string,
  { tta_sweep: sweep }: Pick<MetricsDocument, 'tta_sweep'>,
): string {
  return sweep === undefined ? fusion : `${fusion}, ${sweep.passes} passes`;
}
