import { Random } from '../statistics/random.js';

/** Draws for the demo's scenes. */
export interface SceneRandom {
  /** Uniform in [0, 1). */
  next(): number;
  uniform(from: number, to: number): number;
  normal(mean: number, deviation: number): number;
}

/** Streams per seed: enough for eight uses of every sample of both halves. */
const STREAMS = 2 ** 21;

/**
 * One of many independent streams of a seed, so that a sample looks the same
 * whatever the sizes of the halves and the order of rendering.
 *
 * @param stream an integer from 0 to `STREAMS` − 1
 * @param benchmark one of several families of streams, from 0
 */
export function sceneRandom(seed: number, stream: number, benchmark = 0): SceneRandom {
  const seeds = new Random(seed);
  for (let skipped = 0; skipped < benchmark; skipped++) seeds.uint32();
  const random = new Random(seeds.uint32() * STREAMS + stream);
  return {
    next: () => random.uniform(),
    uniform: (from, to) => from + (to - from) * random.uniform(),
    normal: (mean, deviation) => mean + deviation * random.normal(),
  };
}

export type DemoSplit = 'training' | 'evaluation';

/** Draws for one use of one sample (0 to 7), evaluation far from training. */
export type SampleRandom = (split: DemoSplit, index: number, use: number) => SceneRandom;

/** The streams of one benchmark: `benchmark` keeps those of one seed apart. */
export function sampleStreams(seed: number, benchmark: number): SampleRandom {
  return (split, index, use) =>
    sceneRandom(seed, (split === 'training' ? 0 : STREAMS / 2) + index * 8 + use, benchmark);
}
