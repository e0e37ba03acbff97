/**
 * The 21 joints of a hand and the orders they come in (docs/datasets: which
 * benchmark uses which). A joint's *meaning* (chain joint, regressed joint,
 * which fingertip vertex) is a separate question; this file is about order only.
 */

/** A declared order of the 21 joints. */
export type JointOrder = 'openpose' | 'ho3d';

export const JOINT_COUNT = 21;

/** Wrist, then thumb, index, middle, ring, pinky from base to tip: FreiHAND, HInt, HaMeR. */
export const OPENPOSE_JOINTS = [
  'wrist',
  'thumb_1',
  'thumb_2',
  'thumb_3',
  'thumb_4',
  'index_1',
  'index_2',
  'index_3',
  'index_4',
  'middle_1',
  'middle_2',
  'middle_3',
  'middle_4',
  'ring_1',
  'ring_2',
  'ring_3',
  'ring_4',
  'pinky_1',
  'pinky_2',
  'pinky_3',
  'pinky_4',
] as const;

/**
 * For each joint of HO-3D order, its index in OpenPose order: wrist; index,
 * middle, pinky, ring, thumb without tips; then the tips thumb … pinky.
 */
export const HO3D_FROM_OPENPOSE = [
  0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20,
] as const;

/** For each joint of `order`, its index in OpenPose order. */
export function gatherFromOpenPose(order: JointOrder): readonly number[] {
  switch (order) {
    case 'openpose':
      return OPENPOSE_JOINTS.map((_, joint) => joint);
    case 'ho3d':
      return HO3D_FROM_OPENPOSE;
  }
}

/** Joint names in `order`. */
export function jointNames(order: JointOrder): string[] {
  return gatherFromOpenPose(order).map((joint) => OPENPOSE_JOINTS[joint]!);
}
