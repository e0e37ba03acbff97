/**
 * The metrics of one sample under a protocol. See docs/metrics.md for each key.
 *
 * Input: predicted and true joints (J×3) and vertices (V×3), metres, in the
 * axes and joint order the protocol names; either may be missing, then its keys
 * are missing. Output: millimetres and shares 0…1. A prediction that cannot be
 * scored is `unscored` with a reason: it never becomes a number.
 */

import { HAND_METRICS, type MetricKey, type ProperMetricKey } from './definitions.js';
import { FScorer, type FScores } from './f-score.js';
import type { Alignment } from './metric-definition.js';
import { thresholdsOf, type Thresholds } from './pck.js';
import { firstOutOfRange, pointCount, type Points } from './points.js';
import { distancesInto } from './position-error.js';
import {
  applyFitInto,
  createSimilarityFit,
  fitSimilarity,
  officialTrafoInto,
  scaleTranslationInto,
  type Reflection,
  type SimilarityFit,
} from './procrustes.js';
import type { Protocol } from './protocol.js';

/** Metric values; a metric that does not exist for the input has no key. */
export type SampleMetrics = Partial<Record<MetricKey | ProperMetricKey, number>>;

/** One hand: joints J×3 and vertices V×3, metres. */
export interface HandPoints {
  readonly joints?: Points | undefined;
  readonly vertices?: Points | undefined;
}

export interface SampleInput {
  readonly prediction: HandPoints;
  readonly groundTruth: HandPoints;
}

export type UnscoredReason =
  /** NaN, an infinite value or one beyond 1e100 m in the prediction. */
  | 'prediction-not-finite'
  /** The same in the ground truth. */
  | 'ground-truth-not-finite'
  /** Predicted and true joints differ in number. */
  | 'joint-count'
  /** A predicted or true array holds no point. */
  | 'no-points'
  /** Neither joints nor vertices are there on both sides. */
  | 'nothing-to-score';

export interface UnscoredSample {
  readonly state: 'unscored';
  readonly reason: UnscoredReason;
  /** One sentence with the values, without a final full stop. */
  readonly message: string;
}

/** Joint errors of one sample, metres, joint by joint. */
export interface JointErrors {
  readonly raw: Float64Array;
  readonly aligned: Float64Array;
  /** After HO-3D's scale-and-translation alignment. */
  readonly scaleTranslation?: Float64Array;
}

/** Pooled counts of vertex errors, one a bin of the protocol's thresholds. */
export interface VertexHistograms {
  readonly raw: Uint32Array;
  readonly aligned: Uint32Array;
}

export interface ScoredSample {
  readonly state: 'scored';
  readonly metrics: SampleMetrics;
  /** The best alignment of the joints mirrors the hand. Absent without joints. */
  readonly joints_reflected?: boolean;
  /** The best alignment of the vertices mirrors the hand. Absent without corresponding vertices. */
  readonly vertices_reflected?: boolean;
  readonly jointErrors?: JointErrors;
  /** Absent when the vertex counts differ: then vertices do not correspond. */
  readonly vertexHistograms?: VertexHistograms;
  /** Whether predicted and true vertices correspond by index. Absent without vertices. */
  readonly topology?: 'same' | 'other';
  /**
   * Aligned F-scores through the official script's faulty `align_by_trafo`.
   * Only for `topology: 'other'`; what `officialScores` prints and nobody should quote.
   */
  readonly officialTrafo?: FScores;
}

export type SampleResult = ScoredSample | UnscoredSample;

type Writable<T> = { -readonly [key in keyof T]: T[key] };

/** Growing scratch memory for one array of doubles. */
function atLeast(scratch: Float64Array, length: number): Float64Array {
  return scratch.length >= length ? scratch : new Float64Array(length);
}

function unscored(reason: UnscoredReason, message: string): UnscoredSample {
  return { state: 'unscored', reason, message };
}

function at(points: Points, index: number): string {
  return `hold ${points[index]!} at point ${Math.floor(index / 3)}, ${'xyz'[index % 3]!}`;
}

/** The parts of scoring whose time is worth knowing. */
export type ScoringStage = 'align' | 'distance' | 'fScore';

/** Told when a stage ends; what a clock is, its owner knows. Time outside the stages goes to none of them. */
export interface Stopwatch {
  start(): void;
  lap(stage: ScoringStage): void;
}

/** The metrics that are not computed with the official ones. */
const OF_THEIR_OWN = HAND_METRICS.filter(({ ofSample }) => ofSample !== undefined);

/** Scores samples one after another under one protocol, reusing its memory. */
export class SampleEvaluator {
  readonly protocol: Protocol;
  readonly #thresholds: Thresholds;
  readonly #reflection: Reflection;
  readonly #fScorer = new FScorer();
  readonly #jointFit = createSimilarityFit();
  readonly #vertexFit = createSimilarityFit();
  readonly #widened: Float64Array[] = [0, 1, 2, 3].map(() => new Float64Array(0));
  #aligned: Float64Array = new Float64Array(0);
  #distances: Float64Array = new Float64Array(0);
  readonly #watch: Stopwatch | undefined;

  /** @param watch told when the stages of each sample begin and end. */
  constructor(protocol: Protocol, watch?: Stopwatch) {
    this.protocol = protocol;
    this.#watch = watch;
    this.#thresholds = thresholdsOf(protocol.aucThresholdsMm);
    this.#reflection = protocol.reflection;
  }

  /**
   * Scores one sample. The input is read only; what is returned is the caller's own.
   *
   * @throws RangeError when an array's length is not a multiple of 3.
   */
  evaluate(input: SampleInput): SampleResult {
    const { prediction, groundTruth } = input;
    const turnedAway = this.#check(prediction, groundTruth);
    if (turnedAway !== undefined) return turnedAway;
    const predictedJoints = this.#doubles(0, prediction.joints);
    const trueJoints = this.#doubles(1, groundTruth.joints);
    const predictedVertices = this.#doubles(2, prediction.vertices);
    const trueVertices = this.#doubles(3, groundTruth.vertices);

    const metrics: SampleMetrics = {};
    const sample: Writable<ScoredSample> = { state: 'scored', metrics };
    const hasJoints = predictedJoints !== undefined && trueJoints !== undefined;
    if (hasJoints) {
      const count = groundTruth.joints!.length / 3;
      this.#scoreJoints(predictedJoints, trueJoints, count, sample);
      this.#scoreOthers('joints', predictedJoints, trueJoints, count, metrics);
    }
    if (predictedVertices !== undefined && trueVertices !== undefined) {
      const predicted = prediction.vertices!.length / 3;
      const truths = groundTruth.vertices!.length / 3;
      sample.topology = predicted === truths ? 'same' : 'other';
      if (predicted === truths) {
        this.#scoreVertices(predictedVertices, trueVertices, truths, sample);
        this.#scoreOthers('vertices', predictedVertices, trueVertices, truths, metrics);
      } else {
        this.#scoreOtherTopology(predictedVertices, predicted, trueVertices, truths, hasJoints, sample);
      }
    }
    return sample;
  }

  #check(prediction: HandPoints, groundTruth: HandPoints): UnscoredSample | undefined {
    let pairs = 0;
    for (const part of ['joints', 'vertices'] as const) {
      const predicted = prediction[part];
      const truth = groundTruth[part];
      if (predicted === undefined || truth === undefined) continue;
      pairs++;
      const predictedCount = pointCount(predicted, `predicted ${part}`);
      const trueCount = pointCount(truth, `true ${part}`);
      if (predictedCount === 0 || trueCount === 0) {
        return unscored('no-points', `${predictedCount} predicted and ${trueCount} true ${part}`);
      }
      if (part === 'joints' && predictedCount !== trueCount) {
        return unscored('joint-count', `expected ${trueCount} joints, got ${predictedCount}`);
      }
      let index = firstOutOfRange(predicted);
      if (index >= 0) return unscored('prediction-not-finite', `predicted ${part} ${at(predicted, index)}`);
      index = firstOutOfRange(truth);
      if (index >= 0) return unscored('ground-truth-not-finite', `true ${part} ${at(truth, index)}`);
    }
    if (pairs > 0) return undefined;
    return unscored(
      'nothing-to-score',
      'neither joints nor vertices are there in prediction and ground truth',
    );
  }

  #doubles(slot: number, points: Points | undefined): Float64Array | undefined {
    if (points === undefined || points instanceof Float64Array) return points;
    const scratch = atLeast(this.#widened[slot]!, points.length);
    this.#widened[slot] = scratch;
    scratch.set(points);
    return scratch;
  }

  #scoreJoints(
    prediction: Float64Array,
    groundTruth: Float64Array,
    count: number,
    sample: Writable<ScoredSample>,
  ): void {
    const { metrics } = sample;
    const thresholds = this.#thresholds;
    const raw = new Float64Array(count);
    this.#watch?.start();
    metrics.mpjpe_mm = (distancesInto(prediction, groundTruth, count, raw) / count) * 1000;
    metrics.auc_j = thresholds.auc(raw, count);
    this.#watch?.lap('distance');

    const fit = this.#jointFit;
    fitSimilarity(prediction, groundTruth, count, fit);
    const moved = (this.#aligned = atLeast(this.#aligned, count * 3));
    const aligned = new Float64Array(count);
    applyFitInto(fit, this.#reflection, prediction, count, moved);
    this.#watch?.lap('align');
    metrics.pa_mpjpe_mm = (distancesInto(moved, groundTruth, count, aligned) / count) * 1000;
    metrics.auc_j_aligned = thresholds.auc(aligned, count);

    metrics.pa_mpjpe_proper_mm = metrics.pa_mpjpe_mm;
    metrics.auc_j_aligned_proper = metrics.auc_j_aligned;
    if (fit.reflected && this.#reflection === 'allowed') {
      const distances = (this.#distances = atLeast(this.#distances, count));
      applyFitInto(fit, 'forbidden', prediction, count, moved);
      metrics.pa_mpjpe_proper_mm = (distancesInto(moved, groundTruth, count, distances) / count) * 1000;
      metrics.auc_j_aligned_proper = thresholds.auc(distances, count);
    }
    sample.joints_reflected = fit.reflected;

    if (this.protocol.scaleTranslation && count > 4) {
      const scaled = new Float64Array(count);
      scaleTranslationInto(prediction, groundTruth, count, moved);
      metrics.sta_mpjpe_mm = (distancesInto(moved, groundTruth, count, scaled) / count) * 1000;
      metrics.auc_j_sta = thresholds.auc(scaled, count);
      sample.jointErrors = { raw, aligned, scaleTranslation: scaled };
    } else {
      sample.jointErrors = { raw, aligned };
    }
    this.#watch?.lap('distance');
  }

  #scoreVertices(
    prediction: Float64Array,
    groundTruth: Float64Array,
    count: number,
    sample: Writable<ScoredSample>,
  ): void {
    const { metrics } = sample;
    const thresholds = this.#thresholds;
    const distances = (this.#distances = atLeast(this.#distances, count));
    const moved = (this.#aligned = atLeast(this.#aligned, count * 3));
    const histograms = {
      raw: new Uint32Array(thresholds.binCount),
      aligned: new Uint32Array(thresholds.binCount),
    };

    this.#watch?.start();
    metrics.mpvpe_mm = (distancesInto(prediction, groundTruth, count, distances) / count) * 1000;
    metrics.auc_v = thresholds.tally(distances, count, histograms.raw, 0) / count;
    this.#watch?.lap('distance');
    let f = this.#fScorer.score(prediction, count, groundTruth, count, distances);
    metrics.f5 = f.f5;
    metrics.f15 = f.f15;
    this.#watch?.lap('fScore');

    const fit = this.#vertexFit;
    fitSimilarity(prediction, groundTruth, count, fit);
    applyFitInto(fit, this.#reflection, prediction, count, moved);
    this.#watch?.lap('align');
    metrics.pa_mpvpe_mm = (distancesInto(moved, groundTruth, count, distances) / count) * 1000;
    metrics.auc_v_aligned = thresholds.tally(distances, count, histograms.aligned, 0) / count;
    this.#watch?.lap('distance');
    f = this.#fScorer.score(moved, count, groundTruth, count, distances);
    metrics.f5_aligned = f.f5;
    metrics.f15_aligned = f.f15;
    this.#watch?.lap('fScore');

    metrics.pa_mpvpe_proper_mm = metrics.pa_mpvpe_mm;
    metrics.auc_v_aligned_proper = metrics.auc_v_aligned;
    metrics.f5_aligned_proper = f.f5;
    metrics.f15_aligned_proper = f.f15;
    if (fit.reflected && this.#reflection === 'allowed') {
      applyFitInto(fit, 'forbidden', prediction, count, moved);
      metrics.pa_mpvpe_proper_mm = (distancesInto(moved, groundTruth, count, distances) / count) * 1000;
      metrics.auc_v_aligned_proper = thresholds.auc(distances, count);
      f = this.#fScorer.score(moved, count, groundTruth, count, distances);
      metrics.f5_aligned_proper = f.f5;
      metrics.f15_aligned_proper = f.f15;
      this.#watch?.lap('fScore');
    }
    sample.vertices_reflected = fit.reflected;
    sample.vertexHistograms = histograms;
  }

  /**
   * The metrics with a function of their own, once the official ones of the same points have left their fit.
   *
   * @throws RangeError where such a function gives no finite number.
   */
  #scoreOthers(
    of: 'joints' | 'vertices',
    prediction: Float64Array,
    truth: Float64Array,
    count: number,
    metrics: SampleMetrics,
  ): void {
    const fit = of === 'joints' ? this.#jointFit : this.#vertexFit;
    for (const metric of OF_THEIR_OWN) {
      if (metric.of !== of) continue;
      const moved = this.#under(metric.alignment, fit, prediction, truth, count);
      if (moved === undefined) continue;
      const value = metric.ofSample!({
        prediction: moved.subarray(0, count * 3),
        truth: truth.subarray(0, count * 3),
        protocol: this.protocol,
      });
      if (value === undefined) continue;
      if (!Number.isFinite(value))
        throw new RangeError(`${metric.key} must be finite or undefined: got ${value}`);
      metrics[metric.key] = value;
    }
  }

  /** The prediction aligned so; undefined where the protocol or the points have no such alignment. */
  #under(
    alignment: Alignment,
    fit: SimilarityFit,
    prediction: Float64Array,
    truth: Float64Array,
    count: number,
  ): Float64Array | undefined {
    const moved = this.#aligned;
    switch (alignment) {
      case 'none':
        return prediction;
      case 'similarity':
        applyFitInto(fit, this.#reflection, prediction, count, moved);
        return moved;
      case 'similarity-proper':
        applyFitInto(fit, 'forbidden', prediction, count, moved);
        return moved;
      case 'scale-translation':
        if (!this.protocol.scaleTranslation || fit !== this.#jointFit || count <= 4) return undefined;
        scaleTranslationInto(prediction, truth, count, moved);
        return moved;
    }
  }

  /** Vertices do not correspond: only F-scores exist, aligned ones by the transform fitted on joints. */
  #scoreOtherTopology(
    prediction: Float64Array,
    predicted: number,
    groundTruth: Float64Array,
    truths: number,
    fitted: boolean,
    sample: Writable<ScoredSample>,
  ): void {
    const { metrics } = sample;
    this.#watch?.start();
    let f = this.#fScorer.score(prediction, predicted, groundTruth, truths, undefined);
    metrics.f5 = f.f5;
    metrics.f15 = f.f15;
    this.#watch?.lap('fScore');
    if (!fitted) return;
    const fit = this.#jointFit;
    const moved = (this.#aligned = atLeast(this.#aligned, predicted * 3));
    applyFitInto(fit, this.#reflection, prediction, predicted, moved);
    f = this.#fScorer.score(moved, predicted, groundTruth, truths, undefined);
    metrics.f5_aligned = f.f5;
    metrics.f15_aligned = f.f15;
    if (fit.reflected && this.#reflection === 'allowed') {
      applyFitInto(fit, 'forbidden', prediction, predicted, moved);
      f = this.#fScorer.score(moved, predicted, groundTruth, truths, undefined);
    }
    metrics.f5_aligned_proper = f.f5;
    metrics.f15_aligned_proper = f.f15;
    officialTrafoInto(fit, prediction, predicted, moved);
    sample.officialTrafo = this.#fScorer.score(moved, predicted, groundTruth, truths, undefined);
    this.#watch?.lap('fScore');
  }
}

const evaluators = new WeakMap<Protocol, SampleEvaluator>();

/** The metrics of one sample; see `SampleEvaluator.evaluate`. */
export function evaluateSample(input: SampleInput, protocol: Protocol): SampleResult {
  let evaluator = evaluators.get(protocol);
  if (evaluator === undefined) evaluators.set(protocol, (evaluator = new SampleEvaluator(protocol)));
  return evaluator.evaluate(input);
}
