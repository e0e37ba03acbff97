import type { PinholeCamera } from '../hand/camera.js';
import { axisAngleFromRotation, multiply3, rotationFromAxisAngle } from '../hand/rotations.js';
import { type Vec3, pointAt, scale, setPoint } from '../hand/vectors.js';
import { FINGERS } from './hand/procedural-anatomy.js';
import {
  POSE_COUNT,
  type PosedHand,
  type ProceduralHand,
  SHAPE_COUNT,
  poseHand,
} from './hand/procedural-hand.js';
import type { SceneRandom } from './random.js';

/** Side of a FreiHAND photograph, px. */
export const IMAGE_SIZE = 224;

/** One hand before a camera: what FreiHAND's annotation files hold about a sample. */
export interface HandSample extends PosedHand {
  /** 48 axis–angle numbers, see `poseHand`. */
  readonly pose: Float64Array;
  /** 10 numbers. */
  readonly shape: Float64Array;
  readonly camera: PinholeCamera;
  /** Length in metres of the bone joint 9 → joint 10 (middle finger). */
  readonly scale: number;
}

/** MANO's order of the fingers' pose numbers, as indices into `FINGERS`. */
const POSE_FINGERS = [1, 2, 4, 3, 0] as const;

const RADIANS = Math.PI / 180;

/** Largest flexion in degrees at a finger's three joints; the thumb's are its own. */
const FINGER_FLEXION = [78, 92, 58] as const;
const THUMB_FLEXION = [26, 40, 55] as const;

/**
 * Draws a plausible pose: every finger gets a curl between open and fist, partly
 * shared with the others, with flexion at its joints coupled as tendons couple
 * them, a little spread, and a limited rotation of the whole hand.
 */
export function samplePose(random: SceneRandom): Float64Array {
  const pose = new Float64Array(POSE_COUNT);
  const turn: readonly Vec3[] = [
    [0, 0, random.normal(0, 9) * RADIANS],
    [0, random.normal(0, 12) * RADIANS, 0],
    [random.normal(-4, 9) * RADIANS, 0, 0],
  ];
  const [roll, yaw, pitch] = turn.map(rotationFromAxisAngle);
  setPoint(pose, 0, axisAngleFromRotation(multiply3(roll!, multiply3(yaw!, pitch!))));

  const shared = 0.5 - 0.5 * Math.cos(Math.PI * random.next());
  const spread = random.uniform(-0.2, 1);
  const curls = FINGERS.map(() => Math.min(1, Math.max(0, 0.6 * shared + 0.4 * random.next())));
  // The middle finger's tendons hold it to its neighbours: it does not stay up alone.
  curls[2] = Math.max(curls[2]!, Math.min(curls[1]!, curls[3]!) - 0.1);
  POSE_FINGERS.forEach((fingerIndex, k) => {
    const finger = FINGERS[fingerIndex]!;
    const thumb = fingerIndex === 0;
    const curl = curls[fingerIndex]!;
    const limits = thumb ? THUMB_FLEXION : FINGER_FLEXION;
    for (let j = 0; j < 3; j++) {
      const degrees = limits[j]! * curl * random.uniform(0.85, 1.1) - (j === 0 ? 6 : 2);
      const flex = scale(finger.flexion, degrees * RADIANS);
      if (j > 0) {
        setPoint(pose, 1 + 3 * k + j, flex);
        continue;
      }
      // Fingers spread only while they are open.
      const away = thumb
        ? random.normal(2, 9)
        : ([0, 7, 0, 4, 7][fingerIndex]! * spread + random.normal(0, 2)) * (1 - 0.8 * curl);
      const abduct = rotationFromAxisAngle(scale(finger.abduction, away * RADIANS));
      setPoint(pose, 1 + 3 * k, axisAngleFromRotation(multiply3(abduct, rotationFromAxisAngle(flex))));
    }
  });
  return pose;
}

/** Ten shape numbers, none extreme. */
export function sampleShape(random: SceneRandom): Float64Array {
  return Float64Array.from({ length: SHAPE_COUNT }, () => Math.min(2, Math.max(-2, random.normal(0, 0.8))));
}

/** Where a hand is held. */
export interface Placement {
  /** z of the middle of the joints' extent, metres. */
  readonly depth: number;
  /** Where that middle appears, px right of and below the camera's principal point. */
  readonly aside: readonly [number, number];
}

/** Poses a hand half a metre or so before a FreiHAND-like camera, near the image's centre. */
export function sampleHand(hand: ProceduralHand, random: SceneRandom): HandSample {
  const pose = samplePose(random);
  const shape = sampleShape(random);
  const focal = random.uniform(455, 495);
  const camera: PinholeCamera = { fx: focal, fy: focal, cx: IMAGE_SIZE / 2, cy: IMAGE_SIZE / 2 };
  const depth = random.uniform(0.5, 0.62);
  // FreiHAND's crops are centred on the hand.
  return placeHand(hand, pose, shape, camera, {
    depth,
    aside: [random.normal(0, 2.5), random.normal(0, 2.5)],
  });
}

/** Holds a posed hand before a camera. */
export function placeHand(
  hand: ProceduralHand,
  pose: Float64Array,
  shape: Float64Array,
  camera: PinholeCamera,
  placement: Placement,
): HandSample {
  const still = poseHand(hand, pose, shape, [0, 0, 0]);
  const { vertices, joints } = poseHand(hand, pose, shape, translationTo(still.joints, camera, placement));
  const [a, b] = [pointAt(joints, 9), pointAt(joints, 10)];
  const bone = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  return { pose, shape, camera, vertices, joints, scale: bone };
}

/** What moves joints from where they are to where they are held, metres. */
export function translationTo(
  joints: Float64Array,
  camera: PinholeCamera,
  { depth, aside }: Placement,
): Vec3 {
  const centre = middleOf(joints);
  return [
    (aside[0] / camera.fx) * depth - centre[0],
    (aside[1] / camera.fy) * depth - centre[1],
    depth - centre[2],
  ];
}

function middleOf(points: Float64Array): Vec3 {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    low[i % 3] = Math.min(low[i % 3]!, points[i]!);
    high[i % 3] = Math.max(high[i % 3]!, points[i]!);
  }
  return [0, 1, 2].map((axis) => (low[axis]! + high[axis]!) / 2) as [number, number, number];
}
