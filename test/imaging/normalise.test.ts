import { describe, expect, it } from 'vitest';
import { IMAGENET_MEAN, IMAGENET_STD, normalisationTable, normalise } from '../../src/imaging/normalise.js';

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

  it('writes planes at their place in the batch', () => {
    const table = normalisationTable([0, 0, 0], [1 / 255, 1 / 255, 1 / 255]);
    const out = new Float32Array(12).fill(-1);
    normalise(Uint8Array.of(1, 2, 3, 4, 5, 6), table, out, 6);
    expect([...out]).toEqual([-1, -1, -1, -1, -1, -1, 1, 4, 2, 5, 3, 6]);
  });
});
