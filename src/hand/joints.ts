/**
 * The 21 joints of a hand and the orders they come in (docs/datasets: which benchmark uses which). A joint's *meaning*
 * (chain joint, regressed joint, which fingertip vertex) is a separate question; this file is about order only.
 */
import type { JointOrderDefinition } from './joint-orders/joint-order.js';
import { JOINT_ORDERS } from './joint-orders/registry.js';

/** A declared order of the 21 joints. */
export type JointOrder = (typeof JOINT_ORDERS)[number]['id'];

export const JOINT_ORDER_IDS = JOINT_ORDERS.map(({ id }) => id);

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

export function jointOrderById(order: JointOrder): JointOrderDefinition<JointOrder> {
  return JOINT_ORDERS.find(({ id }) => id === order)!;
}

/** For each joint of `order`, its index in OpenPose order. */
export function gatherFromOpenPose(order: JointOrder): readonly number[] {
  return jointOrderById(order).fromOpenPose;
}

/** Joint names in `order`. */
export function jointNames(order: JointOrder): string[] {
  return gatherFromOpenPose(order).map((joint) => OPENPOSE_JOINTS[joint]!);
}
