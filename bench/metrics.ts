/** Speed of the metrics on one core, data in memory, and how it splits. */
import { FScorer } from '../src/metrics/f-score.js';
import {
  FREIHAND_PROTOCOL,
  SampleEvaluator,
  ScoreAccumulator,
  type SampleInput,
} from '../src/metrics/index.js';
import { thresholdsOf } from '../src/metrics/pck.js';
import { distancesInto } from '../src/metrics/position-error.js';
import { applyFitInto, createSimilarityFit, fitSimilarity } from '../src/metrics/procrustes.js';
import { bootstrapIntervals } from '../src/statistics/bootstrap.js';
import { Random } from '../src/statistics/random.js';
import { medianProcessorSeconds } from './processor-time.js';
import { SEED, SyntheticHands } from './synthetic-hands.js';

export interface MetricFigure {
  readonly name: string;
  readonly microseconds_per_sample: number;
  readonly samples_per_second: number;
}

export interface MetricFigures {
  readonly samples: number;
  /** What the synthetic predictions score, to compare them with real ones. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly align: MetricFigure;
  readonly distances: MetricFigure;
  readonly fAligned: MetricFigure;
  /** The three above together: what the targets are about. */
  readonly alignedSet: MetricFigure;
  readonly fRaw: MetricFigure;
  /** Every metric, aligned and raw, joints and vertices. */
  readonly wholeSet: MetricFigure;
  readonly accumulated: MetricFigure;
  /** Seconds for the intervals of a whole benchmark: 20,000 samples, 20 metrics, 1,000 resamples. */
  readonly bootstrap_seconds: number;
}

/** 40 kB each: more would only measure the memory. */
const SAMPLES_AT_MOST = 2000;
const PASSES = 5;
const JOINTS = 21;

interface Buffers {
  readonly aligned: Float64Array;
  readonly distances: Float64Array;
  readonly truth: Float64Array;
  readonly prediction: Float64Array;
  readonly predictedJoints: Float64Array;
  readonly trueJoints: Float64Array;
}

export function measureMetrics(samplesWanted: number): MetricFigures {
  const protocol = FREIHAND_PROTOCOL;
  const count = Math.min(samplesWanted, SAMPLES_AT_MOST);
  const { samples, inputs } = samplesInMemory(count);
  const figure = (name: string, one: (index: number) => void): MetricFigure => {
    const seconds = medianProcessorSeconds(PASSES, () => {
      for (let index = 0; index < count; index++) one(index);
    });
    return {
      name,
      microseconds_per_sample: (seconds / count) * 1e6,
      samples_per_second: count / seconds,
    };
  };

  const evaluator = new SampleEvaluator(protocol);
  const whole = new ScoreAccumulator(protocol);
  for (const input of inputs) whole.add(evaluator.evaluate(input));

  const vertexCount = samples[0]!.truth.length / 3;
  const fit = createSimilarityFit();
  const scorer = new FScorer();
  const thresholds = thresholdsOf(protocol.aucThresholdsMm);
  const histogram = new Uint32Array(thresholds.binCount);
  const alignInto = ({ aligned, ...sample }: Buffers): void => {
    fitSimilarity(sample.predictedJoints, sample.trueJoints, JOINTS, fit);
    applyFitInto(fit, 'allowed', sample.predictedJoints, JOINTS, aligned);
    fitSimilarity(sample.prediction, sample.truth, vertexCount, fit);
    applyFitInto(fit, 'allowed', sample.prediction, vertexCount, aligned);
  };
  const distances = (sample: Buffers): void => {
    distancesInto(sample.aligned, sample.truth, vertexCount, sample.distances);
    thresholds.tally(sample.distances, vertexCount, histogram, 0);
  };
  const score = (points: Float64Array, sample: Buffers): void => {
    scorer.score(points, vertexCount, sample.truth, vertexCount, sample.distances);
  };

  // Every sample keeps its own aligned points and distances, so that each step can be timed by itself.
  const align = figure('align joints and vertices', (i) => alignInto(samples[i]!));
  const distanceFigure = figure('distances, PCK and AUC', (i) => distances(samples[i]!));
  const fAligned = figure('F@5 and F@15, aligned', (i) => score(samples[i]!.aligned, samples[i]!));
  const alignedSet = figure('aligned set: the three together', (i) => {
    alignInto(samples[i]!);
    distances(samples[i]!);
    score(samples[i]!.aligned, samples[i]!);
  });
  for (const sample of samples) distancesInto(sample.prediction, sample.truth, vertexCount, sample.distances);
  const fRaw = figure('F@5 and F@15, not aligned', (i) => score(samples[i]!.prediction, samples[i]!));
  const wholeSet = figure('whole set: aligned and not, every key', (i) => evaluator.evaluate(inputs[i]!));
  const totals = new ScoreAccumulator(protocol);
  const accumulated = figure('whole set, added up', (i) => totals.add(evaluator.evaluate(inputs[i]!)));
  return {
    samples: count,
    metrics: whole.result().metrics,
    align,
    distances: distanceFigure,
    fAligned,
    alignedSet,
    fRaw,
    wholeSet,
    accumulated,
    bootstrap_seconds: bootstrapSeconds(),
  };
}

function samplesInMemory(count: number): { samples: Buffers[]; inputs: SampleInput[] } {
  const hands = new SyntheticHands({ axes: 'opencv', jointOrder: 'openpose' });
  const samples: Buffers[] = [];
  const inputs: SampleInput[] = [];
  for (let index = 0; index < count; index++) {
    const joints = hands.joints(index);
    const vertices = hands.vertices(index);
    samples.push({
      ...vertices,
      predictedJoints: joints.prediction,
      trueJoints: joints.truth,
      aligned: new Float64Array(vertices.truth.length),
      distances: new Float64Array(vertices.truth.length / 3),
    });
    inputs.push({
      prediction: { joints: joints.prediction, vertices: vertices.prediction },
      groundTruth: { joints: joints.truth, vertices: vertices.truth },
    });
  }
  return { samples, inputs };
}

function bootstrapSeconds(): number {
  const random = new Random(SEED);
  const columns = Object.fromEntries(
    Array.from({ length: 20 }, (_, column) => [
      `column_${column}`,
      Float64Array.from({ length: 20_000 }, () => random.normal()),
    ]),
  );
  return medianProcessorSeconds(1, () => bootstrapIntervals(columns, { resamples: 1000 }));
}
