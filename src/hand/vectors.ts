/** A point or direction, x y z. */
export type Vec3 = readonly [number, number, number];

export function add(a: Vec3, b: Vec3): Vec3 {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

export function subtract(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function scale(a: Vec3, factor: number): Vec3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

/** `a + b · factor`. */
export function addScaled(a: Vec3, b: Vec3, factor: number): Vec3 {
  return [a[0] + b[0] * factor, a[1] + b[1] * factor, a[2] + b[2] * factor];
}

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function norm(a: Vec3): number {
  return Math.hypot(a[0], a[1], a[2]);
}

/** `a` at unit length; the zero vector stays zero. */
export function normalise(a: Vec3): Vec3 {
  const length = norm(a);
  return length === 0 ? [0, 0, 0] : scale(a, 1 / length);
}

/** `a` at `fraction` 0, `b` at 1. */
export function mix(a: Vec3, b: Vec3, fraction: number): Vec3 {
  return addScaled(a, subtract(b, a), fraction);
}

/** Point `index` of an N×3 row-major array. */
export function pointAt(points: ArrayLike<number>, index: number): Vec3 {
  return [points[index * 3]!, points[index * 3 + 1]!, points[index * 3 + 2]!];
}

/** Writes point `index` of an N×3 row-major array. */
export function setPoint(points: Float64Array, index: number, point: Vec3): void {
  points[index * 3] = point[0];
  points[index * 3 + 1] = point[1];
  points[index * 3 + 2] = point[2];
}

/** Mean of the points of an N×3 row-major array. */
export function centroid(points: Float64Array): [number, number, number] {
  let [x, y, z] = [0, 0, 0];
  for (let k = 0; k < points.length; k += 3) {
    x += points[k]!;
    y += points[k + 1]!;
    z += points[k + 2]!;
  }
  const count = points.length / 3;
  return [x / count, y / count, z / count];
}
