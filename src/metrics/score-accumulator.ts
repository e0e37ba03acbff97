/**
 * Adds up the results of single samples: sums, counts and integer histograms,
 * nothing else. Parts merge to the very same digits as the whole, whatever the
 * order (see exact-sum.ts), and cross a worker boundary as JSON.
 */

import {
  HAND_METRICS,
  METRIC_KEYS,
  PROPER_METRIC_KEYS,
  type MetricKey,
  type ProperMetricKey,
} from './definitions.js';
import { ExactSum } from './exact-sum.js';
import { PckHistogram, type PckCurve, type PckHistogramJson } from './pck.js';
import { requireSameProtocol, type Protocol } from './protocol.js';
import type { SampleResult, ScoredSample, UnscoredReason } from './sample.js';

/** `metrics` of metrics.json: a metric that does not exist has no key. */
export type Metrics = Partial<Record<MetricKey, number>>;
export type ProperMetrics = Partial<Record<ProperMetricKey, number>>;

/** The scores of one joint over all samples that have joints. */
export interface JointScore {
  /** Index in the protocol's joint order. */
  readonly joint: number;
  readonly samples: number;
  readonly mpjpe_mm: number;
  readonly pa_mpjpe_mm: number;
  readonly auc: number;
  readonly auc_aligned: number;
  readonly sta_mpjpe_mm?: number;
  readonly auc_sta?: number;
}

/** PCK curves under the official script's names; `xyz_sta` is HO-3D's. Absent without data. */
export interface PckCurves {
  xyz?: PckCurve;
  xyz_al?: PckCurve;
  xyz_sta?: PckCurve;
  mesh?: PckCurve;
  mesh_al?: PckCurve;
}

export interface ScoreResult {
  readonly scored: number;
  readonly unscored: number;
  /** How many samples were turned away for each reason that occurred. */
  readonly unscoredReasons: Partial<Record<UnscoredReason, number>>;
  readonly metrics: Metrics;
  /** The aligned metrics with det R = +1. */
  readonly proper: ProperMetrics;
  /** Samples behind each metric, where there are any. */
  readonly counts: Partial<Record<MetricKey | ProperMetricKey, number>>;
  /** Samples whose best alignment mirrors the hand. */
  readonly reflected: { readonly joints: number; readonly vertices: number };
  readonly joints: readonly JointScore[];
  readonly curves: PckCurves;
}

const SUM_KEYS = HAND_METRICS.map(({ key }) => key);
const JOINT_SETS = ['raw', 'aligned', 'scaleTranslation'] as const;
const VERTEX_SETS = ['raw', 'aligned'] as const;
type JointSet = (typeof JOINT_SETS)[number];
type VertexSet = (typeof VERTEX_SETS)[number];

interface MeanJson {
  readonly count: number;
  readonly sum: readonly number[];
}

/** JSON form of a `ScoreAccumulator`; exact: every double survives a round trip. */
export interface ScoreAccumulatorJson {
  readonly schema: 1;
  readonly protocol: Protocol;
  readonly scored: number;
  readonly unscoredReasons: Readonly<Record<string, number>>;
  readonly reflected: { readonly joints: number; readonly vertices: number };
  readonly topology: { readonly same: number; readonly other: number };
  readonly means: Readonly<Record<string, MeanJson>>;
  readonly officialTrafo: { readonly f5: MeanJson; readonly f15: MeanJson };
  readonly joints: Readonly<
    Record<string, { readonly sums: readonly (readonly number[])[]; readonly histogram: PckHistogramJson }>
  >;
  readonly vertices: Readonly<Record<string, PckHistogramJson>>;
}

/** A mean as its exact sum and its count. */
class Mean {
  count = 0;
  readonly sum: ExactSum;

  constructor(json?: MeanJson) {
    this.sum = json === undefined ? new ExactSum() : ExactSum.fromJson(json.sum);
    this.count = json?.count ?? 0;
  }

  add(value: number): void {
    this.sum.add(value);
    this.count++;
  }

  merge(other: Mean): void {
    this.sum.merge(other.sum);
    this.count += other.count;
  }

  value(): number | undefined {
    return this.count === 0 ? undefined : this.sum.value() / this.count;
  }

  toJson(): MeanJson {
    return { count: this.count, sum: this.sum.toJson() };
  }
}

/** Per-joint sums of errors (metres) and per-joint histograms. */
interface JointTotals {
  readonly sums: ExactSum[];
  readonly histogram: PckHistogram;
}

export class ScoreAccumulator {
  readonly protocol: Protocol;
  #scored = 0;
  readonly #unscoredReasons = new Map<UnscoredReason, number>();
  #jointsReflected = 0;
  #verticesReflected = 0;
  #sameTopology = 0;
  #otherTopology = 0;
  readonly #means = new Map<MetricKey | ProperMetricKey, Mean>();
  #officialF5 = new Mean();
  #officialF15 = new Mean();
  readonly #joints = new Map<JointSet, JointTotals>();
  readonly #vertices = new Map<VertexSet, PckHistogram>();

  constructor(protocol: Protocol) {
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

  /** Samples whose vertices correspond to the ground truth's, and samples whose do not. */
  get topology(): { same: number; other: number } {
    return { same: this.#sameTopology, other: this.#otherTopology };
  }

  /** Mean aligned F-scores through the official script's faulty transform; undefined when there are none. */
  get officialTrafo(): { f5: number; f15: number } | undefined {
    const f5 = this.#officialF5.value();
    const f15 = this.#officialF15.value();
    return f5 === undefined || f15 === undefined ? undefined : { f5, f15 };
  }

  /**
   * Adds one sample. It must come from an evaluator with this protocol.
   *
   * @throws RangeError when its joint count differs from that of the samples before.
   */
  add(sample: SampleResult): void {
    if (sample.state === 'unscored') {
      this.#unscoredReasons.set(sample.reason, (this.#unscoredReasons.get(sample.reason) ?? 0) + 1);
      return;
    }
    this.#addJoints(sample);
    if (sample.vertexHistograms !== undefined) {
      for (const set of VERTEX_SETS) this.#vertexTotals(set).addCounts(sample.vertexHistograms[set]);
    }
    for (const key of SUM_KEYS) {
      const value = sample.metrics[key];
      if (value !== undefined) this.#mean(key).add(value);
    }
    if (sample.officialTrafo !== undefined) {
      this.#officialF5.add(sample.officialTrafo.f5);
      this.#officialF15.add(sample.officialTrafo.f15);
    }
    if (sample.joints_reflected === true) this.#jointsReflected++;
    if (sample.vertices_reflected === true) this.#verticesReflected++;
    if (sample.topology === 'same') this.#sameTopology++;
    if (sample.topology === 'other') this.#otherTopology++;
    this.#scored++;
  }

  /**
   * Adds all that another accumulator has seen.
   *
   * @throws RangeError when the protocols or joint counts differ.
   */
  merge(other: ScoreAccumulator): void {
    requireSameProtocol(this.protocol, other.protocol);
    for (const [set, theirs] of other.#joints) {
      const ours = this.#jointTotals(set, theirs.sums.length);
      ours.histogram.merge(theirs.histogram);
      theirs.sums.forEach((sum, joint) => ours.sums[joint]!.merge(sum));
    }
    for (const [set, theirs] of other.#vertices) this.#vertexTotals(set).merge(theirs);
    for (const [key, mean] of other.#means) this.#mean(key).merge(mean);
    this.#officialF5.merge(other.#officialF5);
    this.#officialF15.merge(other.#officialF15);
    for (const [reason, count] of other.#unscoredReasons) {
      this.#unscoredReasons.set(reason, (this.#unscoredReasons.get(reason) ?? 0) + count);
    }
    this.#jointsReflected += other.#jointsReflected;
    this.#verticesReflected += other.#verticesReflected;
    this.#sameTopology += other.#sameTopology;
    this.#otherTopology += other.#otherTopology;
    this.#scored += other.#scored;
  }

  /** What the samples so far come to. */
  result(): ScoreResult {
    const metrics: Metrics = {};
    const proper: ProperMetrics = {};
    const counts: ScoreResult['counts'] = {};
    for (const key of METRIC_KEYS) {
      const value = this.#means.get(key)?.value();
      if (value !== undefined) metrics[key] = value;
    }
    for (const key of PROPER_METRIC_KEYS) {
      const value = this.#means.get(key)?.value();
      if (value !== undefined) proper[key] = value;
    }
    for (const key of SUM_KEYS) {
      const mean = this.#means.get(key);
      if (mean !== undefined) counts[key] = mean.count;
    }
    const unscoredReasons: Partial<Record<UnscoredReason, number>> = {};
    for (const reason of [...this.#unscoredReasons.keys()].sort()) {
      unscoredReasons[reason] = this.#unscoredReasons.get(reason)!;
    }
    return {
      scored: this.#scored,
      unscored: this.unscored,
      unscoredReasons,
      metrics,
      proper,
      counts,
      reflected: { joints: this.#jointsReflected, vertices: this.#verticesReflected },
      joints: this.#jointScores(),
      curves: this.#curves(),
    };
  }

  toJson(): ScoreAccumulatorJson {
    const means: Record<string, MeanJson> = {};
    for (const key of SUM_KEYS) {
      const mean = this.#means.get(key);
      if (mean !== undefined) means[key] = mean.toJson();
    }
    const joints: Record<string, { sums: number[][]; histogram: PckHistogramJson }> = {};
    for (const [set, totals] of this.#joints) {
      joints[set] = { sums: totals.sums.map((sum) => sum.toJson()), histogram: totals.histogram.toJson() };
    }
    const vertices: Record<string, PckHistogramJson> = {};
    for (const [set, histogram] of this.#vertices) vertices[set] = histogram.toJson();
    return {
      schema: 1,
      protocol: this.protocol,
      scored: this.#scored,
      unscoredReasons: Object.fromEntries(this.#unscoredReasons),
      reflected: { joints: this.#jointsReflected, vertices: this.#verticesReflected },
      topology: this.topology,
      means,
      officialTrafo: { f5: this.#officialF5.toJson(), f15: this.#officialF15.toJson() },
      joints,
      vertices,
    };
  }

  static fromJson(json: ScoreAccumulatorJson): ScoreAccumulator {
    const accumulator = new ScoreAccumulator(json.protocol);
    accumulator.#scored = json.scored;
    for (const [reason, count] of Object.entries(json.unscoredReasons)) {
      accumulator.#unscoredReasons.set(reason as UnscoredReason, count);
    }
    accumulator.#jointsReflected = json.reflected.joints;
    accumulator.#verticesReflected = json.reflected.vertices;
    accumulator.#sameTopology = json.topology.same;
    accumulator.#otherTopology = json.topology.other;
    for (const key of SUM_KEYS) {
      const mean = json.means[key];
      if (mean !== undefined) accumulator.#means.set(key, new Mean(mean));
    }
    accumulator.#officialF5 = new Mean(json.officialTrafo.f5);
    accumulator.#officialF15 = new Mean(json.officialTrafo.f15);
    for (const set of JOINT_SETS) {
      const totals = json.joints[set];
      if (totals === undefined) continue;
      accumulator.#joints.set(set, {
        sums: totals.sums.map((parts) => ExactSum.fromJson(parts)),
        histogram: PckHistogram.fromJson(totals.histogram),
      });
    }
    for (const set of VERTEX_SETS) {
      const histogram = json.vertices[set];
      if (histogram !== undefined) accumulator.#vertices.set(set, PckHistogram.fromJson(histogram));
    }
    return accumulator;
  }

  #mean(key: MetricKey | ProperMetricKey): Mean {
    let mean = this.#means.get(key);
    if (mean === undefined) this.#means.set(key, (mean = new Mean()));
    return mean;
  }

  #jointTotals(set: JointSet, joints: number): JointTotals {
    let totals = this.#joints.get(set);
    if (totals === undefined) {
      totals = {
        sums: Array.from({ length: joints }, () => new ExactSum()),
        histogram: new PckHistogram(joints, this.protocol.aucThresholdsMm),
      };
      this.#joints.set(set, totals);
    }
    if (totals.sums.length !== joints) {
      throw new RangeError(
        `all samples must have the same joints: expected ${totals.sums.length}, got ${joints}`,
      );
    }
    return totals;
  }

  #vertexTotals(set: VertexSet): PckHistogram {
    let histogram = this.#vertices.get(set);
    if (histogram === undefined) {
      histogram = new PckHistogram(1, this.protocol.aucThresholdsMm);
      this.#vertices.set(set, histogram);
    }
    return histogram;
  }

  #addJoints(sample: ScoredSample): void {
    if (sample.jointErrors === undefined) return;
    for (const set of JOINT_SETS) {
      const errors = sample.jointErrors[set];
      if (errors === undefined) continue;
      const totals = this.#jointTotals(set, errors.length);
      totals.histogram.add(errors);
      for (let joint = 0; joint < errors.length; joint++) totals.sums[joint]!.add(errors[joint]!);
    }
  }

  #jointScores(): JointScore[] {
    const raw = this.#joints.get('raw');
    const aligned = this.#joints.get('aligned');
    const scaled = this.#joints.get('scaleTranslation');
    if (raw === undefined || aligned === undefined) return [];
    return raw.sums.map((sum, joint) => {
      const samples = raw.histogram.total(joint);
      return {
        joint,
        samples,
        mpjpe_mm: (sum.value() / samples) * 1000,
        pa_mpjpe_mm: (aligned.sums[joint]!.value() / samples) * 1000,
        auc: raw.histogram.keypointAuc(joint)!,
        auc_aligned: aligned.histogram.keypointAuc(joint)!,
        ...(scaled !== undefined && {
          sta_mpjpe_mm: (scaled.sums[joint]!.value() / scaled.histogram.total(joint)) * 1000,
          auc_sta: scaled.histogram.keypointAuc(joint)!,
        }),
      };
    });
  }

  #curves(): PckCurves {
    const curves: PckCurves = {};
    const named = {
      xyz: this.#joints.get('raw')?.histogram,
      xyz_al: this.#joints.get('aligned')?.histogram,
      xyz_sta: this.#joints.get('scaleTranslation')?.histogram,
      mesh: this.#vertices.get('raw'),
      mesh_al: this.#vertices.get('aligned'),
    };
    for (const [name, histogram] of Object.entries(named)) {
      const curve = histogram?.curve();
      if (curve !== undefined) curves[name as keyof PckCurves] = curve;
    }
    return curves;
  }
}
