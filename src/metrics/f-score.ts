/**
 * F-score of two vertex sets at a distance t.
 *
 *     precision(t) = share of true points with a predicted point nearer than t
 *     recall(t)    = share of predicted points with a true point nearer than t
 *     F(t)         = 2 · precision · recall / (precision + recall),  0 where both are 0
 *
 * (The official script names the two the other way round than most; F does not care.)
 * Reference: `calculate_fscore` of FreiHAND and HO-3D `eval.py`, which asks
 * Open3D for nearest-neighbour distances and compares `d < th`, strictly. After
 * Knapitsch et al., 'Tanks and Temples', 2017.
 * Axes: the same for both sets. Units: metres in, share 0…1 out. Direction:
 * higher is better. The sets may differ in size; an empty one throws a `RangeError`,
 * where the official script would print 0.
 *
 * Exact without comparing all pairs: only whether a neighbour nearer than t
 * exists matters, the vertex of the same index answers most of that, and a grid
 * answers the rest.
 */

import { NeighbourGrid } from './neighbour-grid.js';
import { asDoubles, firstOutOfRange, pointCount, type Points } from './points.js';

/** Thresholds of the two F-scores, millimetres (Zimmermann et al., FreiHAND, ICCV 2019). */
export const F_SCORE_THRESHOLDS_MM = [5, 15] as const;

const NEAR = F_SCORE_THRESHOLDS_MM[0] / 1000;
const FAR = F_SCORE_THRESHOLDS_MM[1] / 1000;
/** The grid knows the radii by index: 0 near, 1 far. */
const RADII = [NEAR, FAR];
/** Side of a grid cell, metres: the fastest of 2.5 … 10 mm on a hand mesh. */
const CELL = 0.0075;

/** F@5 mm and F@15 mm, shares 0…1. */
export interface FScores {
  readonly f5: number;
  readonly f15: number;
}

/** 2pr/(p+r) of two shares given as counts. */
function harmonic(near: number, of: number, nearBack: number, ofBack: number): number {
  const recall = near / of;
  const precision = nearBack / ofBack;
  return recall + precision > 0 ? (2 * recall * precision) / (recall + precision) : 0;
}

/** Computes F-scores with memory that is reused from one call to the next. */
export class FScorer {
  readonly #predictionGrid = new NeighbourGrid(RADII);
  readonly #truthGrid = new NeighbourGrid(RADII);
  /** Points of one set not yet known to be within the near or far threshold. */
  #near = 0;
  #far = 0;

  /**
   * F@5 and F@15 of the first `predicted` and `truths` points.
   *
   * @param sameIndex distances between points of the same index, as
   *   `distancesInto` gives them, or undefined when the sets do not correspond.
   *   They only save work; the result is the same without.
   */
  score(
    prediction: Float64Array,
    predicted: number,
    groundTruth: Float64Array,
    truths: number,
    sameIndex: Float64Array | undefined,
  ): FScores {
    let open = true;
    if (sameIndex !== undefined) {
      open = false;
      for (let i = 0; i < predicted; i++) {
        if (sameIndex[i]! >= NEAR) {
          open = true;
          break;
        }
      }
    }
    if (!open) return { f5: 1, f15: 1 };
    this.#truthGrid.build(groundTruth, truths, CELL);
    this.#count(this.#truthGrid, prediction, predicted, sameIndex);
    const predictedNear = this.#near;
    const predictedFar = this.#far;
    this.#predictionGrid.build(prediction, predicted, CELL);
    this.#count(this.#predictionGrid, groundTruth, truths, sameIndex);
    return {
      f5: harmonic(predictedNear, predicted, this.#near, truths),
      f15: harmonic(predictedFar, predicted, this.#far, truths),
    };
  }

  /** Counts the points of `from` with a neighbour in `grid` nearer than each threshold. */
  #count(grid: NeighbourGrid, from: Float64Array, count: number, sameIndex: Float64Array | undefined): void {
    let near = 0;
    let far = 0;
    // Neighbouring indices are mostly neighbours in space: what was near the last point is tried first.
    let nearWitness = 0;
    let farWitness = 0;
    for (let i = 0, k = 0; i < count; i++, k += 3) {
      const known = sameIndex === undefined ? Infinity : sameIndex[i]!;
      if (known < NEAR) {
        near++;
        far++;
        continue;
      }
      if (!(known < FAR) && !grid.within(farWitness, from, k, 1)) {
        const found = grid.find(from, k, 1);
        if (found < 0) continue;
        farWitness = found;
      }
      far++;
      if (!grid.within(nearWitness, from, k, 0)) {
        const found = grid.find(from, k, 0);
        if (found < 0) continue;
        nearWitness = found;
      }
      near++;
    }
    this.#near = near;
    this.#far = far;
  }
}

let shared: FScorer | undefined;

/**
 * F@5 mm and F@15 mm of a predicted against a true vertex set, any sizes.
 *
 * @throws RangeError when a set is empty or holds a value that is not finite.
 */
export function fScores(prediction: Points, groundTruth: Points): FScores {
  const predicted = pointCount(prediction, 'prediction');
  const truths = pointCount(groundTruth, 'ground truth');
  if (predicted === 0 || truths === 0) {
    throw new RangeError(`both sets need points: got ${predicted} predicted and ${truths} true`);
  }
  for (const [name, points] of Object.entries({ prediction, groundTruth })) {
    const index = firstOutOfRange(points);
    if (index >= 0) throw new RangeError(`${name} holds ${points[index]!} at index ${index}`);
  }
  shared ??= new FScorer();
  return shared.score(asDoubles(prediction), predicted, asDoubles(groundTruth), truths, undefined);
}
