import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  evaluateKeypoints,
  HINT_EGO4D_PROTOCOL,
  HINT_NEWDAYS_PROTOCOL,
  HINT_VISOR_PROTOCOL,
  KEYPOINT_CURVE_THRESHOLDS,
  KEYPOINT_METRIC_KEYS,
  KEYPOINT_SUBSETS,
  KeypointAccumulator,
  keypointsOfHand,
  keypointTallies,
  protocolDifferences,
  FREIHAND_PROTOCOL,
  type KeypointJointScore,
  type KeypointMetricKey,
  type KeypointResult,
  type KeypointSample,
  type KeypointScoreResult,
  type ScoredKeypoints,
} from '../../src/metrics/index.js';
import { bootstrapRatioMeans } from '../../src/statistics/bootstrap.js';
import { Random } from '../../src/statistics/random.js';

const SEED = 85;

interface GoldenPck {
  pred_keypoints_2d: [number, number][][];
  right: number[];
  box_size: number[];
  box_center: [number, number][];
  bbox_expand_factor: number;
  gt_keypoints_2d: [number, number, number][][];
  expected: Record<string, number>;
}

function golden(): { samples: KeypointSample[]; expected: Record<string, number> } {
  const url = new URL('../fixtures/golden/pck/hamer.json', import.meta.url);
  const data = JSON.parse(readFileSync(url, 'utf8')) as GoldenPck;
  const samples = data.gt_keypoints_2d.map((truth, i): KeypointSample => {
    const [cx, cy] = data.box_center[i]!;
    const size = data.box_size[i]!;
    const mirror = data.right[i] === 1 ? 1 : -1;
    return {
      prediction: Float64Array.from(
        data.pred_keypoints_2d[i]!.flatMap(([x, y]) => [mirror * x * size + cx, y * size + cy]),
      ),
      truth: {
        points: Float64Array.from(truth.flatMap(([x, y]) => [x, y])),
        side: size / data.bbox_expand_factor,
        labelled: { all: Uint8Array.from(truth, ([, , c]) => (c > 0.5 ? 1 : 0)), vis: null, occ: null },
      },
    };
  });
  return { samples, expected: data.expected };
}

/** Hands with labels of both kinds, some far off; joint 20 is never occluded, joint 19 never labelled. */
function hands(random: Random, count: number): KeypointSample[] {
  return Array.from({ length: count }, () => {
    const side = 60 + 200 * random.uniform();
    const points = Float64Array.from({ length: 42 }, () => 300 + 100 * random.normal());
    const all = Uint8Array.from({ length: 21 }, (_, j) => (j !== 19 && random.uniform() < 0.7 ? 1 : 0));
    const vis = all.map((label, j) => (label === 1 && (j === 20 || random.uniform() < 0.6) ? 1 : 0));
    const occ = all.map((label, j) => label - vis[j]!);
    const prediction = points.map((x) => x + 0.08 * side * random.normal());
    return { prediction, truth: { points, side, labelled: { all, vis, occ } } };
  });
}

function accumulate(results: readonly KeypointResult[]): KeypointAccumulator {
  const accumulator = new KeypointAccumulator(HINT_VISOR_PROTOCOL);
  for (const result of results) accumulator.add(result);
  return accumulator;
}

const score = (samples: readonly KeypointSample[]): KeypointScoreResult =>
  accumulate(samples.map(evaluateKeypoints)).result();

function scored(sample: KeypointSample): ScoredKeypoints {
  const result = evaluateKeypoints(sample);
  if (result.state !== 'scored') throw new Error(result.message);
  return result;
}

/** One hand, labels and prediction all at the origin, changed by `change`. */
function hand(
  change: {
    readonly prediction?: ArrayLike<number>;
    readonly points?: ArrayLike<number>;
    readonly side?: number;
    readonly all?: ArrayLike<number>;
  } = {},
): KeypointSample {
  const zeros = new Float64Array(42);
  return {
    prediction: Float64Array.from(change.prediction ?? zeros),
    truth: {
      points: Float64Array.from(change.points ?? zeros),
      side: change.side ?? 100,
      labelled: { all: Uint8Array.from(change.all ?? new Uint8Array(21).fill(1)), vis: null, occ: null },
    },
  };
}

const onlyJoint = (joint: number): Uint8Array => Uint8Array.from({ length: 21 }, (_, j) => +(j === joint));

/** Slow and obvious: every distance against one threshold, joint by joint. */
function slowPck(
  samples: readonly KeypointSample[],
  subset: 'all' | 'vis' | 'occ',
  threshold: number,
): { joints: (number | undefined)[]; mean: number } {
  const joints = Array.from({ length: 21 }, (_, j) => {
    const labelled = samples.filter(({ truth }) => truth.labelled[subset]![j] === 1);
    const correct = labelled.filter(({ prediction, truth }) => {
      const dx = prediction[2 * j]! - truth.points[2 * j]!;
      const dy = prediction[2 * j + 1]! - truth.points[2 * j + 1]!;
      return Math.sqrt(dx ** 2 + dy ** 2) <= truth.side * threshold;
    });
    return labelled.length === 0 ? undefined : correct.length / labelled.length;
  });
  const present = joints.filter((share) => share !== undefined);
  return { joints, mean: present.reduce((a, b) => a + b, 0) / present.length };
}

describe("against HaMeR's EvaluatorPCK", () => {
  const { samples, expected } = golden();
  const { metrics, joints, curves, unlabelledJoints } = score(samples);

  it.each([
    ['0.05', 'pck_0_05_all'],
    ['0.1', 'pck_0_1_all'],
    ['0.15', 'pck_0_15_all'],
  ] as const)('gives every joint and the mean at %s', (threshold, key) => {
    expect(Math.abs(metrics[key]! - expected[`kpAvg_pck_${threshold}`]!)).toBeLessThan(1e-9);
    for (const joint of joints) {
      expect(Math.abs(joint[key]! - expected[`kp${joint.joint}_pck_${threshold}`]!)).toBeLessThan(1e-9);
    }
  });

  it('has no key for subsets that are not known', () => {
    expect(Object.keys(metrics)).toEqual(['pck_0_05_all', 'pck_0_1_all', 'pck_0_15_all']);
    expect(Object.keys(curves)).toEqual(['all']);
    expect(Object.keys(joints[0]!)).toEqual(['joint', 'labelled_all', ...Object.keys(metrics)]);
    expect(unlabelledJoints).toEqual({});
  });
});

describe('the thresholds', () => {
  it('include the bound', () => {
    const moved = (dx: number, dy: number): KeypointSample =>
      hand({ prediction: new Float64Array(42).map((_, k) => (k % 2 === 0 ? dx : dy)) });
    expect(scored(moved(3, 4)).metrics).toEqual({ pck_0_05_all: 1, pck_0_1_all: 1, pck_0_15_all: 1 });
    expect(scored(moved(3, 4.000001)).metrics.pck_0_05_all).toBe(0);
    expect(scored(moved(0, 15)).metrics).toEqual({ pck_0_05_all: 0, pck_0_1_all: 0, pck_0_15_all: 1 });
    expect(scored(moved(0, 15.000001)).metrics.pck_0_15_all).toBe(0);
  });

  it('are multiplied with the side, as the reference does, not divided by', () => {
    // 3 · 0.1 is 0.30000000000000004, and that divided by 3 is more than 0.1.
    const prediction = new Float64Array(42).map((_, k) => (k % 2 === 0 ? 3 * 0.1 : 0));
    expect(scored(hand({ prediction, side: 3 })).metrics.pck_0_1_all).toBe(1);
  });

  it("of the curve hold the protocol's to the last bit", () => {
    expect(KEYPOINT_CURVE_THRESHOLDS).toHaveLength(61);
    expect([0, 10, 20, 30, 60].map((i) => KEYPOINT_CURVE_THRESHOLDS[i])).toEqual([
      0,
      ...HINT_VISOR_PROTOCOL.pckThresholds,
      0.3,
    ]);
  });

  it('reach from an exact hit to beyond the curve', () => {
    const prediction = new Float64Array(42);
    prediction[2] = 30;
    prediction[4] = 30.001;
    prediction[6] = 1e99;
    expect([...scored(hand({ prediction })).bins.slice(0, 5)]).toEqual([0, 60, 61, 61, 0]);
  });
});

describe(`score (seed ${SEED})`, () => {
  const samples = hands(new Random(SEED), 200);
  const results = samples.map(evaluateKeypoints);
  const whole = accumulate(results).result();

  it('agrees with the slow one: metrics, joints and curves of every subset', () => {
    for (const subset of KEYPOINT_SUBSETS) {
      const curve = whole.curves[subset]!;
      curve.thresholds.forEach((threshold, t) => {
        expect(curve.pck[t]).toBeCloseTo(slowPck(samples, subset, threshold).mean, 12);
      });
      for (const [name, threshold] of [
        ['0_05', 0.05],
        ['0_1', 0.1],
        ['0_15', 0.15],
      ] as const) {
        const key: KeypointMetricKey = `pck_${name}_${subset}`;
        const slow = slowPck(samples, subset, threshold);
        expect(whole.metrics[key]).toBeCloseTo(slow.mean, 12);
        expect(whole.joints.map((joint) => joint[key])).toEqual(slow.joints);
      }
      expect(whole.joints.map((joint: KeypointJointScore) => joint[`labelled_${subset}`])).toEqual(
        Array.from({ length: 21 }, (_, j) =>
          samples.reduce((sum, { truth }) => sum + truth.labelled[subset]![j]!, 0),
        ),
      );
    }
    expect(Object.keys(whole.metrics)).toEqual(KEYPOINT_METRIC_KEYS);
  });

  it('leaves joints without a label out and names them', () => {
    expect(whole.unlabelledJoints).toEqual({ all: [19], vis: [19], occ: [19, 20] });
    expect(whole.joints[19]).toEqual({ joint: 19, labelled_all: 0, labelled_vis: 0, labelled_occ: 0 });
  });

  it('has no key for a subset that is known and empty', () => {
    const visible = samples.map(({ prediction, truth }) => ({
      prediction,
      truth: { ...truth, labelled: { ...truth.labelled, occ: new Uint8Array(21) } },
    }));
    const { metrics, curves, joints } = score(visible);
    expect(metrics.pck_0_05_vis).toBe(whole.metrics.pck_0_05_vis);
    expect(Object.keys(metrics).filter((key) => key.endsWith('occ'))).toEqual([]);
    expect(curves.occ).toBeUndefined();
    expect(joints[0]!.labelled_occ).toBe(0);
  });

  it('does not change with the size of the photograph', () => {
    const larger = samples.map(({ prediction, truth }) => ({
      prediction: prediction.map((x) => 2 * x),
      truth: { ...truth, points: truth.points.map((x) => 2 * x), side: 2 * truth.side },
    }));
    expect(score(larger).metrics).toEqual(whole.metrics);
  });

  it('merges to the same digits in any order, through JSON', () => {
    const failed = evaluateKeypoints(hand({ side: 0 }));
    const parts = [results.slice(0, 7), [failed], results.slice(7, 120), [], results.slice(120)];
    const merged = new KeypointAccumulator(HINT_VISOR_PROTOCOL);
    for (const part of [...parts].reverse()) {
      const json = JSON.stringify(accumulate(part).toJson());
      merged.merge(KeypointAccumulator.fromJson(JSON.parse(json) as never));
    }
    expect(merged.result()).toEqual(accumulate([...results, failed]).result());
    expect(merged.result()).toMatchObject({ scored: 200, unscored: 1, unscoredReasons: { 'box-side': 1 } });
    expect(merged.result().metrics).toEqual(whole.metrics);
  });

  it('takes single precision and changes nothing it is given', () => {
    const { prediction, truth } = samples[0]!;
    const before = structuredClone(samples[0]!);
    const single = Float32Array.from(prediction);
    expect(scored({ prediction: single, truth })).toEqual(
      scored({ prediction: Float64Array.from(single), truth }),
    );
    expect(samples[0]).toEqual(before);
  });

  it('hands the bootstrap what its metrics are made of', () => {
    const withFailed = [evaluateKeypoints(hand({ side: 0 })), ...results];
    const intervals = bootstrapRatioMeans(keypointTallies(withFailed), { resamples: 200, seed: SEED });
    expect(Object.keys(intervals)).toEqual(KEYPOINT_METRIC_KEYS);
    for (const key of KEYPOINT_METRIC_KEYS) {
      const { mean, low, high } = intervals[key]!;
      expect(mean).toBeCloseTo(whole.metrics[key]!, 12);
      expect(low).toBeLessThan(mean);
      expect(high).toBeGreaterThan(mean);
    }
    expect(Object.keys(keypointTallies(golden().samples.map(evaluateKeypoints)))).toHaveLength(3);
  });
});

describe('samples that are not scored', () => {
  it.each([
    ['no-labels', { all: new Uint8Array(21) }, 'no keypoint of this hand is labelled'],
    ['box-side', { side: 0 }, 'got 0'],
    ['box-side', { side: NaN }, 'got NaN'],
    ['box-side', { side: Infinity }, 'got Infinity'],
    ['ground-truth-not-finite', { points: new Float64Array(42).fill(NaN, 9, 10) }, 'NaN at keypoint 4, y'],
    ['joint-count', { prediction: new Float64Array(32) }, 'must be 21: got 16'],
    [
      'prediction-not-finite',
      { prediction: new Float64Array(42).fill(Infinity, 40, 41) },
      'Infinity at keypoint 20, x',
    ],
    ['prediction-not-finite', { prediction: new Float64Array(42).fill(1e101) }, '1e+101 at keypoint 0, x'],
  ] as const)('%s', (reason, change, message) => {
    const result = evaluateKeypoints(hand(change));
    expect(result).toMatchObject({ state: 'unscored', reason });
    expect(result.state === 'unscored' && result.message).toContain(message);
    const { metrics, scored, unscored } = accumulate([result]).result();
    expect({ metrics, scored, unscored }).toEqual({ metrics: {}, scored: 0, unscored: 1 });
  });

  it('are not those whose unlabelled truth is whatever it is', () => {
    const points = new Float64Array(42).fill(NaN).fill(0, 6, 8);
    const result = scored(hand({ points, all: onlyJoint(3) }));
    expect(result.metrics).toEqual({ pck_0_05_all: 1, pck_0_1_all: 1, pck_0_15_all: 1 });
  });

  it('are those whose prediction is not finite where nothing is labelled', () => {
    const prediction = new Float64Array(42).fill(NaN, 0, 1);
    expect(evaluateKeypoints(hand({ prediction, all: onlyJoint(3) })).state).toBe('unscored');
  });
});

describe('what a caller must not mix up', () => {
  const result = evaluateKeypoints(hand());

  it('is refused: labels of other joints, other subsets, other protocols', () => {
    expect(() => evaluateKeypoints(hand({ points: new Float64Array(40) }))).toThrow(/'points' holds 20/);
    expect(() => evaluateKeypoints(hand({ all: new Uint8Array(20) }))).toThrow(/'all' holds 20/);
    const split = evaluateKeypoints(hands(new Random(SEED), 1)[0]!);
    expect(() => accumulate([result, split])).toThrow(/expected all, got all, vis, occ/);
    expect(() => {
      accumulate([result]).merge(new KeypointAccumulator(HINT_EGO4D_PROTOCOL));
    }).toThrow(/dataset is "hint-visor" here and "hint-ego4d" there/);
    expect(() => {
      accumulate([result]).merge(accumulate([split]));
    }).toThrow(/same subsets/);
  });

  it('differs in its protocol', () => {
    const { boxes, ...rest } = HINT_NEWDAYS_PROTOCOL;
    expect(protocolDifferences(HINT_NEWDAYS_PROTOCOL, { ...rest, boxes })).toEqual([]);
    expect(protocolDifferences(FREIHAND_PROTOCOL, HINT_NEWDAYS_PROTOCOL)).toContainEqual({
      field: 'measure',
      left: 'hands-3d',
      right: 'keypoints-2d',
    });
  });
});

describe('keypointsOfHand', () => {
  const labels = {
    count: 2,
    points: Float64Array.from({ length: 84 }, (_, k) => k),
    sides: Float64Array.of(50, 60),
    labelled: { all: new Uint8Array(42).fill(1, 21), vis: new Uint8Array(42), occ: null },
  };

  it('takes one record of each array', () => {
    const second = keypointsOfHand(labels, 1);
    expect([second.points[0], second.points.length, second.side]).toEqual([42, 42, 60]);
    expect(second.labelled).toEqual({
      all: new Uint8Array(21).fill(1),
      vis: new Uint8Array(21),
      occ: null,
    });
  });

  it('refuses a hand that is not there', () => {
    expect(() => keypointsOfHand(labels, 2)).toThrow(/hold 2 hands: got index 2/);
  });
});
