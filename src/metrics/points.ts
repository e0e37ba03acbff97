/**
 * Point sets as the metrics take them: N×3 numbers, row-major, in metres.
 * Everything is computed in doubles; single precision input is widened, never
 * the other way round.
 */

/** N×3 coordinates, row-major: x0, y0, z0, x1, … */
export type Points = Float64Array | Float32Array;

/**
 * The number of points in `points`.
 *
 * @throws RangeError when the length is not a multiple of 3.
 */
export function pointCount(points: Points, name = 'points'): number {
  if (points.length % 3 !== 0) {
    throw new RangeError(`${name} must hold N×3 numbers: expected a multiple of 3, got ${points.length}`);
  }
  return points.length / 3;
}

/**
 * The number of points in two sets that must have the same size and hold at least one point.
 *
 * @throws RangeError when they differ or are empty.
 */
export function pairedCount(prediction: Points, groundTruth: Points): number {
  const predicted = pointCount(prediction, 'prediction');
  const truth = pointCount(groundTruth, 'ground truth');
  if (predicted !== truth) {
    throw new RangeError(
      `prediction and ground truth must have the same number of points: expected ${truth}, got ${predicted}`,
    );
  }
  if (truth === 0) throw new RangeError('at least one point is needed: got 0');
  return truth;
}

/** `points` itself when it already holds doubles, a widened copy otherwise. */
export function asDoubles(points: Points): Float64Array {
  return points instanceof Float64Array ? points : Float64Array.from(points);
}

/**
 * Largest coordinate that is scored, metres. Squares and their sums stay far from
 * overflow below it, so that no later step can produce an infinity or NaN.
 */
export const LARGEST_COORDINATE = 1e100;

/** Index of the first value that is NaN, infinite or beyond ±`LARGEST_COORDINATE`, or −1. */
export function firstOutOfRange(values: Points): number {
  // Three independent sums run faster than one; NaN and infinity survive them.
  let x = 0;
  let y = 0;
  let z = 0;
  const whole = values.length - (values.length % 3);
  for (let i = 0; i < whole; i += 3) {
    x += values[i]! * values[i]!;
    y += values[i + 1]! * values[i + 1]!;
    z += values[i + 2]! * values[i + 2]!;
  }
  if (whole === values.length && x + y + z <= LARGEST_COORDINATE ** 2) return -1;
  for (let i = 0; i < values.length; i++) {
    if (!(Math.abs(values[i]!) <= LARGEST_COORDINATE)) return i;
  }
  return -1;
}
