import { describe, expect, it } from 'vitest';
import { ExactSum } from '../../src/metrics/exact-sum.js';
import {
  evaluateSample,
  FREIHAND_PROTOCOL,
  HO3D_V2_PROTOCOL,
  HO3D_V3_PROTOCOL,
  meanPositionError,
  METRIC_KEYS,
  officialScores,
  pckAuc,
  positionErrors,
  PROPER_METRIC_KEYS,
  protocolDifferences,
  ScoreAccumulator,
  type Protocol,
  type SampleInput,
  type ScoreAccumulatorJson,
  type ScoredSample,
} from '../../src/metrics/index.js';
import { formatSixDecimals } from '../../src/metrics/official-scores.js';
import { Random } from '../../src/statistics/random.js';
import { cloud, loadGolden, mirrored, noisy, slowAlign, slowAuc, slowFScore, slowPck } from './support.js';

const SEED = 45;

function scored(input: SampleInput, protocol: Protocol): ScoredSample {
  const result = evaluateSample(input, protocol);
  if (result.state !== 'scored') throw new Error(result.message);
  return result;
}

function randomInput(random: Random, vertices = 120): SampleInput {
  const groundTruth = { joints: cloud(random, 21), vertices: cloud(random, vertices, 0.04) };
  const flip = random.below(4) === 0;
  const predict = (points: Float64Array): Float64Array => {
    const moved = noisy(random, points, 0.008).map((x) => 1.1 * x + 0.02);
    return flip ? mirrored(moved) : moved;
  };
  return {
    prediction: { joints: predict(groundTruth.joints), vertices: predict(groundTruth.vertices) },
    groundTruth,
  };
}

describe(`evaluateSample (seed ${SEED})`, () => {
  it('agrees with the slow pieces in every key', () => {
    const random = new Random(SEED);
    let reflected = 0;
    for (let i = 0; i < 60; i++) {
      const input = randomInput(random);
      const { metrics, ...rest } = scored(input, HO3D_V2_PROTOCOL);
      const mean = (a: Float64Array, b: Float64Array): number => meanPositionError(a, b) * 1000;
      const auc = (a: Float64Array, b: Float64Array): number => slowAuc(slowPck(positionErrors(a, b)));
      const p = input.prediction as { joints: Float64Array; vertices: Float64Array };
      const g = input.groundTruth as { joints: Float64Array; vertices: Float64Array };
      const j = slowAlign(p.joints, g.joints, 'allowed');
      const v = slowAlign(p.vertices, g.vertices, 'allowed');
      const jp = slowAlign(p.joints, g.joints, 'forbidden');
      const vp = slowAlign(p.vertices, g.vertices, 'forbidden');
      expect(rest.joints_reflected).toBe(j.reflected);
      expect(rest.vertices_reflected).toBe(v.reflected);
      if (v.reflected) reflected++;
      const expected: Record<string, number> = {
        pa_mpjpe_mm: mean(j.aligned, g.joints),
        pa_mpvpe_mm: mean(v.aligned, g.vertices),
        f5_aligned: slowFScore(v.aligned, g.vertices, 0.005),
        f15_aligned: slowFScore(v.aligned, g.vertices, 0.015),
        auc_j_aligned: auc(j.aligned, g.joints),
        auc_v_aligned: auc(v.aligned, g.vertices),
        mpjpe_mm: mean(p.joints, g.joints),
        mpvpe_mm: mean(p.vertices, g.vertices),
        f5: slowFScore(p.vertices, g.vertices, 0.005),
        f15: slowFScore(p.vertices, g.vertices, 0.015),
        auc_j: auc(p.joints, g.joints),
        auc_v: auc(p.vertices, g.vertices),
        pa_mpjpe_proper_mm: mean(jp.aligned, g.joints),
        pa_mpvpe_proper_mm: mean(vp.aligned, g.vertices),
        f5_aligned_proper: slowFScore(vp.aligned, g.vertices, 0.005),
        f15_aligned_proper: slowFScore(vp.aligned, g.vertices, 0.015),
        auc_j_aligned_proper: auc(jp.aligned, g.joints),
        auc_v_aligned_proper: auc(vp.aligned, g.vertices),
      };
      for (const [key, value] of Object.entries(expected)) {
        expect(metrics[key as keyof typeof metrics], `case ${i} ${key}`).toBeCloseTo(value, 10);
      }
      expect(Object.keys(metrics).sort()).toEqual([...METRIC_KEYS, ...PROPER_METRIC_KEYS].sort());
      const forbidden = scored(input, { ...HO3D_V2_PROTOCOL, reflection: 'forbidden' });
      expect(forbidden.metrics.pa_mpvpe_mm).toBe(metrics.pa_mpvpe_proper_mm);
      expect(forbidden.metrics.f5_aligned).toBe(metrics.f5_aligned_proper);
      expect(forbidden.vertices_reflected).toBe(rest.vertices_reflected);
    }
    expect(reflected).toBeGreaterThan(3);
  });

  it('has no scale-and-translation keys outside HO-3D, and only the keys of what is there', () => {
    const { prediction, groundTruth } = randomInput(new Random(SEED));
    const whole = scored({ prediction, groundTruth }, FREIHAND_PROTOCOL).metrics;
    expect(whole).not.toHaveProperty('sta_mpjpe_mm');
    const joints = scored({ prediction: { joints: prediction.joints }, groundTruth }, FREIHAND_PROTOCOL);
    expect(Object.keys(joints.metrics).sort()).toEqual([
      'auc_j',
      'auc_j_aligned',
      'auc_j_aligned_proper',
      'mpjpe_mm',
      'pa_mpjpe_mm',
      'pa_mpjpe_proper_mm',
    ]);
    expect(joints).not.toHaveProperty('vertices_reflected');
    const vertices = scored(
      { prediction, groundTruth: { vertices: groundTruth.vertices } },
      FREIHAND_PROTOCOL,
    );
    expect(vertices.metrics).not.toHaveProperty('mpjpe_mm');
    expect(vertices.metrics.pa_mpvpe_mm).toBe(whole.pa_mpvpe_mm);
  });

  it('turns away what cannot be scored, with the reason', () => {
    const { prediction, groundTruth } = randomInput(new Random(SEED));
    const bad = (value: number): Float64Array => {
      const joints = Float64Array.from(prediction.joints!);
      joints[7] = value;
      return joints;
    };
    const reason = (input: SampleInput): unknown => evaluateSample(input, FREIHAND_PROTOCOL);
    for (const value of [NaN, Infinity, -Infinity, 1e200]) {
      expect(reason({ prediction: { ...prediction, joints: bad(value) }, groundTruth })).toEqual({
        state: 'unscored',
        reason: 'prediction-not-finite',
        message: `predicted joints hold ${value} at point 2, y`,
      });
    }
    expect(reason({ prediction, groundTruth: { joints: bad(NaN) } })).toMatchObject({
      reason: 'ground-truth-not-finite',
    });
    expect(reason({ prediction: { joints: new Float64Array(60) }, groundTruth })).toMatchObject({
      reason: 'joint-count',
      message: 'expected 21 joints, got 20',
    });
    expect(reason({ prediction: { vertices: new Float64Array(0) }, groundTruth })).toMatchObject({
      reason: 'no-points',
    });
    expect(reason({ prediction: {}, groundTruth })).toMatchObject({ reason: 'nothing-to-score' });
    expect(() => reason({ prediction: { joints: new Float64Array(61) }, groundTruth })).toThrow(
      /multiple of 3/,
    );
  });

  it('never makes NaN of collapsed, planar or enormous input', () => {
    const { groundTruth } = randomInput(new Random(SEED));
    const shapes: ((x: number, k: number) => number)[] = [
      () => 0,
      () => 3,
      (x, k) => (k % 3 === 2 ? 0 : x),
      (x, k) => (k % 3 === 0 ? x : 0),
      (x) => x * 1e99,
      (x) => x * 1e-300,
    ];
    for (const shape of shapes) {
      const prediction = {
        joints: groundTruth.joints!.map(shape),
        vertices: groundTruth.vertices!.map(shape),
      };
      const inputs: SampleInput[] = [
        { prediction, groundTruth },
        { prediction: groundTruth, groundTruth: prediction },
        { prediction, groundTruth: prediction },
        { prediction: { ...prediction, vertices: prediction.vertices.slice(3) }, groundTruth },
      ];
      for (const input of inputs) {
        const { metrics, officialTrafo } = scored(input, HO3D_V2_PROTOCOL);
        const trafo = officialTrafo === undefined ? [] : [officialTrafo.f5, officialTrafo.f15];
        for (const value of [...Object.values(metrics), ...trafo]) {
          expect(Number.isFinite(value)).toBe(true);
        }
      }
    }
  });

  it('leaves its input alone, owns its output and takes single precision', () => {
    const random = new Random(SEED);
    const input = randomInput(random);
    const copy = structuredClone(input);
    const first = scored(input, HO3D_V2_PROTOCOL);
    const kept = structuredClone(first);
    scored(randomInput(random), HO3D_V2_PROTOCOL);
    expect(input).toEqual(copy);
    expect(first).toEqual(kept);
    const single = (points: SampleInput['prediction']): SampleInput['prediction'] => ({
      joints: Float32Array.from(points.joints!),
      vertices: Float32Array.from(points.vertices!),
    });
    const widened = (points: SampleInput['prediction']): SampleInput['prediction'] => ({
      joints: Float64Array.from(points.joints!),
      vertices: Float64Array.from(points.vertices!),
    });
    const prediction = single(input.prediction);
    expect(scored({ prediction, groundTruth: input.groundTruth }, HO3D_V2_PROTOCOL)).toEqual(
      scored({ prediction: widened(prediction), groundTruth: input.groundTruth }, HO3D_V2_PROTOCOL),
    );
  });
});

describe(`ScoreAccumulator (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const samples = Array.from({ length: 40 }, () => evaluateSample(randomInput(random, 30), HO3D_V2_PROTOCOL));
  samples.push({ state: 'unscored', reason: 'prediction-not-finite', message: 'NaN' });
  const whole = new ScoreAccumulator(HO3D_V2_PROTOCOL);
  for (const sample of samples) whole.add(sample);

  it('merges parts to the very digits of the whole, in any order, across JSON', () => {
    for (let round = 0; round < 5; round++) {
      const parts = [0, 1, 2, 3].map(() => new ScoreAccumulator(HO3D_V2_PROTOCOL));
      for (const i of random.permutation(samples.length)) parts[random.below(4)]!.add(samples[i]!);
      const merged = new ScoreAccumulator(HO3D_V2_PROTOCOL);
      for (const part of parts) {
        const json = JSON.parse(JSON.stringify(part.toJson())) as ScoreAccumulatorJson;
        merged.merge(ScoreAccumulator.fromJson(json));
      }
      expect(merged.result()).toEqual(whole.result());
    }
  });

  it('is the mean of the samples, with counts, curves and the per-joint table', () => {
    const result = whole.result();
    expect(result.scored).toBe(40);
    expect(result.unscored).toBe(1);
    expect(result.unscoredReasons).toEqual({ 'prediction-not-finite': 1 });
    expect(Object.keys(result.metrics)).toEqual([...METRIC_KEYS]);
    expect(Object.keys(result.proper)).toEqual([...PROPER_METRIC_KEYS]);
    const good = samples.filter((sample) => sample.state === 'scored');
    for (const key of METRIC_KEYS) {
      const mean = good.reduce((sum, sample) => sum + sample.metrics[key]!, 0) / 40;
      expect(result.metrics[key], key).toBeCloseTo(mean, 10);
      expect(result.counts[key]).toBe(40);
    }
    expect(result.joints).toHaveLength(21);
    const over = (value: (joint: (typeof result.joints)[number]) => number): number =>
      result.joints.reduce((sum, joint) => sum + value(joint), 0) / 21;
    expect(over((joint) => joint.mpjpe_mm)).toBeCloseTo(result.metrics.mpjpe_mm!, 10);
    expect(over((joint) => joint.auc_sta!)).toBeCloseTo(result.metrics.auc_j_sta!, 12);
    expect(result.curves.mesh_al!.pck).toHaveLength(100);
    expect(result.reflected.vertices).toBe(good.filter((sample) => sample.vertices_reflected).length);
    const errors = good.flatMap((sample) => [...sample.jointErrors!.aligned]);
    expect(result.metrics.auc_j_aligned).toBeCloseTo(pckAuc(Float64Array.from(errors))!, 12);
  });

  it('refuses to merge protocols and joint counts that differ', () => {
    expect(() => whole.merge(new ScoreAccumulator(FREIHAND_PROTOCOL))).toThrow(/dataset is "ho3d-v2" here/);
    const five = evaluateSample(
      { prediction: { joints: cloud(random, 5) }, groundTruth: { joints: cloud(random, 5) } },
      HO3D_V2_PROTOCOL,
    );
    expect(() => ScoreAccumulator.fromJson(whole.toJson()).add(five)).toThrow(/expected 21, got 5/);
  });

  it('has no official scores when a sample or a part is missing, and says why', () => {
    const reason = (accumulator: ScoreAccumulator): string => {
      const official = officialScores('ho3d', accumulator);
      return official.state === 'unavailable' ? official.reason : 'available';
    };
    const accumulate = (inputs: SampleInput[], protocol: Protocol = HO3D_V2_PROTOCOL): ScoreAccumulator => {
      const accumulator = new ScoreAccumulator(protocol);
      for (const input of inputs) accumulator.add(evaluateSample(input, protocol));
      return accumulator;
    };
    const input = randomInput(random, 30);
    const { prediction, groundTruth } = input;
    const fewer = { prediction: { ...prediction, vertices: prediction.vertices!.subarray(3) }, groundTruth };
    expect(reason(whole)).toMatch(/1 of 41 are unscored/);
    expect(reason(accumulate([]))).toBe('no sample was scored');
    expect(reason(accumulate([input, { prediction: { joints: prediction.joints }, groundTruth }]))).toMatch(
      /vertices: 1 of 2/,
    );
    expect(reason(accumulate([{ prediction: { vertices: prediction.vertices }, groundTruth }]))).toMatch(
      /joints: 1 of 1/,
    );
    expect(reason(accumulate([input, fewer]))).toMatch(/1 samples have as many vertices/);
    expect(reason(accumulate([input], { ...HO3D_V2_PROTOCOL, reflection: 'forbidden' }))).toMatch(/forbids/);
    expect(reason(accumulate([input], FREIHAND_PROTOCOL))).toMatch(/leaves it out/);
    expect(reason(accumulate([fewer]))).toBe('available');
  });
});

describe('ExactSum', () => {
  it('does not depend on order and is correctly rounded', () => {
    const random = new Random(SEED);
    const terms = Array.from({ length: 500 }, () => random.normal() * 10 ** (30 * random.uniform() - 15));
    const sum = (order: number[]): number => {
      const exact = new ExactSum();
      for (const i of order) exact.add(terms[i]!);
      return exact.value();
    };
    const first = sum(random.permutation(500));
    for (let i = 0; i < 20; i++) expect(sum(random.permutation(500))).toBe(first);
    const tenths = new ExactSum();
    for (let i = 0; i < 10; i++) tenths.add(0.1);
    expect(tenths.value()).toBe(1);
    const cancelling = ExactSum.fromJson([1e100, 1, -1e100]);
    expect(cancelling.value()).toBe(1);
    expect(ExactSum.fromJson([1, 2 ** -53, 2 ** -106]).value()).toBe(1 + 2 ** -52);
    expect(new ExactSum().value()).toBe(0);
    expect(() => cancelling.add(NaN)).toThrow(/cannot add NaN/);
  });
});

describe('protocols', () => {
  it('are plain JSON', () => {
    for (const protocol of [FREIHAND_PROTOCOL, HO3D_V2_PROTOCOL, HO3D_V3_PROTOCOL]) {
      expect(JSON.parse(JSON.stringify(protocol))).toEqual(protocol);
      expect(protocolDifferences(protocol, structuredClone(protocol))).toEqual([]);
    }
  });

  it('name the fields in which they differ', () => {
    expect(protocolDifferences(HO3D_V2_PROTOCOL, HO3D_V3_PROTOCOL)).toEqual([
      { field: 'dataset', left: 'ho3d-v2', right: 'ho3d-v3' },
      { field: 'sampleCount', left: 11524, right: 20137 },
    ]);
    const other = { ...FREIHAND_PROTOCOL, aucThresholdsMm: { from: 0, to: 50, count: 20 }, later: true };
    expect(protocolDifferences(FREIHAND_PROTOCOL, other)).toEqual([
      { field: 'aucThresholdsMm.count', left: 100, right: 20 },
      { field: 'later', left: undefined, right: true },
    ]);
  });
});

describe('formatSixDecimals', () => {
  it.each([
    [0, '0.000000'],
    [-1, '-1.000000'],
    [1 / 128, '0.007812'],
    [3 / 128, '0.023438'],
    [-1 / 128, '-0.007812'],
    [5 / 128, '0.039062'],
    [0.1234565, '0.123456'],
    [1e22, '10000000000000000000000.000000'],
  ])('prints %d as C does', (value, text) => {
    expect(formatSixDecimals(value)).toBe(text);
  });

  it('refuses what is not finite', () => {
    expect(() => formatSixDecimals(NaN)).toThrow(/must be finite/);
  });

  it('prints the golden scores back', () => {
    for (const [key, value] of loadGolden('freihand').scores) {
      expect(loadGolden('freihand').scoresText).toContain(`${key}: ${formatSixDecimals(value)}\n`);
    }
  });
});
