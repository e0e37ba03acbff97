import { describe, expect, it } from 'vitest';
import { sampleStreams, sceneRandom } from '../../src/demo/random.js';

describe('sampleStreams', () => {
  it('keeps benchmarks, halves, samples and uses apart, and gives the same again', () => {
    const places = [0, 1].flatMap((benchmark) =>
      (['training', 'evaluation'] as const).flatMap((split) =>
        [0, 1, 4999].flatMap((index) => [0, 7].map((use) => ({ benchmark, split, index, use }))),
      ),
    );
    const firsts = places.map(({ benchmark, split, index, use }) =>
      sampleStreams(3, benchmark)(split, index, use).next(),
    );
    expect(new Set(firsts).size).toBe(places.length);
    expect(sampleStreams(3, 1)('evaluation', 4999, 7).next()).toBe(firsts.at(-1));
    expect(sampleStreams(4, 1)('evaluation', 4999, 7).next()).not.toBe(firsts.at(-1));
  });

  it('gives the first benchmark the streams that it has without a number', () => {
    expect(sampleStreams(3, 0)('training', 2, 1).next()).toBe(sceneRandom(3, 17).next());
  });
});
