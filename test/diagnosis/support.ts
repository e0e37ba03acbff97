/** Probes of seeded procedural hands: an honest model to start from, and mistakes to make with it. */
import { FINGERS } from '../../src/demo/hand/procedural-anatomy.js';
import { POSE_COUNT, SHAPE_COUNT, poseHand, proceduralHand } from '../../src/demo/hand/procedural-hand.js';
import type { Finding, SampleProbe } from '../../src/diagnosis/index.js';
import { gathered } from '../../src/diagnosis/joint-permutations.js';
import { HO3D } from '../../src/hand/joint-orders/ho3d.js';
import { rotationFromAxisAngle } from '../../src/hand/rotations.js';
import { scale, setPoint } from '../../src/hand/vectors.js';
import { Random } from '../../src/statistics/random.js';
import { goldenJson, loadGolden, moved, randomRotation, type GoldenCase } from '../metrics/support.js';

const VERTICES = 778;

/** MANO's order of the fingers, as indices into `FINGERS`. */
const POSE_FINGERS = [1, 2, 4, 3, 0] as const;

export interface Hand {
  joints: Float64Array;
  vertices: Float64Array;
}

/** A pose between open and fist: 48 numbers. */
export function samplePose(random: Random): Float64Array {
  const pose = new Float64Array(POSE_COUNT);
  POSE_FINGERS.forEach((finger, k) => {
    const curl = random.uniform();
    for (let j = 0; j < 3; j++) {
      const angle = curl * (finger === 0 ? 0.6 : 1.3) + 0.1 * random.normal();
      setPoint(pose, 1 + 3 * k + j, scale(FINGERS[finger]!.flexion, angle));
    }
  });
  return pose;
}

function shaped(random: Random): Float64Array {
  return Float64Array.from({ length: SHAPE_COUNT }, () => 0.7 * random.normal());
}

/** A hand of any orientation, 0.4 to 0.9 m before an OpenCV camera. */
export function trueHand(random: Random): Hand & { pose: Float64Array; place: (hand: Hand) => Hand } {
  const pose = samplePose(random);
  const rotation = randomRotation(random);
  const shift = [0.1 * random.normal(), 0.1 * random.normal(), 0.4 + 0.5 * random.uniform()];
  const place = (hand: Hand): Hand => ({
    joints: moved(hand.joints, rotation, 1, shift),
    vertices: moved(hand.vertices, rotation, 1, shift),
  });
  return { pose, place, ...place(poseHand(proceduralHand(), pose, shaped(random), [0, 0, 0])) };
}

export interface ModelOptions {
  /** Standard deviation of the error of every pose angle, radians. */
  readonly pose?: number;
  /** Noise on every coordinate of joints and vertices, metres. */
  readonly noise?: number;
  /** Standard deviation of the error of the orientation, radians, and of the place, metres. */
  readonly turn?: number;
  readonly place?: number;
}

export interface Scene {
  readonly truth: Hand[];
  readonly predicted: Hand[];
}

/** Truths and what an honest model makes of them; the defaults come to some 6 mm after alignment. */
export function scene(count: number, seed: number, options: ModelOptions = {}): Scene {
  const random = new Random(seed);
  const { pose = 0.15, noise = 0, turn = 0.15, place = 0.03 } = options;
  const truth: Hand[] = [];
  const predicted: Hand[] = [];
  for (let i = 0; i < count; i++) {
    const hand = trueHand(random);
    truth.push({ joints: hand.joints, vertices: hand.vertices });
    const wrong = hand.pose.map((angle) => angle + pose * random.normal());
    wrong.fill(0, 0, 3);
    const guess = hand.place(poseHand(proceduralHand(), wrong, shaped(random), [0, 0, 0]));
    const rotation = rotationFromAxisAngle([
      turn * random.normal(),
      turn * random.normal(),
      turn * random.normal(),
    ]);
    const wrist = [...guess.joints.subarray(0, 3)];
    const shift = wrist.map((x) => x + place * random.normal());
    const around = (points: Float64Array): Float64Array => {
      const centred = points.map((x, k) => x - wrist[k % 3]!);
      return moved(centred, [...rotation], 1, shift).map((x) => x + noise * random.normal());
    };
    predicted.push({ joints: around(guess.joints), vertices: around(guess.vertices) });
  }
  return { truth, predicted };
}

function concatenated(sets: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(sets.reduce((sum, set) => sum + set.length, 0));
  let at = 0;
  for (const set of sets) {
    out.set(set, at);
    at += set.length;
  }
  return out;
}

/** The scene as a FreiHAND-like probe. */
export function probeOf({ truth, predicted }: Scene): SampleProbe {
  return {
    count: truth.length,
    predictedJoints: concatenated(predicted.map((hand) => hand.joints)),
    trueJoints: concatenated(truth.map((hand) => hand.joints)),
    predictedVertices: concatenated(predicted.map((hand) => hand.vertices)),
    trueVertices: concatenated(truth.map((hand) => hand.vertices)),
    predictedVertexCount: predicted[0]!.vertices.length / 3,
    trueVertexCount: truth[0]!.vertices.length / 3,
    jointOrder: 'openpose',
    axes: 'opencv',
  };
}

/** Every prediction put through `change`. */
export function changed(
  given: Scene,
  change: (points: Float64Array, hand: Hand, index: number) => Float64Array,
): Scene {
  return {
    truth: given.truth,
    predicted: given.predicted.map((hand, index) => ({
      joints: change(hand.joints, hand, index),
      vertices: change(hand.vertices, hand, index),
    })),
  };
}

export function flipped(points: Float64Array, signs: readonly number[]): Float64Array {
  return points.map((x, k) => x * signs[k % 3]!);
}

/** The scene in HO-3D's order and axes. */
export function asHo3d(given: Scene): Scene {
  const convert = (hand: Hand): Hand => ({
    joints: flipped(gathered(hand.joints, HO3D.fromOpenPose), [1, -1, -1]),
    vertices: flipped(hand.vertices, [1, -1, -1]),
  });
  return { truth: given.truth.map(convert), predicted: given.predicted.map(convert) };
}

/** The predicted joints put into the order `fromOpenPose`. */
export function reordered(given: Scene, fromOpenPose: readonly number[]): Scene {
  return {
    truth: given.truth,
    predicted: given.predicted.map((hand) => ({
      joints: gathered(hand.joints, fromOpenPose),
      vertices: hand.vertices,
    })),
  };
}

/** Every sample's root (its wrist) at the origin. */
export function rootRelative(given: Scene): Scene {
  return changed(given, (points, hand) => points.map((x, k) => x - hand.joints[k % 3]!));
}

export function goldenProbe(name: GoldenCase): SampleProbe {
  const golden = loadGolden(name);
  const [, meshes] = goldenJson(name, 'pred.json') as [unknown, number[][][]];
  const ho3d = name.startsWith('ho3d');
  return {
    count: golden.trueJoints.length,
    predictedJoints: concatenated(golden.predictedJoints),
    trueJoints: concatenated(golden.trueJoints),
    predictedVertices: concatenated(golden.predictedVertices),
    trueVertices: concatenated(golden.trueVertices),
    predictedVertexCount: meshes[0]!.length,
    trueVertexCount: VERTICES,
    jointOrder: ho3d ? 'ho3d' : 'openpose',
    axes: ho3d ? 'opengl' : 'opencv',
  };
}

export function codes(findings: readonly Finding[]): string[] {
  return findings.map(({ code }) => code);
}
