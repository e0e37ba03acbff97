/**
 * The measurements of the procedural right hand and its skin as an implicit
 * surface: smoothly united cones along the bones. Everything here was chosen
 * by eye from the proportions of an adult hand (about 19 cm from wrist to
 * middle fingertip); none of it comes from MANO or any other licensed model.
 *
 * Rest frame, metres: OpenCV axes, origin at the wrist joint, fingers along −y,
 * thumb on the −x side, the back of the hand towards −z (a camera at −z sees
 * the back of a right hand with its fingers up).
 */
import { type Vec3, addScaled, dot, mix, normalise, scale, subtract } from '../../hand/vectors.js';

/** Millimetres towards the little finger, the fingertips, the palm → the rest frame. */
export function anatomical(ulnar: number, distal: number, palmar: number): Vec3 {
  return [ulnar / 1000, -distal / 1000, palmar / 1000];
}

export type FingerName = 'thumb' | 'index' | 'middle' | 'ring' | 'pinky';

/** One finger: a straight chain at rest, or for the thumb one with a bend at its second joint. */
export interface Finger {
  readonly name: FingerName;
  /** Three joints and the tip (a point of the skin), from base to tip. */
  readonly joints: readonly [Vec3, Vec3, Vec3, Vec3];
  /** Radius of the flesh at each joint and of the rounded tip, metres. */
  readonly radii: readonly [number, number, number, number];
  /** Unit axis of positive flexion (towards the palm) at each joint. */
  readonly flexion: Vec3;
  /** Unit axis of positive abduction: away from the middle finger (thumb: away from the palm). */
  readonly abduction: Vec3;
}

interface FingerMeasures {
  readonly base: Vec3;
  /** Direction of the first bone and of the others, in `anatomical` components. */
  readonly directions: readonly [Vec3, Vec3];
  /** Millimetres. */
  readonly lengths: readonly [number, number, number];
  readonly radii: readonly [number, number, number, number];
  /** The side the finger bends to, in `anatomical` components. */
  readonly bendsTo: Vec3;
  /** +1 where abduction turns towards the little finger's side, −1 towards the thumb's. */
  readonly side: 1 | -1;
}

const MEASURES: Readonly<Record<FingerName, FingerMeasures>> = {
  thumb: {
    base: anatomical(-19, 20, 9),
    directions: [
      [-0.66, 0.68, 0.32],
      [-0.46, 0.86, 0.2],
    ],
    lengths: [43, 33, 27],
    radii: [14.5, 11.8, 10.6, 8.2],
    bendsTo: [0.75, 0.1, 0.65],
    side: -1,
  },
  index: {
    base: anatomical(-26, 89, 0),
    directions: [
      [-0.13, 1, 0.02],
      [-0.13, 1, 0.02],
    ],
    lengths: [43, 26, 22],
    radii: [11, 9.5, 8.5, 6.6],
    bendsTo: [0, 0, 1],
    side: -1,
  },
  middle: {
    base: anatomical(-4, 93, -2),
    directions: [
      [-0.015, 1, 0.02],
      [-0.015, 1, 0.02],
    ],
    lengths: [46, 29, 23],
    radii: [11, 9.7, 8.7, 6.8],
    bendsTo: [0, 0, 1],
    side: -1,
  },
  ring: {
    base: anatomical(17, 87, -1),
    directions: [
      [0.11, 1, 0.02],
      [0.11, 1, 0.02],
    ],
    lengths: [43, 27, 23],
    radii: [10.6, 9.1, 8.2, 6.4],
    bendsTo: [-0.05, 0, 1],
    side: 1,
  },
  pinky: {
    base: anatomical(35, 77, 3),
    directions: [
      [0.25, 1, 0.03],
      [0.25, 1, 0.03],
    ],
    lengths: [34, 20, 20],
    radii: [9.6, 8, 7.2, 5.7],
    bendsTo: [-0.12, 0, 1],
    side: 1,
  },
};

function buildFinger(name: FingerName): Finger {
  const measures = MEASURES[name];
  const [first, others] = measures.directions.map((d) => normalise(anatomical(...d)));
  const [a, b, c] = measures.lengths.map((length) => length / 1000);
  const second = addScaled(measures.base, first!, a!);
  const third = addScaled(second, others!, b!);
  const tip = addScaled(third, others!, c!);
  // The axis that turns the finger's direction towards `bendsTo`, square to both.
  const bend = normalise(anatomical(...measures.bendsTo));
  const across: Vec3 = [
    others![1] * bend[2] - others![2] * bend[1],
    others![2] * bend[0] - others![0] * bend[2],
    others![0] * bend[1] - others![1] * bend[0],
  ];
  const flexion = normalise(across);
  // Square to flexion and to the finger: turns the tip sideways (thumb: out of the palm's plane).
  const upright = normalise(subtract(bend, scale(others!, dot(bend, others!))));
  return {
    name,
    joints: [measures.base, second, third, tip],
    radii: measures.radii.map((r) => r / 1000) as [number, number, number, number],
    flexion,
    abduction: scale(upright, measures.side),
  };
}

/** Thumb first, as in OpenPose order. */
export const FINGERS: readonly Finger[] = (['thumb', 'index', 'middle', 'ring', 'pinky'] as const).map(
  buildFinger,
);

/** A segment with a radius at either end. */
interface Cone {
  readonly from: Vec3;
  readonly along: Vec3;
  readonly lengthSquared: number;
  readonly radii: readonly [number, number];
}

function cone(from: Vec3, to: Vec3, radiusFrom: number, radiusTo: number): Cone {
  const along = subtract(to, from);
  return { from, along, lengthSquared: dot(along, along), radii: [radiusFrom, radiusTo] };
}

function coneDistance(shape: Cone, p: Vec3): number {
  const [px, py, pz] = [p[0] - shape.from[0], p[1] - shape.from[1], p[2] - shape.from[2]];
  const [ax, ay, az] = shape.along;
  const t = Math.min(1, Math.max(0, (px * ax + py * ay + pz * az) / shape.lengthSquared));
  const distance = Math.sqrt((px - ax * t) ** 2 + (py - ay * t) ** 2 + (pz - az * t) ** 2);
  return distance - (shape.radii[0] + (shape.radii[1] - shape.radii[0]) * t);
}

/** Polynomial smooth minimum: like `Math.min`, rounded where a and b differ by less than `width`. */
function smoothMinimum(a: number, b: number, width: number): number {
  const h = Math.max(width - Math.abs(a - b), 0) / width;
  return Math.min(a, b) - (h * h * width) / 4;
}

const mm = (value: number): number => value / 1000;

function fingerCones(finger: Finger): Cone[] {
  const [a, b, c, tip] = finger.joints;
  const [ra, rb, rc, rt] = finger.radii;
  // The last cone's cap ends at the tip.
  const end = addScaled(tip, normalise(subtract(tip, c)), -rt);
  return [
    cone(a, b, ra, rb * 0.96),
    // A fuller knuckle, and the pad of the fingertip.
    cone(addScaled(b, subtract(a, b), 0.09), addScaled(b, subtract(c, b), 0.15), rb, rb),
    cone(b, c, rb * 0.96, rc * 0.97),
    cone(c, end, rc * 0.98, rt),
    cone(mix(c, end, 0.62), end, rt * 1.14, rt),
  ];
}

const FINGER_CONES = FINGERS.map(fingerCones);

/** Wrist, metacarpals, the balls of the thumb and of the little finger. */
const PALM_CONES: readonly Cone[] = [
  cone(anatomical(-12, -40, 0), anatomical(-12, 6, 1), mm(15.5), mm(14)),
  cone(anatomical(0, -40, 0), anatomical(0, 6, 1), mm(16.5), mm(14.5)),
  cone(anatomical(12, -40, 0), anatomical(13, 6, 1), mm(15), mm(13.5)),
  ...FINGERS.slice(1).map((finger, i) => {
    const [base] = finger.joints;
    return cone(
      anatomical([-11, -3, 7, 15][i]!, 10, 2),
      addScaled(base, [0, 1, 0], mm(2)),
      mm(12.5),
      finger.radii[0],
    );
  }),
  cone(anatomical(-13, 16, 10), anatomical(-33, 46, 15), mm(14), mm(11)),
  cone(anatomical(17, 14, 8), anatomical(30, 58, 7), mm(13), mm(11)),
  cone(anatomical(-20, 74, 5), anatomical(26, 70, 6), mm(10), mm(9.5)),
];

/** Signed distance-like value (negative inside, metres) of the palm without its fingers. */
export function palmDistance(p: Vec3): number {
  let value = Infinity;
  for (const shape of PALM_CONES) value = smoothMinimum(value, coneDistance(shape, p), mm(9));
  return value;
}

function fingerDistance(index: number, p: Vec3): number {
  let value = Infinity;
  for (const shape of FINGER_CONES[index]!) value = smoothMinimum(value, coneDistance(shape, p), mm(2.5));
  return value;
}

/** Signed distance-like value of the whole hand: negative inside, zero on the skin, metres. */
export function handDistance(p: Vec3): number {
  let fingers = Infinity;
  for (let i = 1; i < FINGERS.length; i++) {
    fingers = smoothMinimum(fingers, fingerDistance(i, p), mm(5));
  }
  const withoutThumb = smoothMinimum(palmDistance(p), fingers, mm(7));
  return smoothMinimum(withoutThumb, fingerDistance(0, p), mm(11));
}

/** Outward unit normal of `distance` by central differences. */
export function outwardNormal(distance: (p: Vec3) => number, p: Vec3): Vec3 {
  const h = 1e-5;
  const gradient: Vec3 = [
    distance([p[0] + h, p[1], p[2]]) - distance([p[0] - h, p[1], p[2]]),
    distance([p[0], p[1] + h, p[2]]) - distance([p[0], p[1] - h, p[2]]),
    distance([p[0], p[1], p[2] + h]) - distance([p[0], p[1], p[2] - h]),
  ];
  return normalise(gradient);
}

/** The point of the skin nearest to `p` along the gradient: a few damped Newton steps. */
export function projectToSkin(p: Vec3): Vec3 {
  let point = p;
  for (let step = 0; step < 3; step++) {
    const value = handDistance(point);
    if (Math.abs(value) < 1e-7) break;
    point = addScaled(point, outwardNormal(handDistance, point), -value);
  }
  return point;
}

/** The first crossing of `distance` = 0 from an inner point along a unit direction, at most `reach` away. */
export function castToSkin(distance: (p: Vec3) => number, from: Vec3, direction: Vec3, reach: number): Vec3 {
  const unit = normalise(direction);
  let low = 0;
  let high = 0;
  while (high < reach) {
    high = Math.min(reach, high + 0.0007);
    if (distance(addScaled(from, unit, high)) > 0) break;
    low = high;
  }
  for (let i = 0; i < 18; i++) {
    const middle = (low + high) / 2;
    if (distance(addScaled(from, unit, middle)) > 0) high = middle;
    else low = middle;
  }
  return addScaled(from, unit, (low + high) / 2);
}
