/**
 * Singular value decomposition of a 3×3 matrix by one-sided Jacobi rotations
 * (M. R. Hestenes, 'Inversion of matrices by biorthogonalization', 1958;
 * Demmel and Veselić, 'Jacobi's method is more accurate than QR', 1992).
 *
 * The form is the one rigid alignment needs: both factors are rotations and
 * the last singular value carries the sign,
 *
 *     M = U · diag(σ1, σ2, ±σ3) · Vᵀ,  det U = det V = +1,  σ1 ≥ σ2 ≥ σ3 ≥ 0.
 *
 * From it both alignments follow: the orthogonal factor U·diag(1, 1, ±1)·Vᵀ
 * (reflection allowed) and the proper rotation U·Vᵀ.
 */

/** Matrices are row-major; overwritten by each call of `signedSvd3`. */
export interface SignedSvd3 {
  /** 3×3 rotation; its columns are the left singular vectors. */
  readonly u: Float64Array;
  /** σ1, σ2 and the signed σ3; |σ3| ≤ σ2 ≤ σ1. */
  readonly sigma: Float64Array;
  /** 3×3 rotation; its columns are the right singular vectors. */
  readonly v: Float64Array;
}

export function createSvd3(): SignedSvd3 {
  return { u: new Float64Array(9), sigma: new Float64Array(3), v: new Float64Array(9) };
}

/** Off-diagonal cosine below which two columns count as orthogonal: the unit roundoff of a double. */
const ORTHOGONAL = 2 ** -53;
/** A 3×3 matrix settles in 4 to 8 sweeps; the bound only guards against a loop that noise keeps alive. */
const MAX_SWEEPS = 40;

// Columns of M (a) and of V (w), column-major. Scratch: a call never outlives its own turn.
const a = new Float64Array(9);
const w = new Float64Array(9);

/** Makes columns `p` and `q` (offsets 0, 3, 6) of `a` orthogonal; true when it had to turn them. */
function rotate(p: number, q: number): boolean {
  const ap0 = a[p]!;
  const ap1 = a[p + 1]!;
  const ap2 = a[p + 2]!;
  const aq0 = a[q]!;
  const aq1 = a[q + 1]!;
  const aq2 = a[q + 2]!;
  const gamma = ap0 * aq0 + ap1 * aq1 + ap2 * aq2;
  if (gamma === 0) return false;
  const alpha = ap0 * ap0 + ap1 * ap1 + ap2 * ap2;
  const beta = aq0 * aq0 + aq1 * aq1 + aq2 * aq2;
  if (Math.abs(gamma) <= ORTHOGONAL * Math.sqrt(alpha) * Math.sqrt(beta)) return false;
  const zeta = (beta - alpha) / (2 * gamma);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  if (t === 0) return false;
  const c = 1 / Math.sqrt(1 + t * t);
  const s = c * t;
  a[p] = c * ap0 - s * aq0;
  a[p + 1] = c * ap1 - s * aq1;
  a[p + 2] = c * ap2 - s * aq2;
  a[q] = s * ap0 + c * aq0;
  a[q + 1] = s * ap1 + c * aq1;
  a[q + 2] = s * ap2 + c * aq2;
  for (let k = 0; k < 3; k++) {
    const wp = w[p + k]!;
    const wq = w[q + k]!;
    w[p + k] = c * wp - s * wq;
    w[q + k] = s * wp + c * wq;
  }
  return true;
}

function squaredNorm(column: number): number {
  return a[column]! ** 2 + a[column + 1]! ** 2 + a[column + 2]! ** 2;
}

function swap(p: number, q: number): void {
  for (let k = 0; k < 3; k++) {
    const x = a[p + k]!;
    a[p + k] = a[q + k]!;
    a[q + k] = x;
    const y = w[p + k]!;
    w[p + k] = w[q + k]!;
    w[q + k] = y;
  }
}

/**
 * Decomposes the row-major 3×3 matrix `m` into `out`. `m` is not changed.
 *
 * Rank-deficient input is completed to rotations: the zero matrix gives
 * U = V = I, a matrix of rank 1 or 2 gets orthonormal vectors for what it does
 * not determine. A value that is not finite gives NaN throughout.
 */
export function signedSvd3(m: Float64Array, out: SignedSvd3): void {
  const { u, sigma, v } = out;
  let largest = 0;
  for (let i = 0; i < 9; i++) {
    const x = Math.abs(m[i]!);
    // The negated comparison also lets NaN through.
    if (!(x <= largest)) largest = x;
  }
  if (largest === 0) {
    u.fill(0);
    v.fill(0);
    sigma.fill(0);
    u[0] = u[4] = u[8] = v[0] = v[4] = v[8] = 1;
    return;
  }
  if (!Number.isFinite(largest)) {
    u.fill(NaN);
    v.fill(NaN);
    sigma.fill(NaN);
    return;
  }
  // A power of two, so that scaling is exact and squares neither overflow nor vanish.
  const scale = 2 ** -Math.max(-1021, Math.floor(Math.log2(largest)));
  for (let column = 0; column < 3; column++) {
    for (let row = 0; row < 3; row++) {
      a[column * 3 + row] = m[row * 3 + column]! * scale;
      w[column * 3 + row] = row === column ? 1 : 0;
    }
  }
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    const first = rotate(0, 3);
    const second = rotate(0, 6);
    const third = rotate(3, 6);
    if (!first && !second && !third) break;
  }
  if (squaredNorm(0) < squaredNorm(3)) swap(0, 3);
  if (squaredNorm(3) < squaredNorm(6)) swap(3, 6);
  if (squaredNorm(0) < squaredNorm(3)) swap(0, 3);

  const sigma1 = Math.sqrt(squaredNorm(0));
  const sigma2 = Math.sqrt(squaredNorm(3));
  const sigma3 = Math.sqrt(squaredNorm(6));

  // First left vector.
  const ux = a[0]! / sigma1;
  const uy = a[1]! / sigma1;
  const uz = a[2]! / sigma1;

  // Second: the second column without what roundoff left of the first; any perpendicular when it is noise.
  let px = 0;
  let py = 0;
  let pz = 0;
  if (sigma2 > 2 ** -52 * sigma1) {
    px = a[3]! / sigma2;
    py = a[4]! / sigma2;
    pz = a[5]! / sigma2;
    const along = px * ux + py * uy + pz * uz;
    px -= along * ux;
    py -= along * uy;
    pz -= along * uz;
  } else if (Math.abs(ux) <= Math.abs(uy) && Math.abs(ux) <= Math.abs(uz)) {
    py = uz;
    pz = -uy;
  } else if (Math.abs(uy) <= Math.abs(uz)) {
    px = -uz;
    pz = ux;
  } else {
    px = uy;
    py = -ux;
  }
  const length = Math.sqrt(px * px + py * py + pz * pz);
  px /= length;
  py /= length;
  pz /= length;

  // Third: the one that makes U a rotation; the sign goes to σ3.
  const nx = uy * pz - uz * py;
  const ny = uz * px - ux * pz;
  const nz = ux * py - uy * px;
  u[0] = ux;
  u[3] = uy;
  u[6] = uz;
  u[1] = px;
  u[4] = py;
  u[7] = pz;
  u[2] = nx;
  u[5] = ny;
  u[8] = nz;

  // V is a product of rotations and column swaps: a rotation up to the sign of its last column.
  const mx = w[1]! * w[5]! - w[2]! * w[4]!;
  const my = w[2]! * w[3]! - w[0]! * w[5]!;
  const mz = w[0]! * w[4]! - w[1]! * w[3]!;
  const flipped = mx * w[6]! + my * w[7]! + mz * w[8]! < 0;
  v[0] = w[0]!;
  v[3] = w[1]!;
  v[6] = w[2]!;
  v[1] = w[3]!;
  v[4] = w[4]!;
  v[7] = w[5]!;
  v[2] = flipped ? -w[6]! : w[6]!;
  v[5] = flipped ? -w[7]! : w[7]!;
  v[8] = flipped ? -w[8]! : w[8]!;

  const onNormal = a[6]! * nx + a[7]! * ny + a[8]! * nz;
  sigma[0] = sigma1 / scale;
  sigma[1] = sigma2 / scale;
  sigma[2] = (onNormal < 0 !== flipped ? -sigma3 : sigma3) / scale;
}
