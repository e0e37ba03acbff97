import { describe, expect, it } from 'vitest';
import { IMAGENET_MEAN, IMAGENET_STD, normalisationTable } from '../../src/imaging/normalise.js';

describe('normalisation', () => {
  it('is NumPy 1.x float32 arithmetic, bit for bit', () => {
    const table = normalisationTable(IMAGENET_MEAN, IMAGENET_STD);
    for (let channel = 0; channel < 3; channel++) {
      const mean = Math.fround(255 * IMAGENET_MEAN[channel]!);
      const std = Math.fround(255 * IMAGENET_STD[channel]!);
      for (let byte = 0; byte < 256; byte++) {
        const expected = Math.fround(Math.fround(Math.fround(byte) - mean) / std);
        expect(table[channel * 256 + byte]).toBe(expected);
      }
    }
    expect(table[0]).toBeCloseTo(-2.1179, 4);
    expect(table[767]).toBeCloseTo(2.64, 4);
  });
});
