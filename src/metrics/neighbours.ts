/**
 * What the two grids of the F-score share. Both answer 'which points have a
 * neighbour nearer than r?' exactly between two point sets: `CoveringGrid` for a
 * radius of about the spacing of the points, `SortedGrid` for one that takes in
 * many of them. They reject with the box and the cells alone only what cannot be
 * near, and decide everything else on the distance itself.
 */

/** More cells than this cost more to clear than they save; a wider spread gets larger cells. */
export const MAX_CELLS = 1 << 14;
/** A hair wider than the radius, so that roundoff in a cell's index never hides a point. */
export const HAIR = 1 + 1e-6;

/**
 * The smallest squared distance whose root is not below `radius`: then
 * `squared < cut` says exactly what `Math.sqrt(squared) < radius` says.
 */
export function squaredCut(radius: number): number {
  let cut = radius * radius;
  const step = cut * 2 ** -53;
  while (Math.sqrt(cut) >= radius) cut -= step;
  while (Math.sqrt(cut) < radius) cut += step;
  return cut;
}

/** A point set, three numbers each, and the closest level each point is known to have reached (0: none). */
export interface Side {
  readonly points: Float64Array;
  readonly count: number;
  readonly levels: Uint8Array;
}

/** The box around a point set. */
export interface Box {
  readonly min: readonly [number, number, number];
  readonly span: readonly [number, number, number];
}

/** The box around the first `count` (at least one) points. */
export function boxOf(points: Float64Array, count: number): Box {
  let minX = Infinity;
  let minY = Infinity;
  let minZ = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  let maxZ = -Infinity;
  for (let k = 0; k < count * 3; k += 3) {
    const x = points[k]!;
    const y = points[k + 1]!;
    const z = points[k + 2]!;
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
    if (z < minZ) minZ = z;
    if (z > maxZ) maxZ = z;
  }
  return { min: [minX, minY, minZ], span: [maxX - minX, maxY - minY, maxZ - minZ] };
}
