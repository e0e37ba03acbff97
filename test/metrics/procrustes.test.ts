import { Matrix, SVD } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import {
  alignByOfficialTrafo,
  alignScaleTranslation,
  alignSimilarity,
  applySimilarity,
  meanPositionError,
  paMeanPositionError,
} from '../../src/metrics/index.js';
import { createSvd3, signedSvd3 } from '../../src/metrics/svd3.js';
import { Random } from '../../src/statistics/random.js';
import { largestDifference } from '../support/largest-difference.js';
import { cloud, loadGolden, mirrored, moved, noisy, randomRotation, slowAlign } from './support.js';

const SEED = 41;

/** Random, scaled and degenerate 3×3 matrices. */
function matrices(random: Random): Float64Array[] {
  const all: Float64Array[] = [];
  const normal = (): Float64Array => Float64Array.from({ length: 9 }, () => random.normal());
  for (let i = 0; i < 3000; i++) all.push(normal());
  for (let i = 0; i < 300; i++) all.push(normal().map((x) => x * 10 ** (600 * random.uniform() - 300)));
  for (let i = 0; i < 300; i++) {
    // Singular values over twelve orders of magnitude.
    const u = Matrix.from1DArray(3, 3, randomRotation(random));
    const v = Matrix.from1DArray(3, 3, randomRotation(random));
    const sigma = Matrix.diag([1, 10 ** (-12 * random.uniform()), 10 ** (-12 * random.uniform())]);
    all.push(Float64Array.from(u.mmul(sigma).mmul(v).to1DArray()));
  }
  for (let i = 0; i < 300; i++) {
    // Rank 1 and rank 2.
    const a = [random.normal(), random.normal(), random.normal()];
    const b = [random.normal(), random.normal(), random.normal()];
    const one = Float64Array.from({ length: 9 }, (_, k) => a[Math.floor(k / 3)]! * b[k % 3]!);
    all.push(
      one,
      one.map((x, k) => x + a[(k + 1) % 3]! * b[Math.floor(k / 3)]! * (k % 3 === 0 ? 0 : 1)),
    );
    const flat = normal();
    flat.fill(0, 6);
    all.push(flat);
  }
  for (let i = 0; i < 300; i++) all.push(Float64Array.from(randomRotation(random)));
  for (let i = 0; i < 50; i++) all.push(Float64Array.from({ length: 9 }, () => random.below(3) - 1));
  all.push(new Float64Array(9), Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, -1]), new Float64Array(9).fill(1));
  all.push(new Float64Array(9).fill(5e-324), new Float64Array(9).fill(1e300));
  return all;
}

function determinant3(m: Float64Array): number {
  const [a, b, c, d, e, f, g, h, i] = m as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

describe(`signedSvd3 (seed ${SEED})`, () => {
  it('is a decomposition into rotations with the singular values of ml-matrix', () => {
    const out = createSvd3();
    const all = matrices(new Random(SEED));
    expect(all.length).toBeGreaterThan(4000);
    for (const m of all) {
      const before = m.slice();
      signedSvd3(m, out);
      expect(m).toEqual(before);
      const norm = Math.max(...m.map(Math.abs));
      const unit = norm === 0 ? 1 : norm;
      const context = `matrix ${m.join(' ')}`;
      const u = Matrix.from1DArray(3, 3, [...out.u]);
      const v = Matrix.from1DArray(3, 3, [...out.v]);
      const sigma = [...out.sigma].map((s) => s / unit);
      const product = u.mmul(Matrix.diag(sigma)).mmul(v.transpose());
      expect(
        largestDifference(
          product.to1DArray(),
          m.map((x) => x / unit),
        ),
        context,
      ).toBeLessThan(1e-14);
      for (const factor of [u, v]) {
        const identity = factor.transpose().mmul(factor).sub(Matrix.eye(3));
        expect(Math.max(...identity.abs().to1DArray()), context).toBeLessThan(1e-14);
      }
      expect(determinant3(out.u), context).toBeCloseTo(1, 12);
      expect(determinant3(out.v), context).toBeCloseTo(1, 12);
      expect(sigma[0]! >= sigma[1]! && sigma[1]! >= Math.abs(sigma[2]!), context).toBe(true);
      const reference = new SVD(
        Matrix.from1DArray(
          3,
          3,
          [...m].map((x) => x / unit),
        ),
      ).diagonal;
      expect(largestDifference(sigma.map(Math.abs), reference), context).toBeLessThan(1e-13);
    }
  });

  it('gives NaN for a matrix that is not finite', () => {
    const out = createSvd3();
    signedSvd3(Float64Array.of(1, 0, 0, 0, NaN, 0, 0, 0, 1), out);
    expect([...out.sigma, ...out.u, ...out.v].every(Number.isNaN)).toBe(true);
  });
});

describe(`alignSimilarity (seed ${SEED})`, () => {
  it.each(['allowed', 'forbidden'] as const)(
    'agrees with the slow ml-matrix alignment, reflection %s',
    (rule) => {
      const random = new Random(SEED);
      for (let i = 0; i < 500; i++) {
        const truth = cloud(random, 4 + random.below(30));
        const rotation = randomRotation(random);
        const noise = [0, 0.003, 0.05][i % 3]!;
        let prediction = moved(noisy(random, truth, noise), rotation, 0.5 + random.uniform(), [1, -2, 3]);
        if (i % 2 === 1) prediction = mirrored(prediction);
        const fast = alignSimilarity(prediction, truth, rule);
        const slow = slowAlign(prediction, truth, rule);
        expect(largestDifference(fast.aligned, slow.aligned), `case ${i}`).toBeLessThan(1e-12);
        expect(fast.reflected, `case ${i}`).toBe(slow.reflected);
        expect(largestDifference(applySimilarity(fast.transform, prediction), fast.aligned)).toBe(0);
      }
    },
  );

  it('does not change under a similarity of the prediction', () => {
    const random = new Random(SEED);
    for (let i = 0; i < 100; i++) {
      const truth = cloud(random, 21);
      const prediction = noisy(random, truth, 0.01);
      const other = moved(prediction, randomRotation(random), 0.2 + 3 * random.uniform(), [0.3, 0.1, -2]);
      for (const rule of ['allowed', 'forbidden'] as const) {
        const here = paMeanPositionError(prediction, truth, rule);
        // The 1e-8 added to the norms is not scale-free: agreement to about 1e-8 of the hand's size.
        expect(Math.abs(paMeanPositionError(other, truth, rule) - here)).toBeLessThan(1e-8);
      }
    }
  });

  it('does not depend on the order of the points', () => {
    const random = new Random(SEED);
    const truth = cloud(random, 50);
    const prediction = noisy(random, truth, 0.02);
    const order = random.permutation(50);
    const pick = (points: Float64Array): Float64Array =>
      Float64Array.from(order.flatMap((i) => [...points.subarray(i * 3, i * 3 + 3)]));
    expect(paMeanPositionError(pick(prediction), pick(truth), 'allowed')).toBeCloseTo(
      paMeanPositionError(prediction, truth, 'allowed'),
      14,
    );
  });

  it('scores a mirrored hand 0 mm with reflection and tens of mm without', () => {
    const truth = loadGolden('freihand').trueVertices[0]!;
    const prediction = mirrored(truth);
    expect(alignSimilarity(prediction, truth, 'allowed').reflected).toBe(true);
    // 1e-8 m in the norms leaves some nanometres.
    expect(paMeanPositionError(prediction, truth, 'allowed')).toBeLessThan(1e-8);
    expect(paMeanPositionError(prediction, truth, 'forbidden')).toBeGreaterThan(0.01);
  });

  it('is never worse in squared error than centring and scaling alone', () => {
    const random = new Random(SEED);
    const squared = (a: Float64Array, b: Float64Array): number =>
      a.reduce((sum, x, k) => sum + (x - b[k]!) ** 2, 0);
    for (let i = 0; i < 200; i++) {
      const truth = cloud(random, 21);
      const prediction = moved(noisy(random, truth, 0.03), randomRotation(random), 1, [0, 0, 0]);
      const mean = (points: Float64Array, axis: number): number =>
        points.reduce((sum, x, k) => (k % 3 === axis ? sum + x : sum), 0) / 21;
      const centred = (points: Float64Array): Float64Array => points.map((x, k) => x - mean(points, k % 3));
      const p = centred(prediction);
      const g = centred(truth);
      const scale = p.reduce((sum, x, k) => sum + x * g[k]!, 0) / p.reduce((sum, x) => sum + x * x, 0);
      const plain = squared(
        p.map((x) => x * Math.max(scale, 0)),
        g,
      );
      for (const rule of ['allowed', 'forbidden'] as const) {
        expect(squared(alignSimilarity(prediction, truth, rule).aligned, truth)).toBeLessThanOrEqual(
          plain + 1e-7,
        );
      }
    }
  });

  it('puts a collapsed prediction on the mean of the ground truth', () => {
    const truth = cloud(new Random(SEED), 21);
    for (const value of [0, 0.7]) {
      const { aligned, reflected } = alignSimilarity(new Float64Array(63).fill(value), truth, 'allowed');
      const mean = [0, 1, 2].map((axis) => truth.reduce((s, x, k) => (k % 3 === axis ? s + x : s), 0) / 21);
      expect(
        largestDifference(
          aligned,
          truth.map((_, k) => mean[k % 3]!),
        ),
      ).toBeLessThan(1e-7);
      expect(reflected).toBe(false);
    }
  });

  it('takes points on a line and in a plane, without calling them reflected', () => {
    const random = new Random(SEED);
    for (let i = 0; i < 100; i++) {
      const rotation = randomRotation(random);
      const flat = cloud(random, 21, 0.05, [0, 0, 0]).map((x, k) =>
        k % 3 === 2 || (i % 2 === 0 && k % 3 === 1) ? 0 : x,
      );
      const truth = moved(flat, rotation, 1, [0, 0, 0.6]);
      const prediction = moved(mirrored(flat), randomRotation(random), 2, [1, 1, 1]);
      for (const rule of ['allowed', 'forbidden'] as const) {
        const { aligned, reflected } = alignSimilarity(prediction, truth, rule);
        expect(meanPositionError(aligned, truth)).toBeLessThan(1e-7);
        expect(reflected).toBe(false);
      }
    }
  });

  it('widens single precision, leaves its input alone and refuses unequal or empty sets', () => {
    const random = new Random(SEED);
    const truth = cloud(random, 21);
    const prediction = Float32Array.from(noisy(random, truth, 0.01));
    const before = [truth.slice(), prediction.slice()];
    const { aligned } = alignSimilarity(prediction, truth, 'allowed');
    expect(largestDifference(aligned, slowAlign(prediction, truth, 'allowed').aligned)).toBeLessThan(1e-13);
    expect([truth, prediction]).toEqual(before);
    expect(() => alignSimilarity(new Float64Array(60), truth, 'allowed')).toThrow(/expected 21, got 20/);
    expect(() => alignSimilarity(new Float64Array(0), new Float64Array(0), 'allowed')).toThrow(
      /at least one point/,
    );
    expect(() => alignSimilarity(new Float64Array(62), truth, 'allowed')).toThrow(/multiple of 3, got 62/);
  });
});

describe('the official transform for meshes of another topology', () => {
  it('is tens of millimetres off on an exact copy; the correct one beside it is not', () => {
    const golden = loadGolden('freihand');
    const joints = golden.trueJoints[0]!;
    const vertices = golden.trueVertices[0]!;
    const faulty = alignByOfficialTrafo(joints, joints, vertices);
    expect(meanPositionError(faulty, vertices)).toBeGreaterThan(0.03);
    const { transform } = alignSimilarity(joints, joints, 'allowed');
    expect(meanPositionError(applySimilarity(transform, vertices), vertices)).toBeLessThan(1e-7);
  });
});

describe('alignScaleTranslation', () => {
  it('makes |j4 − j0| and the wrist agree', () => {
    const random = new Random(SEED);
    const truth = cloud(random, 21);
    const aligned = alignScaleTranslation(moved(truth, [1, 0, 0, 0, 1, 0, 0, 0, 1], 1.7, [1, 2, 3]), truth);
    expect(largestDifference(aligned, truth)).toBeLessThan(1e-14);
  });

  it('skips the division when the predicted length is 0, and needs five joints', () => {
    const truth = cloud(new Random(SEED), 21);
    const aligned = alignScaleTranslation(new Float64Array(63), truth);
    expect(
      largestDifference(
        aligned,
        truth.map((_, k) => truth[k % 3]!),
      ),
    ).toBe(0);
    expect(() => alignScaleTranslation(new Float64Array(12), new Float64Array(12))).toThrow(/at least 5/);
  });
});
