/**
 * Fits the demo's baseline on a training half: ridge regression from pooled
 * pixels to joints and vertices. A small model, but a real one: it is fitted
 * on images, knows nothing of the evaluation half and errs like one.
 */
import { UserError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic-file.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { constantCheckpoint, linearCheckpoint } from './checkpoint.js';
import type { DemoProgress } from './layouts/layout.js';
import {
  type LowRankBasis,
  RidgeMoments,
  type RidgeSolution,
  principalComponents,
  project,
} from './linear-model.js';
import type { NetworkOutput, TrainingHalf } from './training-half.js';

export interface RidgeOptions {
  readonly training: TrainingHalf;
  /** The `.onnx` file to write. */
  readonly out: string;
  /** Cells along each side of the pooling grid; divides the training half's view. */
  readonly pool?: number;
  /** Strengths to choose from, relative to the features' mean variance. */
  readonly lambdas?: readonly number[];
  /** Kept in the model's metadata, by which `prepareDemo` knows it again. */
  readonly stamp?: string;
  readonly onProgress?: DemoProgress;
}

export interface RidgeFit {
  readonly file: string;
  readonly pool: number;
  /** The strength with the least error on the held-out part. */
  readonly lambda: number;
  /** Per strength tried: mean joint error in millimetres on the held-out part, both hands centred on their mean joint. */
  readonly heldOut: readonly { readonly lambda: number; readonly centredMpjpeMm: number }[];
  /** Training hands; each counts once per background. */
  readonly samples: number;
  readonly components: number;
}

const DEFAULT_POOL = 16;
const DEFAULT_LAMBDAS = [0.01, 0.03, 0.1, 0.3] as const;
const RANK = 40;
/** Share of the training hands, the last ones, that λ is chosen on. */
const HELD_OUT_SHARE = 0.2;
const JOINT_NUMBERS = JOINT_COUNT * 3;

/** Fits the ridge baseline and writes it as an ONNX file. */
export async function fitRidgeBaseline(options: RidgeOptions): Promise<RidgeFit> {
  const { training, out, pool = DEFAULT_POOL, lambdas = DEFAULT_LAMBDAS, onProgress } = options;
  if (!Number.isInteger(pool) || pool < 1 || training.view % pool !== 0) {
    throw new UserError({
      code: 'demo-pool',
      message: 'The pooling grid does not divide the crop',
      expected: `a divisor of ${training.view}`,
      got: String(pool),
    });
  }
  const targets = await training.targets();
  const unique = targets.rows;
  const images = unique * training.backgrounds;
  const features = await training.features(pool, (done, total) => onProgress?.('read training', done, total));

  const steps = lambdas.length + 3;
  const tick = async (done: number): Promise<void> => {
    onProgress?.('fit ridge', done, steps);
    // Let a progress bar draw itself between the long calculations.
    await new Promise((resolve) => setImmediate(resolve));
  };
  await tick(0);
  const basis = principalComponents(targets, RANK);
  const coefficients = project(targets, basis);
  await tick(1);

  const width = 3 * pool * pool;
  const rowOf = (image: number): Float64Array => features.subarray(image * width, (image + 1) * width);
  const moments = new RidgeMoments(width, basis.components.rows);
  const addSamples = (from: number, to: number): void => {
    for (let image = 0; image < images; image++) {
      const sample = image % unique;
      if (sample < from || sample >= to) continue;
      moments.add(rowOf(image), Float64Array.from(coefficients.getRow(sample)));
    }
  };
  const firstHeldOut = Math.max(1, Math.floor(unique * (1 - HELD_OUT_SHARE)));
  addSamples(0, firstHeldOut);
  await tick(2);
  const heldOut: { lambda: number; centredMpjpeMm: number }[] = [];
  for (const lambda of lambdas) {
    const solution = moments.solve(lambda);
    let sum = 0;
    let count = 0;
    for (let image = 0; image < images; image++) {
      const sample = image % unique;
      if (sample < firstHeldOut) continue;
      sum += centredError(predictJoints(solution, basis, rowOf(image)), targets.getRow(sample));
      count++;
    }
    heldOut.push({ lambda, centredMpjpeMm: (1000 * sum) / count });
    await tick(2 + heldOut.length);
  }
  const best = heldOut.reduce((a, b) => (b.centredMpjpeMm < a.centredMpjpeMm ? b : a));

  addSamples(firstHeldOut, unique);
  const { weights, bias } = moments.solve(best.lambda);
  const rank = basis.components.rows;
  const doc =
    `Ridge regression (relative lambda ${best.lambda}) from ${pool}x${pool}x3 pooled pixels through ${rank} principal ` +
    `components, fitted on ${unique} procedural hands in front of ${training.backgrounds} backgrounds each. ` +
    `${training.frame}, OpenCV axes, OpenPose joint order.`;
  const bytes = linearCheckpoint(
    {
      view: training.view,
      pool,
      components: rank,
      weights: weights.to1DArray(),
      bias,
      outputs: columnsOf(training.outputs).map(({ from, to, ...output }) => ({
        ...output,
        basis: basis.components.subMatrix(0, rank - 1, from, to - 1).to1DArray(),
        mean: basis.mean.subarray(from, to),
      })),
    },
    doc,
    options.stamp ?? '',
  );
  await writeFileAtomic(out, bytes);
  await tick(steps);
  return { file: out, pool, lambda: best.lambda, heldOut, samples: unique, components: rank };
}

/** Where each output's numbers lie in a row of targets. */
function columnsOf(outputs: readonly NetworkOutput[]): (NetworkOutput & { from: number; to: number })[] {
  let end = 0;
  return outputs.map((output) => {
    const from = end;
    end += output.points * output.axes;
    return { ...output, from, to: end };
  });
}

/** 63 coordinates in metres. */
function predictJoints(solution: RidgeSolution, basis: LowRankBasis, x: Float64Array): Float64Array {
  const { weights, bias } = solution;
  const coefficients = Float64Array.from(bias);
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < coefficients.length; k++) coefficients[k]! += x[i]! * weights.get(i, k);
  }
  const joints = basis.mean.slice(0, JOINT_NUMBERS);
  coefficients.forEach((coefficient, k) => {
    for (let j = 0; j < JOINT_NUMBERS; j++) joints[j]! += coefficient * basis.components.get(k, j);
  });
  return joints;
}

/** Mean joint distance in metres with both hands centred on their mean joint. */
function centredError(prediction: Float64Array, truth: readonly number[]): number {
  const offset = [0, 0, 0];
  for (let k = 0; k < JOINT_NUMBERS; k++) offset[k % 3]! += (prediction[k]! - truth[k]!) / JOINT_COUNT;
  let sum = 0;
  for (let k = 0; k < JOINT_NUMBERS; k += 3) {
    sum += Math.hypot(
      prediction[k]! - truth[k]! - offset[0]!,
      prediction[k + 1]! - truth[k + 1]! - offset[1]!,
      prediction[k + 2]! - truth[k + 2]! - offset[2]!,
    );
  }
  return sum / JOINT_COUNT;
}

/** The mean of a training half, output after output: the constant prediction that a fitted model has to beat. */
export async function meanPosePredictor(training: TrainingHalf): Promise<Float64Array[]> {
  const mean = Float64Array.from((await training.targets()).mean('column'));
  return columnsOf(training.outputs).map(({ from, to }) => mean.slice(from, to));
}

/** Writes the mean pose as an ONNX file with the ridge model's inputs and outputs. */
export async function writeMeanPoseCheckpoint(
  training: TrainingHalf,
  out: string,
  stamp = '',
): Promise<void> {
  const means = await meanPosePredictor(training);
  const doc = `The mean hand of the demo training half, whatever the image. ${training.frame}, OpenCV axes.`;
  const outputs = training.outputs.map((output, i) => ({ ...output, mean: means[i]! }));
  await writeFileAtomic(out, constantCheckpoint(outputs, doc, stamp));
}
