/**
 * PCK of keypoints in the photograph, as HInt is scored.
 *
 *     correct(t) = ‖p − g‖ ≤ t · L
 *     PCK_j(t)   = correct(t) of joint j / its labels
 *     PCK(t)     = mean of PCK_j(t) over the joints that have labels
 *
 * L is the longer side of the hand's box before it is expanded for the crop; t
 * is 0.05, 0.1 and 0.15. Reference: `EvaluatorPCK` of HaMeR, which compares
 * `dist <= scale * thr` with `scale = box_size / bbox_expand_factor`, and counts
 * a keypoint as labelled where its confidence lies above 0.5. It has no value
 * where a joint has no label (0/0); here such a joint is left out and named.
 * Axes: x right, y down, both sets in the photograph, OpenPose joint order, left
 * hands as they appear there. Units: px in, shares 0…1 out. Direction: higher is
 * better. Not the PCK in millimetres of pck.ts.
 *
 * What is kept of a prediction is one small integer a joint: the first threshold
 * of the curve that it is within. All figures follow from counts of those.
 */

import { JOINT_COUNT } from '../hand/joints.js';
import { KEYPOINT_METRICS, type KeypointMetricKey } from './definitions.js';
import { KEYPOINT_SUBSETS, type HandKeypoints } from './keypoint-labels.js';
import type { KeypointMetric } from './metric-definition.js';
import { LARGEST_COORDINATE } from './points.js';

/** Shares 0…1; a metric that does not exist has no key. */
export type KeypointMetrics = Partial<Record<KeypointMetricKey, number>>;

/** The thresholds of the curve, shares of L: 0 to 0.3 in 61 steps, those of the protocol among them to the last bit. */
export const KEYPOINT_CURVE_THRESHOLDS: readonly number[] = Array.from({ length: 61 }, (_, i) => i / 200);

/** Bins of a joint: one a threshold, and the last for what lies beyond all of them. */
export const KEYPOINT_BINS = KEYPOINT_CURVE_THRESHOLDS.length + 1;

/** The index of a metric's threshold in the curve: a keypoint whose bin is not above it is correct. */
export function lastBinOf({ threshold }: KeypointMetric): number {
  return KEYPOINT_CURVE_THRESHOLDS.indexOf(threshold);
}

export interface KeypointSample {
  /** 21 × 2, px of the original photograph. */
  readonly prediction: Float64Array | Float32Array;
  readonly truth: HandKeypoints;
}

export type KeypointUnscoredReason =
  /** No keypoint of the hand is labelled: there is nothing to be right or wrong about. */
  | 'no-labels'
  /** The box has no longer side: NaN, infinite, 0 or below. */
  | 'box-side'
  /** A labelled point is NaN, infinite or beyond 1e100 px. */
  | 'ground-truth-not-finite'
  /** The prediction has another number of keypoints than 21. */
  | 'joint-count'
  /** A predicted point, labelled or not, is NaN, infinite or beyond 1e100 px. */
  | 'prediction-not-finite';

export interface UnscoredKeypoints {
  readonly state: 'unscored';
  readonly reason: KeypointUnscoredReason;
  /** One sentence with the values, without a final full stop. */
  readonly message: string;
}

export interface ScoredKeypoints {
  readonly state: 'scored';
  /**
   * The share of this hand's labelled keypoints that are correct. A subset without
   * one has no key. The benchmark's figure is not the mean of these: it is taken joint by joint.
   */
  readonly metrics: KeypointMetrics;
  /** For each joint, the index of the first threshold of the curve that it is within; 61 beyond all. */
  readonly bins: Uint8Array;
  /** The hand's labels, as given. */
  readonly labelled: HandKeypoints['labelled'];
}

export type KeypointResult = ScoredKeypoints | UnscoredKeypoints;

function unscored(reason: KeypointUnscoredReason, message: string): UnscoredKeypoints {
  return { state: 'unscored', reason, message };
}

/** Index of the first coordinate that cannot be scored, among the joints `of`; −1 for none. */
function firstUnusable(points: Float64Array | Float32Array, of: (joint: number) => boolean): number {
  return points.findIndex((value, k) => of(k >> 1) && !(Math.abs(value) <= LARGEST_COORDINATE));
}

function at(points: Float64Array | Float32Array, index: number): string {
  return `${points[index]!} at keypoint ${index >> 1}, ${'xy'[index % 2]!}`;
}

/** The first threshold t with distance ≤ side · t, as the reference multiplies and compares. */
function firstWithin(distance: number, side: number): number {
  const last = KEYPOINT_CURVE_THRESHOLDS.length;
  // Arithmetic lands on the bin or next to it; the table decides.
  let bin = Math.min(Math.ceil((distance / side) * 200), last);
  while (bin > 0 && distance <= side * KEYPOINT_CURVE_THRESHOLDS[bin - 1]!) bin--;
  while (bin < last && distance > side * KEYPOINT_CURVE_THRESHOLDS[bin]!) bin++;
  return bin;
}

function checkShape({ points, labelled }: HandKeypoints): void {
  const joints = {
    points: points.length / 2,
    all: labelled.all.length,
    vis: labelled.vis?.length,
    occ: labelled.occ?.length,
  };
  for (const [name, count] of Object.entries(joints)) {
    if (count !== undefined && count !== JOINT_COUNT) {
      throw new RangeError(`labels must be those of ${JOINT_COUNT} joints: '${name}' holds ${count}`);
    }
  }
}

/**
 * Scores one hand. Nothing given is changed.
 *
 * @throws RangeError when the labels are not those of 21 joints: a mistake of the caller, not of the data.
 */
export function evaluateKeypoints({ prediction, truth }: KeypointSample): KeypointResult {
  checkShape(truth);
  const { points, side, labelled } = truth;
  const masks = KEYPOINT_SUBSETS.map((subset) => labelled[subset]);
  const isLabelled = (joint: number): boolean => masks.some((mask) => mask !== null && mask[joint] === 1);
  if (!masks.some((mask) => mask?.includes(1))) {
    return unscored('no-labels', 'no keypoint of this hand is labelled');
  }
  if (!(side > 0 && side <= LARGEST_COORDINATE)) {
    return unscored('box-side', `the box of the hand must have a longer side above 0 px: got ${side}`);
  }
  const badTruth = firstUnusable(points, isLabelled);
  if (badTruth >= 0) {
    return unscored('ground-truth-not-finite', `true keypoints hold ${at(points, badTruth)}`);
  }
  if (prediction.length !== JOINT_COUNT * 2) {
    return unscored('joint-count', `predicted keypoints must be 21: got ${prediction.length / 2}`);
  }
  const badPrediction = firstUnusable(prediction, () => true);
  if (badPrediction >= 0) {
    return unscored('prediction-not-finite', `predicted keypoints hold ${at(prediction, badPrediction)}`);
  }
  const bins = Uint8Array.from({ length: JOINT_COUNT }, (_, joint) => {
    if (!isLabelled(joint)) return KEYPOINT_BINS - 1;
    const dx = prediction[2 * joint]! - points[2 * joint]!;
    const dy = prediction[2 * joint + 1]! - points[2 * joint + 1]!;
    return firstWithin(Math.sqrt(dx * dx + dy * dy), side);
  });
  return { state: 'scored', metrics: shares(bins, labelled), bins, labelled };
}

function shares(bins: Uint8Array, labelled: HandKeypoints['labelled']): KeypointMetrics {
  const metrics: KeypointMetrics = {};
  for (const metric of KEYPOINT_METRICS) {
    const lastBin = lastBinOf(metric);
    let correct = 0;
    let labels = 0;
    labelled[metric.subset]?.forEach((label, joint) => {
      if (label !== 1) return;
      labels++;
      if (bins[joint]! <= lastBin) correct++;
    });
    if (labels > 0) metrics[metric.key] = correct / labels;
  }
  return metrics;
}

/** Correct and labelled keypoints, samples × 21 each: what a metric is a mean of ratios of. */
export interface KeypointTally {
  readonly parts: number;
  readonly numerators: Uint8Array;
  readonly denominators: Uint8Array;
}

/**
 * What each metric is made of, sample by sample, for intervals: joint by joint
 * Σ numerators / Σ denominators, then the mean over the joints with a
 * denominator. Unscored samples hold zeros; a metric without a label has no key.
 */
export function keypointTallies(
  samples: readonly KeypointResult[],
): Partial<Record<KeypointMetricKey, KeypointTally>> {
  const tallies: Partial<Record<KeypointMetricKey, KeypointTally>> = {};
  for (const subset of KEYPOINT_SUBSETS) {
    const denominators = new Uint8Array(samples.length * JOINT_COUNT);
    samples.forEach((sample, index) => {
      const mask = sample.state === 'scored' ? sample.labelled[subset] : null;
      if (mask !== null) denominators.set(mask, index * JOINT_COUNT);
    });
    if (!denominators.includes(1)) continue;
    for (const metric of KEYPOINT_METRICS.filter((candidate) => candidate.subset === subset)) {
      const lastBin = lastBinOf(metric);
      const numerators = denominators.slice();
      samples.forEach((sample, index) => {
        if (sample.state === 'unscored') return;
        sample.bins.forEach((bin, joint) => {
          if (bin > lastBin) numerators[index * JOINT_COUNT + joint] = 0;
        });
      });
      tallies[metric.key] = { parts: JOINT_COUNT, numerators, denominators };
    }
  }
  return tallies;
}
