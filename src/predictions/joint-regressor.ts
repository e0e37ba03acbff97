/**
 * `--joints-from`: the joints that are scored, formed from the predicted mesh under a named
 * convention instead of taken from the model's own output.
 */
import { UserError } from '../errors.js';
import {
  JOINT_CONVENTIONS,
  jointExactness,
  jointsFromChain,
  jointsFromVertices,
  MANO_VERTEX_COUNT,
  type JointConvention,
} from '../hand/joint-conventions.js';
import { reorderJoints } from '../hand/joint-reordering.js';
import { JOINT_COUNT, type JointOrder } from '../hand/joints.js';
import { MANO_JOINT_COUNT } from '../hand/mano-layer.js';
import { moveBy, wristOffsets } from '../hand/wrist-placement.js';
import type { PredictionSource } from './prediction-source.js';

/** What joints are formed from. */
export interface FormedFrom {
  /** Null where there are no meshes. */
  readonly vertexCount: number | null;
  /** Whether the joints of MANO's kinematic chain are known. */
  readonly hasChain: boolean;
}

/** Forms joints from predicted meshes, in the benchmark's order. */
export class JointRegressor {
  readonly convention: JointConvention;
  /** 16 × 778; for conventions that regress the joints from the vertices. */
  readonly #matrix: Float64Array | null;
  readonly #order: JointOrder;
  /** SHA-256 of the MANO file the matrix is from, which decides the joints; null where none is needed. */
  readonly manoSha256: string | null;

  constructor(
    convention: JointConvention,
    matrix: Float64Array | null,
    order: JointOrder,
    manoSha256: string | null = null,
  ) {
    this.convention = convention;
    this.manoSha256 = manoSha256;
    this.#matrix = matrix;
    this.#order = order;
  }

  /**
   * Whether these predictions have what the convention needs.
   *
   * @throws UserError that says what is missing.
   */
  require({ vertexCount, chainJoints, origin }: PredictionSource): void {
    this.requireParts({ vertexCount, hasChain: chainJoints !== null }, origin.path);
  }

  /**
   * The same, of what a model will give: before hours of predicting.
   *
   * @param file to name in the error.
   */
  requireParts({ vertexCount, hasChain }: FormedFrom, file: string): void {
    const refuse = (expected: string, got: string, next: string): UserError =>
      new UserError({
        code: 'joints-from-unavailable',
        message: `The joints of ${this.convention} cannot be formed from these predictions`,
        file,
        expected,
        got,
        next,
      });
    if (vertexCount !== MANO_VERTEX_COUNT) {
      throw refuse(
        `meshes of ${MANO_VERTEX_COUNT} vertices`,
        vertexCount === null ? 'no meshes' : `${vertexCount} vertices`,
        'leave --joints-from out',
      );
    }
    if (jointExactness(this.convention, { chainJoints: hasChain }) === 'approximate') {
      throw refuse(
        "the joints of MANO's kinematic chain, which a mesh does not determine",
        'vertices alone',
        'predict with a model that gives MANO parameters, or take --joints-from freihand, which is exact from vertices',
      );
    }
  }

  /** The same without a reason. */
  canForm({ vertexCount, chainJoints }: PredictionSource): boolean {
    const atHand = { chainJoints: chainJoints !== null };
    return vertexCount === MANO_VERTEX_COUNT && jointExactness(this.convention, atHand) === 'exact';
  }

  /**
   * `joints`; where wrists are published the hands, joints and vertices, are moved to them.
   *
   * @param vertices count × 778 × 3; moved in place.
   */
  form(source: PredictionSource, vertices: Float64Array, first: number, count: number): Float64Array {
    const joints = this.joints(source, vertices, first, count);
    if (source.roots !== null) {
      const offsets = wristOffsets(joints, source.roots.subarray(first * 3, (first + count) * 3));
      moveBy(joints, JOINT_COUNT, offsets);
      moveBy(vertices, MANO_VERTEX_COUNT, offsets);
    }
    return joints;
  }

  /**
   * Joints of `count` samples from `first` on, in the benchmark's order, where the meshes have them.
   *
   * @param vertices count × 778 × 3.
   */
  joints(source: PredictionSource, vertices: Float64Array, first: number, count: number): Float64Array {
    const joints = new Float64Array(count * JOINT_COUNT * 3);
    for (let k = 0; k < count; k++) {
      const mesh = vertices.subarray(k * MANO_VERTEX_COUNT * 3, (k + 1) * MANO_VERTEX_COUNT * 3);
      joints.set(this.#ofMesh(mesh, source.chainJoints, first + k), k * JOINT_COUNT * 3);
    }
    return reorderJoints(joints, 'openpose', this.#order);
  }

  #ofMesh(mesh: Float64Array, chain: Float64Array | null, sample: number): Float64Array {
    if (JOINT_CONVENTIONS[this.convention].exactFrom === 'vertices') {
      return jointsFromVertices(mesh, this.#matrix!, this.convention);
    }
    const width = MANO_JOINT_COUNT * 3;
    return jointsFromChain(mesh, chain!.subarray(sample * width, (sample + 1) * width), this.convention);
  }
}
