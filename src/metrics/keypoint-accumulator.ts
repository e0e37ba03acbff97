/**
 * Adds up the results of single hands (keypoint-pck.ts): integer histograms,
 * nothing else. Parts merge to the very same digits as the whole, whatever the
 * order, and cross a worker boundary as JSON.
 */

import { JOINT_COUNT } from '../hand/joints.js';
import { KEYPOINT_METRICS } from './definitions.js';
import { KEYPOINT_SUBSETS, type KeypointSubset } from './keypoint-labels.js';
import {
  KEYPOINT_BINS,
  KEYPOINT_CURVE_THRESHOLDS,
  lastBinOf,
  type KeypointMetrics,
  type KeypointResult,
  type KeypointUnscoredReason,
  type ScoredKeypoints,
} from './keypoint-pck.js';
import { requireSameProtocol, type KeypointProtocol } from './protocol.js';

/** The scores of one joint: how many labels it has in each subset, and its PCK where it has some. */
export interface KeypointJointScore
  extends KeypointMetrics, Partial<Record<`labelled_${KeypointSubset}`, number>> {
  /** Index in OpenPose order. */
  readonly joint: number;
}

/** PCK (0…1) at each threshold (shares of the box's longer side). */
export interface KeypointCurve {
  readonly thresholds: readonly number[];
  readonly pck: readonly number[];
}

export interface KeypointScoreResult {
  readonly scored: number;
  readonly unscored: number;
  /** How many samples were turned away for each reason that occurred. */
  readonly unscoredReasons: Partial<Record<KeypointUnscoredReason, number>>;
  readonly metrics: KeypointMetrics;
  /** One row a joint. */
  readonly joints: readonly KeypointJointScore[];
  /** The joints that no sample labels in a subset: left out of its means. Only subsets that have such and others. */
  readonly unlabelledJoints: Partial<Record<KeypointSubset, readonly number[]>>;
  readonly curves: Partial<Record<KeypointSubset, KeypointCurve>>;
}

/** JSON form of a `KeypointAccumulator`; integers, exact. */
export interface KeypointAccumulatorJson {
  readonly schema: 1;
  readonly protocol: KeypointProtocol;
  readonly scored: number;
  readonly unscoredReasons: Readonly<Record<string, number>>;
  /** 21 × 62 counts a subset; no key where the split is not known. */
  readonly histograms: Readonly<Partial<Record<KeypointSubset, readonly number[]>>>;
}

type Histograms = ReadonlyMap<KeypointSubset, Float64Array>;

export class KeypointAccumulator {
  readonly protocol: KeypointProtocol;
  #scored = 0;
  readonly #unscoredReasons = new Map<KeypointUnscoredReason, number>();
  /** For each subset that is known, joint × bin; undefined before the first scored sample. */
  #histograms: Histograms | undefined;

  constructor(protocol: KeypointProtocol) {
    this.protocol = protocol;
  }

  /** Samples with a score. */
  get scored(): number {
    return this.#scored;
  }

  /** Samples turned away with a reason. */
  get unscored(): number {
    let total = 0;
    for (const count of this.#unscoredReasons.values()) total += count;
    return total;
  }

  /**
   * Adds one sample.
   *
   * @throws RangeError when it knows other subsets than the samples before.
   */
  add(sample: KeypointResult): void {
    if (sample.state === 'unscored') {
      this.#addReason(sample.reason, 1);
      return;
    }
    const histograms = this.#histogramsOf(knownSubsets(sample));
    for (const [subset, histogram] of histograms) {
      sample.labelled[subset]!.forEach((label, joint) => {
        if (label === 1) histogram[joint * KEYPOINT_BINS + sample.bins[joint]!]!++;
      });
    }
    this.#scored++;
  }

  /**
   * Adds all that another accumulator has seen.
   *
   * @throws RangeError when the protocols or the subsets known differ.
   */
  merge(other: KeypointAccumulator): void {
    requireSameProtocol(this.protocol, other.protocol);
    if (other.#histograms !== undefined) {
      const ours = this.#histogramsOf([...other.#histograms.keys()]);
      for (const [subset, counts] of other.#histograms) addCounts(ours.get(subset)!, counts);
    }
    for (const [reason, count] of other.#unscoredReasons) this.#addReason(reason, count);
    this.#scored += other.#scored;
  }

  /** What the samples so far come to. */
  result(): KeypointScoreResult {
    const metrics: KeypointMetrics = {};
    const joints = Array.from({ length: JOINT_COUNT }, (_, joint): KeypointJointScore => ({ joint }));
    const unlabelledJoints: Partial<Record<KeypointSubset, readonly number[]>> = {};
    const curves: Partial<Record<KeypointSubset, KeypointCurve>> = {};
    for (const [subset, histogram] of this.#histograms ?? []) {
      const jointCurves = joints.map(({ joint }) => jointCurve(histogram, joint));
      const ofSubset = KEYPOINT_METRICS.filter((metric) => metric.subset === subset);
      joints.forEach((row, joint) => {
        row[`labelled_${subset}`] = jointCurves[joint]?.labelled ?? 0;
        for (const metric of ofSubset) {
          const value = jointCurves[joint]?.pck[lastBinOf(metric)];
          if (value !== undefined) row[metric.key] = value;
        }
      });
      const present = jointCurves.filter((curve) => curve !== undefined);
      if (present.length === 0) continue;
      const pck = KEYPOINT_CURVE_THRESHOLDS.map(
        (_, t) => present.reduce((sum, curve) => sum + curve.pck[t]!, 0) / present.length,
      );
      curves[subset] = { thresholds: [...KEYPOINT_CURVE_THRESHOLDS], pck };
      for (const metric of ofSubset) metrics[metric.key] = pck[lastBinOf(metric)]!;
      const missing = joints.filter(({ joint }) => jointCurves[joint] === undefined);
      if (missing.length > 0) unlabelledJoints[subset] = missing.map(({ joint }) => joint);
    }
    const unscoredReasons: Partial<Record<KeypointUnscoredReason, number>> = {};
    for (const reason of [...this.#unscoredReasons.keys()].sort()) {
      unscoredReasons[reason] = this.#unscoredReasons.get(reason)!;
    }
    return {
      scored: this.#scored,
      unscored: this.unscored,
      unscoredReasons,
      metrics,
      joints,
      unlabelledJoints,
      curves,
    };
  }

  toJson(): KeypointAccumulatorJson {
    const histograms: Partial<Record<KeypointSubset, number[]>> = {};
    for (const [subset, counts] of this.#histograms ?? []) histograms[subset] = [...counts];
    return {
      schema: 1,
      protocol: this.protocol,
      scored: this.#scored,
      unscoredReasons: Object.fromEntries(this.#unscoredReasons),
      histograms,
    };
  }

  static fromJson(json: KeypointAccumulatorJson): KeypointAccumulator {
    const accumulator = new KeypointAccumulator(json.protocol);
    accumulator.#scored = json.scored;
    for (const [reason, count] of Object.entries(json.unscoredReasons)) {
      accumulator.#addReason(reason as KeypointUnscoredReason, count);
    }
    const known = KEYPOINT_SUBSETS.filter((subset) => json.histograms[subset] !== undefined);
    if (known.length > 0) {
      const histograms = accumulator.#histogramsOf(known);
      for (const [subset, counts] of histograms) addCounts(counts, json.histograms[subset]!);
    }
    return accumulator;
  }

  #addReason(reason: KeypointUnscoredReason, count: number): void {
    this.#unscoredReasons.set(reason, (this.#unscoredReasons.get(reason) ?? 0) + count);
  }

  #histogramsOf(subsets: readonly KeypointSubset[]): Histograms {
    this.#histograms ??= new Map(
      subsets.map((subset) => [subset, new Float64Array(JOINT_COUNT * KEYPOINT_BINS)]),
    );
    const ours = [...this.#histograms.keys()];
    if (ours.join() !== subsets.join()) {
      throw new RangeError(
        `all samples must know the same subsets of keypoints: expected ${ours.join(', ')}, got ${subsets.join(', ')}`,
      );
    }
    return this.#histograms;
  }
}

function knownSubsets({ labelled }: ScoredKeypoints): KeypointSubset[] {
  return KEYPOINT_SUBSETS.filter((subset) => labelled[subset] !== null);
}

function addCounts(into: Float64Array, counts: ArrayLike<number>): void {
  if (counts.length !== into.length) {
    throw new RangeError(`histograms differ: expected ${into.length} bins, got ${counts.length}`);
  }
  for (let i = 0; i < counts.length; i++) into[i] = into[i]! + counts[i]!;
}

/** Labels of one joint and its share within each threshold; `undefined` where it has no label. */
function jointCurve(histogram: Float64Array, joint: number): { labelled: number; pck: number[] } | undefined {
  const counts = histogram.subarray(joint * KEYPOINT_BINS, (joint + 1) * KEYPOINT_BINS);
  const labelled = counts.reduce((sum, count) => sum + count, 0);
  if (labelled === 0) return undefined;
  let within = 0;
  const pck = KEYPOINT_CURVE_THRESHOLDS.map((_, bin) => (within += counts[bin]!) / labelled);
  return { labelled, pck };
}
