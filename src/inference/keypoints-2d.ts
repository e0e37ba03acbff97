/** 2D keypoints of one sample, from what the network gave to pixels of the photograph. */
import { mirrored } from '../hand/axes.js';
import { OPENPOSE_JOINTS } from '../hand/joints.js';
import {
  cropToPhotograph,
  projectIntoCrop,
  type CameraProblem,
  type CropPlacement,
} from '../hand/projection.js';

/** Why a sample has no prediction. */
export interface Problem {
  /** Machine-readable, kebab-case. */
  readonly code: string;
  readonly reason: string;
}

/** 21×2, px of the photograph; or why there are none. */
export type Keypoints =
  | { readonly pixels: Float64Array; readonly problem: null }
  | { readonly pixels: null; readonly problem: Problem };

/**
 * @param keypoints  21×2 as the network gave them, OpenPose order
 * @param patchSide  px of the square patch where `keypoints` are in them; null for crop coordinates
 */
export function keypointsFromModel(
  keypoints: ArrayLike<number>,
  patchSide: number | null,
  placement: CropPlacement,
): Keypoints {
  const inCrop = (value: number): number => (patchSide === null ? value : value / patchSide - 0.5);
  return inPhotograph(Float64Array.from(keypoints, inCrop), placement);
}

/**
 * @param joints  21×3, metres, OpenPose order, already un-mirrored
 * @param camera  s, tx, ty
 */
export function keypointsFromCamera(
  joints: ArrayLike<number>,
  camera: ArrayLike<number>,
  focalLength: number,
  placement: CropPlacement,
): Keypoints {
  // The camera looks at the hand that the network saw.
  const seen = placement.mirrored ? mirrored(joints) : joints;
  const { points, problem } = projectIntoCrop(seen, camera, focalLength);
  if (points !== null) return inPhotograph(points, placement);
  return { pixels: null, problem: { code: 'camera-invalid', reason: inWords(problem) } };
}

function inPhotograph(points: Float64Array, placement: CropPlacement): Keypoints {
  const pixels = cropToPhotograph(points, placement);
  // They are kept as float32, which a finite number can overflow.
  if (pixels.every((value) => Number.isFinite(Math.fround(value)))) return { pixels, problem: null };
  const reason = 'the 2D keypoints are too large for numbers';
  return { pixels: null, problem: { code: 'prediction-not-finite', reason } };
}

function inWords(problem: CameraProblem): string {
  switch (problem.kind) {
    case 'scale':
      return `the scale of the camera is not positive: ${problem.scale}`;
    case 'depth':
      return `the camera does not have ${OPENPOSE_JOINTS[problem.point]!} in front of it`;
  }
}
