/** What the known orders of the 21 joints come to against a declared one. */
import type { KnownOrder } from '../hand/joint-orders/joint-order.js';
import { KNOWN_ORDERS } from '../hand/joint-orders/registry.js';
import { gatherFromOpenPose, JOINT_COUNT, type JointOrder } from '../hand/joints.js';

/** A known order seen from a declared one. */
export interface JointPermutation {
  readonly order: KnownOrder;
  /** For each joint of the declared order the slot it has in the array: `joints[:, slots]` mends it. */
  readonly slots: readonly number[];
  /** Declared joints that are not in their own slot. */
  readonly moved: readonly number[];
}

/** What reading an array as each known order comes to, the declared order itself left out. */
export function permutationsOf(declared: JointOrder): JointPermutation[] {
  const target = gatherFromOpenPose(declared);
  return KNOWN_ORDERS.map((order) => {
    const slots = target.map((index) => order.fromOpenPose.indexOf(index));
    const moved = slots.flatMap((slot, k) => (slot === k ? [] : [k]));
    return { order, slots, moved };
  }).filter(({ moved }) => moved.length > 0);
}

/** `points` (21×3) with its joints taken from `slots`. */
export function gathered(points: Float64Array, slots: readonly number[]): Float64Array {
  const out = new Float64Array(JOINT_COUNT * 3);
  slots.forEach((slot, k) => out.set(points.subarray(slot * 3, slot * 3 + 3), k * 3));
  return out;
}
