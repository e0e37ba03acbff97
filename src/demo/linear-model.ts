/**
 * The two pieces of linear algebra behind the ridge baseline: a low-rank basis
 * of hands and ridge regression by normal equations.
 */
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** `mean + coefficients · components` approximates every row it was made from. */
export interface LowRankBasis {
  /** D numbers. */
  readonly mean: Float64Array;
  /** K × D; rows are orthonormal, the largest variance first. */
  readonly components: Matrix;
}

/** Rows used to find a basis: beyond some hundreds it hardly changes, and its cost grows with their cube. */
const BASIS_ROWS = 256;

/**
 * Principal components by the eigenvectors of the rows' Gram matrix (there are
 * far fewer rows than columns).
 *
 * @param rows n × D
 * @param rank at most this many components; fewer where the rows have no more
 */
export function principalComponents(rows: Matrix, rank: number): LowRankBasis {
  const mean = Float64Array.from(rows.mean('column'));
  const step = Math.max(1, rows.rows / BASIS_ROWS);
  const chosen = Array.from({ length: Math.min(rows.rows, BASIS_ROWS) }, (_, i) => Math.floor(i * step));
  const centred = rows.selection(chosen, range(rows.columns)).subRowVector([...mean]);
  const gram = centred.mmul(centred.transpose());
  const eigen = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const values = eigen.realEigenvalues;
  const largest = Math.max(...values);
  // ml-matrix sorts ascending.
  const kept = range(values.length)
    .reverse()
    .slice(0, rank)
    .filter((i) => values[i]! > largest * 1e-10);
  const vectors = eigen.eigenvectorMatrix.subMatrixColumn(kept);
  const components = vectors.transpose().mmul(centred);
  kept.forEach((index, row) => components.mulRow(row, 1 / Math.sqrt(values[index]!)));
  return { mean, components };
}

/** The coefficients of each row in a basis: n × K. */
export function project(rows: Matrix, basis: LowRankBasis): Matrix {
  return Matrix.sub(rows, 0)
    .subRowVector([...basis.mean])
    .mmul(basis.components.transpose());
}

/** Prediction of a ridge regression: `(x − featureMean) · weights + targetMean`. */
export interface RidgeSolution {
  /** d × K. */
  readonly weights: Matrix;
  /** K numbers: what is predicted for a feature vector of zeros. */
  readonly bias: Float64Array;
}

/**
 * Sums over samples from which a ridge regression can be solved for any λ;
 * sums of parts add up to the sums of the whole.
 */
export class RidgeMoments {
  readonly #features: number;
  readonly #targets: number;
  #count = 0;
  readonly #featureSum: Float64Array;
  readonly #targetSum: Float64Array;
  /** Lower triangle of Σ x xᵀ, d × d. */
  readonly #gram: Float64Array;
  /** Σ x yᵀ, d × K. */
  readonly #cross: Float64Array;

  constructor(features: number, targets: number) {
    this.#features = features;
    this.#targets = targets;
    this.#featureSum = new Float64Array(features);
    this.#targetSum = new Float64Array(targets);
    this.#gram = new Float64Array(features * features);
    this.#cross = new Float64Array(features * targets);
  }

  add(x: Float64Array, y: Float64Array): void {
    const [d, k] = [this.#features, this.#targets];
    const gram = this.#gram;
    const cross = this.#cross;
    this.#count++;
    for (let j = 0; j < k; j++) this.#targetSum[j]! += y[j]!;
    for (let i = 0; i < d; i++) {
      const value = x[i]!;
      this.#featureSum[i]! += value;
      const row = i * d;
      for (let j = 0; j <= i; j++) gram[row + j]! += value * x[j]!;
      const across = i * k;
      for (let j = 0; j < k; j++) cross[across + j]! += value * y[j]!;
    }
  }

  /**
   * Solves (G + λ · mean(diag G) · I) W = C with the means taken out, by Cholesky.
   *
   * @param lambda dimensionless: relative to the mean variance of the features
   */
  solve(lambda: number): RidgeSolution {
    const [d, k, n] = [this.#features, this.#targets, this.#count];
    const featureMean = this.#featureSum.map((sum) => sum / n);
    const targetMean = this.#targetSum.map((sum) => sum / n);
    const gram = new Matrix(d, d);
    let trace = 0;
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) {
        const value = this.#gram[i * d + j]! - n * featureMean[i]! * featureMean[j]!;
        gram.set(i, j, value);
        gram.set(j, i, value);
      }
      trace += gram.get(i, i);
    }
    for (let i = 0; i < d; i++) gram.set(i, i, gram.get(i, i) + (lambda * trace) / d);
    const cross = new Matrix(d, k);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < k; j++) {
        cross.set(i, j, this.#cross[i * k + j]! - n * featureMean[i]! * targetMean[j]!);
      }
    }
    const weights = new CholeskyDecomposition(gram).solve(cross);
    const bias = Float64Array.from(targetMean);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < k; j++) bias[j]! -= featureMean[i]! * weights.get(i, j);
    }
    return { weights, bias };
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
