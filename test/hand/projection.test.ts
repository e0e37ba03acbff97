import { describe, expect, it } from 'vitest';
import { HAMER_FOCAL_LENGTH, cropToPhotograph, projectIntoCrop } from '../../src/hand/projection.js';
import type { Box } from '../../src/hand/view.js';
import { cropAffine, wholeImageBox } from '../../src/imaging/crop.js';
import { Random } from '../../src/statistics/random.js';

/** Where the crop puts a point of the photograph, in crop coordinates: by the affine that takes the crop. */
function throughTheCrop(
  [x, y]: readonly [number, number],
  imageWidth: number,
  crop: { box: Box; mirrored: boolean; rotationDegrees?: number; scale?: number },
): [number, number] {
  const patchSize = 256;
  const [a, b, c, d, e, f] = cropAffine({ ...crop, patchSize }, imageWidth);
  const seenX = crop.mirrored ? imageWidth - 1 - x : x;
  return [(a * seenX + b * y + c) / patchSize - 0.5, (d * seenX + e * y + f) / patchSize - 0.5];
}

describe('cropToPhotograph', () => {
  const box: Box = { center: [301.5, 122.25], side: 180 };

  it.each([true, false])('finds the point that the crop was taken of (mirrored: %s)', (mirrored) => {
    for (const point of [
      [301.5, 122.25],
      [0, 0],
      [639, 479],
      [250.125, 99.5],
    ] as const) {
      const seen = throughTheCrop(point, 640, { box, mirrored });
      const [x, y] = cropToPhotograph(seen, { ...box, mirrored });
      expect(x).toBeCloseTo(point[0], 9);
      expect(y).toBeCloseTo(point[1], 9);
    }
  });

  it.each([true, false])('a whole photograph, wider than high (mirrored: %s)', (mirrored) => {
    const whole = wholeImageBox({ width: 640, height: 480 });
    const seen = throughTheCrop([17, 401], 640, { box: whole, mirrored });
    const [x, y] = cropToPhotograph(seen, { ...whole, mirrored });
    expect(x).toBeCloseTo(17, 9);
    expect(y).toBeCloseTo(401, 9);
  });

  it('turned and scaled crops, mirrored or not (seed 5)', () => {
    const random = new Random(5);
    for (let n = 0; n < 200; n++) {
      const mirrored = n % 2 === 0;
      const scale = 0.7 + 0.4 * random.uniform();
      const rotationDegrees = 180 * random.uniform() - 90;
      const point = [640 * random.uniform(), 480 * random.uniform()] as const;
      const seen = throughTheCrop(point, 640, { box, mirrored, scale, rotationDegrees });
      const [x, y] = cropToPhotograph(seen, {
        center: box.center,
        side: box.side * scale,
        mirrored,
        rotationDegrees,
      });
      // The crop rounds its three points to float32: 3e-5 px at 500 px, up to four times that at the far end.
      expect(Math.hypot(x! - point[0], y! - point[1])).toBeLessThan(5e-4);
    }
  });

  it('by hand: the corners of a box, and of a mirrored one', () => {
    const corners = [-0.5, -0.5, 0.5, 0.5];
    const placement = { center: [100, 50], side: 40 } as const;
    expect([...cropToPhotograph(corners, { ...placement, mirrored: false })]).toEqual([80, 30, 120, 70]);
    expect([...cropToPhotograph(corners, { ...placement, mirrored: true })]).toEqual([120, 30, 80, 70]);
  });
});

/** HaMeR's `perspective_projection` word for word: move, divide by depth, apply the intrinsic matrix. */
function slowProjection(
  points: readonly number[][],
  camera: readonly number[],
  focalLength: number,
): number[][] {
  const imageSize = 256;
  const translation = [camera[1]!, camera[2]!, (2 * focalLength) / (imageSize * camera[0]! + 1e-9)];
  const intrinsics = [
    [focalLength / imageSize, 0, 0],
    [0, focalLength / imageSize, 0],
    [0, 0, 1],
  ];
  return points.map((point) => {
    const moved = point.map((value, axis) => value + translation[axis]!);
    const divided = moved.map((value) => value / moved[2]!);
    return intrinsics
      .slice(0, 2)
      .map((row) => row.reduce((sum, entry, axis) => sum + entry * divided[axis]!, 0));
  });
}

describe('projectIntoCrop', () => {
  it('is HaMeR’s formula (seed 6)', () => {
    const random = new Random(6);
    for (let n = 0; n < 50; n++) {
      const points = Array.from({ length: 21 }, () => [0, 1, 2].map(() => 0.1 * random.normal()));
      const camera = [0.3 + random.uniform(), 0.1 * random.normal(), 0.1 * random.normal()];
      const focalLength = n % 2 === 0 ? HAMER_FOCAL_LENGTH : 1000 + 500 * random.uniform();
      const { points: found } = projectIntoCrop(points.flat(), camera, focalLength);
      slowProjection(points, camera, focalLength)
        .flat()
        .forEach((value, k) => {
          expect(found![k]).toBeCloseTo(value, 12);
        });
    }
  });

  it('by hand: at the depth of the wrist one metre is s / 2 crops', () => {
    // t = [0, 0, 2·5000 / 256] = 39.0625 m; u = 5000/256 · 0.1 / 39.0625.
    const { points } = projectIntoCrop([0.1, -0.2, 0], [1, 0, 0], 5000);
    expect(points![0]).toBeCloseTo(0.05, 9);
    expect(points![1]).toBeCloseTo(-0.1, 9);
  });

  it.each([0, -0.1, Number.NaN])('a scale of %d is no camera', (scale) => {
    expect(projectIntoCrop([0, 0, 0], [scale, 0, 0], 5000)).toEqual({
      points: null,
      problem: { kind: 'scale', scale },
    });
  });

  it('nor is one that has a point behind it, or beside it', () => {
    // The camera stands 39.0625 m before the origin.
    const ahead = [0, 0, -39];
    const problem = { points: null, problem: { kind: 'depth', point: 1 } };
    expect(projectIntoCrop([...ahead, 0, 0, -40], [1, 0, 0], 5000)).toEqual(problem);
    expect(projectIntoCrop([...ahead, 0, 0, Number.NaN], [1, 0, 0], 5000)).toEqual(problem);
    expect(projectIntoCrop(ahead, [1, 0, 0], 5000).problem).toBeNull();
  });
});
