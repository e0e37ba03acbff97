/**
 * Alignment of a prediction to the ground truth before its error is measured.
 *
 * Similarity (Procrustes) alignment, the 'PA' of PA-MPJPE, is the official
 * `align_w_scale` of FreiHAND and HO-3D `eval.py`:
 *
 *     g = (G − mean G) / (‖G − mean G‖_F + 1e-8)
 *     p = (P − mean P) / (‖P − mean P‖_F + 1e-8)
 *     gᵀ p = U Σ Vᵀ,   R = U Vᵀ,   s = tr Σ          (scipy.linalg.orthogonal_procrustes)
 *     aligned = p Rᵀ · s · (‖G − mean G‖_F + 1e-8) + mean G
 *
 * `reflection: 'allowed'` is that: R may have determinant −1, so a mirrored
 * hand fits perfectly. `reflection: 'forbidden'` is Kabsch–Umeyama (Umeyama
 * 1991, eq. 40–43) with the same normalisation: R = U diag(1, 1, d) Vᵀ and
 * s = σ1 + σ2 + d σ3 with d = det(U) det(V), as HaMeR, WiLoR, MeshGraphormer and mmpose do.
 * One decomposition serves both.
 *
 * Axes: any, the same for both sets. Units: metres (the 1e-8 is in metres).
 * Degenerate input: a prediction whose points are all equal lands on the mean of
 * the ground truth, as in the official script. Where the best rotation is not
 * unique (points on a line or in a plane), a proper one is taken and
 * `reflected` is false. Empty or differently sized input throws a `RangeError`.
 */

import { asDoubles, pairedCount, pointCount, type Points } from './points.js';
import { createSvd3, signedSvd3 } from './svd3.js';

/** May the best alignment mirror the hand? */
export type Reflection = 'allowed' | 'forbidden';

/** Added by the official scripts to each Frobenius norm so that a collapsed set can be divided by it; metres. */
export const NORM_EPSILON = 1e-8;

/**
 * The best alignment counts as mirroring only when the smallest singular value
 * stands out from roundoff; below, mirrored and proper fit equally well.
 */
const REFLECTION_SIGNIFICANT = 1e-10;

/** A map x ↦ (x − from) · rotationᵀ · scale + to. `rotation` is 3×3, row-major. */
export interface Similarity {
  readonly rotation: Float64Array;
  readonly scale: number;
  readonly from: Float64Array;
  readonly to: Float64Array;
}

/**
 * What a fit found, for both reflection rules at once; a reusable struct for
 * hot loops, overwritten by each `fitSimilarity`.
 */
export interface SimilarityFit {
  /** Mean of the prediction. */
  readonly from: Float64Array;
  /** Mean of the ground truth. */
  readonly to: Float64Array;
  /** Best orthogonal matrix: the determinant may be −1. */
  readonly rotationAllowed: Float64Array;
  /** Best proper rotation. */
  readonly rotationProper: Float64Array;
  /** σ1 + σ2 + σ3: the official `s`. */
  traceAllowed: number;
  /** σ1 + σ2 + d σ3. */
  traceProper: number;
  /** ‖P − mean P‖_F + 1e-8. */
  predictionNorm: number;
  /** ‖G − mean G‖_F + 1e-8. */
  groundTruthNorm: number;
  /** The unconstrained best alignment is a reflection. */
  reflected: boolean;
}

export function createSimilarityFit(): SimilarityFit {
  return {
    from: new Float64Array(3),
    to: new Float64Array(3),
    rotationAllowed: new Float64Array(9),
    rotationProper: new Float64Array(9),
    traceAllowed: 0,
    traceProper: 0,
    predictionNorm: 0,
    groundTruthNorm: 0,
    reflected: false,
  };
}

const covariance = new Float64Array(9);
const svd = createSvd3();

/** Mean of the first `count` points, written to `out`. */
function meanInto(points: Float64Array, count: number, out: Float64Array): void {
  let x = 0;
  let y = 0;
  let z = 0;
  for (let k = 0; k < count * 3; k += 3) {
    x += points[k]!;
    y += points[k + 1]!;
    z += points[k + 2]!;
  }
  out[0] = x / count;
  out[1] = y / count;
  out[2] = z / count;
}

/** Fits both alignments of the first `count` points into `fit`. No checks: hot loop. */
export function fitSimilarity(
  prediction: Float64Array,
  groundTruth: Float64Array,
  count: number,
  fit: SimilarityFit,
): void {
  meanInto(prediction, count, fit.from);
  meanInto(groundTruth, count, fit.to);
  const px = fit.from[0]!;
  const py = fit.from[1]!;
  const pz = fit.from[2]!;
  const gx = fit.to[0]!;
  const gy = fit.to[1]!;
  const gz = fit.to[2]!;
  let pp = 0;
  let gg = 0;
  let xx = 0;
  let xy = 0;
  let xz = 0;
  let yx = 0;
  let yy = 0;
  let yz = 0;
  let zx = 0;
  let zy = 0;
  let zz = 0;
  for (let k = 0; k < count * 3; k += 3) {
    const ax = prediction[k]! - px;
    const ay = prediction[k + 1]! - py;
    const az = prediction[k + 2]! - pz;
    const bx = groundTruth[k]! - gx;
    const by = groundTruth[k + 1]! - gy;
    const bz = groundTruth[k + 2]! - gz;
    pp += ax * ax + ay * ay + az * az;
    gg += bx * bx + by * by + bz * bz;
    xx += bx * ax;
    xy += bx * ay;
    xz += bx * az;
    yx += by * ax;
    yy += by * ay;
    yz += by * az;
    zx += bz * ax;
    zy += bz * ay;
    zz += bz * az;
  }
  const predictionNorm = Math.sqrt(pp) + NORM_EPSILON;
  const groundTruthNorm = Math.sqrt(gg) + NORM_EPSILON;
  const unit = 1 / (predictionNorm * groundTruthNorm);
  covariance[0] = xx * unit;
  covariance[1] = xy * unit;
  covariance[2] = xz * unit;
  covariance[3] = yx * unit;
  covariance[4] = yy * unit;
  covariance[5] = yz * unit;
  covariance[6] = zx * unit;
  covariance[7] = zy * unit;
  covariance[8] = zz * unit;
  signedSvd3(covariance, svd);

  const { u, v, sigma } = svd;
  const sigma3 = sigma[2]!;
  const reflected = sigma3 < -REFLECTION_SIGNIFICANT * sigma[0]!;
  const sign = reflected ? -1 : 1;
  for (let row = 0; row < 9; row += 3) {
    for (let column = 0; column < 3; column++) {
      const plane = u[row]! * v[column * 3]! + u[row + 1]! * v[column * 3 + 1]!;
      const normal = u[row + 2]! * v[column * 3 + 2]!;
      fit.rotationProper[row + column] = plane + normal;
      fit.rotationAllowed[row + column] = plane + sign * normal;
    }
  }
  fit.traceAllowed = sigma[0]! + sigma[1]! + Math.abs(sigma3);
  fit.traceProper = sigma[0]! + sigma[1]! + sigma3;
  fit.predictionNorm = predictionNorm;
  fit.groundTruthNorm = groundTruthNorm;
  fit.reflected = reflected;
}

/** out_i = (points_i − from) · rotationᵀ · scale + to, for the first `count` points. No checks: hot loop. */
function mapInto(
  points: Float64Array,
  count: number,
  rotation: Float64Array,
  scale: number,
  from: Float64Array,
  to: Float64Array,
  out: Float64Array,
): void {
  const r0 = rotation[0]! * scale;
  const r1 = rotation[1]! * scale;
  const r2 = rotation[2]! * scale;
  const r3 = rotation[3]! * scale;
  const r4 = rotation[4]! * scale;
  const r5 = rotation[5]! * scale;
  const r6 = rotation[6]! * scale;
  const r7 = rotation[7]! * scale;
  const r8 = rotation[8]! * scale;
  const fx = from[0]!;
  const fy = from[1]!;
  const fz = from[2]!;
  const tx = to[0]!;
  const ty = to[1]!;
  const tz = to[2]!;
  for (let k = 0; k < count * 3; k += 3) {
    const x = points[k]! - fx;
    const y = points[k + 1]! - fy;
    const z = points[k + 2]! - fz;
    out[k] = x * r0 + y * r1 + z * r2 + tx;
    out[k + 1] = x * r3 + y * r4 + z * r5 + ty;
    out[k + 2] = x * r6 + y * r7 + z * r8 + tz;
  }
}

/** The scale of a fit as one factor: s · (‖G‖ + 1e-8) / (‖P‖ + 1e-8). */
function fitScale(fit: SimilarityFit, reflection: Reflection): number {
  const trace = reflection === 'allowed' ? fit.traceAllowed : fit.traceProper;
  return (trace * fit.groundTruthNorm) / fit.predictionNorm;
}

/** Moves the first `count` points by a fit, into `out` (which may be `points`). No checks: hot loop. */
export function applyFitInto(
  fit: SimilarityFit,
  reflection: Reflection,
  points: Float64Array,
  count: number,
  out: Float64Array,
): void {
  const rotation = reflection === 'allowed' ? fit.rotationAllowed : fit.rotationProper;
  mapInto(points, count, rotation, fitScale(fit, reflection), fit.from, fit.to, out);
}

const vertexMean = new Float64Array(3);
const shifted = new Float64Array(3);

/**
 * The official `align_by_trafo`, faulty as it is, into `out`:
 *
 *     (v − mean v) Rᵀ · s · (‖G‖ + 1e-8) + (mean G − mean P) + mean v
 *
 * with R, s, mean P, ‖G‖ fitted on joints. It leaves out the division by
 * ‖P‖ + 1e-8 and carries the centroid of the vertices by an offset that is
 * neither rotated nor scaled: 41 mm off on an exact copy of the golden hand.
 * Only for the official protocol's branch for meshes of another topology.
 */
export function officialTrafoInto(
  fit: SimilarityFit,
  points: Float64Array,
  count: number,
  out: Float64Array,
): void {
  meanInto(points, count, vertexMean);
  for (let axis = 0; axis < 3; axis++) {
    shifted[axis] = fit.to[axis]! - fit.from[axis]! + vertexMean[axis]!;
  }
  const scale = fit.traceAllowed * fit.groundTruthNorm;
  mapInto(points, count, fit.rotationAllowed, scale, vertexMean, shifted, out);
}

/** What `alignSimilarity` returns; every array is the caller's own. */
export interface SimilarityAlignment {
  /** The aligned prediction, N×3, metres. */
  readonly aligned: Float64Array;
  /** The map that was applied; usable on other points with `applySimilarity`. */
  readonly transform: Similarity;
  /**
   * The best alignment over all orthogonal matrices is a reflection. Under
   * `'forbidden'` this says that a mirrored hand would have fitted better.
   */
  readonly reflected: boolean;
}

const sharedFit = createSimilarityFit();

/**
 * Aligns `prediction` to `groundTruth` by rotation, scale and translation in
 * the least-squares sense (see the head of this file). The inputs are not changed.
 *
 * @param reflection `'allowed'` is the official rule of FreiHAND and HO-3D;
 *   `'forbidden'` keeps det R = +1.
 * @throws RangeError when the sets are empty or differ in size.
 */
export function alignSimilarity(
  prediction: Points,
  groundTruth: Points,
  reflection: Reflection,
): SimilarityAlignment {
  const count = pairedCount(prediction, groundTruth);
  const points = asDoubles(prediction);
  fitSimilarity(points, asDoubles(groundTruth), count, sharedFit);
  const aligned = new Float64Array(count * 3);
  applyFitInto(sharedFit, reflection, points, count, aligned);
  const rotation = reflection === 'allowed' ? sharedFit.rotationAllowed : sharedFit.rotationProper;
  return {
    aligned,
    transform: {
      rotation: rotation.slice(),
      scale: fitScale(sharedFit, reflection),
      from: sharedFit.from.slice(),
      to: sharedFit.to.slice(),
    },
    reflected: sharedFit.reflected,
  };
}

/**
 * Moves other points by a fitted map: a mesh by the alignment of its joints,
 * (v − mean P) Rᵀ · s · (‖G‖ + 1e-8) / (‖P‖ + 1e-8) + mean G. The correct
 * counterpart of the official `align_by_trafo`.
 */
export function applySimilarity(transform: Similarity, points: Points): Float64Array {
  const count = pointCount(points);
  const out = new Float64Array(count * 3);
  mapInto(asDoubles(points), count, transform.rotation, transform.scale, transform.from, transform.to, out);
  return out;
}

/**
 * The official branch for meshes of another topology, as one function: fits
 * on joints, moves `vertices` by the faulty `align_by_trafo`.
 */
export function alignByOfficialTrafo(
  predictedJoints: Points,
  trueJoints: Points,
  vertices: Points,
): Float64Array {
  const joints = pairedCount(predictedJoints, trueJoints);
  const count = pointCount(vertices, 'vertices');
  if (count === 0) throw new RangeError('at least one vertex is needed: got 0');
  fitSimilarity(asDoubles(predictedJoints), asDoubles(trueJoints), joints, sharedFit);
  const out = new Float64Array(count * 3);
  officialTrafoInto(sharedFit, asDoubles(vertices), count, out);
  return out;
}

/** Joints of HO-3D order whose distance sets the scale of its scale-and-translation alignment, and the wrist that is put on the wrist. */
const SCALE_JOINT = 4;
const WRIST = 0;

function boneLength(joints: Float64Array): number {
  let squared = 0;
  for (let axis = 0; axis < 3; axis++) {
    squared += (joints[SCALE_JOINT * 3 + axis]! - joints[WRIST * 3 + axis]!) ** 2;
  }
  return Math.sqrt(squared);
}

/** `alignScaleTranslation` without checks, into `out`: hot loop. */
export function scaleTranslationInto(
  prediction: Float64Array,
  groundTruth: Float64Array,
  count: number,
  out: Float64Array,
): void {
  const predictedLength = boneLength(prediction);
  const trueLength = boneLength(groundTruth);
  const divisor = predictedLength > 0 ? predictedLength : 1;
  for (let axis = 0; axis < 3; axis++) {
    const root = (prediction[WRIST * 3 + axis]! / divisor) * trueLength;
    const target = groundTruth[WRIST * 3 + axis]!;
    for (let i = 0, k = axis; i < count; i++, k += 3) {
      out[k] = (prediction[k]! / divisor) * trueLength - root + target;
    }
  }
}

/**
 * Scale-and-translation alignment of HO-3D `eval.py` (`align_sc_tr`): scale by
 * the ratio of |j4 − j0| (HO-3D joint order), then wrist onto wrist.
 * The division is skipped when the predicted length is 0; the multiplication
 * by the true length is not.
 *
 * @throws RangeError when there are fewer than 5 joints or the counts differ.
 */
export function alignScaleTranslation(prediction: Points, groundTruth: Points): Float64Array {
  const count = pairedCount(prediction, groundTruth);
  if (count <= SCALE_JOINT) {
    throw new RangeError(
      `scale-and-translation alignment needs joint ${SCALE_JOINT}: expected at least ${SCALE_JOINT + 1} joints, got ${count}`,
    );
  }
  const out = new Float64Array(count * 3);
  scaleTranslationInto(asDoubles(prediction), asDoubles(groundTruth), count, out);
  return out;
}
