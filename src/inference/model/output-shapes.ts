/** The shapes in which an output may hold what it is for: as it should, with axes of length 1, flat, or without N. */
import type { TensorInfo } from './model-io.js';

type Shape = TensorInfo['shape'];
/** The dimensions after the batch; null takes any positive size. */
type Wanted = readonly (number | null)[];

/** What a declared shape says; an unknown dimension fits, and is checked on the first batch. */
export interface OutputFit {
  /** Points a sample: 21, V, or null where the file leaves it open; of a camera, its three numbers. */
  readonly points: number | null;
  /** Whether there is no axis for N, so that a batch is one sample. */
  readonly isOne: boolean;
  readonly isAsWanted: boolean;
}

/** Null where the shape cannot hold it. */
export function fitOutput(shape: Shape, wanted: Wanted): OutputFit | null {
  if (shape.length === 0) return { points: wanted[0] ?? null, isOne: false, isAsWanted: true };
  const [, ...row] = shape;
  if (row.length === wanted.length && matches(row, wanted)) {
    return { points: typeof row[0] === 'number' ? row[0] : null, isOne: false, isAsWanted: true };
  }
  const batched = pointsIn(withoutOnes(row), wanted);
  if (batched !== null) return { points: batched, isOne: false, isAsWanted: false };
  const sizes = withoutOnes(shape);
  const single = sizes.every((size) => typeof size === 'number') ? pointsIn(sizes, wanted) : null;
  return single === null ? null : { points: single, isOne: true, isAsWanted: false };
}

/** Whether a batch of `batch` samples may have these dimensions. */
export function holdsBatch(dims: readonly number[], wanted: Wanted, batch: number): boolean {
  const [first, ...row] = dims;
  if (first === batch && row.length === wanted.length && matches(row, wanted)) return true;
  if (first === batch && pointsIn(withoutOnes(row), wanted) !== null) return true;
  return batch === 1 && pointsIn(withoutOnes(dims), wanted) !== null;
}

/** Points in the sizes of one sample, in their own axes or in one; null where they are none. */
function pointsIn(sizes: Shape, wanted: Wanted): number | null {
  const [first, ...others] = sizes;
  if (typeof first !== 'number') return null;
  if (sizes.length === wanted.length && matches(sizes, wanted)) return first;
  const axes = wanted.length === 2 ? wanted[1]! : 1;
  if (others.length > 0 || first <= axes || first % axes !== 0) return null;
  return wanted[0] === null || wanted[0] === first / axes ? first / axes : null;
}

function matches(sizes: Shape, wanted: Wanted): boolean {
  return wanted.every((size, axis) => {
    const found = sizes[axis]!;
    return typeof found !== 'number' || (size === null ? found > 0 : found === size);
  });
}

function withoutOnes(shape: Shape): Shape {
  return shape.filter((size) => size !== 1);
}
