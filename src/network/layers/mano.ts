/**
 * The MANO layer as nodes: the equations of src/hand/mano-layer.ts, for a batch.
 *
 *     shaped = template + shapedirs β       rest = J_regressor shaped       posed = shaped + posedirs (R_1 − I, …)
 *     G_j = G_parent [R_j | rest_j − rest_parent]       v_i = Σ_j w_ij (R_Gj (posed_i − rest_j) + t_Gj)
 */
import {
  MANO_JOINT_COUNT,
  MANO_PARENTS,
  MANO_POSE_FEATURE_COUNT,
  MANO_SHAPE_COUNT,
} from '../../hand/mano-layer.js';
import { CHAIN_FROM_OPENPOSE, JOINT_CONVENTIONS, MANO_VERTEX_COUNT } from '../../hand/joint-conventions.js';
import { N } from '../dimensions.js';
import type { Graph, Value } from '../graph.js';

/** MANO's arrays as smplx lays them out. */
export interface ManoWeights {
  /** (778, 3), metres. */
  readonly template: Value;
  /** (778, 3, 10). */
  readonly shapedirs: Value;
  /** (135, 2334). */
  readonly posedirs: Value;
  /** (16, 778). */
  readonly regressor: Value;
  /** (778, 16). */
  readonly skinning: Value;
}

export interface ManoPoints {
  /** (N, 778, 3), metres. */
  readonly vertices: Value;
  /** (N, 21, 3): the chain's joints and smplx's fingertips, in OpenPose order. */
  readonly joints: Value;
}

/** Fingertips of smplx's hand: thumb, index, middle, ring, pinky. */
export const FINGERTIPS = JOINT_CONVENTIONS.smplx.tips;

/** For each joint of OpenPose order, its place among the 16 of the chain and, after them, the tips. */
export const OPENPOSE_FROM_MANO: readonly number[] = CHAIN_FROM_OPENPOSE.map((place, joint) =>
  place < 0 ? MANO_JOINT_COUNT + joint / 4 - 1 : place,
);

/** The joints by their distance from the wrist: those of one level are turned at once. */
const LEVELS = [1, 2, 3].map((depth) =>
  MANO_PARENTS.flatMap((_, joint) => (depthOf(joint) === depth ? [joint] : [])),
);

function depthOf(joint: number): number {
  const parent = MANO_PARENTS[joint]!;
  return parent < 0 ? 0 : 1 + depthOf(parent);
}

const IDENTITY = Array.from({ length: MANO_POSE_FEATURE_COUNT }, (_, i) =>
  i % 9 === 0 || i % 9 === 4 || i % 9 === 8 ? 1 : 0,
);

/** @param rotations (N, 16, 3, 3); @param betas (N, 10) */
export function manoLayer(g: Graph, mano: ManoWeights, rotations: Value, betas: Value): ManoPoints {
  const coordinates = MANO_VERTEX_COUNT * 3;
  const dirs = g.reshape(mano.shapedirs, [coordinates, MANO_SHAPE_COUNT]);
  const shaped = g.add(
    g.reshape(g.gemm(betas, dirs, undefined, true), [N, MANO_VERTEX_COUNT, 3]),
    mano.template,
  );
  const rest = g.matmul(mano.regressor, shaped);

  const bend = g.reshape(g.slice(rotations, 1, 1, MANO_JOINT_COUNT), [N, MANO_POSE_FEATURE_COUNT]);
  const feature = g.sub(bend, g.constant('identity rotations', IDENTITY));
  const corrections = g.reshape(g.gemm(feature, mano.posedirs, undefined, false), [N, MANO_VERTEX_COUNT, 3]);
  const posed = g.add(shaped, corrections);

  const { turns, joints } = chain(g, rotations, rest);
  const shift = g.sub(joints, turned(g, turns, rest));
  const blended = g.matmul(mano.skinning, g.reshape(turns, [N, MANO_JOINT_COUNT, 9]));
  const skinned = turned(g, g.reshape(blended, [N, MANO_VERTEX_COUNT, 3, 3]), posed);
  const vertices = g.add(skinned, g.matmul(mano.skinning, shift));
  const all = g.concat([joints, g.gather(vertices, 1, FINGERTIPS)], 1);
  return { vertices, joints: g.gather(all, 1, OPENPOSE_FROM_MANO) };
}

/** Rotations (N, 16, 3, 3) and places (N, 16, 3) of the joints along the kinematic chain. */
function chain(g: Graph, rotations: Value, rest: Value): { turns: Value; joints: Value } {
  const order = [0];
  let parents = [0];
  let turns = g.gather(rotations, 1, [0]);
  let places = g.gather(rest, 1, [0]);
  const allTurns = [turns];
  const allPlaces = [places];
  for (const level of LEVELS) {
    const above = level.map((joint) => MANO_PARENTS[joint]!);
    const among = above.map((parent) => parents.indexOf(parent));
    const parentTurns = g.gather(turns, 1, among);
    const bones = g.sub(g.gather(rest, 1, level), g.gather(rest, 1, above));
    places = g.add(g.gather(places, 1, among), turned(g, parentTurns, bones));
    turns = g.matmul(parentTurns, g.gather(rotations, 1, level));
    allTurns.push(turns);
    allPlaces.push(places);
    order.push(...level);
    parents = level;
  }
  const inOrder = order.map((_, joint) => order.indexOf(joint));
  return {
    turns: g.gather(g.concat(allTurns, 1), 1, inOrder),
    joints: g.gather(g.concat(allPlaces, 1), 1, inOrder),
  };
}

/** Matrices (N, K, 3, 3) times vectors (N, K, 3). */
function turned(g: Graph, matrices: Value, vectors: Value): Value {
  return g.reduce('ReduceSum', g.mul(matrices, g.expandDims(vectors, 2)), -1);
}
