/**
 * What is known of a metric, once for everyone who computes, shows, ranks or compares it. The records are in
 * official-metrics.ts, the list of all of them in definitions.ts; docs/extending.md says how to add one.
 */

import type { KeypointSubset } from './keypoint-labels.js';
import type { Protocol } from './protocol.js';

/**
 * How a predicted hand is moved onto the true one before it is measured (procrustes.ts), in the order of a paper's
 * table. `similarity`: under the protocol's rule for reflections. `scale-translation`: HO-3D's, of joints, where the
 * protocol asks for it. `none`: as predicted. `similarity-proper`: with det R = +1 whatever the protocol says; these
 * are twins of the first kind, which ask the same question once more and are neither compared nor in the tables.
 */
export const ALIGNMENTS = ['similarity', 'scale-translation', 'none', 'similarity-proper'] as const;

export type Alignment = (typeof ALIGNMENTS)[number];

interface Shown {
  /** In metrics.json, csv and on the command line. A length has its unit in the key: `_mm`. */
  readonly key: string;
  /** In full, where it stands alone: `PA-MPJPE`, `F@5 aligned`. */
  readonly label: string;
  /** The quantity alone, where alignment or subset stand beside it: `MPJPE`, `F@5`. Metrics of one name share a row. */
  readonly name: string;
  /** `mm`; `%` for a share from 0 to 1 that the field prints as percent; empty for one it prints as it is. */
  readonly unit: 'mm' | '%' | '';
  /** Digits behind the point, as people read it. */
  readonly decimals: number;
  readonly better: 'lower' | 'higher';
  /** Quoted first: it names a result, ranks rows, samples and passes, and stands beside each fusion of passes. */
  readonly headline?: true;
}

/** A metric of hands in 3D: the mean over the samples of a value each sample has. */
export interface HandMetric extends Shown {
  readonly measure: 'hands-3d';
  readonly of: 'joints' | 'vertices';
  readonly alignment: Alignment;
  /** Key of the mean error whose PCK curve this is the area under. */
  readonly aucOf?: string;
  /**
   * The value of one sample, in mm where that is the unit, else a share from 0 to 1; undefined where it has none.
   * Called where both sides have the points, vertices only where they correspond. The official metrics have no such
   * function: `SampleEvaluator` computes them together.
   */
  readonly ofSample?: (hand: ScoredHand) => number | undefined;
}

/** One hand as `ofSample` sees it. Points are N×3, metres, read only, and overwritten by the next hand. */
export interface ScoredHand {
  /** Under the metric's alignment. */
  readonly prediction: Float64Array;
  /** As many points, in the same order and axes. */
  readonly truth: Float64Array;
  readonly protocol: Protocol;
}

/** PCK of keypoints in the photograph (keypoint-pck.ts). */
export interface KeypointMetric extends Shown {
  readonly measure: 'keypoints-2d';
  readonly of: 'keypoints';
  readonly alignment: null;
  readonly subset: KeypointSubset;
  /** Share of the box's longer side, one of the thresholds of the curve. */
  readonly threshold: number;
}

export type MetricDefinition = HandMetric | KeypointMetric;
