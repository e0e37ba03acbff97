import { describe, expect, it } from 'vitest';
import { evaluateSample, HO3D_V2_PROTOCOL, ScoreAccumulator } from '../../src/metrics/index.js';
import { Random } from '../../src/statistics/random.js';
import { compareScores, roundingTolerance } from '../../src/submission/rounding.js';

describe('the tolerance of rounded coordinates', () => {
  it('is a thousandth of a millimetre for six decimals, and follows the decimals', () => {
    expect(roundingTolerance(6)).toEqual({ mm: 0.001, share: 0.001 });
    expect(roundingTolerance(4)).toEqual({ mm: 0.1, share: 0.1 });
    expect(roundingTolerance(3).share).toBe(1);
  });

  it('asks for the same metrics on both sides', () => {
    const [both, left, right] = compareScores({ a_mm: 1, b_mm: 2 }, { a_mm: 1.0005, c_mm: 3 }, 6);
    expect(both).toMatchObject({ metric: 'a_mm', run: 1, submission: 1.0005, agrees: true });
    expect(left).toMatchObject({ metric: 'b_mm', run: 2, agrees: false });
    expect(left).not.toHaveProperty('submission');
    expect(right).toMatchObject({ metric: 'c_mm', submission: 3, agrees: false });
  });

  it('tells a difference beyond the rounding from one within', () => {
    const differ = (by: number): boolean =>
      compareScores({ pa_mpjpe_mm: 6 }, { pa_mpjpe_mm: 6 + by }, 6)[0]!.agrees;
    expect([0, 0.0009, -0.0009].map(differ)).toEqual([true, true, true]);
    expect([0.0011, -0.0011, 0.1].map(differ)).toEqual([false, false, false]);
  });

  it('gives an exact copy the half step of the curve it loses, and no other prediction', () => {
    const agrees = (error: number): boolean =>
      compareScores({ mpvpe_mm: error, auc_v: 1 }, { mpvpe_mm: error, auc_v: 1 - 0.5 / 99 }, 6)[1]!.agrees;
    expect(agrees(0)).toBe(true);
    expect(agrees(5)).toBe(false);
  });

  const seed = 77;
  it.each([4, 5, 6, 8])(
    `bounds what rounding to %i decimals does to every metric (seed ${seed})`,
    (decimals) => {
      const random = new Random(seed);
      const cloud = (count: number): Float64Array =>
        Float64Array.from({ length: count * 3 }, () => 0.05 * random.normal());
      const near = (points: Float64Array, sigma: number): Float64Array =>
        points.map((value) => value + sigma * random.normal());
      const rounded = (points: Float64Array): Float64Array =>
        points.map((value) => Number(value.toFixed(decimals)));
      for (const sigma of [0, 0.002, 0.01]) {
        const exact = new ScoreAccumulator(HO3D_V2_PROTOCOL);
        const coarse = new ScoreAccumulator(HO3D_V2_PROTOCOL);
        for (let sample = 0; sample < 20; sample++) {
          const groundTruth = { joints: cloud(21), vertices: cloud(200) };
          const joints = near(groundTruth.joints, sigma);
          // A wrist on the published one, as a model's prediction has it.
          joints.set(groundTruth.joints.subarray(0, 3));
          const vertices = near(groundTruth.vertices, sigma);
          exact.add(evaluateSample({ prediction: { joints, vertices }, groundTruth }, HO3D_V2_PROTOCOL));
          const prediction = { joints: rounded(joints), vertices: rounded(vertices) };
          coarse.add(evaluateSample({ prediction, groundTruth }, HO3D_V2_PROTOCOL));
        }
        const all = compareScores(exact.result().metrics, coarse.result().metrics, decimals);
        expect(all.length).toBeGreaterThan(10);
        expect(all.filter(({ agrees }) => !agrees)).toEqual([]);
      }
    },
  );
});
