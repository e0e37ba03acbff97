/**
 * Speed of the metrics on one core, data in memory.
 *
 *     npx rolldown bench/metrics.ts --platform node --file /tmp/bench-metrics.mjs && node /tmp/bench-metrics.mjs [samples]
 *
 * Predictions are the golden hands (778 vertices) under a smooth bend, noise, a
 * similarity and an offset of a few centimetres: about 6 mm off after alignment.
 * Run in the repository root: the hands come from test/fixtures.
 */

import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { FREIHAND_PROTOCOL, SampleEvaluator, ScoreAccumulator } from '../src/metrics/index.js';
import { FScorer } from '../src/metrics/f-score.js';
import { thresholdsOf } from '../src/metrics/pck.js';
import { distancesInto } from '../src/metrics/position-error.js';
import { applyFitInto, createSimilarityFit, fitSimilarity } from '../src/metrics/procrustes.js';
import { bootstrapIntervals } from '../src/statistics/bootstrap.js';
import { Random } from '../src/statistics/random.js';

const SEED = 20_261;
const SAMPLES = Number(process.argv[2] ?? 2000);
const VERTICES = 778;

const read = (file: string): number[][][] =>
  JSON.parse(readFileSync(path.join('test/fixtures/golden/freihand', file), 'utf8')) as number[][][];
const vertices = read('evaluation_verts.json').map((points) => Float64Array.from(points.flat()));
const joints = read('evaluation_xyz.json').map((points) => Float64Array.from(points.flat()));
const random = new Random(SEED);

interface Sample {
  prediction: { joints: Float64Array; vertices: Float64Array };
  groundTruth: { joints: Float64Array; vertices: Float64Array };
}

/** One smooth deformation, so that joints and vertices err together as a model's do. */
function deformation(): (points: Float64Array) => Float64Array {
  const wave = Array.from({ length: 9 }, () => 40 * random.normal());
  const phase = Array.from({ length: 3 }, () => 7 * random.uniform());
  const amplitude = 0.007 * (0.5 + random.uniform());
  const offset = Array.from({ length: 3 }, () => 0.02 * random.normal());
  const angle = 0.15 * random.normal();
  return (points) => {
    const out = new Float64Array(points.length);
    for (let k = 0; k < points.length; k += 3) {
      const p = [points[k]!, points[k + 1]!, points[k + 2]!] as const;
      for (let axis = 0; axis < 3; axis++) {
        const along = wave[axis * 3]! * p[0] + wave[axis * 3 + 1]! * p[1] + wave[axis * 3 + 2]! * p[2];
        out[k + axis] = p[axis]! + amplitude * Math.sin(along + phase[axis]!) + 0.0005 * random.normal();
      }
      const x = out[k]!;
      const y = out[k + 1]!;
      out[k] = 1.05 * (Math.cos(angle) * x - Math.sin(angle) * y) + offset[0]!;
      out[k + 1] = 1.05 * (Math.sin(angle) * x + Math.cos(angle) * y) + offset[1]!;
      out[k + 2] = out[k + 2]! + offset[2]!;
    }
    return out;
  };
}

const samples: Sample[] = Array.from({ length: SAMPLES }, (_, i) => {
  const deform = deformation();
  const groundTruth = { joints: joints[i % 5]!.slice(), vertices: vertices[i % 5]!.slice() };
  return {
    prediction: { joints: deform(groundTruth.joints), vertices: deform(groundTruth.vertices) },
    groundTruth,
  };
});

/** Best of several rounds, after a warm-up: the machine is shared. */
function measure(name: string, one: (sample: Sample) => void): number {
  let best = Infinity;
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    for (const sample of samples) one(sample);
    best = Math.min(best, performance.now() - start);
  }
  const perSample = (best / SAMPLES) * 1000;
  console.log(
    `${name.padEnd(44)} ${perSample.toFixed(1).padStart(8)} µs ${Math.round(1e6 / perSample)
      .toString()
      .padStart(8)} samples/s`,
  );
  return perSample;
}

console.log(`node ${process.version}, ${cpus()[0]?.model ?? 'unknown cpu'}, one core`);
console.log(`${SAMPLES} samples, seed ${SEED}`);

const protocol = FREIHAND_PROTOCOL;
const accumulator = new ScoreAccumulator(protocol);
const evaluator = new SampleEvaluator(protocol);
for (const sample of samples) accumulator.add(evaluator.evaluate(sample));
const { metrics } = accumulator.result();
console.log(
  `these predictions: PA-MPJPE ${metrics.pa_mpjpe_mm!.toFixed(2)} mm, PA-MPVPE ${metrics.pa_mpvpe_mm!.toFixed(2)} mm, ` +
    `F@5 aligned ${metrics.f5_aligned!.toFixed(3)}, MPVPE ${metrics.mpvpe_mm!.toFixed(1)} mm, F@5 ${metrics.f5!.toFixed(3)}, F@15 ${metrics.f15!.toFixed(3)}\n`,
);

const fit = createSimilarityFit();
const aligned = new Float64Array(VERTICES * 3);
const distances = new Float64Array(VERTICES);
const histogram = new Uint32Array(101);
const thresholds = thresholdsOf(protocol.aucThresholdsMm);
const scorer = new FScorer();

const align = (sample: Sample): void => {
  fitSimilarity(sample.prediction.joints, sample.groundTruth.joints, 21, fit);
  applyFitInto(fit, 'allowed', sample.prediction.joints, 21, aligned);
  fitSimilarity(sample.prediction.vertices, sample.groundTruth.vertices, VERTICES, fit);
  applyFitInto(fit, 'allowed', sample.prediction.vertices, VERTICES, aligned);
};
const distance = (prediction: Float64Array, truth: Float64Array): void => {
  distancesInto(prediction, truth, VERTICES, distances);
  thresholds.tally(distances, VERTICES, histogram, 0);
};
const alignTime = measure('align joints and vertices', align);
const distanceTime = measure('distances, PCK, AUC (raw vertices)', (sample) => {
  distance(sample.prediction.vertices, sample.groundTruth.vertices);
});
const set = measure('align + distances + AUC + F, aligned set', (sample) => {
  align(sample);
  distance(aligned, sample.groundTruth.vertices);
  scorer.score(aligned, VERTICES, sample.groundTruth.vertices, VERTICES, distances);
});
console.log(
  `${'  of which F@5 and F@15, aligned'.padEnd(44)} ${(set - alignTime - distanceTime).toFixed(1).padStart(8)} µs`,
);
measure('F@5 and F@15, raw', (sample) => {
  const { prediction, groundTruth } = sample;
  distancesInto(prediction.vertices, groundTruth.vertices, VERTICES, distances);
  scorer.score(prediction.vertices, VERTICES, groundTruth.vertices, VERTICES, distances);
});
measure('evaluate: whole set, aligned and raw', (sample) => {
  evaluator.evaluate(sample);
});
measure('evaluate + accumulate', (sample) => {
  accumulator.add(evaluator.evaluate(sample));
});

const columns = Object.fromEntries(
  Array.from({ length: 20 }, (_, c) => [
    `column_${c}`,
    Float64Array.from({ length: 20_000 }, () => random.normal()),
  ]),
);
let start = performance.now();
bootstrapIntervals(columns, { resamples: 1000 });
console.log(`bootstrap 1000 × 20,000 samples × 20 columns  ${(performance.now() - start).toFixed(0)} ms`);
start = performance.now();
bootstrapIntervals(columns, { resamples: 1000, groups: Array.from({ length: 20_000 }, (_, i) => i % 13) });
console.log(`  the same in 13 groups                       ${(performance.now() - start).toFixed(0)} ms`);
