import { describe, expect, it } from 'vitest';
import { projectPoints } from '../../src/hand/camera.js';
import {
  IDENTITY3,
  axisAngleFromRotation,
  multiply3,
  rotate,
  rotationFromAxisAngle,
} from '../../src/hand/rotations.js';
import { norm } from '../../src/hand/vectors.js';
import { Random } from '../../src/statistics/random.js';

describe('rotationFromAxisAngle', () => {
  it('turns x onto y about z, right-handed', () => {
    const quarter = rotationFromAxisAngle([0, 0, Math.PI / 2]);
    const [x, y, z] = rotate(quarter, [1, 0, 0]);
    expect(x).toBeCloseTo(0, 15);
    expect(y).toBeCloseTo(1, 15);
    expect(z).toBe(0);
  });

  it('gives the identity for the zero vector', () => {
    expect(rotationFromAxisAngle([0, 0, 0])).toEqual(IDENTITY3);
  });

  it('keeps lengths and is undone by the opposite vector (seed 3)', () => {
    const random = new Random(3);
    for (let i = 0; i < 100; i++) {
      const vector = [random.normal(), random.normal(), random.normal()] as const;
      const point = [random.normal(), random.normal(), random.normal()] as const;
      const there = rotationFromAxisAngle(vector);
      const back = rotationFromAxisAngle([-vector[0], -vector[1], -vector[2]]);
      expect(norm(rotate(there, point))).toBeCloseTo(norm(point), 12);
      multiply3(there, back).forEach((value, k) => {
        expect(value).toBeCloseTo(IDENTITY3[k]!, 12);
      });
    }
  });
});

describe('axisAngleFromRotation', () => {
  it('finds the vector again below π (seed 4)', () => {
    const random = new Random(4);
    for (let i = 0; i < 100; i++) {
      const axis = [random.normal(), random.normal(), random.normal()] as const;
      const angle = random.uniform() * 3.1;
      const length = norm(axis);
      const vector = [0, 1, 2].map((k) => (axis[k]! / length) * angle);
      const found = axisAngleFromRotation(rotationFromAxisAngle([vector[0]!, vector[1]!, vector[2]!]));
      found.forEach((value, k) => {
        expect(value).toBeCloseTo(vector[k]!, 9);
      });
    }
  });

  it.each([
    [Math.PI, 0, 0],
    [0, Math.PI, 0],
    [0, 0, Math.PI],
    [Math.PI * 0.6, Math.PI * 0.8, 0],
  ] as const)('finds a half turn about (%f, %f, %f)', (x, y, z) => {
    const rotation = rotationFromAxisAngle([x, y, z]);
    const again = rotationFromAxisAngle(axisAngleFromRotation(rotation));
    again.forEach((value, k) => {
      expect(value).toBeCloseTo(rotation[k]!, 9);
    });
  });

  it('gives zero for the identity', () => {
    expect(axisAngleFromRotation(IDENTITY3).map(Math.abs)).toEqual([0, 0, 0]);
  });
});

describe('projectPoints', () => {
  it('divides by depth, with x right and y down', () => {
    const camera = { fx: 480, fy: 460, cx: 112, cy: 110 };
    expect([...projectPoints([0, 0, 0.5, 0.1, 0.05, 0.5], camera)]).toEqual([112, 110, 208, 156]);
  });
});
