/**
 * What the 21 joints of a MANO mesh *are*: which vertices are the fingertips, and whether the other 16 are regressed
 * from the posed vertices or taken from the kinematic chain. Conventions differ by millimetres; so the source of the
 * joints is part of a result. The tip ids are those of each project's own code; `joints.ts` is about order only.
 */
import { JOINT_COUNT } from './joints.js';
import { MANO_JOINT_COUNT } from './mano-layer.js';

export type JointConvention = 'freihand' | 'ho3d' | 'smplx' | 'manopth';

export const MANO_VERTEX_COUNT = 778;

/** What a convention says. */
export interface JointConventionRule {
  /** Whose joints these are, for reports. */
  readonly title: string;
  /** Vertex ids of the fingertips: thumb, index, middle, ring, pinky. */
  readonly tips: readonly [number, number, number, number, number];
  /**
   * `'vertices'`: the other 16 are J_regressor × posed vertices, so any MANO mesh gives them exactly. `'mano'`: they
   * are joints of the kinematic chain, which the mesh does not determine; they need the pose and shape parameters.
   */
  readonly exactFrom: 'vertices' | 'mano';
  /** What is not settled about the convention. */
  readonly caveat?: string;
}

export const JOINT_CONVENTIONS: Readonly<Record<JointConvention, JointConventionRule>> = {
  freihand: {
    title: 'FreiHAND ground truth',
    tips: [744, 320, 443, 555, 672],
    exactFrom: 'vertices',
  },
  ho3d: {
    title: 'HO-3D ground truth, version 3',
    tips: [744, 333, 444, 555, 672],
    exactFrom: 'mano',
    caveat:
      "the tips of HO-3D version 2 are unsettled: its official script has carried other ids than version 3's",
  },
  smplx: {
    title: 'smplx; HaMeR, WiLoR',
    tips: [744, 320, 443, 554, 671],
    exactFrom: 'mano',
  },
  manopth: {
    title: 'manopth, right hand',
    tips: [745, 317, 444, 556, 673],
    exactFrom: 'mano',
  },
};

/** For each joint of OpenPose order, its place in the MANO chain; −1 for the fingertips. */
export const CHAIN_FROM_OPENPOSE = [
  0, 13, 14, 15, -1, 1, 2, 3, -1, 4, 5, 6, -1, 10, 11, 12, -1, 7, 8, 9, -1,
] as const;

/**
 * Whether a convention's joints can be had exactly from a MANO mesh, with or without the chain joints that only the
 * pose and shape parameters give. `'approximate'`: the 16 joints are regressed instead of taken from the chain.
 */
export function jointExactness(
  convention: JointConvention,
  atHand: { readonly chainJoints: boolean },
): 'exact' | 'approximate' {
  const { exactFrom } = JOINT_CONVENTIONS[convention];
  return exactFrom === 'vertices' || atHand.chainJoints ? 'exact' : 'approximate';
}

/**
 * The joints of a mesh: J_regressor × vertices for 16, vertices for the tips. Exact or approximate as
 * `jointExactness(convention, { chainJoints: false })` says.
 *
 * @param vertices 778×3, any length unit and axes
 * @param jRegressor 16×778, of the MANO file
 * @returns 21×3 in OpenPose order, units and axes of the vertices
 * @throws RangeError when a length is wrong.
 */
export function jointsFromVertices(
  vertices: Float64Array | Float32Array,
  jRegressor: Float64Array,
  convention: JointConvention,
): Float64Array {
  requireLength('vertices', vertices, MANO_VERTEX_COUNT * 3);
  requireLength('jRegressor', jRegressor, MANO_JOINT_COUNT * MANO_VERTEX_COUNT);
  const regressed = new Float64Array(MANO_JOINT_COUNT * 3);
  for (let joint = 0; joint < MANO_JOINT_COUNT; joint++) {
    let x = 0;
    let y = 0;
    let z = 0;
    for (let vertex = 0; vertex < MANO_VERTEX_COUNT; vertex++) {
      const weight = jRegressor[joint * MANO_VERTEX_COUNT + vertex]!;
      if (weight === 0) continue;
      x += weight * vertices[vertex * 3]!;
      y += weight * vertices[vertex * 3 + 1]!;
      z += weight * vertices[vertex * 3 + 2]!;
    }
    regressed[joint * 3] = x;
    regressed[joint * 3 + 1] = y;
    regressed[joint * 3 + 2] = z;
  }
  return assembled(vertices, regressed, JOINT_CONVENTIONS[convention].tips);
}

/**
 * The joints of a hand whose pose and shape parameters are known: chain joints for 16, vertices for the tips. Exact
 * for every convention whose joints are the chain's.
 *
 * @param vertices 778×3
 * @param chainJoints 16×3, of `ManoLayer.forward`
 * @returns 21×3 in OpenPose order
 * @throws RangeError when a length is wrong, or the convention's joints are regressed from the vertices.
 */
export function jointsFromChain(
  vertices: Float64Array | Float32Array,
  chainJoints: Float64Array | Float32Array,
  convention: JointConvention,
): Float64Array {
  const { exactFrom, tips } = JOINT_CONVENTIONS[convention];
  if (exactFrom === 'vertices') {
    throw new RangeError(`the joints of ${convention} are regressed: take jointsFromVertices`);
  }
  requireLength('vertices', vertices, MANO_VERTEX_COUNT * 3);
  requireLength('chainJoints', chainJoints, MANO_JOINT_COUNT * 3);
  return assembled(vertices, chainJoints, tips);
}

/** 16 joints in the order of the chain and five vertices, in OpenPose order. */
function assembled(
  vertices: Float64Array | Float32Array,
  joints: Float64Array | Float32Array,
  tips: readonly number[],
): Float64Array {
  const out = new Float64Array(JOINT_COUNT * 3);
  let finger = 0;
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const place = CHAIN_FROM_OPENPOSE[joint]!;
    const [from, index] = place < 0 ? [vertices, tips[finger++]!] : [joints, place];
    for (let axis = 0; axis < 3; axis++) out[joint * 3 + axis] = from[index * 3 + axis]!;
  }
  return out;
}

function requireLength(name: string, values: ArrayLike<number>, length: number): void {
  if (values.length === length) return;
  throw new RangeError(`${name} must hold ${length} numbers, got ${values.length}`);
}
