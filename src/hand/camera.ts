import type { Matrix3 } from './rotations.js';

/** Pinhole intrinsics in pixels, no skew. */
export interface PinholeCamera {
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
}

export function intrinsicMatrix(camera: PinholeCamera): Matrix3 {
  return [camera.fx, 0, camera.cx, 0, camera.fy, camera.cy, 0, 0, 1];
}

/**
 * Perspective projection in OpenCV axes (x right, y down, z forward).
 *
 * @param points N×3, any length unit, all with z ≠ 0
 * @returns N×2 in pixels
 */
export function projectPoints(points: ArrayLike<number>, camera: PinholeCamera): Float64Array {
  const count = points.length / 3;
  const pixels = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) {
    const z = points[i * 3 + 2]!;
    pixels[i * 2] = (camera.fx * points[i * 3]!) / z + camera.cx;
    pixels[i * 2 + 1] = (camera.fy * points[i * 3 + 1]!) / z + camera.cy;
  }
  return pixels;
}
