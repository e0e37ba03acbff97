/**
 * PCK curve and AUC.
 *
 *     PCK(t) = share of distances ≤ t,   t ∈ linspace(0, 50 mm, 100)
 *     AUC    = trapezoid of PCK over t / trapezoid of 1 over t
 *
 * Reference: `EvalUtil.get_measures(0.0, 0.05, 100)` of FreiHAND and HO-3D: per
 * keypoint, then the mean over keypoints. Units: metres in, shares 0…1 out.
 * Direction: higher is better. No distance at all: `undefined`, never 0 and
 * never NaN. A NaN distance throws a `RangeError`.
 *
 * A distance enters the curve at the first threshold that is not smaller, so
 * a curve is the running sum of a histogram with one bin a threshold and one
 * for what lies beyond. The histogram is integers: merging is exact. AUC is
 * linear in it: a distance in bin i adds a fixed weight, hence per-sample AUCs
 * whose mean is the AUC.
 */

/** `count` thresholds from `from` to `to`, both included. Millimetres, as a protocol states them. */
export interface ThresholdRangeMm {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** The official range of FreiHAND and HO-3D. */
export const OFFICIAL_AUC_THRESHOLDS_MM: ThresholdRangeMm = { from: 0, to: 50, count: 100 };

/** Share of distances (0…1) at each threshold (metres). */
export interface PckCurve {
  readonly thresholds_m: readonly number[];
  readonly pck: readonly number[];
}

/** The thresholds of a curve with what follows from them alone. */
export class Thresholds {
  /** Metres, the values of `numpy.linspace(from, to, count)` to the last bit. */
  readonly values: Float64Array;
  /** Bins of a histogram: one a threshold, and the last for distances beyond all of them. */
  readonly binCount: number;
  /** What one distance in bin i adds to the AUC of a set of one. */
  readonly aucWeights: Float64Array;
  readonly #from: number;
  readonly #inverseStep: number;

  constructor(range: ThresholdRangeMm) {
    const { count } = range;
    const from = range.from / 1000;
    const to = range.to / 1000;
    if (!Number.isInteger(count) || count < 2 || !(from >= 0) || !(to > from)) {
      throw new RangeError(
        `thresholds need 0 ≤ from < to and at least 2 values: got from ${range.from}, to ${range.to}, count ${count}`,
      );
    }
    const step = (to - from) / (count - 1);
    this.values = Float64Array.from({ length: count }, (_, i) => i * step + from);
    this.values[count - 1] = to;
    this.binCount = count + 1;
    this.#from = from;
    this.#inverseStep = 1 / step;
    // The curve of one distance is 0 before its bin and 1 from there on.
    this.aucWeights = new Float64Array(this.binCount);
    for (let bin = 0; bin < count; bin++) {
      const rise = bin === 0 ? 0 : (this.values[bin]! - this.values[bin - 1]!) / 2;
      this.aucWeights[bin] = (to - this.values[bin]! + rise) / (to - from);
    }
  }

  /** The first threshold index with distance ≤ threshold; `binCount − 1` when there is none. */
  bin(distance: number): number {
    const { values } = this;
    const last = values.length;
    // Arithmetic lands on the bin or next to it; the table decides.
    let bin = Math.ceil((distance - this.#from) * this.#inverseStep);
    if (!(bin < last)) bin = last;
    else if (bin < 0) bin = 0;
    while (bin > 0 && distance <= values[bin - 1]!) bin--;
    while (bin < last && distance > values[bin]!) bin++;
    return bin;
  }

  /**
   * Counts the first `count` distances into `histogram` from `offset` on and
   * returns the sum of their AUC weights. No checks: hot loop.
   */
  tally(distances: Float64Array, count: number, histogram: Uint32Array, offset: number): number {
    const { aucWeights } = this;
    let weight = 0;
    for (let i = 0; i < count; i++) {
      const bin = this.bin(distances[i]!);
      histogram[offset + bin]!++;
      weight += aucWeights[bin]!;
    }
    return weight;
  }

  /** The AUC of the first `count` distances. No checks: hot loop. */
  auc(distances: Float64Array, count: number): number {
    const { aucWeights } = this;
    let weight = 0;
    for (let i = 0; i < count; i++) weight += aucWeights[this.bin(distances[i]!)]!;
    return weight / count;
  }
}

const cache = new Map<string, Thresholds>();

/** The shared, read-only `Thresholds` of a range. */
export function thresholdsOf(range: ThresholdRangeMm): Thresholds {
  const key = `${range.from} ${range.to} ${range.count}`;
  let found = cache.get(key);
  if (found === undefined) cache.set(key, (found = new Thresholds(range)));
  return found;
}

/** Trapezoid rule over the curve, divided by the trapezoid of the constant 1. */
export function areaUnderCurve(thresholds: ArrayLike<number>, pck: ArrayLike<number>): number {
  let area = 0;
  let whole = 0;
  for (let i = 1; i < thresholds.length; i++) {
    const width = thresholds[i]! - thresholds[i - 1]!;
    area += (width * (pck[i]! + pck[i - 1]!)) / 2;
    whole += width;
  }
  return area / whole;
}

function checkDistances(distances: Float64Array): void {
  const index = distances.findIndex((distance) => !(distance >= 0));
  if (index >= 0) {
    throw new RangeError(`distance ${index} must be 0 or more: got ${distances[index]!}`);
  }
}

/** PCK curve of a set of distances in metres; `undefined` for an empty set. */
export function pckCurve(
  distances: Float64Array,
  range: ThresholdRangeMm = OFFICIAL_AUC_THRESHOLDS_MM,
): PckCurve | undefined {
  checkDistances(distances);
  if (distances.length === 0) return undefined;
  const histogram = new PckHistogram(1, range);
  histogram.addPooled(distances);
  return histogram.curve();
}

/** Area under the PCK curve of a set of distances in metres, 0…1; `undefined` for an empty set. */
export function pckAuc(
  distances: Float64Array,
  range: ThresholdRangeMm = OFFICIAL_AUC_THRESHOLDS_MM,
): number | undefined {
  checkDistances(distances);
  if (distances.length === 0) return undefined;
  return thresholdsOf(range).auc(distances, distances.length);
}

/** JSON form of a `PckHistogram`; plain numbers, exact. */
export interface PckHistogramJson {
  readonly keypoints: number;
  readonly range: ThresholdRangeMm;
  readonly counts: readonly number[];
}

/**
 * Integer histograms of distances, one per keypoint (or a single pooled one).
 * Adding and merging are exact and do not depend on order.
 */
export class PckHistogram {
  readonly keypoints: number;
  readonly range: ThresholdRangeMm;
  readonly #thresholds: Thresholds;
  /** Doubles hold integers exactly up to 2^53: 778 vertices × 10^13 samples. */
  readonly #counts: Float64Array;

  constructor(keypoints: number, range: ThresholdRangeMm = OFFICIAL_AUC_THRESHOLDS_MM) {
    this.keypoints = keypoints;
    this.range = { from: range.from, to: range.to, count: range.count };
    this.#thresholds = thresholdsOf(range);
    this.#counts = new Float64Array(keypoints * this.#thresholds.binCount);
  }

  /** One distance (metres) for each keypoint. */
  add(distances: Float64Array): void {
    if (distances.length !== this.keypoints) {
      throw new RangeError(
        `one distance a keypoint is needed: expected ${this.keypoints}, got ${distances.length}`,
      );
    }
    const { binCount } = this.#thresholds;
    for (let i = 0; i < distances.length; i++) {
      const index = i * binCount + this.#thresholds.bin(distances[i]!);
      this.#counts[index] = this.#counts[index]! + 1;
    }
  }

  /** Any number of distances into the first (pooled) histogram. */
  addPooled(distances: Float64Array): void {
    for (let i = 0; i < distances.length; i++) {
      const bin = this.#thresholds.bin(distances[i]!);
      this.#counts[bin] = this.#counts[bin]! + 1;
    }
  }

  /** Ready counts of one sample, `keypoints × binCount`. */
  addCounts(counts: ArrayLike<number>): void {
    if (counts.length !== this.#counts.length) {
      throw new RangeError(`histograms differ: expected ${this.#counts.length} bins, got ${counts.length}`);
    }
    for (let i = 0; i < counts.length; i++) this.#counts[i] = this.#counts[i]! + counts[i]!;
  }

  merge(other: PckHistogram): void {
    this.addCounts(other.#counts);
  }

  /** Distances counted for a keypoint. */
  total(keypoint = 0): number {
    const { binCount } = this.#thresholds;
    let total = 0;
    for (let bin = 0; bin < binCount; bin++) total += this.#counts[keypoint * binCount + bin]!;
    return total;
  }

  /** PCK of one keypoint; `undefined` when nothing was counted. */
  keypointCurve(keypoint: number): PckCurve | undefined {
    const total = this.total(keypoint);
    if (total === 0) return undefined;
    const { values, binCount } = this.#thresholds;
    const pck: number[] = [];
    let within = 0;
    for (let bin = 0; bin < values.length; bin++) {
      within += this.#counts[keypoint * binCount + bin]!;
      pck.push(within / total);
    }
    return { thresholds_m: [...values], pck };
  }

  /** AUC of one keypoint; `undefined` when nothing was counted. */
  keypointAuc(keypoint: number): number | undefined {
    const curve = this.keypointCurve(keypoint);
    return curve === undefined ? undefined : areaUnderCurve(curve.thresholds_m, curve.pck);
  }

  /** Mean curve over the keypoints that have counts; `undefined` when none has. */
  curve(): PckCurve | undefined {
    const sum = new Float64Array(this.#thresholds.values.length);
    let counted = 0;
    for (let keypoint = 0; keypoint < this.keypoints; keypoint++) {
      const curve = this.keypointCurve(keypoint);
      if (curve === undefined) continue;
      counted++;
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + curve.pck[i]!;
    }
    if (counted === 0) return undefined;
    return { thresholds_m: [...this.#thresholds.values], pck: Array.from(sum, (x) => x / counted) };
  }

  /** Mean AUC over the keypoints that have counts; `undefined` when none has. */
  auc(): number | undefined {
    let sum = 0;
    let counted = 0;
    for (let keypoint = 0; keypoint < this.keypoints; keypoint++) {
      const auc = this.keypointAuc(keypoint);
      if (auc === undefined) continue;
      counted++;
      sum += auc;
    }
    return counted === 0 ? undefined : sum / counted;
  }

  toJson(): PckHistogramJson {
    return { keypoints: this.keypoints, range: this.range, counts: [...this.#counts] };
  }

  static fromJson(json: PckHistogramJson): PckHistogram {
    const histogram = new PckHistogram(json.keypoints, json.range);
    histogram.addCounts(json.counts);
    return histogram;
  }
}
