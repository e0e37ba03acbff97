import { type Vec3, norm } from './vectors.js';

/** A 3×3 matrix, row-major, applied to column vectors. */
export type Matrix3 = readonly [number, number, number, number, number, number, number, number, number];

export const IDENTITY3: Matrix3 = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/**
 * Rodrigues' formula: the rotation by |axisAngle| radians about axisAngle,
 * right-handed. The zero vector gives the identity.
 */
export function rotationFromAxisAngle(axisAngle: Vec3): Matrix3 {
  const angle = norm(axisAngle);
  if (angle < 1e-12) return IDENTITY3;
  const [x, y, z] = [axisAngle[0] / angle, axisAngle[1] / angle, axisAngle[2] / angle];
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  const t = 1 - c;
  return [
    t * x * x + c,
    t * x * y - s * z,
    t * x * z + s * y,
    t * x * y + s * z,
    t * y * y + c,
    t * y * z - s * x,
    t * x * z - s * y,
    t * y * z + s * x,
    t * z * z + c,
  ];
}

/**
 * The axis–angle vector of a rotation matrix, angle in [0, π]. At π the sign of
 * the axis is free; the largest component is taken positive.
 */
export function axisAngleFromRotation(m: Matrix3): Vec3 {
  const cosine = (m[0] + m[4] + m[8] - 1) / 2;
  const skew: Vec3 = [m[7] - m[5], m[2] - m[6], m[3] - m[1]];
  const sine2 = norm(skew);
  // atan2, not acos: exact to rounding near 0 and π too.
  const angle = Math.atan2(sine2 / 2, cosine);
  if (sine2 > 1e-6) return [(skew[0] * angle) / sine2, (skew[1] * angle) / sine2, (skew[2] * angle) / sine2];
  if (cosine > 0) return [skew[0] / 2, skew[1] / 2, skew[2] / 2];
  // Near π the skew part vanishes; (R + I) / 2 is the outer product of the axis.
  const diagonal = [(m[0] + 1) / 2, (m[4] + 1) / 2, (m[8] + 1) / 2];
  const largest = diagonal.indexOf(Math.max(...diagonal));
  const root = Math.sqrt(diagonal[largest]!);
  const column: Vec3 = [
    (m[largest]! + (largest === 0 ? 1 : 0)) / 2,
    (m[3 + largest]! + (largest === 1 ? 1 : 0)) / 2,
    (m[6 + largest]! + (largest === 2 ? 1 : 0)) / 2,
  ];
  return [(column[0] / root) * angle, (column[1] / root) * angle, (column[2] / root) * angle];
}

export function multiply3(a: Matrix3, b: Matrix3): Matrix3 {
  return [
    a[0] * b[0] + a[1] * b[3] + a[2] * b[6],
    a[0] * b[1] + a[1] * b[4] + a[2] * b[7],
    a[0] * b[2] + a[1] * b[5] + a[2] * b[8],
    a[3] * b[0] + a[4] * b[3] + a[5] * b[6],
    a[3] * b[1] + a[4] * b[4] + a[5] * b[7],
    a[3] * b[2] + a[4] * b[5] + a[5] * b[8],
    a[6] * b[0] + a[7] * b[3] + a[8] * b[6],
    a[6] * b[1] + a[7] * b[4] + a[8] * b[7],
    a[6] * b[2] + a[7] * b[5] + a[8] * b[8],
  ];
}

export function rotate(m: Matrix3, v: Vec3): Vec3 {
  return [
    m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
    m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
    m[6] * v[0] + m[7] * v[1] + m[8] * v[2],
  ];
}
