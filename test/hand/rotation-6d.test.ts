import { describe, expect, it } from 'vitest';
import { matricesFrom6d } from '../../src/hand/rotation-6d.js';
import { rotationFromAxisAngle } from '../../src/hand/rotations.js';
import { Random } from '../../src/statistics/random.js';

describe('matricesFrom6d', () => {
  it('takes the first three numbers as the first column, whatever their length', () => {
    const found = matricesFrom6d(Float32Array.of(0, 2, 0, -3, 5, 0));
    // + 0 makes 0 of −0.
    expect([...found].map((value) => value + 0)).toEqual([0, -1, 0, 1, 0, 0, 0, 0, 1]);
  });

  it('finds a rotation again from its two columns, several at once (seed 6)', () => {
    const random = new Random(6);
    const rotations = Array.from({ length: 20 }, () =>
      rotationFromAxisAngle([random.normal(), random.normal(), random.normal()]),
    );
    const values = rotations.flatMap((m) => [m[0], m[3], m[6], m[1], m[4], m[7]]);
    const found = matricesFrom6d(Float64Array.from(values));
    rotations.flat().forEach((value, k) => {
      expect(found[k]).toBeCloseTo(value, 14);
    });
  });

  it('gives a rotation for any two columns (seed 7)', () => {
    const random = new Random(7);
    const m = matricesFrom6d(Float64Array.from({ length: 6 }, () => random.normal()));
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const product = [0, 1, 2].reduce((sum, row) => sum + m[row * 3 + i]! * m[row * 3 + j]!, 0);
        expect(product).toBeCloseTo(i === j ? 1 : 0, 14);
      }
    }
    const determinant =
      m[0]! * (m[4]! * m[8]! - m[5]! * m[7]!) -
      m[1]! * (m[3]! * m[8]! - m[5]! * m[6]!) +
      m[2]! * (m[3]! * m[7]! - m[4]! * m[6]!);
    expect(determinant).toBeCloseTo(1, 14);
  });

  it.each([
    [0, 0, 0, 1, 0, 0],
    [1, 0, 0, 2, 0, 0],
  ])('gives NaN for columns that mean no rotation: %j', (...values) => {
    expect(matricesFrom6d(Float64Array.from(values)).some(Number.isNaN)).toBe(true);
  });

  it('refuses a length that is no multiple of 6', () => {
    expect(() => matricesFrom6d(new Float64Array(7))).toThrow('expected a multiple of 6, got 7');
  });
});
