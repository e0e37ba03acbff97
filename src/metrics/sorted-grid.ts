/** The neighbours of a point within a radius that takes in many points; scratch memory is reused. */
import { HAIR, MAX_CELLS, squaredCut, type Box, type Side } from './neighbours.js';

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
