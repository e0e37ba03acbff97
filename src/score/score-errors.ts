/** What is wrong where predictions and ground truth do not belong together. */
import type { DatasetFolder, HandTruth } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { PredictionSource } from '../predictions/prediction-source.js';

/** What does not belong together. */
export interface Mismatched {
  readonly truth: { readonly source: HandTruth };
  readonly source: PredictionSource;
}

/** The predictions fit the true joints, or there are none: it is the meshes that do not. */
export function meshMismatch({ truth, source }: Mismatched, count: number, atLeast: boolean): UserError {
  const { joints, meshes } = truth.source;
  if (joints === null) {
    return countMismatch(countOf(source), { file: meshes!.file, count, atLeast });
  }
  return new UserError({
    code: 'dataset-count-mismatch',
    message: 'The two annotation files are not about the same samples',
    file: meshes!.file,
    expected: `${source.count} meshes, as there are joint sets in ${joints.file}`,
    got: `${atLeast ? 'at least ' : ''}${count}`,
    next: 'unpack the dataset again',
  });
}

/** Of predictions that are open. */
export function countOf({ origin, count }: PredictionSource): SampleCount {
  return { file: origin.path, count, atLeast: false };
}

/** How many samples a file holds; `atLeast`: reading has stopped there. */
export interface SampleCount {
  readonly file: string;
  readonly count: number;
  readonly atLeast: boolean;
}

export function countMismatch(predictions: SampleCount, truths: SampleCount): UserError {
  const samples = ({ count, atLeast }: SampleCount): string =>
    `${atLeast ? 'at least ' : ''}${count} samples`;
  return new UserError({
    code: 'predictions-count',
    message: 'Predictions and ground truth differ in the number of samples',
    file: predictions.file,
    expected: `${samples(truths)}, as in ${truths.file}`,
    got: samples(predictions),
    next: 'predict every sample of the folder, in its order, or give the folder the predictions were made from',
  });
}

export function nothingAtAll(folder: DatasetFolder, source: PredictionSource): UserError {
  return new UserError({
    code: 'nothing-to-score',
    message: 'There is not one sample to score',
    file: folder.root,
    expected: 'ground truth and predictions of at least one sample',
    got: `0 samples there and in ${source.origin.path}`,
    next: 'check both files; an empty list scores nothing',
  });
}

export function nothingInCommon({ truth, source }: Mismatched): UserError {
  const has = (joints: boolean, vertices: boolean): string =>
    joints && vertices
      ? 'joints and vertices'
      : joints
        ? 'joints alone'
        : vertices
          ? 'vertices alone'
          : 'nothing';
  const { joints, meshes } = truth.source;
  return new UserError({
    code: 'nothing-to-score',
    message: 'Predictions and ground truth have nothing in common to score',
    file: source.origin.path,
    expected: `${has(joints !== null, meshes !== null)}, as the ground truth has`,
    got: has(source.joints !== null, source.vertexCount !== null),
    next: 'predict what the ground truth has, or add the missing annotation file to the folder',
  });
}
