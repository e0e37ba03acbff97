/** Arrays of points in the shapes people save them in, read as (N, points, axes). */
import { JOINT_COUNT } from '../hand/joints.js';

/** Rows of an array on disk, or of what stands for one. */
export interface ArrayRows {
  /** How errors name it. */
  readonly file: string;
  readonly shape: readonly number[];
  readonly rows: number;
  /** Rows [first, end) as doubles, row-major. */
  readRows(first: number, end: number): Promise<Float64Array>;
  close(): Promise<void>;
}

/** How many points a row has, null for any number, and how many numbers a point. */
export interface PointForm {
  readonly points: number | null;
  readonly axes: 2 | 3;
}

export const JOINT_FORM: PointForm = { points: JOINT_COUNT, axes: 3 };
export const VERTEX_FORM: PointForm = { points: null, axes: 3 };
export const KEYPOINT_FORM: PointForm = { points: JOINT_COUNT, axes: 2 };

/** The points of an array, row by row. */
export interface PointArray {
  readonly rows: number;
  /** Of a row. */
  readonly points: number;
  /** Whether the array has the axes (N, points, axes) itself. */
  readonly isAsSaved: boolean;
  /** Rows [first, end), in memory of their own. */
  readonly read: (first: number, end: number) => Promise<Float64Array>;
}

/**
 * `(N, points, axes)` of an array that holds points: with axes of length 1 anywhere, without N where there is one
 * sample, or with the points of a sample in one row of numbers. Null for what holds none.
 */
export function pointShape(
  shape: readonly number[],
  { points, axes }: PointForm,
): readonly [number, number, number] | null {
  const isCount = (count: number): boolean => points === null || points === count;
  const [, second, third] = shape;
  if (shape.length === 3 && third === axes && isCount(second!)) return [shape[0]!, second!, axes];
  const sizes = shape.filter((size) => size !== 1);
  const last = sizes.at(-1)!;
  const isFlat = last > axes && last % axes === 0 && isCount(last / axes);
  if (sizes.length === 3 && last === axes && isCount(sizes[1]!)) return [sizes[0]!, sizes[1]!, axes];
  if (sizes.length === 2 && last === axes && isCount(sizes[0]!)) return [1, sizes[0]!, axes];
  if (sizes.length === 2 && isFlat) return [sizes[0]!, last / axes, axes];
  return sizes.length === 1 && isFlat ? [1, last / axes, axes] : null;
}

/** An array by its points; null where it holds none. */
export function pointRows(array: ArrayRows, form: PointForm): PointArray | null {
  const shape = pointShape(array.shape, form);
  if (shape === null) return null;
  const [rows, points, axes] = shape;
  let all: Promise<Float64Array> | undefined;
  return {
    rows,
    points,
    isAsSaved: array.shape.join() === shape.join(),
    async read(first, end) {
      if (rows === array.rows) return array.readRows(first, end);
      // The first axis is of length 1, or that of the points.
      all ??= array.readRows(0, array.rows);
      return (await all).slice(first * points * axes, end * points * axes);
    },
  };
}

export function shapeText(shape: readonly (number | string)[]): string {
  return `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
}
