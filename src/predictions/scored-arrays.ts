/** Of the arrays a prediction set may hold, those that each kind of measure scores. */
import type { AnyProtocol, Measure } from '../metrics/index.js';
import type { UnscoredSample } from '../runs/metrics-document.js';
import type { PredictionArray } from '../runs/prediction-sets.js';

/** Samples of a set that lack something, as run.json lists them. */
interface Lacking {
  readonly unpredicted?: readonly UnscoredSample[] | undefined;
  /** The samples without 2D keypoints alone. */
  readonly unpredicted_keypoints?: readonly UnscoredSample[] | undefined;
}

interface ScoredArrays {
  readonly names: readonly PredictionArray[];
  /** What must be there, and what is said where it is not; for messages. */
  readonly needed: string;
  readonly none: string;
  /** What to do where they are of another kind. */
  readonly advice: string;
  /** The samples of a set that have none of them. */
  failures(set: Lacking): readonly UnscoredSample[];
}

const SCORED_ARRAYS: Readonly<Record<Measure, ScoredArrays>> = {
  'hands-3d': {
    names: ['joints', 'vertices', 'chain_joints', 'roots'],
    needed: "arrays named 'joints' or 'vertices'",
    none: 'neither',
    advice: 'save joints as (N, 21, 3) and vertices as (N, V, 3), in metres',
    failures: ({ unpredicted = [] }) => unpredicted,
  },
  'keypoints-2d': {
    names: ['keypoints_2d'],
    needed: "an array named 'keypoints_2d'",
    none: 'none',
    advice:
      'save keypoints_2d as (N, 21, 2), in px of the original photograph, left hands as they appear in it',
    failures: ({ unpredicted = [], unpredicted_keypoints: withoutKeypoints = [] }) => [
      ...unpredicted,
      ...withoutKeypoints,
    ],
  },
};

export function scoredArrays({ measure }: Pick<AnyProtocol, 'measure'>): ScoredArrays {
  return SCORED_ARRAYS[measure];
}
