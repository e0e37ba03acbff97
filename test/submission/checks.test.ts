import { describe, expect, it } from 'vitest';
import { datasetById } from '../../src/datasets/registry.js';
import {
  oddHandLength,
  RecordChecks,
  requireCount,
  requireFormat,
  requireShapes,
  type Subject,
} from '../../src/submission/checks.js';

const subject = (dataset: string): Subject => ({
  file: 'runs/a',
  definition: datasetById(dataset),
  nameOf: (row) => `SM1/000${row}`,
  reasonOf: (row) => (row === 2 ? 'the photograph cannot be read' : undefined),
});

/** Two points a record; z of the records as given. */
const records = (...zs: readonly number[]): Float64Array =>
  Float64Array.from(zs.flatMap((z) => [0.1, 0.1, z, 0.2, -0.1, z]));

describe('what a challenge refuses', () => {
  it('is HInt, which has none', () => {
    expect(() => requireFormat(datasetById('hint-visor'))).toThrow(
      expect.objectContaining({
        code: 'submission-no-format',
        expected: 'freihand, ho3d-v2 or ho3d-v3',
      }) as Error,
    );
    expect(() => requireFormat(datasetById('ho3d-v3'))).not.toThrow();
  });

  it('is another number of samples; fewer may be allowed, more never', () => {
    const code = (count: number, partial: boolean): string | undefined => {
      try {
        requireCount(count, subject('ho3d-v2'), partial);
        return undefined;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code(11524, false)).toBeUndefined();
    expect(code(11523, false)).toBe('submission-count');
    expect(code(11523, true)).toBeUndefined();
    expect(code(0, true)).toBe('submission-count');
    // HO-3D v3's number.
    expect(code(20137, true)).toBe('submission-count');
  });

  it('is a hand without joints or without 778 vertices', () => {
    const joints = new Float64Array(63);
    expect(() => requireShapes(joints, 778, subject('freihand'))).not.toThrow();
    expect(() => requireShapes(null, 778, subject('freihand'))).toThrow('joints and MANO meshes');
    expect(() => requireShapes(joints, null, subject('freihand'))).toThrow('joints and MANO meshes');
    expect(() => requireShapes(joints, 389, subject('freihand'))).toThrow(
      expect.objectContaining({ got: '21 joints, 389 vertices' }) as Error,
    );
  });

  it('is a sample without a prediction, by its name and reason, never by a zero in its place', () => {
    const checks = new RecordChecks(subject('freihand'));
    checks.look(records(1, 2, 3), 2);
    const values = records(1, 2, 3, 4);
    values[2 * 6 + 4] = NaN;
    values[3 * 6] = -Infinity;
    expect(() => checks.look(values, 2)).toThrow(
      expect.objectContaining({
        code: 'submission-unscored',
        message: '2 samples have no prediction',
        got: 'SM1/0002 (the photograph cannot be read), SM1/0003',
      }) as Error,
    );
    expect(() => checks.look(values.subarray(12), 2, 7)).toThrow(
      expect.objectContaining({ got: 'SM1/0007, SM1/0008' }) as Error,
    );
  });

  it('is, for HO-3D alone, a hand that lies wholly at z > 0', () => {
    const front = records(-0.5, 0.5, 0);
    expect(() => new RecordChecks(subject('ho3d-v3')).look(front, 2)).toThrow(
      expect.objectContaining({ code: 'submission-axes', got: 'z > 0 throughout in SM1/0001' }) as Error,
    );
    expect(() => new RecordChecks(subject('freihand')).look(front, 2)).not.toThrow();
    const half = records(0.5);
    half[5] = -0.1;
    expect(() => new RecordChecks(subject('ho3d-v3')).look(half, 2)).not.toThrow();
  });
});

describe('the length of the hands', () => {
  const hand = (length: number): number[] => [
    1,
    2,
    3,
    ...Array<number[]>(20)
      .fill([1, 2, 3 + length])
      .flat(),
  ];

  it('is odd in millimetres and in tens of metres, not in metres', () => {
    expect(oddHandLength(Float64Array.from([hand(0.17), hand(0.08), hand(0.2)].flat()))).toBeNull();
    expect(oddHandLength(Float64Array.from([hand(170), hand(80), hand(200)].flat()))).toBe(170);
    expect(oddHandLength(Float64Array.from(hand(0.00017)))).toBeCloseTo(0.00017, 12);
  });

  it('is that of the hand in the middle: one broken prediction does not count', () => {
    expect(oddHandLength(Float64Array.from([hand(0.17), hand(900), hand(0.2)].flat()))).toBeNull();
  });
});
