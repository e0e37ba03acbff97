/** Keypoints in the photograph beside their truth, and how they fit it; lengths are shares of a box's longer side. */
import { JOINT_COUNT } from '../../hand/joints.js';
import type { KeypointLabels } from '../../metrics/index.js';
import { median } from '../finding.js';

/** Predictions, and the hands that they are of. */
export interface KeypointSet {
  /** rows × 21 × 2, px of the photograph. */
  readonly predicted: Float64Array | Float32Array;
  /** The place of each prediction among the labels, ascending. */
  readonly places: readonly number[];
  readonly labels: KeypointLabels;
}

export type Point = readonly [number, number];

/** One prediction and its truth. */
export interface KeypointRow {
  readonly row: number;
  readonly place: number;
  readonly right: boolean;
  /** 21 × 2, px. */
  readonly predicted: Float64Array;
  readonly labelled: readonly number[];
  /** The box: its middle and its longer side, px. */
  readonly center: Point;
  readonly side: number;
  /** 21 × 2: the truth from the middle of the box, in sides; NaN where nothing is labelled. */
  readonly truth: Float64Array;
}

/** A hand with fewer labels tells little of its shape. */
const LEAST_LABELS = 6;

/** @returns null where prediction or truth cannot be compared. */
export function keypointRow(set: KeypointSet, row: number): KeypointRow | null {
  const { labels } = set;
  const place = set.places[row]!;
  const side = labels.sides[place]!;
  const center = [labels.centers[place * 2]!, labels.centers[place * 2 + 1]!] as const;
  const width = JOINT_COUNT * 2;
  const predicted = Float64Array.from(set.predicted.subarray(row * width, (row + 1) * width));
  if (!(side > 0) || !predicted.every(Number.isFinite)) return null;
  const points = labels.points.subarray(place * width, (place + 1) * width);
  const labelled: number[] = [];
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const isKnown = Number.isFinite(points[joint * 2]!) && Number.isFinite(points[joint * 2 + 1]!);
    if (isKnown && labels.labelled.all[place * JOINT_COUNT + joint] === 1) labelled.push(joint);
  }
  if (labelled.length < LEAST_LABELS) return null;
  const truth = Float64Array.from(points, (value, k) => (value - center[k % 2]!) / side);
  return { row, place, right: labels.right[place]!, predicted, labelled, center, side, truth };
}

/** Where a predicted point lies once it is read in another way, in sides from the middle of the box. */
export type Reader = (row: KeypointRow, joint: number) => Point;

export const asGiven: Reader = ({ predicted, center, side }, joint) => [
  (predicted[joint * 2]! - center[0]) / side,
  (predicted[joint * 2 + 1]! - center[1]) / side,
];

/** Mean distance from the labels, or from those of some joints; NaN where none of these is labelled. */
export function errorOf(row: KeypointRow, read: Reader, joints: readonly number[] = row.labelled): number {
  let [sum, count] = [0, 0];
  for (const joint of joints) {
    const [x, y] = [row.truth[joint * 2]!, row.truth[joint * 2 + 1]!];
    if (joints !== row.labelled && !row.labelled.includes(joint)) continue;
    const [u, v] = read(row, joint);
    sum += Math.hypot(u - x, v - y);
    count++;
  }
  return sum / count;
}

export function medianError(rows: readonly KeypointRow[], read: Reader): number {
  return median(rows.map((row) => errorOf(row, read)));
}
