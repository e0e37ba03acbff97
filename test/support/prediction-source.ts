/** Predictions that a test holds in its hands. */
import type { PredictionSource } from '../../src/predictions/prediction-source.js';

/** A source of a model's `count` hands, each without anything, but for what `given` says. */
export function predictionSource(
  given: Pick<PredictionSource, 'count'> & Partial<PredictionSource>,
): PredictionSource {
  return {
    origin: { kind: 'model', path: 'a run' },
    ids: null,
    joints: null,
    keypoints: null,
    vertexCount: null,
    jointOrder: 'openpose',
    axes: 'opencv',
    chainJoints: null,
    roots: null,
    failed: new Map(),
    notices: [],
    vertices: () => Promise.reject(new Error('this source has no vertices')),
    finish: () => Promise.resolve(0),
    close: () => Promise.resolve(),
    ...given,
  };
}
