/** A hand from the parameters of MANO that a network gave: θ to rotations, then the user's MANO. */
import { UserError } from '../../errors.js';
import { jointsFromChain } from '../../hand/joint-conventions.js';
import { MANO_JOINT_COUNT } from '../../hand/mano-layer.js';
import { matricesFrom6d } from '../../hand/rotation-6d.js';
import { rotationFromAxisAngle } from '../../hand/rotations.js';
import { addScaled, dot, norm, pointAt } from '../../hand/vectors.js';
import type { ManoBinding, PoseRepresentation } from './mano-outputs.js';

/** MANO's forward pass: metres, its own axes, the order of its kinematic chain. */
export interface ManoForward {
  /**
   * @param rotations  16×9: of each chain joint against its parent, row-major matrices
   * @param betas      10
   */
  forward(
    rotations: Float64Array,
    betas: Float64Array,
  ): { readonly vertices: Float64Array; readonly chainJoints: Float64Array };
}

/** The user's MANO, as a prediction needs it. */
export interface Mano {
  readonly layer: ManoForward;
  /** 45, axis–angle, radians; null where the file has none. */
  readonly handsMean: Float64Array | null;
}

/** The parameters of one sample, as the network gave them. */
export interface ManoParameters {
  /** The wrist's rotation; empty where it stands first in `pose`. */
  readonly globalOrient: Float32Array;
  readonly pose: Float32Array;
  readonly betas: Float32Array;
}

/** A hand, or why there is none. */
export type ManoPoints =
  | {
      /** 21×3, metres, OpenPose order: chain joints, and fingertips by smplx's vertex ids, as HaMeR has them. */
      readonly joints: Float64Array;
      readonly vertices: Float64Array;
      /** 16×3. */
      readonly chainJoints: Float64Array;
      readonly problem: null;
    }
  | { readonly problem: string };

/**
 * @param file  path of the model, for errors.
 * @throws UserError where the hands are to be formed from MANO, and it is not at hand or has no mean pose.
 */
export function requireMano(binding: ManoBinding, mano: Mano | undefined, file: string): Mano {
  if (mano === undefined) {
    throw new UserError({
      code: 'mano-file-needed',
      message: 'The model gives parameters of MANO, and the hand is formed from them with a MANO file',
      file,
      expected: '--mano FILE: MANO_RIGHT.pkl of https://mano.is.tue.mpg.de, under its licence',
      got: 'none',
      next: 'give the file with --mano, or export the joints and vertices of the model, which need none',
    });
  }
  if (binding.mean_pose === 'relative' && mano.handsMean === null) {
    throw new UserError({
      code: 'mano-mean-pose',
      message: 'The pose is relative to the mean pose of MANO, and the MANO file has none',
      file,
      expected: 'a MANO file with hands_mean',
      got: 'none',
      next: 'give the original MANO_RIGHT.pkl, or correct "mano.mean_pose" in the sidecar',
    });
  }
  return mano;
}

/** Poses one hand. All numbers given are finite. */
export function manoPoints(parameters: ManoParameters, binding: ManoBinding, mano: Mano): ManoPoints {
  const { globalOrient, pose, betas } = parameters;
  const theta = new Float32Array(globalOrient.length + pose.length);
  theta.set(globalOrient);
  theta.set(pose, globalOrient.length);
  const mean = binding.mean_pose === 'relative' ? mano.handsMean : null;
  const rotations = rotationsOf(theta, binding.representation, mean);
  if (rotations === null) return { problem: 'the MANO pose holds a rotation that is none' };
  const { vertices, chainJoints } = mano.layer.forward(rotations, Float64Array.from(betas));
  return { vertices, chainJoints, joints: jointsFromChain(vertices, chainJoints, 'smplx'), problem: null };
}

/**
 * 16 rotation matrices, row-major.
 *
 * @param theta  of all 16 joints, wrist first
 * @param mean   added to the axis–angle vectors of the 15 finger joints
 * @returns null where one of them is no rotation.
 */
function rotationsOf(
  theta: Float32Array,
  representation: PoseRepresentation,
  mean: Float64Array | null = null,
): Float64Array | null {
  switch (representation) {
    case 'matrix':
      return areRotations(theta) ? Float64Array.from(theta) : null;
    case '6d':
      return spanPlanes(theta) ? matricesFrom6d(theta) : null;
    case 'axis-angle': {
      const vectors = Float64Array.from(
        theta,
        (value, k) => value + (mean !== null && k >= 3 ? mean[k - 3]! : 0),
      );
      const matrices = new Float64Array(MANO_JOINT_COUNT * 9);
      for (let joint = 0; joint < MANO_JOINT_COUNT; joint++) {
        matrices.set(rotationFromAxisAngle(pointAt(vectors, joint)), joint * 9);
      }
      return matrices;
    }
  }
}

/** Matrices are used as they are; halves round an entry by 5e-4, what is further off is another thing. */
const ROTATION_TOLERANCE = 0.02;

function areRotations(matrices: Float32Array): boolean {
  for (let at = 0; at < matrices.length; at += 9) {
    const m = (row: number, column: number): number => matrices[at + row * 3 + column]!;
    for (let a = 0; a < 3; a++) {
      for (let b = a; b < 3; b++) {
        const product = m(0, a) * m(0, b) + m(1, a) * m(1, b) + m(2, a) * m(2, b);
        if (!(Math.abs(product - (a === b ? 1 : 0)) <= ROTATION_TOLERANCE)) return false;
      }
    }
    const determinant =
      m(0, 0) * (m(1, 1) * m(2, 2) - m(1, 2) * m(2, 1)) -
      m(0, 1) * (m(1, 0) * m(2, 2) - m(1, 2) * m(2, 0)) +
      m(0, 2) * (m(1, 0) * m(2, 1) - m(1, 1) * m(2, 0));
    if (determinant < 0) return false;
  }
  return true;
}

/** Sine of the angle below which two float32 columns are parallel: what is left of the second is rounding. */
const PARALLEL = 1e-6;

/** Whether each pair of 6D columns determines a rotation. */
function spanPlanes(columns: Float32Array): boolean {
  for (let pair = 0; pair < columns.length / 6; pair++) {
    const first = pointAt(columns, 2 * pair);
    const second = pointAt(columns, 2 * pair + 1);
    // NaN where the first column is zero, which is no more than any threshold.
    const across = norm(addScaled(second, first, -dot(first, second) / dot(first, first)));
    if (!(across > PARALLEL * norm(second))) return false;
  }
  return true;
}
