import { Matrix, inverse } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { RidgeMoments, principalComponents, project } from '../../src/demo/linear-model.js';
import { Random } from '../../src/statistics/random.js';

function randomMatrix(random: Random, rows: number, columns: number): Matrix {
  return new Matrix(
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal())),
  );
}

const largestDifference = (a: Matrix, b: Matrix): number => Matrix.abs(Matrix.sub(a, b)).max();

describe('RidgeMoments', () => {
  it('solves what the closed form gives on centred data (seed 11)', () => {
    const random = new Random(11);
    const [n, d, k] = [40, 6, 3];
    const x = randomMatrix(random, n, d).add(5);
    const y = x.mmul(randomMatrix(random, d, k)).add(randomMatrix(random, n, k));
    const moments = new RidgeMoments(d, k);
    for (let i = 0; i < n; i++) moments.add(Float64Array.from(x.getRow(i)), Float64Array.from(y.getRow(i)));
    const lambda = 0.3;
    const { weights, bias } = moments.solve(lambda);

    const centredX = Matrix.sub(x, 0).subRowVector(x.mean('column'));
    const centredY = Matrix.sub(y, 0).subRowVector(y.mean('column'));
    const gram = centredX.transpose().mmul(centredX);
    const regularised = Matrix.add(gram, Matrix.eye(d, d).mul((lambda * gram.trace()) / d));
    const expected = inverse(regularised).mmul(centredX.transpose().mmul(centredY));
    expect(largestDifference(weights, expected)).toBeLessThan(1e-10);
    // The mean of the features is mapped to the mean of the targets.
    const atMean = new Matrix([x.mean('column')]).mmul(weights).addRowVector([...bias]);
    expect(largestDifference(atMean, new Matrix([y.mean('column')]))).toBeLessThan(1e-10);
  });
});

describe('principalComponents', () => {
  it('spans rows of low rank exactly with as many orthonormal components (seed 12)', () => {
    const random = new Random(12);
    const rows = randomMatrix(random, 30, 4)
      .mmul(randomMatrix(random, 4, 90))
      .add(2);
    const basis = principalComponents(rows, 10);
    expect(basis.components.rows).toBe(4);
    const overlap = basis.components.mmul(basis.components.transpose());
    expect(largestDifference(overlap, Matrix.eye(4, 4))).toBeLessThan(1e-9);
    const back = project(rows, basis)
      .mmul(basis.components)
      .addRowVector([...basis.mean]);
    expect(largestDifference(back, rows)).toBeLessThan(1e-9);
  });
});
