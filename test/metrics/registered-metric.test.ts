/** Metrics that nothing but the registry knows are computed, shown and compared as the official ones are. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { compare } from '../../src/comparison/compare.js';
import { parseWorseRule } from '../../src/comparison/fail-if-worse.js';
import { metricsTable } from '../../src/evaluation/result-text.js';
import {
  alignScaleTranslation,
  alignSimilarity,
  evaluateKeypoints,
  evaluateSample,
  FREIHAND_PROTOCOL,
  HINT_NEWDAYS_PROTOCOL,
  HO3D_V2_PROTOCOL,
  KeypointAccumulator,
  positionErrors,
  ScoreAccumulator,
  type HandMetric,
  type KeypointMetric,
  type Protocol,
  type SampleInput,
  type ScoredHand,
} from '../../src/metrics/index.js';
import { headlineTable } from '../../src/report/page/tables.js';
import { METRICS_SCHEMA, type MetricsDocument } from '../../src/runs/metrics-document.js';
import { writeMetricTable } from '../../src/runs/tables/metric-table.js';
import { confidenceIntervals } from '../../src/score/confidence.js';
import type { SampleRow } from '../../src/score/score-pool.js';
import { Random } from '../../src/statistics/random.js';
import { compareScores } from '../../src/submission/rounding.js';
import { madeRun } from '../comparison/support.js';
import { freshRun } from '../support/run-directory.js';
import { cloud, mirrored, noisy } from './support.js';

const toys = vi.hoisted(() => {
  const largest = ({ prediction, truth }: ScoredHand): number => {
    let most = 0;
    for (let k = 0; k < truth.length; k += 3) {
      const [dx, dy, dz] = [0, 1, 2].map((axis) => prediction[k + axis]! - truth[k + axis]!);
      most = Math.max(most, Math.hypot(dx!, dy!, dz!));
    }
    return 1000 * most;
  };
  const max = {
    measure: 'hands-3d',
    name: 'Max',
    of: 'joints',
    unit: 'mm',
    decimals: 1,
    better: 'lower',
    ofSample: largest,
  } as const;
  const hands: HandMetric[] = [
    { ...max, key: 'pa_max_mm', label: 'PA-Max', alignment: 'similarity' },
    { ...max, key: 'max_mm', label: 'Max', alignment: 'none' },
    { ...max, key: 'sta_max_mm', label: 'STA-Max', alignment: 'scale-translation' },
    { ...max, key: 'pa_max_proper_mm', label: 'pa_max_proper_mm', alignment: 'similarity-proper' },
    {
      ...max,
      key: 'near_aligned',
      label: 'Near aligned',
      name: 'Near',
      of: 'vertices',
      alignment: 'similarity',
      unit: '',
      better: 'higher',
      decimals: 3,
      ofSample: (hand) => (largest(hand) > 1000 ? NaN : 1 / (1 + largest(hand))),
    },
  ];
  return { hands, names: hands.map(({ key }) => key) };
});

vi.mock('../../src/metrics/official-metrics.js', async (load) => {
  const official = await load<typeof import('../../src/metrics/official-metrics.js')>();
  const pck: KeypointMetric = {
    ...official.OFFICIAL_KEYPOINT_METRICS[0],
    key: 'pck_0_2_all',
    label: 'PCK@0.20 all',
    name: 'PCK@0.20',
    threshold: 0.2,
  };
  return {
    OFFICIAL_HAND_METRICS: [...official.OFFICIAL_HAND_METRICS, ...toys.hands],
    OFFICIAL_KEYPOINT_METRICS: [...official.OFFICIAL_KEYPOINT_METRICS, pck],
  };
});

const SEED = 912;

function inputs(count: number, flip = false): SampleInput[] {
  const random = new Random(SEED);
  return Array.from({ length: count }, () => {
    const groundTruth = { joints: cloud(random, 21), vertices: cloud(random, 100, 0.04) };
    const predict = (points: Float64Array): Float64Array => {
      const moved = noisy(random, points, 0.004).map((value) => 1.1 * value + 0.02);
      return flip ? mirrored(moved) : moved;
    };
    return {
      prediction: { joints: predict(groundTruth.joints), vertices: predict(groundTruth.vertices) },
      groundTruth,
    };
  });
}

function metricsOf(input: SampleInput, protocol: Protocol): Readonly<Record<string, number>> {
  const sample = evaluateSample(input, protocol);
  if (sample.state === 'unscored') throw new Error(sample.message);
  return sample.metrics;
}

const largest = (aligned: Float64Array, truth: Float64Array): number =>
  1000 * Math.max(...positionErrors(aligned, truth));

describe(`a registered metric (seed ${SEED})`, () => {
  it.each(['allowed', 'forbidden'] as const)(
    'is that of the points under its alignment: reflection %s',
    (reflection) => {
      const [input] = inputs(1, true) as [SampleInput];
      const [joints, truth] = [input.prediction.joints, input.groundTruth.joints] as [
        Float64Array,
        Float64Array,
      ];
      const found = metricsOf(input, { ...HO3D_V2_PROTOCOL, reflection });
      const aligned = alignSimilarity(joints, truth, reflection).aligned;
      expect(found.pa_max_mm).toBeCloseTo(largest(aligned, truth), 9);
      expect(found.max_mm).toBeCloseTo(largest(joints, truth), 9);
      expect(found.sta_max_mm).toBeCloseTo(largest(alignScaleTranslation(joints, truth), truth), 9);
      const proper = alignSimilarity(joints, truth, 'forbidden').aligned;
      expect(found.pa_max_proper_mm).toBeCloseTo(largest(proper, truth), 9);
      expect(found.near_aligned).toBeGreaterThan(0);
    },
  );

  it('exists where its points and its alignment do, also in single precision', () => {
    const [input] = inputs(1) as [SampleInput];
    expect(metricsOf(input, FREIHAND_PROTOCOL)).not.toHaveProperty('sta_max_mm');
    const { joints, vertices } = input.prediction;
    const others = { ...input, prediction: { joints, vertices: vertices!.subarray(3) } };
    const found = metricsOf(others, FREIHAND_PROTOCOL);
    expect(found).toHaveProperty('pa_max_mm');
    expect(found).not.toHaveProperty('near_aligned');
    const single = { ...input, prediction: { joints: Float32Array.from(joints!) } };
    // After a larger hand, whose memory is used again.
    expect(metricsOf(single, FREIHAND_PROTOCOL).max_mm).toBeCloseTo(found.max_mm!, 3);
  });

  it('that gives no number is a mistake of its own, and never a result', () => {
    const [{ prediction, groundTruth }] = inputs(1) as [SampleInput];
    const vertices = groundTruth.vertices!.map((value, k) => (k === 0 ? value + 1e6 : value));
    expect(() => evaluateSample({ prediction, groundTruth: { vertices } }, FREIHAND_PROTOCOL)).toThrow(
      'near_aligned must be finite or undefined: got NaN',
    );
  });

  it('is added up, merged, and has an interval', () => {
    const samples = inputs(12).map((input) => evaluateSample(input, HO3D_V2_PROTOCOL));
    const whole = new ScoreAccumulator(HO3D_V2_PROTOCOL);
    const part = new ScoreAccumulator(HO3D_V2_PROTOCOL);
    samples.forEach((sample, k) => {
      whole.add(sample);
      if (k < 5) part.add(sample);
    });
    const rest = new ScoreAccumulator(HO3D_V2_PROTOCOL);
    for (const sample of samples.slice(5)) rest.add(sample);
    part.merge(ScoreAccumulator.fromJson(rest.toJson()));
    const { metrics, proper, counts } = part.result();
    expect({ metrics, proper }).toEqual({ metrics: whole.result().metrics, proper: whole.result().proper });
    expect(Object.keys(metrics).slice(-4)).toEqual(['pa_max_mm', 'max_mm', 'sta_max_mm', 'near_aligned']);
    expect(Object.keys(proper).at(-1)).toBe('pa_max_proper_mm');
    for (const name of toys.names) expect((counts as Record<string, number>)[name]).toBe(12);
    const rows = samples.map((sample) => ({ ...sample, jointsReflected: false }) as unknown as SampleRow);
    expect(Object.keys(confidenceIntervals(rows, null))).toEqual(expect.arrayContaining(toys.names));
  });
});

const document: MetricsDocument = {
  schema: METRICS_SCHEMA,
  state: 'complete',
  dataset: { id: 'freihand', split: 'evaluation' },
  coverage: { scored: 3960, unscored: 0, folder: 3960, benchmark: 3960 },
  protocol: HO3D_V2_PROTOCOL,
  metrics: { pa_mpjpe_mm: 5.8, mpjpe_mm: 9, pa_max_mm: 12.34, max_mm: 30, sta_max_mm: 17, near_aligned: 0.1 },
  confidence: { max_mm: { low: 29, high: 31.06, level: 0.95 } },
  warnings: [],
  unscored: [],
};

describe('a registered metric is shown', () => {
  it('in the terminal: a row of its own, aligned beside raw', () => {
    const lines = metricsTable(document, { title: 'x', subject: 'y', colour: false }).split('\n');
    expect(lines.slice(5)).toEqual([
      'Max mm               12.3                             30.0         29.0 – 31.1',
      'Near                0.100                                –',
      '',
      'scale-translation aligned joints: Max 17.0 mm',
    ]);
  });

  it('in csv and in the report, by label and direction, in the order of a paper', async () => {
    const directory = await freshRun();
    await writeMetricTable(directory, document);
    const csv = await readFile(directory.file('metricsCsv'), 'utf8');
    expect(csv).toContain('\nmax_mm,30,29,31.06,0.95\n');
    const run = {
      name: 'r',
      folder: '/r',
      document,
      provenance: [],
      distributions: [],
      perJoint: [],
      curves: [],
    };
    const heads = headlineTable([run]).text.matchAll(/<th scope="row">(.*?)<\/th>/g);
    expect(Array.from(heads, ([, head]) => head!.replaceAll(/<[^>]*>/g, ' ').trim())).toEqual([
      'PA-MPJPE, mm ↓',
      'PA-Max, mm ↓',
      'Near aligned ↑',
      'STA-Max, mm ↓',
      'MPJPE, mm ↓',
      'Max, mm ↓',
      'samples',
    ]);
  });

  it('but not by a guess: what no definition knows has its key and no direction', () => {
    const metrics = { pa_mpjpe_mm: 5, new_mm: 4 };
    const shown = { name: 'r', folder: '/r', provenance: [], distributions: [], perJoint: [], curves: [] };
    const runs = [6, 5].map((value) => ({
      ...shown,
      document: { ...document, metrics: { ...metrics, new_mm: value } },
    }));
    const { text } = headlineTable(runs);
    expect(text).toContain('<th scope="row">new_mm</th>');
    expect(text).toContain('<td class="number">5.000</td>');
  });
});

describe('a registered metric is compared', () => {
  const columns = { max_mm: [1, 2, 3, 4], near_aligned: [0.1, 0.2, 0.3, 0.4] };
  const runs = [
    madeRun({ columns }),
    madeRun({ columns: { max_mm: [2, 3, 4, 5], near_aligned: [0.2, 0.3, 0.4, 0.5] } }),
  ];

  it('in the direction it says', () => {
    const failIfWorse = ['max_mm:0.5', 'near_aligned:0.05'].map(parseWorseRule);
    const { runs: compared, checks } = compare(runs, { failIfWorse });
    expect(compared[1]!.differences.max_mm).toMatchObject({ difference: 1, worse: 1 });
    expect(compared[1]!.differences.near_aligned).toMatchObject({ improved: 1 });
    expect(checks.map(({ passed }) => passed)).toEqual([false, true]);
  });

  it('not across unlike root alignments, unless it is aligned', () => {
    const unlike = [runs[0]!, madeRun({ columns, protocol: { rootAlignment: 'published-root' } })];
    expect(Object.keys(compare(unlike).runs[1]!.differences)).toEqual(['near_aligned']);
  });

  it('and checked against a rounded submission in its unit', () => {
    const [length, scaled, share] = compareScores(
      { max_mm: 1, sta_max_mm: 1, near_aligned: 0.5 },
      { max_mm: 1, sta_max_mm: 1, near_aligned: 0.5 },
      3,
    );
    expect([length, scaled, share].map((found) => found!.tolerance)).toEqual([1, 6, 1]);
  });
});

describe('a registered threshold of PCK', () => {
  const points = Float64Array.from({ length: 42 }, (_, k) => 10 * k);
  const labelled = { all: new Uint8Array(21).fill(1), vis: null, occ: null };
  const prediction = points.map((value, k) => (k === 0 ? value + 18 : value));

  it('is scored and shown', () => {
    const accumulator = new KeypointAccumulator(HINT_NEWDAYS_PROTOCOL);
    accumulator.add(evaluateKeypoints({ prediction, truth: { points, side: 100, labelled } }));
    const metrics = accumulator.result().metrics as Record<string, number>;
    expect(metrics.pck_0_15_all).toBeCloseTo(20 / 21, 12);
    expect(metrics.pck_0_2_all).toBe(1);
    const scored = { ...document, protocol: HINT_NEWDAYS_PROTOCOL, metrics };
    expect(metricsTable(scored, { title: 'x', subject: 'y', colour: false })).toMatch(/^PCK@0\.20 +100\.0$/m);
  });
});
