import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../src/imaging/decode.js';
import {
  affineFromPoints,
  invertAffine,
  roundHalfToEven,
  SAME_BYTES,
  warpAffine,
  type Affine,
  type Patch,
} from '../../src/imaging/warp.js';

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

/** The bytes of the patch, as planes R, G, B. */
function warp(image: RgbImage, affine: Affine, patch: Patch, mirrored = false): Uint8Array {
  const values = new Uint8Array(3 * patch.width * patch.height).fill(77);
  warpAffine(image, affine, patch, mirrored, { table: SAME_BYTES, values });
  return values;
}

/** OpenCV's rules written out pixel by pixel, in BigInt where it uses integers; planes R, G, B. */
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
        out[(channel * height + v) * width + u] = Number((sum + (1n << 14n)) >> 15n);
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
      expect(warp(image, affine, patch), where).toEqual(slowWarp(image, affine, 17, 13));
      expect(warp(image, affine, patch, true), where).toEqual(slowWarp(mirror(image), affine, 17, 13));
    }
  });

  it('equals the slow warp where a row enters the image, leaves it, or touches its last pixels', () => {
    const seed = 20262;
    const next = random(seed);
    const affines: Affine[] = [];
    for (const shift of [-3, -1, -1 / 32, 0, 1 / 32, 1, 6, 7, 7 + 31 / 32, 8]) {
      affines.push([1, 0, shift, 0, 1, 0], [1, 0, 0, 0, 1, shift], [-1, 0, shift, 0, -1, shift]);
      affines.push([0, 1, shift, -1, 0, shift], [0.5, 0.5, shift, 0.5, -0.5, shift]);
    }
    for (const [width, height] of [
      [8, 8],
      [1, 8],
      [8, 1],
      [1, 1],
      [2, 2],
    ] as const) {
      const image = noise(width, height, next);
      for (const affine of affines) {
        const where = `seed ${seed}, ${width} × ${height}, ${affine.join(' ')}`;
        const patch = { width: 12, height: 12 };
        expect(warp(image, affine, patch), where).toEqual(slowWarp(image, affine, 12, 12));
        expect(warp(image, affine, patch, true), where).toEqual(slowWarp(mirror(image), affine, 12, 12));
      }
    }
  });

  it('equals the slow warp where the patch stands upright, enlarged, reduced or turned over', () => {
    const seed = 20263;
    const next = random(seed);
    for (let round = 0; round < 150; round++) {
      const image = noise(2 + Math.floor(next() * 40), 2 + Math.floor(next() * 30), next);
      const scale = (): number =>
        (0.05 + next() * (round % 3 === 0 ? 2 : 0.95)) * (round % 10 === 9 ? -1 : 1);
      const affine: Affine = [scale(), 0, next() * 30 - 10, 0, scale(), next() * 30 - 10];
      const patch = { width: 17, height: 13 };
      const where = `seed ${seed}, round ${round}: ${affine.join(' ')}`;
      expect(warp(image, affine, patch), where).toEqual(slowWarp(image, affine, 17, 13));
      expect(warp(image, affine, patch, true), where).toEqual(slowWarp(mirror(image), affine, 17, 13));
    }
  });

  it('gives zeros for a place that is far outside or nowhere', () => {
    const image = noise(8, 8, random(1));
    for (const far of [1e6, -1e6, 1e15, Number.NaN, Number.POSITIVE_INFINITY]) {
      const out = warp(image, [1, 0, far, 0, 1, 0], { width: 4, height: 4 });
      expect([...out].every((value) => value === 0)).toBe(true);
    }
  });

  it('writes each byte through the table of its channel, outside the image too, at its place', () => {
    const image = noise(6, 6, random(3));
    const patch = { width: 8, height: 8 };
    const table = Float32Array.from({ length: 768 }, (_, index) => index / 7 - 50);
    for (const affine of [
      [1, 0, -1.5, 0, 1, 0.25],
      [1, 0, 1e9, 0, 1, 0],
    ] as unknown as Affine[]) {
      const values = new Float32Array(3 * 64 + 9).fill(Number.NaN);
      warpAffine(image, affine, patch, false, { table, values, at: 5 });
      const expected = [...warp(image, affine, patch)].map(
        (byte, index) => table[256 * Math.floor(index / 64) + byte]!,
      );
      expect([...values.subarray(5, -4)]).toEqual(expected);
      const around = [...values.subarray(0, 5), ...values.subarray(-4)];
      expect(around.every(Number.isNaN)).toBe(true);
    }
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
