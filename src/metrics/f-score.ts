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
 * Exact without comparing all pairs. Only whether a neighbour nearer than t
 * exists matters, and being neighbours is mutual, to the last bit: (a − b)² = (b − a)².
 *
 * 1. The vertex of the same index answers most of it for both sets at once.
 * 2. A grid over the truth answers the rest for the predicted points, and each
 *    neighbour found is answered too.
 * 3. What is left of the truth is asked of the predicted points that have a
 *    neighbour: one that has none is nobody's neighbour.
 */

import { CoveringGrid } from './covering-grid.js';
import { boxOf, type Side } from './neighbours.js';
import { asDoubles, firstOutOfRange, pointCount, type Points } from './points.js';
import { SortedGrid } from './sorted-grid.js';

/** Thresholds of the two F-scores, millimetres (Zimmermann et al., FreiHAND, ICCV 2019). */
export const F_SCORE_THRESHOLDS_MM = [5, 15] as const;

const NEAR = F_SCORE_THRESHOLDS_MM[0] / 1000;
const FAR = F_SCORE_THRESHOLDS_MM[1] / 1000;
/** The closest a point is known to have a neighbour: not within 15 mm so far, within 15 mm, within 5 mm. */
const [OPEN, WITHIN_FAR, WITHIN_NEAR] = [0, 1, 2] as const;

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
  readonly #nearGrid = new CoveringGrid(NEAR, WITHIN_NEAR);
  readonly #farGrid = new SortedGrid(FAR, WITHIN_FAR);
  #predictedLevels = new Uint8Array(0);
  #trueLevels = new Uint8Array(0);

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
    if (this.#predictedLevels.length < predicted) this.#predictedLevels = new Uint8Array(predicted);
    if (this.#trueLevels.length < truths) this.#trueLevels = new Uint8Array(truths);
    const from: Side = { points: prediction, count: predicted, levels: this.#predictedLevels };
    const to: Side = { points: groundTruth, count: truths, levels: this.#trueLevels };
    if (settleSameIndex(from, to, sameIndex)) return { f5: 1, f15: 1 };
    const box = boxOf(groundTruth, truths);
    this.#nearGrid.frame(box);
    const near = this.#nearGrid.settle(from, to, OPEN);
    const nearBack = near === 0 ? 0 : this.#nearGrid.settle(to, from, WITHIN_NEAR);
    this.#farGrid.frame(box);
    const far = this.#farGrid.settle(from, to, OPEN);
    const farBack = far === 0 ? 0 : this.#farGrid.settle(to, from, WITHIN_FAR);
    return {
      f5: harmonic(near, predicted, nearBack, truths),
      f15: harmonic(far, predicted, farBack, truths),
    };
  }
}

/** Notes for both sides what the distances of the same index tell; true where they leave nothing open. */
function settleSameIndex(from: Side, to: Side, sameIndex: Float64Array | undefined): boolean {
  if (sameIndex === undefined) {
    from.levels.fill(OPEN, 0, from.count);
    to.levels.fill(OPEN, 0, to.count);
    return false;
  }
  let settled = 0;
  for (let i = 0; i < from.count; i++) {
    const distance = sameIndex[i]!;
    const level = distance < NEAR ? WITHIN_NEAR : distance < FAR ? WITHIN_FAR : OPEN;
    from.levels[i] = level;
    to.levels[i] = level;
    if (level === WITHIN_NEAR) settled++;
  }
  return settled === from.count;
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
