/** The neighbours of a point within a radius of about the spacing of the points; scratch memory is reused. */
import { HAIR, MAX_CELLS, squaredCut, type Box, type Side } from './neighbours.js';

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
