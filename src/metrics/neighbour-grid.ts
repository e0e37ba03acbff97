/**
 * 'Is any point nearer than r?', answered exactly for many queries over one
 * point set. Scratch memory is reused from one `build` to the next.
 *
 * The points lie in a grid over their two longest extents; a hand is thin enough
 * along the third that a column of cells holds few of them, and neighbouring
 * cells of a row lie next to each other in memory.
 */

/** More cells than this cost more to clear than they save; a wider spread gets larger cells. */
const MAX_CELLS = 1 << 14;

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

export class NeighbourGrid {
  /** The points, sorted by cell, three numbers each. */
  #points = new Float64Array(0);
  #cellOf = new Int32Array(0);
  /** starts[c] … starts[c + 1]: the points of cell c. */
  #starts = new Int32Array(0);
  #inverse = 1;
  #axisA = 0;
  #axisB = 1;
  #originA = 0;
  #originB = 0;
  #cellsA = 0;
  #cellsB = 0;
  readonly #radii: Float64Array;
  readonly #cuts: Float64Array;
  /** Radii in cells. */
  readonly #reaches: Float64Array;

  /** @param radii the distances that will be asked for, metres; queries name them by index. */
  constructor(radii: readonly number[]) {
    this.#radii = Float64Array.from(radii);
    this.#cuts = this.#radii.map(squaredCut);
    this.#reaches = new Float64Array(radii.length);
  }

  /** Builds over the first `count` (at least one) points with cells of at least `cell` metres. The points are copied. */
  build(points: Float64Array, count: number, cell: number): void {
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
    const spanX = maxX - minX;
    const spanY = maxY - minY;
    const spanZ = maxZ - minZ;
    const dropped = spanX <= spanY && spanX <= spanZ ? 0 : spanY <= spanZ ? 1 : 2;
    const axisA = dropped === 0 ? 1 : 0;
    const axisB = dropped === 2 ? 1 : 2;
    const spanA = dropped === 0 ? spanY : spanX;
    const spanB = dropped === 2 ? spanY : spanZ;
    const originA = dropped === 0 ? minY : minX;
    const originB = dropped === 2 ? minY : minZ;
    let size = cell;
    while ((Math.floor(spanA / size) + 1) * (Math.floor(spanB / size) + 1) > MAX_CELLS) size *= 2;
    const cellsA = Math.floor(spanA / size) + 1;
    const cellsB = Math.floor(spanB / size) + 1;
    const cells = cellsA * cellsB;
    if (this.#cellOf.length < count) {
      this.#points = new Float64Array(count * 3);
      this.#cellOf = new Int32Array(count);
    }
    if (this.#starts.length < cells + 2) this.#starts = new Int32Array(cells + 2);
    const starts = this.#starts;
    const cellOf = this.#cellOf;
    const sorted = this.#points;
    starts.fill(0, 0, cells + 2);
    const inverse = 1 / size;
    // Counting sort: starts[c + 2] counts cell c, then starts[c + 1] runs from its first to behind its last point.
    for (let i = 0, k = 0; i < count; i++, k += 3) {
      const a = Math.min(cellsA - 1, ((points[k + axisA]! - originA) * inverse) | 0);
      const b = Math.min(cellsB - 1, ((points[k + axisB]! - originB) * inverse) | 0);
      const c = b * cellsA + a;
      cellOf[i] = c;
      starts[c + 2] = starts[c + 2]! + 1;
    }
    for (let c = 2; c < cells + 2; c++) starts[c] = starts[c]! + starts[c - 1]!;
    for (let i = 0, k = 0; i < count; i++, k += 3) {
      const c = cellOf[i]! + 1;
      const at = starts[c]! * 3;
      starts[c] = starts[c]! + 1;
      sorted[at] = points[k]!;
      sorted[at + 1] = points[k + 1]!;
      sorted[at + 2] = points[k + 2]!;
    }
    // A hair wider than the radius, so that roundoff in the cell index never hides a point.
    for (let r = 0; r < this.#radii.length; r++) this.#reaches[r] = this.#radii[r]! * inverse + 1e-6;
    this.#inverse = inverse;
    this.#axisA = axisA;
    this.#axisB = axisB;
    this.#originA = originA;
    this.#originB = originB;
    this.#cellsA = cellsA;
    this.#cellsB = cellsB;
  }

  // Queries name a point by array and offset: a double handed to a function that is not inlined is boxed.

  /** Whether the point `witness` (from `find`) lies strictly nearer than radius `r` to the query at offset `k`. */
  within(witness: number, queries: Float64Array, k: number, r: number): boolean {
    const points = this.#points;
    const dx = points[witness]! - queries[k]!;
    const dy = points[witness + 1]! - queries[k + 1]!;
    const dz = points[witness + 2]! - queries[k + 2]!;
    return dx * dx + dy * dy + dz * dz < this.#cuts[r]!;
  }

  /** A point strictly nearer than radius `r` to the query at offset `k`, as a handle for `within`, or −1. */
  find(queries: Float64Array, k: number, r: number): number {
    const x = queries[k]!;
    const y = queries[k + 1]!;
    const z = queries[k + 2]!;
    const inverse = this.#inverse;
    const reach = this.#reaches[r]!;
    const cut = this.#cuts[r]!;
    const cellsA = this.#cellsA;
    const cellsB = this.#cellsB;
    const qa = (queries[k + this.#axisA]! - this.#originA) * inverse;
    const qb = (queries[k + this.#axisB]! - this.#originB) * inverse;
    if (!(qa + reach >= 0 && qa - reach < cellsA && qb + reach >= 0 && qb - reach < cellsB)) return -1;
    const a0 = qa > reach ? (qa - reach) | 0 : 0;
    const b0 = qb > reach ? (qb - reach) | 0 : 0;
    const a1 = qa + reach < cellsA ? (qa + reach) | 0 : cellsA - 1;
    const b1 = qb + reach < cellsB ? (qb + reach) | 0 : cellsB - 1;
    const starts = this.#starts;
    const points = this.#points;
    const lastRow = b1 * cellsA;
    for (let row = b0 * cellsA; row <= lastRow; row += cellsA) {
      const end = starts[row + a1 + 1]! * 3;
      for (let p = starts[row + a0]! * 3; p < end; p += 3) {
        const dx = points[p]! - x;
        const dy = points[p + 1]! - y;
        const dz = points[p + 2]! - z;
        if (dx * dx + dy * dy + dz * dz < cut) return p;
      }
    }
    return -1;
  }
}
