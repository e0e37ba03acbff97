import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../src/imaging/decode.js';
import { affineFromPoints, invertAffine, roundHalfToEven, warpAffine } from '../../src/imaging/warp.js';
import type { Affine } from '../../src/imaging/warp.js';

/** Mulberry32: small, seeded, good enough to place points. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function noise(width: number, height: number, next: () => number): RgbImage {
  return {
    width,
    height,
    data: new Uint8Array(width * height * 3).map(() => Math.floor(next() * 256)),
  };
}

function mirror({ width, height, data }: RgbImage): RgbImage {
  const flipped = new Uint8Array(data.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < 3; channel++) {
        flipped[(row * width + column) * 3 + channel] =
          data[(row * width + width - 1 - column) * 3 + channel]!;
      }
    }
  }
  return { width, height, data: flipped };
}

/** OpenCV's rules written out pixel by pixel, in BigInt where it uses integers. */
function slowWarp(image: RgbImage, m: Affine, width: number, height: number): Uint8Array {
  const pixel = (x: number, y: number, channel: number): bigint =>
    x < 0 || y < 0 || x >= image.width || y >= image.height
      ? 0n
      : BigInt(image.data[(y * image.width + x) * 3 + channel]!);
  const fixed = (value: number): bigint => BigInt(roundHalfToEven(value * 1024));
  const out = new Uint8Array(width * height * 3);
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      const x = (fixed(m[0] * u) + fixed(m[1] * v + m[2]) + 16n) >> 5n;
      const y = (fixed(m[3] * u) + fixed(m[4] * v + m[5]) + 16n) >> 5n;
      const [sx, sy] = [Number(x >> 5n), Number(y >> 5n)];
      const [fx, fy] = [x & 31n, y & 31n];
      for (let channel = 0; channel < 3; channel++) {
        const sum =
          (32n - fx) * (32n - fy) * 32n * pixel(sx, sy, channel) +
          fx * (32n - fy) * 32n * pixel(sx + 1, sy, channel) +
          (32n - fx) * fy * 32n * pixel(sx, sy + 1, channel) +
          fx * fy * 32n * pixel(sx + 1, sy + 1, channel);
        out[(v * width + u) * 3 + channel] = Number((sum + (1n << 14n)) >> 15n);
      }
    }
  }
  return out;
}

describe('warpAffine', () => {
  it('equals the slow warp on random affines, mirrored or not', () => {
    const seed = 20261;
    const next = random(seed);
    for (let round = 0; round < 120; round++) {
      const image = noise(1 + Math.floor(next() * 40), 1 + Math.floor(next() * 30), next);
      const affine = Array.from({ length: 6 }, (_, index) =>
        index % 3 === 2 ? next() * 60 - 30 : next() * 4 - 2,
      ) as unknown as Affine;
      const patch = { width: 17, height: 13 };
      const where = `seed ${seed}, round ${round}`;
      expect(warpAffine(image, affine, patch), where).toEqual(slowWarp(image, affine, 17, 13));
      expect(warpAffine(image, affine, patch, true), where).toEqual(slowWarp(mirror(image), affine, 17, 13));
    }
  });

  it('gives zeros for a place that is far outside or nowhere', () => {
    const image = noise(8, 8, random(1));
    for (const far of [1e6, -1e6, 1e15, Number.NaN, Number.POSITIVE_INFINITY]) {
      const out = warpAffine(image, [1, 0, far, 0, 1, 0], { width: 4, height: 4 });
      expect([...out].every((value) => value === 0)).toBe(true);
    }
  });

  it('writes every byte of a buffer that is used again', () => {
    const image = noise(8, 8, random(2));
    const used = new Uint8Array(8 * 8 * 3).fill(77);
    const affine: Affine = [1, 0, -4, 0, 1, 4];
    expect(warpAffine(image, affine, { width: 8, height: 8 }, false, used)).toEqual(
      warpAffine(image, affine, { width: 8, height: 8 }),
    );
  });
});

describe('affines', () => {
  it('takes the three points to the three points, and back', () => {
    const affine = affineFromPoints(
      [
        [10, 20],
        [10, 60],
        [50, 21],
      ],
      [
        [128, 128],
        [128, 256],
        [256, 128],
      ],
    );
    const apply = (m: Affine, x: number, y: number): number[] => [
      m[0] * x + m[1] * y + m[2],
      m[3] * x + m[4] * y + m[5],
    ];
    expect(apply(affine, 50, 21)[0]).toBeCloseTo(256, 9);
    const [x, y] = apply(invertAffine(affine), 128, 256);
    expect(x).toBeCloseTo(10, 9);
    expect(y).toBeCloseTo(60, 9);
  });

  it('refuses three points on one line', () => {
    expect(() =>
      affineFromPoints(
        [
          [0, 0],
          [1, 1],
          [2, 2],
        ],
        [
          [0, 0],
          [0, 1],
          [1, 0],
        ],
      ),
    ).toThrow('on one line');
  });

  it.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, 0],
    [-1.5, -2],
    [-2.4, -2],
    [2.6, 3],
  ])('rounds %d to %d', (value, rounded) => {
    expect(roundHalfToEven(value) + 0).toBe(rounded);
  });
});
