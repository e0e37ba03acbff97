/** Pose, shape and camera as offsets from a mean hand that the checkpoint stores. */
import type { Graph, Value } from '../graph.js';
import type { HandParameters } from '../hand.js';
import { linear } from './linear.js';

/** Numbers of a pose (16 rotations of six), a shape and a camera. */
export const POSE = 96;
export const SHAPE = 10;
export const CAMERA = 3;

/** The stored mean hand (1, 96), (1, 10), (1, 3) under `prefix`. */
export function meanHand(g: Graph, prefix: string): HandParameters {
  return {
    pose: g.weight(`${prefix}.init_hand_pose`, [1, POSE]),
    betas: g.weight(`${prefix}.init_betas`, [1, SHAPE]),
    camera: g.weight(`${prefix}.init_cam`, [1, CAMERA]),
  };
}

/** One Linear each from a token (N, width): decpose, decshape, deccam. */
export function offsets(g: Graph, token: Value, prefix: string): HandParameters {
  return {
    pose: linear(g, token, `${prefix}.decpose`, { out: POSE }),
    betas: linear(g, token, `${prefix}.decshape`, { out: SHAPE }),
    camera: linear(g, token, `${prefix}.deccam`, { out: CAMERA }),
  };
}

export function moved(g: Graph, hand: HandParameters, by: HandParameters): HandParameters {
  return {
    pose: g.add(by.pose, hand.pose),
    betas: g.add(by.betas, hand.betas),
    camera: g.add(by.camera, hand.camera),
  };
}
