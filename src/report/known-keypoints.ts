/** Keypoints in the photograph, as a report shows them: labels and predictions are where they are drawn. */
import { JOINT_COUNT } from '../hand/joints.js';
import type { KeypointLabels } from '../metrics/index.js';
import {
  drawing,
  predictedKeypoints,
  type GatherRequest,
  type KnownSample,
  type KnownSamples,
} from './known-sample.js';
import type { ChosenSample } from './report-choice.js';

export async function knownKeypoints(
  { runs, folder, images }: GatherRequest,
  chosen: readonly ChosenSample[],
): Promise<KnownSamples> {
  const truth = folder?.folder.groundTruth;
  const labels = truth?.kind === 'keypoints' ? await truth.read() : null;
  const predicted = await predictedKeypoints(runs, chosen);
  const samples = chosen.map((sample, k): KnownSample => {
    const place = folder?.places.get(sample.id);
    return {
      chosen: sample,
      sample: folder?.samples.get(sample.id) ?? null,
      truth: null,
      predictions: [],
      trueKeypoints: labels === null || place === undefined ? null : labelledPoints(labels, place),
      predictedKeypoints: predicted.map((rows) => rows?.[k] ?? null),
      facts: labels === null || place === undefined ? [] : occlusionFacts(labels, place),
    };
  });
  const { where, pale } = drawing(images);
  return {
    samples,
    overlay: `${where}, ${pale}: the labelled keypoints; in the run’s colour: the predicted ones.`,
  };
}

function labelledPoints({ points, labelled }: KeypointLabels, place: number): Float64Array {
  return points
    .slice(place * JOINT_COUNT * 2, (place + 1) * JOINT_COUNT * 2)
    .map((value, k) => (labelled.all[place * JOINT_COUNT + (k >> 1)] === 1 ? value : NaN));
}

function occlusionFacts({ labelled }: KeypointLabels, place: number): string[] {
  const flags = labelled.occ?.subarray(place * JOINT_COUNT, (place + 1) * JOINT_COUNT);
  if (flags === undefined) return [];
  return [`${flags.reduce((sum, flag) => sum + flag, 0)} of 21 keypoints occluded`];
}
