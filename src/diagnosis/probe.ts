/**
 * The samples that are looked at before scoring, and their two parts: joints
 * and vertices. A check reads a part; what it finds, it takes back (a factor,
 * an order, an axis), so that the checks after it do not report the same
 * mistake under another name.
 */
import type { Axes } from '../hand/axes.js';
import { JOINT_COUNT, type JointOrder } from '../hand/joints.js';
import type { Points } from '../metrics/index.js';

/** Samples taken before scoring: typically the first 64 and a few spread over the rest. */
export interface SampleProbe {
  readonly count: number;
  /**
   * Position of each sample in the list they were taken from, ascending;
   * 0, 1, 2, … when left out. Needed to name a shift.
   */
  readonly indices?: readonly number[];
  /** count×21×3, in the declared unit (metres), order and axes. */
  readonly predictedJoints: Points | null;
  readonly trueJoints: Points | null;
  /** count×V×3; `V` is `predictedVertexCount`. */
  readonly predictedVertices: Points | null;
  readonly trueVertices: Points | null;
  /** Ignored where there are no such vertices. */
  readonly predictedVertexCount: number;
  readonly trueVertexCount: number;
  /** Order the joints are declared to have. */
  readonly jointOrder: JointOrder;
  readonly axes: Axes;
}

/** One side of a part: `count` rows of points. */
export interface PointRows {
  readonly values: Float64Array;
  /** Points a row. */
  readonly points: number;
}

export interface Part {
  readonly name: 'joints' | 'vertices' | 'keypoints';
  readonly predicted: PointRows;
  readonly truth: PointRows | null;
  /** Probe rows that can be compared or, without truth, looked at; see placeholders.ts. */
  readonly rows: readonly number[];
}

/** A part with ground truth whose points correspond by index. */
export interface PairedPart extends Part {
  readonly truth: PointRows;
}

export function rowOf(rows: PointRows, row: number): Float64Array {
  const length = rows.points * 3;
  return rows.values.subarray(row * length, (row + 1) * length);
}

export function isPaired(part: Part | undefined): part is PairedPart {
  return part !== undefined && part.truth?.points === part.predicted.points && part.rows.length > 0;
}

export function withPredicted(part: Part, values: Float64Array): Part {
  return { ...part, predicted: { ...part.predicted, values } };
}

/** The part with predictions times `factors` (x, y, z). */
export function scaledPredictions(part: Part, factors: readonly [number, number, number]): Part {
  return withPredicted(
    part,
    part.predicted.values.map((value, k) => value * factors[k % 3]!),
  );
}

function rowsOf(values: Points | null, points: number, count: number, what: string): PointRows | null {
  if (values === null) return null;
  if (!Number.isInteger(points) || points < 1 || values.length !== count * points * 3) {
    throw new RangeError(
      `${what} must hold ${count} × ${points} × 3 numbers: expected ${count * points * 3}, got ${values.length}`,
    );
  }
  return { values: values instanceof Float64Array ? values : Float64Array.from(values), points };
}

/**
 * The probe's joints and vertices, where predicted; every row is usable yet.
 *
 * @throws RangeError when an array's length does not fit the counts.
 */
export function partsOf(probe: SampleProbe): Part[] {
  const { count } = probe;
  if (probe.indices !== undefined && probe.indices.length !== count) {
    throw new RangeError(`one index a sample is needed: expected ${count}, got ${probe.indices.length}`);
  }
  const rows = Array.from({ length: count }, (_, row) => row);
  const parts: Part[] = [];
  const add = (name: Part['name'], predicted: PointRows | null, truth: PointRows | null): void => {
    if (predicted !== null) parts.push({ name, predicted, truth, rows });
  };
  add(
    'joints',
    rowsOf(probe.predictedJoints, JOINT_COUNT, count, 'predicted joints'),
    rowsOf(probe.trueJoints, JOINT_COUNT, count, 'true joints'),
  );
  add(
    'vertices',
    rowsOf(probe.predictedVertices, probe.predictedVertexCount, count, 'predicted vertices'),
    rowsOf(probe.trueVertices, probe.trueVertexCount, count, 'true vertices'),
  );
  return parts;
}
