/**
 * The 6D rotation of networks (Zhou et al. 2019, "On the Continuity of Rotation Representations in Neural
 * Networks", eq. 15): the first two columns of a matrix, made orthonormal by Gram–Schmidt; the third is their cross
 * product. Column-first, as HaMeR lays them out: a1x a1y a1z a2x a2y a2z. SPIN interleaves the two columns instead.
 */
import { type Vec3, addScaled, cross, dot, pointAt, scale, norm } from './vectors.js';

/** Numbers of one rotation in 6D and as a matrix. */
const SIX = 6;
const NINE = 9;

/**
 * @param values J×6, column-first
 * @returns J×9: rotation matrices, row-major. NaN where the two columns are parallel or one is zero: no rotation
 *   is meant by them.
 * @throws RangeError when the length is not a multiple of 6.
 */
export function matricesFrom6d(values: Float64Array | Float32Array): Float64Array {
  if (values.length % SIX !== 0) {
    throw new RangeError(`6D rotations must be J×6 numbers: expected a multiple of 6, got ${values.length}`);
  }
  const count = values.length / SIX;
  const matrices = new Float64Array(count * NINE);
  for (let i = 0; i < count; i++) {
    const first = unit(pointAt(values, 2 * i));
    const given = pointAt(values, 2 * i + 1);
    const second = unit(addScaled(given, first, -dot(first, given)));
    const third = cross(first, second);
    for (let row = 0; row < 3; row++) {
      matrices.set([first[row]!, second[row]!, third[row]!], i * NINE + row * 3);
    }
  }
  return matrices;
}

/** `a` at unit length; NaN for the zero vector. */
function unit(a: Vec3): Vec3 {
  return scale(a, 1 / norm(a));
}
