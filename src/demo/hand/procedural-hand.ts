/**
 * A right hand of our own geometry, shaped and posed like a MANO hand (778
 * vertices, 1,538 triangles, 16 skinning joints, 10 shape and 48 pose numbers)
 * yet sharing no data with it. It exists so that the whole tool can be tried
 * and tested without a licensed model or a download.
 */
import { type Matrix3, multiply3, rotate, rotationFromAxisAngle } from '../../hand/rotations.js';
import {
  type Vec3,
  add,
  addScaled,
  dot,
  normalise,
  pointAt,
  scale,
  setPoint,
  subtract,
} from '../../hand/vectors.js';
import { neighboursOf } from './mesh-builder.js';
import { FINGERS } from './procedural-anatomy.js';
import { VERTEX_COUNT, buildRestMesh } from './procedural-mesh.js';

/** Wrist, then three joints each of index, middle, pinky, ring and thumb: MANO's order. */
export const SKINNING_JOINT_COUNT = 16;
export const SHAPE_COUNT = 10;
export const POSE_COUNT = SKINNING_JOINT_COUNT * 3;

/** `FINGERS` index (thumb first) of each three skinning joints, in MANO's order. */
const SKINNING_FINGERS = [1, 2, 4, 3, 0] as const;

/** Parent of each skinning joint; the wrist has none. */
const SKINNING_PARENTS: readonly number[] = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14];

/** For each of the 21 OpenPose joints its skinning joint, or −1 where it is a fingertip vertex. */
const OPENPOSE_SKINNING = [0, 13, 14, 15, -1, 1, 2, 3, -1, 4, 5, 6, -1, 10, 11, 12, -1, 7, 8, 9, -1] as const;

export interface ProceduralHand {
  /** 778×3, metres, rest frame (see procedural-anatomy). */
  readonly vertices: Float64Array;
  /** 1,538×3, counter-clockwise seen from outside. */
  readonly faces: Int32Array;
  /** 16×3 rest joints, metres. */
  readonly joints: Float64Array;
  /** 778×16; each row is non-negative and sums to 1. */
  readonly weights: Float64Array;
  /** 10×778×3: metres of vertex displacement per unit of each shape parameter. */
  readonly shapeBasis: Float64Array;
  /** 10×16×3, the same for the joints. */
  readonly jointShapeBasis: Float64Array;
  /** Vertex ids of the fingertips, thumb, index, middle, ring, pinky. */
  readonly tips: readonly number[];
  /** Which part each vertex was built for: −1 palm, else an index into `FINGERS`. */
  readonly parts: Int8Array;
}

export interface PosedHand {
  /** 778×3, metres. */
  readonly vertices: Float64Array;
  /** 21×3 in OpenPose order, metres; tips are vertices. */
  readonly joints: Float64Array;
}

let built: ProceduralHand | undefined;

/** The template, built on first use and shared: do not write into its arrays. */
export function proceduralHand(): ProceduralHand {
  built ??= buildProceduralHand();
  return built;
}

function buildProceduralHand(): ProceduralHand {
  const { vertices, faces, parts, tips } = buildRestMesh();
  const joints = new Float64Array(SKINNING_JOINT_COUNT * 3);
  SKINNING_FINGERS.forEach((finger, k) => {
    for (let j = 0; j < 3; j++) setPoint(joints, 1 + 3 * k + j, FINGERS[finger]!.joints[j]!);
  });
  const weights = skinningWeights(vertices, faces, parts);
  const { shapeBasis, jointShapeBasis } = shapeBases(vertices, joints, weights, faces);
  return { vertices, faces, joints, weights, shapeBasis, jointShapeBasis, tips, parts };
}

/** Skinning joint `j` (0…2) of finger `finger` (index into `FINGERS`). */
function skinningJoint(finger: number, j: number): number {
  return 1 + 3 * SKINNING_FINGERS.indexOf(finger as 0 | 1 | 2 | 3 | 4) + j;
}

function smoothStep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Signed distance in metres along the finger past its joint `j`, measured on the bisector of its bones. */
function pastJoint(finger: number, j: number, point: Vec3): number {
  const { joints } = FINGERS[finger]!;
  const outgoing = normalise(subtract(joints[j + 1]!, joints[j]!));
  const incoming = j === 0 ? outgoing : normalise(subtract(joints[j]!, joints[j - 1]!));
  return dot(subtract(point, joints[j]!), normalise(add(outgoing, incoming)));
}

/**
 * Weights by position along each vertex's own finger, handed over within
 * about a radius of every joint, then diffused over the mesh so that palm and
 * webs follow their neighbours softly.
 */
function skinningWeights(vertices: Float64Array, faces: Int32Array, parts: Int8Array): Float64Array {
  const width = SKINNING_JOINT_COUNT;
  let weights = new Float64Array(VERTEX_COUNT * width);
  for (let i = 0; i < VERTEX_COUNT; i++) {
    const point = pointAt(vertices, i);
    const row = weights.subarray(i * width, (i + 1) * width);
    const finger = parts[i]!;
    if (finger < 0) {
      palmWeights(point, row);
      continue;
    }
    const radii = FINGERS[finger]!.radii;
    const start = finger === 0 ? 1 : smoothStep(-0.012, 0.012, pastJoint(finger, 0, point));
    const passed = [
      start,
      ...[1, 2].map((j) => smoothStep(-radii[j]! * 0.75, radii[j]! * 0.75, pastJoint(finger, j, point))),
    ];
    const [p0, p1, p2] = [passed[0]!, passed[0]! * passed[1]!, passed[0]! * passed[1]! * passed[2]!];
    row[0] = 1 - p0;
    row[skinningJoint(finger, 0)] = p0 - p1;
    row[skinningJoint(finger, 1)] = p1 - p2;
    row[skinningJoint(finger, 2)] = p2;
  }
  const neighbours = neighboursOf(VERTEX_COUNT, faces);
  for (let round = 0; round < 4; round++) {
    const next = new Float64Array(weights.length);
    for (let i = 0; i < VERTEX_COUNT; i++) {
      const share = parts[i]! < 0 ? 0.6 : 0.2;
      const around = neighbours[i]!;
      for (let j = 0; j < width; j++) {
        let sum = 0;
        for (const other of around) sum += weights[other * width + j]!;
        next[i * width + j] = (1 - share) * weights[i * width + j]! + (share * sum) / around.length;
      }
    }
    weights = next;
  }
  return weights;
}

/** Palm vertices beyond a knuckle move partly with the fingers nearest in width. */
function palmWeights(point: Vec3, row: Float64Array): void {
  let total = 0;
  const shares = [1, 2, 3, 4].map((finger) => {
    const { joints } = FINGERS[finger]!;
    const axis = normalise(subtract(joints[1], joints[0]));
    const offset = subtract(point, joints[0]);
    const aside = subtract(offset, scale(axis, dot(offset, axis)));
    const share = Math.exp(-((aside[0] / 0.009) ** 2)) * smoothStep(-0.008, 0.022, dot(offset, axis));
    total += share;
    return share;
  });
  const moving = Math.min(total, 1);
  shares.forEach((share, k) => {
    if (total > 0) row[skinningJoint(k + 1, 0)] = (share / total) * moving;
  });
  row[0] = 1 - moving;
}

/**
 * The ten shape directions, each as a displacement field of the rest frame,
 * so that vertices and joints follow the same rule. One unit is meant to be
 * one standard deviation among adults.
 */
function shapeBases(
  vertices: Float64Array,
  joints: Float64Array,
  weights: Float64Array,
  faces: Int32Array,
): Pick<ProceduralHand, 'shapeBasis' | 'jointShapeBasis'> {
  const shapeBasis = new Float64Array(SHAPE_COUNT * VERTEX_COUNT * 3);
  const jointShapeBasis = new Float64Array(SHAPE_COUNT * SKINNING_JOINT_COUNT * 3);
  const normals = vertexNormals(vertices, faces);
  const zero: Vec3 = [0, 0, 0];
  for (let i = 0; i < VERTEX_COUNT; i++) {
    const row = weights.subarray(i * SKINNING_JOINT_COUNT, (i + 1) * SKINNING_JOINT_COUNT);
    const membership = FINGERS.map((_, f) =>
      [0, 1, 2].reduce((sum, j) => sum + row[skinningJoint(f, j)]!, 0),
    );
    shapeField(pointAt(vertices, i), pointAt(normals, i), membership).forEach((displacement, k) => {
      setPoint(shapeBasis, k * VERTEX_COUNT + i, displacement);
    });
  }
  for (let j = 0; j < SKINNING_JOINT_COUNT; j++) {
    const finger = j === 0 ? -1 : SKINNING_FINGERS[Math.floor((j - 1) / 3)]!;
    const membership = FINGERS.map((_, f) => (f === finger ? 1 : 0));
    shapeField(pointAt(joints, j), zero, membership).forEach((displacement, k) => {
      setPoint(jointShapeBasis, k * SKINNING_JOINT_COUNT + j, displacement);
    });
  }
  return { shapeBasis, jointShapeBasis };
}

/** Displacement in metres per unit of each shape parameter at one rest point. */
function shapeField(point: Vec3, normal: Vec3, membership: readonly number[]): Vec3[] {
  // A finger is carried along by its knuckle: the palm's field at the base, stretched past it.
  const lengthen = (factor: (finger: number) => number): Vec3 =>
    FINGERS.reduce<Vec3>(
      (sum, finger, f) => {
        const axis = normalise(subtract(finger.joints[3], finger.joints[0]));
        const s = Math.max(0, dot(subtract(point, finger.joints[0]), axis));
        return addScaled(sum, axis, s * membership[f]! * factor(f));
      },
      [0, 0, 0],
    );
  const carried = (field: (p: Vec3) => Vec3): Vec3 => {
    const fingers = membership.reduce((sum, m) => sum + m, 0);
    return FINGERS.reduce<Vec3>(
      (sum, finger, f) => addScaled(sum, field(finger.joints[0]), membership[f]!),
      scale(field(point), Math.max(0, 1 - fingers)),
    );
  };
  const fingers = membership.reduce((sum, m) => sum + m, 0);
  const onTip = FINGERS.reduce((sum, finger, f) => {
    const axis = normalise(subtract(finger.joints[3], finger.joints[0]));
    const length = dot(subtract(finger.joints[3], finger.joints[0]), axis);
    return sum + membership[f]! * Math.max(0, dot(subtract(point, finger.joints[0]), axis) / length);
  }, 0);
  return [
    scale(point, 0.045), // size
    lengthen((f) => (f === 0 ? 0 : 0.05)), // length of the four fingers
    scale(normal, 0.0006), // flesh everywhere
    carried((p) => [p[0] * 0.045, 0, 0]), // width of the palm
    carried((p) => [0, p[1] * 0.04, 0]), // length of the palm
    lengthen((f) => (f === 0 ? 0.07 : 0)), // length of the thumb
    scale(normal, -0.0005 * onTip), // slender fingertips
    scale(normal, 0.0005 * fingers), // thick fingers
    lengthen((f) => [0, 0.03, 0, -0.03, 0][f]!), // index against ring finger
    lengthen((f) => (f === 4 ? 0.06 : 0)), // length of the little finger
  ];
}

/**
 * Applies shape and pose by linear blend skinning.
 *
 * @param pose 48 numbers, axis–angle in radians of 16 joints in MANO's order, the global rotation about the wrist first; relative to the flat rest hand
 * @param shape 10 numbers, see `shapeField`
 * @param translation of the wrist, metres
 */
export function poseHand(
  hand: ProceduralHand,
  pose: ArrayLike<number>,
  shape: ArrayLike<number>,
  translation: Vec3,
): PosedHand {
  const rest = shaped(hand.vertices, hand.shapeBasis, shape);
  const restJoints = shaped(hand.joints, hand.jointShapeBasis, shape);
  const rotations: Matrix3[] = [];
  const origins: Vec3[] = [];
  for (let j = 0; j < SKINNING_JOINT_COUNT; j++) {
    const local = rotationFromAxisAngle(pointAt(pose, j));
    const parent = SKINNING_PARENTS[j]!;
    const position = pointAt(restJoints, j);
    if (parent < 0) {
      rotations.push(local);
      origins.push(add(position, translation));
    } else {
      const offset = subtract(position, pointAt(restJoints, parent));
      rotations.push(multiply3(rotations[parent]!, local));
      origins.push(add(origins[parent]!, rotate(rotations[parent]!, offset)));
    }
  }
  // Rest point p → R_j p + t_j: the joint's own rest position taken out.
  const offsets = origins.map((origin, j) => subtract(origin, rotate(rotations[j]!, pointAt(restJoints, j))));
  const vertices = skin(hand.weights, rest, rotations, offsets);
  const joints = new Float64Array(21 * 3);
  let finger = 0;
  OPENPOSE_SKINNING.forEach((skinning, joint) => {
    setPoint(joints, joint, skinning < 0 ? pointAt(vertices, hand.tips[finger++]!) : origins[skinning]!);
  });
  return { vertices, joints };
}

function skin(
  weights: Float64Array,
  rest: Float64Array,
  rotations: readonly Matrix3[],
  offsets: readonly Vec3[],
): Float64Array {
  const vertices = new Float64Array(rest.length);
  for (let i = 0; i < rest.length / 3; i++) {
    const [x, y, z] = [rest[i * 3]!, rest[i * 3 + 1]!, rest[i * 3 + 2]!];
    for (let j = 0; j < SKINNING_JOINT_COUNT; j++) {
      const weight = weights[i * SKINNING_JOINT_COUNT + j]!;
      if (weight === 0) continue;
      const m = rotations[j]!;
      const t = offsets[j]!;
      for (let axis = 0; axis < 3; axis++) {
        const rotated = m[axis * 3]! * x + m[axis * 3 + 1]! * y + m[axis * 3 + 2]! * z;
        vertices[i * 3 + axis]! += weight * (rotated + t[axis]!);
      }
    }
  }
  return vertices;
}

function shaped(rest: Float64Array, basis: Float64Array, shape: ArrayLike<number>): Float64Array {
  const result = Float64Array.from(rest);
  for (let k = 0; k < SHAPE_COUNT; k++) {
    const amount = shape[k]!;
    if (amount === 0) continue;
    for (let i = 0; i < rest.length; i++) result[i]! += amount * basis[k * rest.length + i]!;
  }
  return result;
}

/** Area-weighted unit vertex normals, N×3, outward for counter-clockwise faces. */
export function vertexNormals(vertices: ArrayLike<number>, faces: ArrayLike<number>): Float64Array {
  const normals = new Float64Array(vertices.length);
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [faces[f]! * 3, faces[f + 1]! * 3, faces[f + 2]! * 3];
    const ux = vertices[b]! - vertices[a]!;
    const uy = vertices[b + 1]! - vertices[a + 1]!;
    const uz = vertices[b + 2]! - vertices[a + 2]!;
    const vx = vertices[c]! - vertices[a]!;
    const vy = vertices[c + 1]! - vertices[a + 1]!;
    const vz = vertices[c + 2]! - vertices[a + 2]!;
    const nx = uy * vz - uz * vy;
    const ny = uz * vx - ux * vz;
    const nz = ux * vy - uy * vx;
    for (const corner of [a, b, c]) {
      normals[corner]! += nx;
      normals[corner + 1]! += ny;
      normals[corner + 2]! += nz;
    }
  }
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.hypot(normals[i]!, normals[i + 1]!, normals[i + 2]!) || 1;
    normals[i]! /= length;
    normals[i + 1]! /= length;
    normals[i + 2]! /= length;
  }
  return normals;
}
