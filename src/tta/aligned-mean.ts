/**
 * The fusion of MeshGraphormer's `run_hand_multiscale.py`: every pass, the reference included, is brought onto the
 * reference by its best similarity (rotation with det R = +1, scale, translation), joints and vertices separately;
 * the mean is over all passes and the reference once more.
 *
 * The alignment is Umeyama's (1991, eq. 40–43) as MeshGraphormer has it: without the 1e-8 that the official
 * evaluators add to norms, which would shift points by some 1e-8 m.
 */
import {
  NORM_EPSILON,
  applySimilarity,
  createSimilarityFit,
  fitSimilarity,
  type SimilarityFit,
} from '../metrics/procrustes.js';
import type { PointFusion } from './point-fusion.js';

/** Half the size of a set of points, metres, below which it is one point and has no rotation: a nanometre. */
const COLLAPSED = 1e-9;

const fit = createSimilarityFit();

/** Brings `points` onto `reference`; null where all points coincide. */
function aligned(points: Float64Array, reference: Float64Array): Float64Array | null {
  fitSimilarity(points, reference, points.length / 3, fit);
  const scale = exactScale(fit);
  return scale === null
    ? null
    : applySimilarity({ rotation: fit.rotationProper, scale, from: fit.from, to: fit.to }, points);
}

/** tr(Σ D) / ‖P‖², from a fit whose trace is of sets divided by their norm + 1e-8. */
function exactScale({ traceProper, predictionNorm, groundTruthNorm }: SimilarityFit): number | null {
  const size = predictionNorm - NORM_EPSILON;
  return size < COLLAPSED ? null : (traceProper * predictionNorm * groundTruthNorm) / size ** 2;
}

export const alignedMean: PointFusion = {
  extraReferences: 1,
  bring(points, reference) {
    const brought: { joints?: Float64Array; vertices?: Float64Array } = {};
    for (const part of ['joints', 'vertices'] as const) {
      const values = points[part];
      if (values === undefined) continue;
      const moved = aligned(values, reference[part]!);
      if (moved === null) return `all ${part} coincide, so that they cannot be aligned`;
      brought[part] = moved;
    }
    return brought;
  },
};
