import { describe, expect, it } from 'vitest';
import { describeTimings, noTimings, peakMemory } from '../../src/inference/timings.js';

describe('timings in a line', () => {
  const timings = {
    decodeMs: 188.4,
    cropMs: 85.5,
    waitMs: 203,
    runMs: 9900,
    writeMs: 14.4,
    images: 130,
    crops: 130,
    batches: 33,
  };

  it('gives the whole and each stage', () => {
    expect(describeTimings(timings, 10_200, 310e6)).toBe(
      '130 images in 10.2 s, 12.7/s (decode 690/s, crop 1,520/s, session 13.1/s, write 9,028/s; session idle 2 %), peak memory 310 MB',
    );
  });

  it('counts crops where there are several passes, and leaves out what was not done', () => {
    const sweep = { ...timings, images: 2, crops: 190, writeMs: 0 };
    expect(describeTimings(sweep, 10_000, 5e9)).toBe(
      '2 images, 190 crops in 10.0 s, 19.0/s (decode 10.6/s, crop 2,222/s, session 19.2/s; session idle 2 %), peak memory 5,000 MB',
    );
    expect(describeTimings(noTimings(), 0, 1e6)).toBe('0 images in 0.0 s, peak memory 1 MB');
  });

  it('knows the memory of this process', () => {
    expect(peakMemory()).toBeGreaterThan(process.memoryUsage().rss / 2);
  });
});
