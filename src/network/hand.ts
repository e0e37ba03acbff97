/** The end that all three networks share: from pose, shape and camera to points in space and in the photograph. */
import { cameraTranslation, project } from './layers/camera.js';
import { manoLayer, type ManoWeights } from './layers/mano.js';
import { rotationsFrom6d } from './layers/rotations.js';
import type { Graph, Value } from './graph.js';

/** A hand as a network's last layers give it. */
export interface HandParameters {
  /** (N, 96): 16 rotations of six numbers, the wrist's first. */
  readonly pose: Value;
  /** (N, 10). */
  readonly betas: Value;
  /** (N, 3): s, tx, ty. */
  readonly camera: Value;
}

export interface Hand extends HandParameters {
  /** (N, 16, 3, 3). */
  readonly rotations: Value;
  /** (N, 778, 3), metres. */
  readonly vertices: Value;
  /** (N, 21, 3), metres, OpenPose order. */
  readonly joints: Value;
  /** (N, 3): where the camera puts the hand, metres. */
  readonly translation: Value;
  /** (N, 21, 2), −0.5 … 0.5 over the crop. */
  readonly keypoints: Value;
}

export interface CameraSettings {
  /** Focal length, px of a crop of `side` px. */
  readonly focal: number;
  readonly side: number;
}

export function poseHand(
  g: Graph,
  parameters: HandParameters,
  mano: ManoWeights,
  { focal, side }: CameraSettings,
): Hand {
  return g.module('MANO', () => {
    const rotations = rotationsFrom6d(g, parameters.pose);
    const { vertices, joints } = manoLayer(g, mano, rotations, parameters.betas);
    const translation = cameraTranslation(g, parameters.camera, focal, side);
    const keypoints = project(g, joints, translation, focal / side);
    return { ...parameters, rotations, vertices, joints, translation, keypoints };
  });
}
