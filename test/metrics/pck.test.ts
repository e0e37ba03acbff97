import { describe, expect, it } from 'vitest';
import { pckAuc, pckCurve, PckHistogram } from '../../src/metrics/index.js';
import { areaUnderCurve, Thresholds, OFFICIAL_AUC_THRESHOLDS_MM } from '../../src/metrics/pck.js';
import { Random } from '../../src/statistics/random.js';
import { largestDifference } from '../support/largest-difference.js';
import { LINSPACE, slowAuc, slowPck } from './support.js';

const SEED = 44;

describe(`PCK (seed ${SEED})`, () => {
  const thresholds = new Thresholds(OFFICIAL_AUC_THRESHOLDS_MM);

  it('has the thresholds of numpy.linspace(0, 0.05, 100)', () => {
    expect([...thresholds.values]).toEqual(LINSPACE);
  });

  it('puts a distance into the bin that comparing with every threshold gives', () => {
    const random = new Random(SEED);
    const distances = [0, 1e-300, 1, 1e300, Infinity];
    for (let i = 0; i < 20_000; i++) distances.push(0.06 * random.uniform());
    for (const t of LINSPACE) distances.push(t, t * (1 - 2 ** -53), t * (1 + 2 ** -52));
    for (const distance of distances) {
      const first = LINSPACE.findIndex((t) => distance <= t);
      expect(thresholds.bin(distance), `distance ${distance}`).toBe(first < 0 ? 100 : first);
    }
  });

  it('agrees with the slow curve and its trapezoid', () => {
    const random = new Random(SEED);
    for (let i = 0; i < 50; i++) {
      const distances = Float64Array.from(
        { length: 1 + random.below(200) },
        () => 0.08 * random.uniform() ** 2,
      );
      const pck = slowPck(distances);
      expect(pckCurve(distances)!.pck).toEqual(pck);
      expect(pckAuc(distances)!).toBeCloseTo(slowAuc(pck), 13);
      expect(areaUnderCurve(LINSPACE, pck)).toBeCloseTo(slowAuc(pck), 13);
    }
  });

  it('has AUC 1 for exact points, 0 beyond 50 mm, nothing for no points', () => {
    expect(pckAuc(new Float64Array(5))).toBeCloseTo(1, 15);
    expect(pckAuc(Float64Array.of(0.0501, 3))).toBe(0);
    expect(pckAuc(new Float64Array(0))).toBeUndefined();
    expect(pckCurve(new Float64Array(0))).toBeUndefined();
    expect(new PckHistogram(21).curve()).toBeUndefined();
    expect(new PckHistogram(21).auc()).toBeUndefined();
    expect(() => pckAuc(Float64Array.of(0, NaN))).toThrow(/distance 1 must be 0 or more: got NaN/);
  });

  it('takes the mean over keypoints and merges exactly', () => {
    const random = new Random(SEED);
    const whole = new PckHistogram(3);
    const parts = [new PckHistogram(3), new PckHistogram(3)];
    const columns: number[][] = [[], [], []];
    for (let i = 0; i < 40; i++) {
      const distances = Float64Array.from({ length: 3 }, (_, k) => 0.02 * (k + 1) * random.uniform());
      whole.add(distances);
      parts[i % 2]!.add(distances);
      distances.forEach((d, k) => columns[k]!.push(d));
    }
    const [first, second] = parts as [PckHistogram, PckHistogram];
    first.merge(
      PckHistogram.fromJson(
        JSON.parse(JSON.stringify(second.toJson())) as ReturnType<PckHistogram['toJson']>,
      ),
    );
    expect(first.toJson()).toEqual(whole.toJson());
    const curves = columns.map(slowPck);
    const mean = LINSPACE.map((_, i) => curves.reduce((sum, curve) => sum + curve[i]!, 0) / 3);
    expect(largestDifference(whole.curve()!.pck, mean)).toBeLessThan(1e-15);
    expect(whole.auc()!).toBeCloseTo(curves.reduce((sum, curve) => sum + slowAuc(curve), 0) / 3, 13);
    expect(whole.keypointCurve(1)!.pck).toEqual(curves[1]);
  });

  it('refuses thresholds that make no curve and histograms of another size', () => {
    expect(() => new Thresholds({ from: 0, to: 0, count: 100 })).toThrow(/0 ≤ from < to/);
    expect(() => new Thresholds({ from: 0, to: 50, count: 1 })).toThrow(/at least 2/);
    expect(() => new PckHistogram(3).add(new Float64Array(2))).toThrow(/expected 3, got 2/);
    expect(() => new PckHistogram(3).merge(new PckHistogram(2))).toThrow(/expected 303 bins, got 202/);
  });
});
