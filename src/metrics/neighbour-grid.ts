/**
 * A uniform grid over a point set that answers 'is any point nearer than r?'
 * exactly. Scratch memory is reused from one `build` to the next.
 */

/** More cells than this cost more to clear than they save; a wider spread gets larger cells. */
const MAX_CELLS = 1 << 15;

/**
 * The smallest squared distance whose root is not below `radius`: then
 * `squared < cut` says exactly what `Math.sqrt(squared) < radius` says.
 */
export function squaredCut(radius: number): number {
  let cut = radius * radius;
  const step = cut * 2 ** -53;
  if (step === 0) return cut;
  while (Math.sqrt(cut) >= radius) cut -= step;
  while (Math.sqrt(cut) < radius) cut += step;
  return cut;
}

export class NeighbourGrid {
  #points = new Float64Array(0);
  #cellOf = new Int32Array(0);
  #starts = new Int32Array(0);
  #cell = 1;
  #inverse = 1;
  #originX = 0;
  #originY = 0;
  #originZ = 0;
  #nx = 0;
  #ny = 0;
  #nz = 0;

  /** Builds over the first `count` points with cells of at least `cell` metres. The points are copied. */
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
    let size = cell;
    let nx = 1;
    let ny = 1;
    let nz = 1;
    if (count > 0) {
      for (;;) {
        nx = Math.floor((maxX - minX) / size) + 1;
        ny = Math.floor((maxY - minY) / size) + 1;
        nz = Math.floor((maxZ - minZ) / size) + 1;
        if (nx * ny * nz <= MAX_CELLS) break;
        size *= 2;
      }
    }
    const cells = nx * ny * nz;
    if (this.#points.length < count * 3) {
      this.#points = new Float64Array(count * 3);
      this.#cellOf = new Int32Array(count);
    }
    if (this.#starts.length < cells + 2) this.#starts = new Int32Array(cells + 2);
    const starts = this.#starts;
    const cellOf = this.#cellOf;
    const sorted = this.#points;
    starts.fill(0, 0, cells + 2);
    const inverse = 1 / size;
    // Counting sort by cell: starts[c + 1] first counts, then points behind the cell's last entry.
    for (let i = 0, k = 0; i < count; i++, k += 3) {
      const ix = Math.min(nx - 1, Math.trunc((points[k]! - minX) * inverse));
      const iy = Math.min(ny - 1, Math.trunc((points[k + 1]! - minY) * inverse));
      const iz = Math.min(nz - 1, Math.trunc((points[k + 2]! - minZ) * inverse));
      const c = (iz * ny + iy) * nx + ix;
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
    this.#cell = size;
    this.#inverse = inverse;
    this.#originX = minX;
    this.#originY = minY;
    this.#originZ = minZ;
    this.#nx = count > 0 ? nx : 0;
    this.#ny = ny;
    this.#nz = nz;
  }

  /** Whether a point lies strictly nearer than `radius` to (x, y, z); `cut` is `squaredCut(radius)`. */
  anyWithin(x: number, y: number, z: number, radius: number, cut: number): boolean {
    const nx = this.#nx;
    const ny = this.#ny;
    const inverse = this.#inverse;
    // A hair wider than the radius, so that roundoff in the cell index never hides a point.
    const reach = (radius + this.#cell * 1e-6) * inverse;
    const cx = (x - this.#originX) * inverse;
    const cy = (y - this.#originY) * inverse;
    const cz = (z - this.#originZ) * inverse;
    const x0 = Math.max(0, Math.floor(cx - reach));
    const y0 = Math.max(0, Math.floor(cy - reach));
    const z0 = Math.max(0, Math.floor(cz - reach));
    const x1 = Math.min(nx - 1, Math.floor(cx + reach));
    const y1 = Math.min(ny - 1, Math.floor(cy + reach));
    const z1 = Math.min(this.#nz - 1, Math.floor(cz + reach));
    if (x0 > x1) return false;
    const starts = this.#starts;
    const points = this.#points;
    for (let iz = z0; iz <= z1; iz++) {
      for (let iy = y0; iy <= y1; iy++) {
        const row = (iz * ny + iy) * nx;
        const end = starts[row + x1 + 1]! * 3;
        for (let k = starts[row + x0]! * 3; k < end; k += 3) {
          const dx = points[k]! - x;
          const dy = points[k + 1]! - y;
          const dz = points[k + 2]! - z;
          if (dx * dx + dy * dy + dz * dz < cut) return true;
        }
      }
    }
    return false;
  }
}
