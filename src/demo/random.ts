import { Random } from '../statistics/random.js';

/** Draws for the demo's scenes. */
export interface SceneRandom {
  /** Uniform in [0, 1). */
  next(): number;
  uniform(from: number, to: number): number;
  normal(mean: number, deviation: number): number;
}

/** Streams per seed: enough for eight uses of every sample of both halves. */
export const STREAMS = 2 ** 21;

/**
 * One of many independent streams of a seed, so that a sample looks the same
 * whatever the sizes of the halves and the order of rendering.
 *
 * @param stream an integer from 0 to `STREAMS` − 1
 */
export function sceneRandom(seed: number, stream: number): SceneRandom {
  const random = new Random(new Random(seed).uint32() * STREAMS + stream);
  return {
    next: () => random.uniform(),
    uniform: (from, to) => from + (to - from) * random.uniform(),
    normal: (mean, deviation) => mean + deviation * random.normal(),
  };
}
