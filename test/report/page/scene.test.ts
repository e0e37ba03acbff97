import { describe, expect, it } from 'vitest';
import {
  distances,
  drawMeshes,
  NAMED_VIEWS,
  normalsOf,
  rotationOf,
  turned,
  unpackFaces,
  unpackPoints,
  type Mesh,
} from '../../../src/report/page/client/scene.js';
import { packFaces, packScene } from '../../../src/report/page/pack-scene.js';

const RED = Float32Array.of(255, 0, 0);
const BLUE = Float32Array.of(0, 0, 255);

/** A square in the plane of the picture, `half` a side to each way, at depth z. */
function square(half: number, z: number, colours: Float32Array, opacity = 1): Mesh {
  const points = Float32Array.of(-half, -half, z, half, -half, z, half, half, z, -half, half, z);
  const faces = Uint16Array.of(0, 1, 2, 0, 2, 3);
  return { points, normals: normalsOf(points, faces), faces, colours, opacity };
}

const FRONT = { ...NAMED_VIEWS.front, scale: 1 };

function pixel(
  { pixels, size }: { pixels: Uint8ClampedArray; size: number },
  x: number,
  y: number,
): number[] {
  return [...pixels.subarray((y * size + x) * 4, (y * size + x) * 4 + 4)];
}

describe('packed hands', () => {
  it('come back within half a step, in millimetres around the middle of the truth', () => {
    const truth = Float64Array.from({ length: 21 * 3 }, (_, k) => 0.6 + 0.08 * Math.sin(k * 1.7));
    const moved = truth.map((value) => value + 0.004);
    const packed = packScene({
      truth: { vertices: null, joints: truth },
      predictions: [{ vertices: null, joints: moved }, null],
    })!;
    expect(packed.predictions[1]).toBeNull();
    const a = unpackPoints(packed.truth!.joints!, packed.step);
    const b = unpackPoints(packed.predictions[0]!.joints!, packed.step);
    expect(packed.step).toBeLessThan(0.004);
    distances(a, b).forEach((distance) => expect(distance).toBeCloseTo(4 * Math.sqrt(3), 1));
    a.forEach((value, k) => {
      const relative = (truth[k]! - truth[k % 3]!) * 1000;
      expect(value - a[k % 3]!).toBeCloseTo(relative, 1);
    });
    expect(packed.radius).toBeGreaterThan(0);
  });

  it('are left out where a coordinate is NaN', () => {
    const broken = new Float64Array(63).fill(Number.NaN);
    expect(packScene({ truth: null, predictions: [{ vertices: broken, joints: null }] })).toBeNull();
    expect(packScene({ truth: null, predictions: [null] })).toBeNull();
  });

  it('keep their triangles', () => {
    const faces = Uint32Array.of(0, 1, 2, 777, 65_535, 3);
    expect([...unpackFaces(packFaces(faces)!)]).toEqual([...faces]);
    expect(packFaces(Uint32Array.of(0, 1, 65_536))).toBeNull();
  });
});

describe('the views', () => {
  const right = Float32Array.of(1, 0, 0);
  const up = Float32Array.of(0, 1, 0);
  const near = Float32Array.of(0, 0, 1);
  const seen = (view: keyof typeof NAMED_VIEWS, point: Float32Array): number[] =>
    [...turned(point, rotationOf(NAMED_VIEWS[view]))].map((value) => Math.round(value) + 0);

  it('show the front as it is', () => {
    expect([seen('front', right), seen('front', up), seen('front', near)]).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  it('show the side from the left: what was left comes near, what was near goes right', () => {
    expect(seen('side', right)).toEqual([0, 0, -1]);
    expect(seen('side', near)).toEqual([1, 0, 0]);
    expect(seen('side', up)).toEqual([0, 1, 0]);
  });

  it('show the top from above: what was up comes near, what was near goes down', () => {
    expect(seen('top', up)).toEqual([0, 0, 1]);
    expect(seen('top', near)).toEqual([0, -1, 0]);
    expect(seen('top', right)).toEqual([1, 0, 0]);
  });

  it('are rotations', () => {
    const r = rotationOf({ yaw: 0.7, pitch: -0.4 });
    for (let a = 0; a < 3; a++) {
      for (let b = 0; b < 3; b++) {
        const dot = [0, 1, 2].reduce((sum, k) => sum + r[a * 3 + k]! * r[b * 3 + k]!, 0);
        expect(dot).toBeCloseTo(a === b ? 1 : 0, 12);
      }
    }
    const minor = (a: number, b: number): number => r[3 + a]! * r[6 + b]! - r[3 + b]! * r[6 + a]!;
    expect(r[0]! * minor(1, 2) - r[1]! * minor(0, 2) + r[2]! * minor(0, 1)).toBeCloseTo(1, 12);
  });
});

describe('a drawing', () => {
  it('covers exactly the pixels of the shape', () => {
    const picture = drawMeshes([square(5, 0, RED)], FRONT, 20);
    const covered = picture.pixels.filter((value, k) => k % 4 === 3 && value > 0).length;
    expect(covered).toBe(100);
    expect(pixel(picture, 10, 10)).toEqual([255, 0, 0, 255]);
    expect(pixel(picture, 2, 2)).toEqual([0, 0, 0, 0]);
  });

  it('shows the nearer surface, whatever the order', () => {
    const [near, far] = [square(3, 2, BLUE), square(6, -2, RED)];
    for (const meshes of [
      [near, far],
      [far, near],
    ]) {
      const picture = drawMeshes(meshes, FRONT, 20);
      expect(pixel(picture, 10, 10)).toEqual([0, 0, 255, 255]);
      expect(pixel(picture, 5, 5)).toEqual([255, 0, 0, 255]);
    }
  });

  it('lets what is behind shine through as far as the front is not opaque', () => {
    const picture = drawMeshes([square(6, -2, RED), square(3, 2, BLUE, 0.75)], FRONT, 20);
    expect(pixel(picture, 10, 10)).toEqual([64, 0, 191, 255]);
  });

  it('draws a mesh without triangles as points', () => {
    const points = { ...square(5, 0, RED), faces: new Uint16Array() };
    const picture = drawMeshes([points], FRONT, 20);
    expect(pixel(picture, 5, 5)).toEqual([255, 0, 0, 255]);
    expect(pixel(picture, 10, 10)).toEqual([0, 0, 0, 0]);
  });

  it('has a sphere lit from the viewer: bright in the middle, dark at the edge', () => {
    const picture = drawMeshes([ball(40, RED)], FRONT, 100);
    expect(pixel(picture, 50, 50)[0]).toBeGreaterThan(250);
    expect(pixel(picture, 50, 88)[0]).toBeLessThan(190);
  });
});

/** A sphere of rings, fine enough for its normals. */
function ball(radius: number, colours: Float32Array): Mesh {
  const rings = 24;
  const around = 48;
  const points: number[] = [];
  const faces: number[] = [];
  for (let ring = 0; ring <= rings; ring++) {
    for (let step = 0; step < around; step++) {
      const [polar, turn] = [(Math.PI * ring) / rings, (2 * Math.PI * step) / around];
      points.push(
        radius * Math.sin(polar) * Math.cos(turn),
        radius * Math.cos(polar),
        radius * Math.sin(polar) * Math.sin(turn),
      );
      if (ring === rings) continue;
      const next = (step + 1) % around;
      const [a, b] = [ring * around + step, ring * around + next];
      faces.push(a, b, a + around, b, b + around, a + around);
    }
  }
  const positions = Float32Array.from(points);
  const triangles = Uint16Array.from(faces);
  return {
    points: positions,
    normals: normalsOf(positions, triangles),
    faces: triangles,
    colours,
    opacity: 1,
  };
}
