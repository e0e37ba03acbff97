/** What every definition of a metric owes to those who show, rank and compare by it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  evaluateKeypoints,
  evaluateSample,
  HAND_METRICS,
  HO3D_V2_PROTOCOL,
  KEYPOINT_CURVE_THRESHOLDS,
  KEYPOINT_METRIC_KEYS,
  KEYPOINT_METRICS,
  KEYPOINT_SUBSETS,
  keypointTallies,
  METRIC_KEYS,
  metricOf,
  METRICS,
  PROPER_METRIC_KEYS,
  ScoreAccumulator,
  underAlignment,
  worseBy,
  type HandPoints,
  type HandMetric,
  type MetricDefinition,
} from '../../src/metrics/index.js';
import { Random } from '../../src/statistics/random.js';
import { formatMetric, withUnit } from '../../src/text/metric-text.js';
import { cloud, mirrored, noisy } from './support.js';

const SEED = 311;

const truth = {
  joints: cloud(new Random(SEED), 21),
  vertices: cloud(new Random(SEED + 1), 300, 0.04),
};

/** The hand with noise of `sigma` metres on the points `of`; always the same noise, so that more is farther. */
function off(sigma: number, of: readonly (keyof HandPoints)[] = ['joints', 'vertices']): typeof truth {
  const part = (name: keyof typeof truth): Float64Array =>
    of.includes(name) ? noisy(new Random(SEED + 2), truth[name], sigma) : truth[name];
  return { joints: part('joints'), vertices: part('vertices') };
}

const both = (points: typeof truth, change: (points: Float64Array) => Float64Array): typeof truth => ({
  joints: change(points.joints),
  vertices: change(points.vertices),
});

/** All metrics of hands, under the protocol that has every alignment. */
function scores(prediction: HandPoints): Readonly<Record<string, number>> {
  const sample = evaluateSample({ prediction, groundTruth: truth }, HO3D_V2_PROTOCOL);
  if (sample.state === 'unscored') throw new Error(sample.message);
  return sample.metrics;
}

const worse = (metric: MetricDefinition, from: number, to: number): number => worseBy(metric, to - from);

const each = <T extends MetricDefinition>(metrics: readonly T[]): [string, T][] =>
  metrics.map((metric) => [metric.key, metric]);

describe('the keys of metrics.json', () => {
  it('stay as other people’s scripts know them, in their order', () => {
    expect(METRIC_KEYS.slice(0, 14)).toEqual([
      'pa_mpjpe_mm',
      'pa_mpvpe_mm',
      'f5_aligned',
      'f15_aligned',
      'auc_j_aligned',
      'auc_v_aligned',
      'mpjpe_mm',
      'mpvpe_mm',
      'f5',
      'f15',
      'auc_j',
      'auc_v',
      'sta_mpjpe_mm',
      'auc_j_sta',
    ]);
    expect(PROPER_METRIC_KEYS.slice(0, 6)).toEqual([
      'pa_mpjpe_proper_mm',
      'pa_mpvpe_proper_mm',
      'f5_aligned_proper',
      'f15_aligned_proper',
      'auc_j_aligned_proper',
      'auc_v_aligned_proper',
    ]);
    expect(KEYPOINT_METRIC_KEYS.slice(0, 9)).toEqual(
      ['all', 'vis', 'occ'].flatMap((subset) => ['0_05', '0_1', '0_15'].map((t) => `pck_${t}_${subset}`)),
    );
  });

  it('are those of a result, in the order of the definitions', () => {
    const accumulator = new ScoreAccumulator(HO3D_V2_PROTOCOL);
    accumulator.add(evaluateSample({ prediction: off(0.003), groundTruth: truth }, HO3D_V2_PROTOCOL));
    const { metrics, proper } = accumulator.result();
    expect(Object.keys(metrics)).toEqual(METRIC_KEYS);
    expect(Object.keys(proper)).toEqual(PROPER_METRIC_KEYS);
    expect([...METRIC_KEYS, ...PROPER_METRIC_KEYS].sort()).toEqual(HAND_METRICS.map(({ key }) => key).sort());
  });

  it('are unique, as are labels, and quantities under one alignment or of one subset', () => {
    const among = METRICS.map((metric) => {
      const { name, alignment } = metric;
      return metric.measure === 'keypoints-2d' ? `${name} ${metric.subset}` : `${name} ${alignment}`;
    });
    for (const names of [METRICS.map(({ key }) => key), METRICS.map(({ label }) => label), among]) {
      expect(new Set(names).size).toBe(METRICS.length);
    }
  });
});

describe.each(each(METRICS))('%s', (key, metric) => {
  it('is explained in docs/metrics.md', () => {
    expect(readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')).toContain(`\`${key}\``);
  });

  it('has a length, and nothing else, in the key', () => {
    expect(key).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(key.endsWith('_mm')).toBe(metric.unit === 'mm');
  });

  it('fits its row of the terminal, and is shown as all of its name are', () => {
    expect(withUnit(key, metric.name).length).toBeLessThanOrEqual(12);
    const { unit, decimals, better, of } = metric;
    for (const other of METRICS.filter(({ name }) => name === metric.name)) {
      expect(other).toMatchObject({ unit, decimals, better, of });
    }
  });
});

describe('the headlines', () => {
  it('are there for every measure, aligned, and have a twin with a proper rotation', () => {
    for (const metrics of [HAND_METRICS, KEYPOINT_METRICS]) {
      expect(metrics.some(({ headline }) => headline === true)).toBe(true);
    }
    for (const metric of HAND_METRICS.filter(({ headline }) => headline)) {
      expect(metric.alignment).toBe('similarity');
      expect(underAlignment(metric, 'similarity-proper')).toBeDefined();
    }
  });
});

const perfect = scores(truth);
const near = scores(off(0.006));
const far = scores(off(0.015));

describe.each(each(HAND_METRICS))(`hands: %s (seed ${SEED})`, (key, metric) => {
  it('is best for a perfect hand, and the worse the farther off the hand is', () => {
    // Alignment leaves nanometres of an exact copy, and the first threshold of a curve asks for 0.
    if (metric.better === 'lower') expect(perfect[key]).toBeLessThan(1e-4);
    else expect(perfect[key]).toBeGreaterThan(0.99);
    expect(worse(metric, perfect[key]!, near[key]!)).toBeGreaterThan(0);
    expect(worse(metric, near[key]!, far[key]!)).toBeGreaterThan(0);
  });

  it('is a share, or a length in millimetres, shown with digits that tell hands apart', () => {
    for (const { [key]: value } of [perfect, near, far]) {
      expect(value).toBeGreaterThanOrEqual(0);
      if (metric.unit !== 'mm') expect(value).toBeLessThanOrEqual(1);
    }
    // Noise of 6 mm on each axis.
    if (metric.unit === 'mm') expect(near[key]).toBeGreaterThan(1);
    expect(formatMetric(key, near[key]!)).not.toBe(formatMetric(key, far[key]!));
  });

  it('looks at the points it is of', () => {
    const other = metric.of === 'joints' ? 'vertices' : 'joints';
    expect(scores(off(0.008, [other]))[key]).toBe(perfect[key]);
    expect(scores({ [metric.of]: truth[metric.of] })[key]).toBe(perfect[key]);
    expect(scores({ [other]: truth[other] })[key]).toBeUndefined();
  });

  it('is aligned as it says', () => {
    const turned = both(off(0.006), (points) =>
      points.map((_, k) => (k % 3 === 0 ? -points[k + 1]! : k % 3 === 1 ? points[k - 1]! : points[k]!)),
    );
    const grown = both(off(0.006), (points) => points.map((value) => 1.3 * value + 0.1));
    const change = (points: typeof truth): number => worse(metric, near[key]!, scores(points)[key]!);
    const { alignment } = metric;
    const isSimilar = alignment === 'similarity' || alignment === 'similarity-proper';
    const isFree = { grown: isSimilar || alignment === 'scale-translation', turned: isSimilar };
    for (const [free, points] of [
      [isFree.grown, grown],
      [isFree.turned, turned],
      [alignment === 'similarity', both(off(0.006), mirrored)],
    ] as const) {
      if (free) expect(Math.abs(change(points))).toBeLessThan(1e-6);
      else expect(change(points)).toBeGreaterThan(0.01);
    }
  });

  it('is the area under the curve of an error of the same points', () => {
    if (metric.aucOf === undefined) return;
    const error = metricOf(metric.aucOf) as HandMetric;
    expect(error).toMatchObject({ of: metric.of, alignment: metric.alignment, unit: 'mm', better: 'lower' });
    expect(metric.better).toBe('higher');
    // No error of this hand passes 50 mm.
    expect(near[key]).toBeCloseTo(1 - near[error.key]! / 50, 2);
  });
});

describe.each(each(KEYPOINT_METRICS))('keypoints: %s', (key, metric) => {
  const labelled = (joints: (joint: number) => boolean): Uint8Array =>
    Uint8Array.from({ length: 21 }, (_, joint) => Number(joints(joint)));
  const hand = {
    points: Float64Array.from({ length: 42 }, (_, k) => 10 * k),
    side: 100,
    labelled: { all: labelled(() => true), vis: labelled((j) => j < 10), occ: labelled((j) => j >= 10) },
  };
  /** Every keypoint of `subset` moved to the right by a share of the box. */
  const moved = (share: number, subset: keyof typeof hand.labelled): number => {
    const prediction = hand.points.map((value, k) =>
      k % 2 === 0 && hand.labelled[subset][k >> 1] === 1 ? value + share * hand.side : value,
    );
    const sample = evaluateKeypoints({ prediction, truth: hand });
    if (sample.state === 'unscored') throw new Error(sample.message);
    return (sample.metrics as Record<string, number>)[key]!;
  };

  it('has a threshold that the curve has, and a known subset', () => {
    expect(KEYPOINT_CURVE_THRESHOLDS).toContain(metric.threshold);
    expect(KEYPOINT_SUBSETS).toContain(metric.subset);
  });

  it('is 1 within the threshold and 0 beyond, in its own subset alone', () => {
    expect(moved(0, 'all')).toBe(1);
    expect(moved(metric.threshold - 0.001, metric.subset)).toBe(1);
    expect(moved(metric.threshold + 0.001, metric.subset)).toBe(0);
    expect(worse(metric, 1, 0)).toBeGreaterThan(0);
    if (metric.subset === 'all') return;
    expect(moved(1, metric.subset === 'vis' ? 'occ' : 'vis')).toBe(1);
  });

  it('hands the bootstrap what it is made of', () => {
    const tallies = keypointTallies([evaluateKeypoints({ prediction: hand.points, truth: hand })]);
    expect(Object.keys(tallies)).toContain(key);
  });
});
