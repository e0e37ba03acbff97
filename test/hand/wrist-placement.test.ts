import { describe, expect, it } from 'vitest';
import { JOINT_COUNT } from '../../src/hand/joints.js';
import { moveBy, wristOffsets } from '../../src/hand/wrist-placement.js';

const HANDS = 3;
/** Hand h, joint j: (h + j, h − j, 10 h). */
const joints = (): Float64Array =>
  Float64Array.from({ length: HANDS * JOINT_COUNT * 3 }, (_, k) => {
    const [hand, joint] = [Math.floor(k / 63), Math.floor(k / 3) % JOINT_COUNT];
    return [hand + joint, hand - joint, 10 * hand][k % 3]!;
  });
const ROOTS = Float64Array.of(5, 6, 7, 0, 0, 0, -1, -2, -3);

describe('placing hands at their published wrists', () => {
  it('puts joint 0 there and keeps every hand as it is', () => {
    const before = joints();
    const offsets = wristOffsets(before, ROOTS);
    const after = joints();
    moveBy(after, JOINT_COUNT, offsets);
    for (let hand = 0; hand < HANDS; hand++) {
      const at = hand * 63;
      expect([...after.subarray(at, at + 3)]).toEqual([...ROOTS.subarray(hand * 3, hand * 3 + 3)]);
      for (let k = at; k < at + 63; k++) {
        const fromWrist = before[k]! - before[at + (k % 3)]!;
        expect(after[k]! - after[at + (k % 3)]!).toBeCloseTo(fromWrist, 12);
      }
    }
    expect(before).toEqual(joints());
  });

  it('moves a batch of meshes by the offsets of its own samples', () => {
    const offsets = wristOffsets(joints(), ROOTS);
    const mesh = new Float64Array(2 * 4 * 3);
    moveBy(mesh, 4, offsets, 1);
    for (let k = 0; k < mesh.length; k++) {
      expect(mesh[k]).toBe(offsets[(1 + Math.floor(k / 12)) * 3 + (k % 3)]);
    }
  });

  it('leaves a hand without a predicted or a published wrist without a place', () => {
    const predicted = joints();
    predicted[63] = Number.NaN;
    const roots = ROOTS.slice();
    roots[6] = Number.NaN;
    const offsets = wristOffsets(predicted, roots);
    moveBy(predicted, JOINT_COUNT, offsets);
    const isWhole = (hand: number): boolean =>
      predicted.subarray(hand * 63, (hand + 1) * 63).every(Number.isFinite);
    expect([0, 1, 2].map(isWhole)).toEqual([true, false, false]);
  });
});
