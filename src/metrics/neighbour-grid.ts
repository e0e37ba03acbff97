/**
 * 'Which points have a neighbour nearer than r?', answered exactly between two
 * point sets. Two grids for it: `CoveringGrid` for a radius of about the spacing
 * of the points, `SortedGrid` for a radius that takes in many of them. Both
 * reject with the box and the cells alone only what cannot be near, and decide
 * everything else on the distance itself. Scratch memory is reused.
 */

/** More cells than this cost more to clear than they save; a wider spread gets larger cells. */
const MAX_CELLS = 1 << 14;
/** A hair wider than the radius, so that roundoff in a cell's index never hides a point. */
const HAIR = 1 + 1e-6;

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

/**
 * Lists every point in each of the eight cells that the cube of 'nearer than r'
 * around it can touch, so that a query reads one cell only.
 *
 * Exact: let x be a coordinate of a point and q that of a query nearer than r.
 * Then x − r ≤ q ≤ x + r, and subtracting, multiplying and rounding down keep the
 * order, roundoff or not, so that q's cell lies between those of x − r and x + r.
 * Cells are wider than 2r: those two are the same or next to each other.
 */
export class CoveringGrid {
  readonly #level: number;
  readonly #cut: number;
  readonly #reach: number;
  /** The last entry of each cell, −1 for none; entry e names point e >> 3. */
  #heads = new Int32Array(0);
  /** The entry before each entry in its cell, −1 for none. */
  #next = new Int32Array(0);
  #inverse = 1;
  #originX = 0;
  #originY = 0;
  #originZ = 0;
  #cellsX = 0;
  #cellsY = 0;
  #cellsZ = 0;

  /** @param level what `settle` notes for a point with a neighbour nearer than `radius` metres. */
  constructor(radius: number, level: number) {
    this.#level = level;
    this.#cut = squaredCut(radius);
    this.#reach = radius * HAIR;
  }

  /** Lays the cells around `box`: whatever lies outside them has no neighbour inside the box. */
  frame({ min, span }: Box): void {
    const margin = 2 * this.#reach;
    let size = 1.02 * margin;
    for (;;) {
      this.#cellsX = Math.floor((span[0] + 2 * margin) / size) + 2;
      this.#cellsY = Math.floor((span[1] + 2 * margin) / size) + 2;
      this.#cellsZ = Math.floor((span[2] + 2 * margin) / size) + 2;
      if (!(this.#cellsX * this.#cellsY * this.#cellsZ > MAX_CELLS)) break;
      size *= 2;
    }
    this.#inverse = 1 / size;
    this.#originX = min[0] - margin;
    this.#originY = min[1] - margin;
    this.#originZ = min[2] - margin;
  }

  /**
   * Raises to this grid's level every point of `from` that has a neighbour among
   * the points of `to` at `least` or above, and the neighbours found with it.
   * The points of `to` asked for must lie within r of the box framed.
   *
   * @returns how many points of `from` have reached the level.
   */
  settle(from: Side, to: Side, least: number): number {
    this.#build(to, least);
    const level = this.#level;
    const cut = this.#cut;
    const inverse = this.#inverse;
    const originX = this.#originX;
    const originY = this.#originY;
    const originZ = this.#originZ;
    const cellsX = this.#cellsX;
    const cellsY = this.#cellsY;
    const cellsZ = this.#cellsZ;
    const heads = this.#heads;
    const next = this.#next;
    const { points: queries, count, levels } = from;
    const { points, levels: otherLevels } = to;
    let reached = 0;
    // Neighbouring indices are mostly neighbours in space: what was near the last point is tried first.
    let witness = 0;
    for (let i = 0, k = 0; i < count; i++, k += 3) {
      if (levels[i]! >= level) {
        reached++;
        continue;
      }
      const x = queries[k]!;
      const y = queries[k + 1]!;
      const z = queries[k + 2]!;
      const wx = points[witness * 3]! - x;
      const wy = points[witness * 3 + 1]! - y;
      const wz = points[witness * 3 + 2]! - z;
      if (!(wx * wx + wy * wy + wz * wz < cut)) {
        const a = (x - originX) * inverse;
        const b = (y - originY) * inverse;
        const c = (z - originZ) * inverse;
        if (!(a >= 0 && a < cellsX && b >= 0 && b < cellsY && c >= 0 && c < cellsZ)) continue;
        let entry = heads[((c | 0) * cellsY + (b | 0)) * cellsX + (a | 0)]!;
        for (; entry >= 0; entry = next[entry]!) {
          const p = (entry >> 3) * 3;
          const dx = points[p]! - x;
          const dy = points[p + 1]! - y;
          const dz = points[p + 2]! - z;
          if (dx * dx + dy * dy + dz * dz < cut) break;
        }
        if (entry < 0) continue;
        witness = entry >> 3;
      }
      levels[i] = level;
      otherLevels[witness] = level;
      reached++;
    }
    return reached;
  }

  #build({ points, count, levels }: Side, least: number): void {
    const reach = this.#reach;
    const inverse = this.#inverse;
    const originX = this.#originX;
    const originY = this.#originY;
    const originZ = this.#originZ;
    const row = this.#cellsX;
    const layer = row * this.#cellsY;
    const cells = layer * this.#cellsZ;
    if (this.#heads.length < cells) this.#heads = new Int32Array(cells);
    if (this.#next.length < 8 * count) this.#next = new Int32Array(8 * count);
    const heads = this.#heads;
    const next = this.#next;
    heads.fill(-1, 0, cells);
    for (let i = 0, k = 0; i < count; i++, k += 3) {
      if (levels[i]! < least) continue;
      const a = ((points[k]! - reach - originX) * inverse) | 0;
      const b = ((points[k + 1]! - reach - originY) * inverse) | 0;
      const c = ((points[k + 2]! - reach - originZ) * inverse) | 0;
      const entry = 8 * i;
      // The eight cells of the cube, written out: this runs for every point.
      const near = c * layer + b * row + a;
      next[entry] = heads[near]!;
      heads[near] = entry;
      next[entry + 1] = heads[near + 1]!;
      heads[near + 1] = entry + 1;
      const below = near + row;
      next[entry + 2] = heads[below]!;
      heads[below] = entry + 2;
      next[entry + 3] = heads[below + 1]!;
      heads[below + 1] = entry + 3;
      const behind = near + layer;
      next[entry + 4] = heads[behind]!;
      heads[behind] = entry + 4;
      next[entry + 5] = heads[behind + 1]!;
      heads[behind + 1] = entry + 5;
      const across = behind + row;
      next[entry + 6] = heads[across]!;
      heads[across] = entry + 6;
      next[entry + 7] = heads[across + 1]!;
      heads[across + 1] = entry + 7;
    }
  }
}

/** Cells of a `SortedGrid` to a radius: the fastest of 1 … 4 for 15 mm on a hand mesh. */
const CELLS_PER_RADIUS = 3;

/**
 * Sorts the points by cell over their two longest extents; a hand is thin enough
 * along the third that a column of cells holds few of them, and the cells of a
 * row that a query reads lie next to each other in memory.
 *
 * Exact: the radius is a hair less than a whole number of cells, by more than the
 * roundoff of an index (there are few cells), so that neighbours lie at most that
 * many cells apart.
 */
export class SortedGrid {
  readonly #level: number;
  readonly #cut: number;
  readonly #radius: number;
  /** The radius in cells. */
  #reach = CELLS_PER_RADIUS;
  /** The points by cell: coordinates and number. */
  #xs = new Float64Array(0);
  #ys = new Float64Array(0);
  #zs = new Float64Array(0);
  #numbers = new Int32Array(0);
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

  /** @param level what `settle` notes for a point with a neighbour nearer than `radius` metres. */
  constructor(radius: number, level: number) {
    this.#level = level;
    this.#cut = squaredCut(radius);
    this.#radius = radius;
  }

  /** Lays the cells around `box`: whatever lies outside them has no neighbour inside the box. */
  frame({ min, span }: Box): void {
    const dropped = span[0] <= span[1] && span[0] <= span[2] ? 0 : span[1] <= span[2] ? 1 : 2;
    const axisA = dropped === 0 ? 1 : 0;
    const axisB = dropped === 2 ? 1 : 2;
    // Two cells more than the radius needs: where coordinates are so large that an
    // origin is rounded by more than that, no two different points are neighbours.
    const margin = CELLS_PER_RADIUS + 2;
    let size = (this.#radius / CELLS_PER_RADIUS) * HAIR;
    for (;;) {
      this.#cellsA = Math.floor(span[axisA] / size) + 1 + 2 * margin;
      this.#cellsB = Math.floor(span[axisB] / size) + 1 + 2 * margin;
      if (!(this.#cellsA * this.#cellsB > MAX_CELLS)) break;
      size *= 2;
    }
    this.#reach = Math.ceil(this.#radius / size);
    this.#inverse = 1 / size;
    this.#axisA = axisA;
    this.#axisB = axisB;
    this.#originA = min[axisA] - margin * size;
    this.#originB = min[axisB] - margin * size;
  }

  /**
   * Raises to this grid's level every point of `from` below it that has a
   * neighbour among the points of `to` at `least` or above, and the neighbours
   * found with it. The points of `to` asked for must lie within r of the box framed.
   *
   * @returns how many points of `from` have reached the level.
   */
  settle(from: Side, to: Side, least: number): number {
    const level = this.#level;
    const { points: queries, count, levels } = from;
    const otherLevels = to.levels;
    let reached = 0;
    let built = false;
    let witness = 0;
    for (let i = 0, k = 0; i < count; i++, k += 3) {
      if (levels[i]! >= level) {
        reached++;
        continue;
      }
      if (!built) {
        // After an alignment there is often nothing left to ask.
        if (this.#build(to, least) === 0) continue;
        built = true;
      }
      if (!this.#within(witness, queries, k)) {
        const found = this.#find(queries, k);
        if (found < 0) continue;
        witness = found;
      }
      levels[i] = level;
      const number = this.#numbers[witness]!;
      if (otherLevels[number]! < level) otherLevels[number] = level;
      reached++;
    }
    return reached;
  }

  /** @returns how many points it holds. */
  #build({ points, count, levels }: Side, least: number): number {
    const inverse = this.#inverse;
    const axisA = this.#axisA;
    const axisB = this.#axisB;
    const originA = this.#originA;
    const originB = this.#originB;
    const cellsA = this.#cellsA;
    const cells = cellsA * this.#cellsB;
    if (this.#cellOf.length < count) {
      this.#xs = new Float64Array(count);
      this.#ys = new Float64Array(count);
      this.#zs = new Float64Array(count);
      this.#numbers = new Int32Array(count);
      this.#cellOf = new Int32Array(count);
    }
    if (this.#starts.length < cells + 2) this.#starts = new Int32Array(cells + 2);
    const starts = this.#starts;
    const cellOf = this.#cellOf;
    const xs = this.#xs;
    const ys = this.#ys;
    const zs = this.#zs;
    const numbers = this.#numbers;
    starts.fill(0, 0, cells + 2);
    // Counting sort: starts[c + 2] counts cell c, then starts[c + 1] runs from its first to behind its last point.
    for (let i = 0, k = 0; i < count; i++, k += 3) {
      if (levels[i]! < least) continue;
      const a = ((points[k + axisA]! - originA) * inverse) | 0;
      const b = ((points[k + axisB]! - originB) * inverse) | 0;
      const c = b * cellsA + a;
      cellOf[i] = c;
      starts[c + 2] = starts[c + 2]! + 1;
    }
    let sum = 0;
    for (let c = 2; c < cells + 2; c++) {
      sum += starts[c]!;
      starts[c] = sum;
    }
    for (let i = 0, k = 0; i < count; i++, k += 3) {
      if (levels[i]! < least) continue;
      const c = cellOf[i]! + 1;
      const at = starts[c]!;
      starts[c] = at + 1;
      numbers[at] = i;
      xs[at] = points[k]!;
      ys[at] = points[k + 1]!;
      zs[at] = points[k + 2]!;
    }
    return sum;
  }

  // Queries name a point by array and offset: a double handed to a function that is not inlined is boxed.

  /** Whether the point in place `witness` lies strictly nearer than the radius to the query at offset `k`. */
  #within(witness: number, queries: Float64Array, k: number): boolean {
    const dx = this.#xs[witness]! - queries[k]!;
    const dy = this.#ys[witness]! - queries[k + 1]!;
    const dz = this.#zs[witness]! - queries[k + 2]!;
    return dx * dx + dy * dy + dz * dz < this.#cut;
  }

  /** The place of a point strictly nearer than the radius to the query at offset `k`, or −1. */
  #find(queries: Float64Array, k: number): number {
    const cellsA = this.#cellsA;
    const cellsB = this.#cellsB;
    const qa = (queries[k + this.#axisA]! - this.#originA) * this.#inverse;
    const qb = (queries[k + this.#axisB]! - this.#originB) * this.#inverse;
    if (!(qa >= 0 && qa < cellsA && qb >= 0 && qb < cellsB)) return -1;
    const x = queries[k]!;
    const y = queries[k + 1]!;
    const z = queries[k + 2]!;
    const a = qa | 0;
    const b = qb | 0;
    const reach = this.#reach;
    const a0 = Math.max(a - reach, 0);
    const a1 = Math.min(a + reach + 1, cellsA);
    const b0 = Math.max(b - reach, 0);
    const b1 = Math.min(b + reach, cellsB - 1);
    const cut = this.#cut;
    const xs = this.#xs;
    const ys = this.#ys;
    const zs = this.#zs;
    const starts = this.#starts;
    for (let row = b0 * cellsA; row <= b1 * cellsA; row += cellsA) {
      const end = starts[row + a1]!;
      for (let p = starts[row + a0]!; p < end; p++) {
        const dx = xs[p]! - x;
        const dy = ys[p]! - y;
        const dz = zs[p]! - z;
        if (dx * dx + dy * dy + dz * dz < cut) return p;
      }
    }
    return -1;
  }
}
