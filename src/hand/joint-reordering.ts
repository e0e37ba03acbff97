/** The 21 joints of hands from one order into another. */
import { gatherFromOpenPose, JOINT_COUNT, type JointOrder } from './joints.js';

/**
 * Hands, one after the other, in the order `to`; the array itself where that changes nothing.
 *
 * @param joints N × 21 × width.
 */
export function reorderJoints<T extends Float32Array | Float64Array>(
  joints: T,
  from: JointOrder,
  to: JointOrder,
  width = 3,
): T {
  if (from === to) return joints;
  const given = gatherFromOpenPose(from);
  const gather = gatherFromOpenPose(to).map((joint) => given.indexOf(joint));
  const reordered = joints.slice() as T;
  for (let hand = 0; hand < joints.length; hand += JOINT_COUNT * width) {
    for (const [place, joint] of gather.entries()) {
      const at = hand + joint * width;
      reordered.set(joints.subarray(at, at + width), hand + place * width);
    }
  }
  return reordered;
}
