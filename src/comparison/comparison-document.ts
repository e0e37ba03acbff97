/** The result of a comparison: what `--format json` prints, and what every other format shows. */
import type { Coverage } from '../runs/metrics-document.js';
import type { Remark, Unlikeness } from './unlikeness.js';

export const COMPARISON_SCHEMA = 'hamba-eval/comparison@1';

/** A run against the baseline in one metric, over the same samples; in the metric's unit. */
export interface MetricDifference {
  /** Run minus baseline. */
  readonly difference: number;
  /** Bounds of the difference; absent where there are fewer than two samples or groups. */
  readonly low?: number;
  readonly high?: number;
  readonly level?: number;
  /** Paired permutation test, two-sided. */
  readonly p?: number;
  /** The same, corrected for all tests of this document (Holm). */
  readonly p_holm?: number;
  /** Shares of the samples, 0…1, by this metric's per-sample values. */
  readonly improved: number;
  readonly equal: number;
  readonly worse: number;
}

export interface SampleChange {
  readonly id: string;
  readonly baseline: number;
  readonly value: number;
  /** Value minus baseline. */
  readonly difference: number;
}

export interface JointChange {
  readonly joint: string;
  readonly baseline: number;
  readonly value: number;
  readonly difference: number;
}

export interface ComparedRun {
  /** A, B, C … in the order given. */
  readonly name: string;
  /** The run directory. */
  readonly run: string;
  /** The fusion of test-time augmentation whose figures these are; absent for the un-augmented ones. */
  readonly tta?: string;
  readonly coverage: Coverage;
  /** Samples that another of the runs has scored and this one has not. */
  readonly missing: number;
  /** Over the compared samples; as in metrics.json where those are all that the run scored. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Against the baseline, by metric; the baseline itself has none. */
  readonly differences: Readonly<Record<string, MetricDifference>>;
  /** What sets it apart from the baseline; only under --allow-mixed, or where it concerns some metrics alone. */
  readonly mixed: readonly Unlikeness[];
  readonly remarks: readonly Remark[];
  /** Changes by the figures of per_joint.csv, over the samples that are compared. */
  readonly joints: Readonly<Record<string, readonly JointChange[]>>;
  /** The samples that changed most, by the metric `by`, best first and worst first. */
  readonly gained: readonly SampleChange[];
  readonly lost: readonly SampleChange[];
}

export interface ComparisonDocument {
  readonly schema: typeof COMPARISON_SCHEMA;
  readonly dataset: { readonly id: string; readonly split: string };
  /** Name of the baseline. */
  readonly baseline: string;
  /**
   * The samples that every run has scored, and what is drawn and flipped: they themselves, or groups of
   * them that belong together (a video sequence, a hand). Null where ids do not mean the same samples.
   */
  readonly paired: {
    readonly samples: number;
    readonly units: 'samples' | 'groups';
    readonly count: number;
  } | null;
  readonly statistics: {
    readonly level: number;
    readonly permutations: number;
    readonly seed: number;
    /** p-values that `p_holm` is corrected for. */
    readonly tests: number;
  };
  /** The metric that samples and joints are looked at by. */
  readonly by: string;
  readonly runs: readonly ComparedRun[];
  readonly checks: readonly WorseCheck[];
}

/** One `--fail-if-worse` against one run. */
export interface WorseCheck {
  readonly run: string;
  readonly metric: string;
  /** How much worse the run may be, in the metric's unit. */
  readonly allowed: number;
  /** How much worse it is; below 0 where it is better. */
  readonly worse_by: number;
  /** Samples that the baseline has scored and the run has not: they cannot be compared, so the check fails. */
  readonly lost_samples: number;
  readonly passed: boolean;
}
