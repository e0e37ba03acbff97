/** All hands of a list, each as few points, in which parts that are shifted against the truth are looked for. */
import { centroid } from '../hand/vectors.js';
import { median } from './finding.js';
import { alignedError } from './fit.js';
import { findShifts, type SampleList, type Shift } from './list-shift.js';
import type { FoundShift } from './shift-finding.js';

/** Points kept of a hand: the 21 joints, or as many vertices spread over the mesh. */
const LISTED_POINTS = 21;
const WIDTH = LISTED_POINTS * 3;

/** Of the hands whose alignment is looked at for a shifted part. */
const ALIGNED = 64;
/** Truths of a shift must fit better after alignment, too: in a video, a place between two frames is no other pose. */
const ALIGNED_RATIO = 0.85;
/** Predictions that fit their own sample this well are in order, metres. */
const FINE = 0.004;

/** One side of a list; NaN where there is no hand. */
class Hands {
  /** Centred, with a root mean square distance from the centroid of 1. */
  readonly units: Float32Array;
  /** How far the points lie from the first of them, in the same unit. */
  readonly reaches: Float32Array;
  /** Root mean square distance from the centroid, metres. */
  readonly radii: Float64Array;

  constructor(count: number) {
    this.units = new Float32Array(count * WIDTH).fill(Number.NaN);
    this.reaches = new Float32Array(count * LISTED_POINTS).fill(Number.NaN);
    this.radii = new Float64Array(count).fill(Number.NaN);
  }

  /** @param points of one hand, of which `LISTED_POINTS` are kept. */
  put(row: number, points: Float64Array): void {
    const step = points.length / WIDTH;
    const kept = new Float64Array(WIDTH);
    for (let k = 0; k < LISTED_POINTS; k++) {
      const at = Math.floor(k * step) * 3;
      for (let axis = 0; axis < 3; axis++) kept[k * 3 + axis] = points[at + axis]!;
    }
    const middle = centroid(kept);
    let squared = 0;
    for (let k = 0; k < WIDTH; k++) {
      kept[k]! -= middle[k % 3]!;
      squared += kept[k]! ** 2;
    }
    const radius = Math.sqrt(squared / LISTED_POINTS);
    if (!(radius > 0 && radius < Infinity)) return;
    this.radii[row] = radius;
    for (let k = 0; k < WIDTH; k++) this.units[row * WIDTH + k] = kept[k]! / radius;
    for (let k = 0; k < LISTED_POINTS; k++) {
      const x = kept[k * 3]! - kept[0]!;
      const y = kept[k * 3 + 1]! - kept[1]!;
      const z = kept[k * 3 + 2]! - kept[2]!;
      this.reaches[row * LISTED_POINTS + k] = Math.sqrt(x * x + y * y + z * z) / radius;
    }
  }

  hand(row: number): Float64Array {
    return Float64Array.from(this.units.subarray(row * WIDTH, (row + 1) * WIDTH));
  }
}

type Distance = (predicted: Hands, row: number, truth: Hands, place: number) => number;

/** Of hands as they are turned: poses and orientations tell hands apart. */
const turned: Distance = (predicted, row, truth, place) => {
  const [a, b, i, j] = [predicted.units, truth.units, row * WIDTH, place * WIDTH];
  let sum = 0;
  for (let k = 0; k < WIDTH; k += 3) {
    const x = a[i + k]! - b[j + k]!;
    const y = a[i + k + 1]! - b[j + k + 1]!;
    const z = a[i + k + 2]! - b[j + k + 2]!;
    sum += Math.sqrt(x * x + y * y + z * z);
  }
  return sum;
};

/** Of how far points reach, whatever the axes: for predictions in axes or orientations of their own. */
const reaching: Distance = (predicted, row, truth, place) => {
  const [a, b] = [predicted.reaches, truth.reaches];
  let sum = 0;
  for (let k = 0; k < LISTED_POINTS; k++) {
    sum += (a[row * LISTED_POINTS + k]! - b[place * LISTED_POINTS + k]!) ** 2;
  }
  return Math.sqrt(sum);
};

export class HandList {
  readonly #places: readonly number[];
  readonly #predicted: Hands;
  readonly #truth: Hands;

  constructor(count: number) {
    this.#places = Array.from({ length: count }, (_, row) => row);
    this.#predicted = new Hands(count);
    this.#truth = new Hands(count);
  }

  /** Copies what it needs of one hand and its truth, whose points correspond. */
  add(row: number, predicted: Float64Array, truth: Float64Array): void {
    this.#predicted.put(row, predicted);
    this.#truth.put(row, truth);
  }

  /** The shifted parts, in the list's order. */
  shifts(): FoundShift[] {
    for (const distance of [turned, reaching]) {
      const found = findShifts(this.#listed(distance)).flatMap((shift) => {
        const { own, other } = this.#aligned(shift);
        return own < FINE || !(other <= ALIGNED_RATIO * own)
          ? []
          : [{ ...shift, places: shift.rows, own, other }];
      });
      if (found.length > 0) return found;
    }
    return [];
  }

  #listed(distance: Distance): SampleList {
    const truths = this.#places.length;
    return {
      places: this.#places,
      truths,
      error: (row, place) =>
        place < 0 || place >= truths ? Number.NaN : distance(this.#predicted, row, this.#truth, place),
    };
  }

  #aligned({ by, rows }: Shift): { own: number; other: number } {
    const stride = Math.ceil(rows.length / ALIGNED);
    const some = rows.filter((_, k) => k % stride === 0);
    const error = (row: number, place: number): number =>
      this.#truth.radii[place]! * alignedError(this.#predicted.hand(row), this.#truth.hand(place));
    return {
      own: median(some.map((row) => error(row, row))),
      other: median(some.map((row) => error(row, row + by))),
    };
  }
}
