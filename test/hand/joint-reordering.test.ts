import { describe, expect, it } from 'vitest';
import { reorderJoints } from '../../src/hand/joint-reordering.js';
import { JOINT_COUNT, JOINT_ORDER_IDS, jointNames, type JointOrder } from '../../src/hand/joints.js';
import { Random } from '../../src/statistics/random.js';

const SEED = 22;
const HANDS = 3;

function hands(width: number): Float64Array {
  const random = new Random(SEED);
  return Float64Array.from({ length: HANDS * JOINT_COUNT * width }, () => random.normal());
}

/** By the joints' names. */
function slow(joints: Float64Array, from: JointOrder, to: JointOrder, width: number): number[] {
  const names = jointNames(from);
  return Array.from({ length: HANDS }, (_, hand) =>
    jointNames(to).map((name) => {
      const at = (hand * JOINT_COUNT + names.indexOf(name)) * width;
      return [...joints.subarray(at, at + width)];
    }),
  ).flat(2);
}

describe(`joints in another order (seed ${SEED})`, () => {
  it.each(
    JOINT_ORDER_IDS.flatMap((from) =>
      JOINT_ORDER_IDS.flatMap((to) => [2, 3].map((width) => [from, to, width] as const)),
    ),
  )('from %s to %s, %i numbers each, the given ones untouched', (from, to, width) => {
    const given = hands(width);
    const reordered = reorderJoints(given, from, to, width);
    expect([...reordered]).toEqual(slow(hands(width), from, to, width));
    expect(reordered === given).toBe(from === to);
    expect(given).toEqual(hands(width));
    expect(reorderJoints(reordered, to, from, width)).toEqual(given);
  });

  it('keep their precision', () => {
    const reordered = reorderJoints(Float32Array.from(hands(3)), 'openpose', 'ho3d');
    expect(reordered).toBeInstanceOf(Float32Array);
    expect([...reordered]).toEqual(slow(hands(3), 'openpose', 'ho3d', 3).map(Math.fround));
  });
});
