/**
 * Orders in which 21 hand joints are met in the wild, each as a gather from
 * OpenPose order (for each joint of the order its OpenPose index), and what they
 * come to against a declared order.
 */
import { gatherFromOpenPose, HO3D_FROM_OPENPOSE, JOINT_COUNT, type JointOrder } from '../hand/joints.js';

/** An order of the 21 joints that predictions may turn out to be in. */
export interface KnownOrder {
  readonly name: string;
  /** Where it is used, or how it comes about. */
  readonly source: string;
  /** For each joint of this order, its index in OpenPose order. */
  readonly fromOpenPose: readonly number[];
}

type Finger = 'thumb' | 'index' | 'middle' | 'ring' | 'pinky';

const OPENPOSE_FINGERS: readonly Finger[] = ['thumb', 'index', 'middle', 'ring', 'pinky'];
const MANO_FINGERS: readonly Finger[] = ['index', 'middle', 'pinky', 'ring', 'thumb'];

const WRIST = 0;

/** OpenPose index of joint `level` of a finger: 1 is the base, 4 the tip. */
function joint(finger: Finger, level: number): number {
  return 1 + 4 * OPENPOSE_FINGERS.indexOf(finger) + level - 1;
}

const BASE_TO_TIP = [1, 2, 3, 4] as const;
const TIP_TO_BASE = [4, 3, 2, 1] as const;
const WITHOUT_TIP = [1, 2, 3] as const;

/** One finger after the other. */
function byFinger(fingers: readonly Finger[], levels: readonly number[]): number[] {
  return fingers.flatMap((finger) => levels.map((level) => joint(finger, level)));
}

/** All fingers' joints of one level, then those of the next. */
function byLevel(levels: readonly number[]): number[] {
  return levels.flatMap((level) => OPENPOSE_FINGERS.map((finger) => joint(finger, level)));
}

/** Wrist, fingers without tips, then the tips. */
function chainThenTips(chain: readonly Finger[], tips: readonly Finger[]): number[] {
  return [WRIST, ...byFinger(chain, WITHOUT_TIP), ...byFinger(tips, [4])];
}

/** The HO-3D → OpenPose gather. */
const OPENPOSE_FROM_HO3D = gatherFromOpenPose('openpose').map((index) =>
  gatherFromOpenPose('ho3d').indexOf(index),
);

/** Every order that is tried, the likeliest first. */
export const KNOWN_ORDERS: readonly KnownOrder[] = [
  {
    name: 'OpenPose order (wrist, thumb to pinky, each base to tip)',
    source: 'FreiHAND, HInt, HaMeR, manopth and manotorch outputs, MediaPipe, DexYCB',
    fromOpenPose: gatherFromOpenPose('openpose'),
  },
  {
    name: 'HO-3D order (MANO chain: index, middle, pinky, ring, thumb; tips thumb to pinky last)',
    source: 'HO-3D; smplx MANO with tip vertices appended; mmhuman3d mano.py',
    fromOpenPose: HO3D_FROM_OPENPOSE,
  },
  {
    name: 'MANO chain with the tips last in chain order (index, middle, pinky, ring, thumb)',
    source: 'CalciferZh/Minimal-IK armatures.py, which numbers tips as the chain numbers fingers',
    fromOpenPose: chainThenTips(MANO_FINGERS, MANO_FINGERS),
  },
  {
    name: 'MANO chain with the tips last, thumb after the other four',
    source: 'variant: tips appended index, middle, ring, pinky, thumb',
    fromOpenPose: chainThenTips(MANO_FINGERS, ['index', 'middle', 'ring', 'pinky', 'thumb']),
  },
  {
    name: 'MANO chain with the tips last, pinky first',
    source: 'variant: tips appended pinky to thumb',
    fromOpenPose: chainThenTips(MANO_FINGERS, [...OPENPOSE_FINGERS].reverse()),
  },
  {
    name: 'MANO chain with the tip after each finger (index, middle, pinky, ring, thumb)',
    source: 'MANO finger order with four joints a finger',
    fromOpenPose: [WRIST, ...byFinger(MANO_FINGERS, BASE_TO_TIP)],
  },
  {
    name: 'index, middle, ring, pinky, thumb without tips, then the tips thumb to pinky',
    source: "variant of HO-3D order: MANO's pinky before ring overlooked",
    fromOpenPose: chainThenTips(['index', 'middle', 'ring', 'pinky', 'thumb'], OPENPOSE_FINGERS),
  },
  {
    name: 'thumb to pinky without tips, then the tips thumb to pinky',
    source: 'variant: tips appended to chains already in anatomical order',
    fromOpenPose: chainThenTips(OPENPOSE_FINGERS, OPENPOSE_FINGERS),
  },
  {
    name: 'OpenPose order with ring and pinky swapped',
    source: "variant of OpenPose order: MANO's pinky before ring kept",
    fromOpenPose: [WRIST, ...byFinger(['thumb', 'index', 'middle', 'pinky', 'ring'], BASE_TO_TIP)],
  },
  {
    name: 'OpenPose order with the thumb last',
    source: 'variant: index to pinky, then thumb, each base to tip',
    fromOpenPose: [WRIST, ...byFinger(['index', 'middle', 'ring', 'pinky', 'thumb'], BASE_TO_TIP)],
  },
  {
    name: 'fingers reversed (wrist, pinky to thumb, each base to tip)',
    source: 'variant: a left hand numbered from the other side',
    fromOpenPose: [WRIST, ...byFinger([...OPENPOSE_FINGERS].reverse(), BASE_TO_TIP)],
  },
  {
    name: 'RHD order (wrist, thumb to pinky, each tip to base)',
    source: 'Rendered Hand Pose dataset',
    fromOpenPose: [WRIST, ...byFinger(OPENPOSE_FINGERS, TIP_TO_BASE)],
  },
  {
    name: 'InterHand2.6M order (thumb to pinky, each tip to base, wrist last)',
    source: 'InterHand2.6M skeleton; mmpose interhand3d',
    fromOpenPose: [...byFinger(OPENPOSE_FINGERS, TIP_TO_BASE), WRIST],
  },
  {
    name: 'OpenPose order with the wrist last',
    source: 'variant: thumb to pinky, each base to tip, then the wrist',
    fromOpenPose: [...byFinger(OPENPOSE_FINGERS, BASE_TO_TIP), WRIST],
  },
  {
    name: 'FPHA order (wrist, the five bases, then the rest of each finger)',
    source: 'First-Person Hand Action benchmark; HANDS 2017 and 2019 challenges',
    fromOpenPose: [WRIST, ...byLevel([1]), ...byFinger(OPENPOSE_FINGERS, [2, 3, 4])],
  },
  {
    name: 'level by level (wrist, the five bases, then the next joint of each finger, tips last)',
    source: 'biomechanical orderings (Spurr et al., ECCV 2020)',
    fromOpenPose: [WRIST, ...byLevel(BASE_TO_TIP)],
  },
  {
    name: 'HO-3D order converted to HO-3D order once more',
    source: 'mistake: the OpenPose to HO-3D gather applied to joints already in HO-3D order',
    fromOpenPose: HO3D_FROM_OPENPOSE.map((index) => HO3D_FROM_OPENPOSE[index]),
  },
  {
    name: 'OpenPose order converted with the inverse table',
    source: 'mistake: the HO-3D to OpenPose gather applied to joints already in OpenPose order',
    fromOpenPose: OPENPOSE_FROM_HO3D,
  },
];

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
