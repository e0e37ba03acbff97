/** How the keypoints of some hands are to be read, where another way than as they are given fits far better. */
import { countOf, median } from '../finding.js';
import { asGiven, errorOf, medianError, type KeypointRow } from './keypoint-rows.js';
import { bestPlacement, type Placed } from './placements.js';
import { bestShape, medianResidual, PLAIN, type Shape } from './shape-fit.js';

/** Fewer hands say nothing, and few ask for a clearer case. */
const LEAST = 4;
const FEW = 8;
/** Predictions this near to their labels are in order, sides of the box. */
const FINE = 0.03;
/** Read in the right way, most predictions are this much nearer, and make a plausible hand. */
const RATIO = 0.6;
const RATIO_FEW = 0.4;
const MAJORITY = 0.8;
const PLAUSIBLE = 0.25;
/** A shape of its own must fit by itself, too. */
const SHAPE_RATIO = 0.75;

export interface Reading extends Placed {
  readonly shape: Shape;
}

/** @returns null where the predictions are best read as they are given, however badly they fit. */
export function readingOf(rows: readonly KeypointRow[]): Reading | null {
  if (rows.length < LEAST || medianError(rows, asGiven) < FINE) return null;
  const best = bestShape(rows);
  const fitsBetter = medianResidual(rows, best) <= SHAPE_RATIO * medianResidual(rows, PLAIN);
  const shape = fitsBetter ? best : PLAIN;
  const placed = bestPlacement(rows, shape);
  // An order is judged by the joints that it moves.
  const moved = shape.turn === PLAIN.turn ? shape.permutation?.moved : undefined;
  const errors = rows
    .map((row) => ({ before: errorOf(row, asGiven, moved), after: errorOf(row, placed.read, moved) }))
    .filter(({ before }) => !Number.isNaN(before));
  const ratio = rows.length < FEW ? RATIO_FEW : RATIO;
  const [before, after] = [median(errors.map((row) => row.before)), median(errors.map((row) => row.after))];
  const inFavour = countOf(errors, (row) => row.after <= ratio * row.before);
  const fits = after <= Math.min(PLAUSIBLE, ratio * before) && inFavour >= MAJORITY * errors.length;
  return fits ? { shape, ...placed } : null;
}
