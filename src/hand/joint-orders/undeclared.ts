/**
 * Orders in which joints are met though nobody declares them: other benchmarks' own, variants and mistakes. The
 * diagnosis names them. One that a dataset or a model is to declare gets a file of its own and a line in registry.ts.
 */
import { HO3D } from './ho3d.js';
import {
  BASE_TO_TIP,
  byFinger,
  byLevel,
  chainThenTips,
  FINGERS,
  MANO_FINGERS,
  TIP_TO_BASE,
  WRIST,
  type KnownOrder,
} from './joint-order.js';
import { OPENPOSE } from './openpose.js';

/** The likeliest first. */
export const UNDECLARED_ORDERS: readonly KnownOrder[] = [
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
    fromOpenPose: chainThenTips(MANO_FINGERS, [...FINGERS].reverse()),
  },
  {
    name: 'MANO chain with the tip after each finger (index, middle, pinky, ring, thumb)',
    source: 'MANO finger order with four joints a finger',
    fromOpenPose: [WRIST, ...byFinger(MANO_FINGERS, BASE_TO_TIP)],
  },
  {
    name: 'index, middle, ring, pinky, thumb without tips, then the tips thumb to pinky',
    source: "variant of HO-3D order: MANO's pinky before ring overlooked",
    fromOpenPose: chainThenTips(['index', 'middle', 'ring', 'pinky', 'thumb'], FINGERS),
  },
  {
    name: 'thumb to pinky without tips, then the tips thumb to pinky',
    source: 'variant: tips appended to chains already in anatomical order',
    fromOpenPose: chainThenTips(FINGERS, FINGERS),
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
    fromOpenPose: [WRIST, ...byFinger([...FINGERS].reverse(), BASE_TO_TIP)],
  },
  {
    name: 'RHD order (wrist, thumb to pinky, each tip to base)',
    source: 'Rendered Hand Pose dataset',
    fromOpenPose: [WRIST, ...byFinger(FINGERS, TIP_TO_BASE)],
  },
  {
    name: 'InterHand2.6M order (thumb to pinky, each tip to base, wrist last)',
    source: 'InterHand2.6M skeleton; mmpose interhand3d',
    fromOpenPose: [...byFinger(FINGERS, TIP_TO_BASE), WRIST],
  },
  {
    name: 'OpenPose order with the wrist last',
    source: 'variant: thumb to pinky, each base to tip, then the wrist',
    fromOpenPose: [...byFinger(FINGERS, BASE_TO_TIP), WRIST],
  },
  {
    name: 'FPHA order (wrist, the five bases, then the rest of each finger)',
    source: 'First-Person Hand Action benchmark; HANDS 2017 and 2019 challenges',
    fromOpenPose: [WRIST, ...byLevel([1]), ...byFinger(FINGERS, [2, 3, 4])],
  },
  {
    name: 'level by level (wrist, the five bases, then the next joint of each finger, tips last)',
    source: 'biomechanical orderings (Spurr et al., ECCV 2020)',
    fromOpenPose: [WRIST, ...byLevel(BASE_TO_TIP)],
  },
  {
    name: 'HO-3D order converted to HO-3D order once more',
    source: 'mistake: the OpenPose to HO-3D gather applied to joints already in HO-3D order',
    fromOpenPose: HO3D.fromOpenPose.map((index) => HO3D.fromOpenPose[index]!),
  },
  {
    name: 'OpenPose order converted with the inverse table',
    source: 'mistake: the HO-3D to OpenPose gather applied to joints already in OpenPose order',
    fromOpenPose: OPENPOSE.fromOpenPose.map((index) => HO3D.fromOpenPose.indexOf(index)),
  },
];
