/**
 * The MANO hand model (Romero, Tzionas, Black 2017, "Embodied Hands"): SMPL's linear blend skinning (Loper et al.
 * 2015, eq. 2–10) on a hand of 16 joints.
 *
 *     shaped = template + shapedirs · β                         rest joints J = regressor · shaped
 *     posed  = shaped + posedirs · (R₁ − I, …, R₁₅ − I)          rotations of the 15 finger joints
 *     Gⱼ     = G_parent(j) · [Rⱼ | Jⱼ − J_parent(j)]             along the kinematic chain, wrist first
 *     vᵢ     = Σⱼ wᵢⱼ · Gⱼ · [I | −Jⱼ] · posedᵢ                  chain joint j is the translation of Gⱼ
 *
 * Metres, in the axes of the template; rotation matrices are row-major and act on columns. The rotations are
 * absolute: MANO's mean pose is not added, as in HaMeR. The wrist turns about its own rest joint, which is not the
 * origin. The model itself is the user's own licensed file (`readManoFile`).
 */

/** Joints of the kinematic chain: wrist; then index, middle, pinky, ring, thumb, three each from base to tip. */
export const MANO_JOINT_COUNT = 16;

/** Parent of each chain joint; −1 for the wrist. */
export const MANO_PARENTS = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14] as const;

/** Numbers in β. */
export const MANO_SHAPE_COUNT = 10;

/** Numbers in the pose feature: nine for each finger joint. */
export const MANO_POSE_FEATURE_COUNT = 135;

/** The arrays of a MANO file that the forward pass needs; row-major doubles, V vertices (778 in MANO). */
export interface ManoModel {
  /** V×3, metres. */
  readonly vTemplate: Float64Array;
  /** V×3×10. */
  readonly shapedirs: Float64Array;
  /** V×3×135. */
  readonly posedirs: Float64Array;
  /** 16×V. */
  readonly jRegressor: Float64Array;
  /** V×16. */
  readonly weights: Float64Array;
}

/** A posed hand. */
export interface ManoHand {
  /** V×3, metres. */
  readonly vertices: Float64Array;
  /** 16×3, metres, in the order of the chain. */
  readonly chainJoints: Float64Array;
}

export interface ManoLayerOptions {
  /**
   * `'float32'` rounds the model once, as smplx, manopth and every network trained with them hold it; the arithmetic
   * stays in doubles. `'float64'` takes the file's doubles: the hand then differs by about 1e-8 m.
   * `'float32'` unless given.
   */
  readonly modelPrecision?: 'float32' | 'float64';
}

/** Numbers of an affine map, three rows of [rotation | translation]. */
const AFFINE = 12;

export class ManoLayer {
  readonly vertexCount: number;
  readonly #vTemplate: Float64Array;
  readonly #shapedirs: Float64Array;
  readonly #posedirs: Float64Array;
  readonly #weights: Float64Array;
  /** Rest joints of the template, 16×3, and what each β adds to them, 16×3×10. */
  readonly #jointTemplate: Float64Array;
  readonly #jointShapedirs: Float64Array;
  /** Scratch of one forward pass. */
  readonly #poseFeature = new Float64Array(MANO_POSE_FEATURE_COUNT);
  readonly #restJoints = new Float64Array(MANO_JOINT_COUNT * 3);
  readonly #chain = new Float64Array(MANO_JOINT_COUNT * AFFINE);

  /** @throws RangeError when the arrays do not fit each other. */
  constructor(model: ManoModel, options: ManoLayerOptions = {}) {
    const vertices = model.vTemplate.length / 3;
    requireLength('vTemplate', model.vTemplate, Math.max(1, Math.floor(vertices)) * 3);
    requireLength('shapedirs', model.shapedirs, vertices * 3 * MANO_SHAPE_COUNT);
    requireLength('posedirs', model.posedirs, vertices * 3 * MANO_POSE_FEATURE_COUNT);
    requireLength('jRegressor', model.jRegressor, MANO_JOINT_COUNT * vertices);
    requireLength('weights', model.weights, vertices * MANO_JOINT_COUNT);
    const held = options.modelPrecision === 'float64' ? copied : roundedToFloat32;
    this.vertexCount = vertices;
    this.#vTemplate = held(model.vTemplate);
    this.#shapedirs = held(model.shapedirs);
    this.#posedirs = held(model.posedirs);
    this.#weights = held(model.weights);
    const jRegressor = held(model.jRegressor);
    this.#jointTemplate = regress(jRegressor, this.#vTemplate, 3);
    this.#jointShapedirs = regress(jRegressor, this.#shapedirs, 3 * MANO_SHAPE_COUNT);
  }

  /**
   * Poses the hand. The arrays returned are the caller's own; nothing else is allocated. NaN in gives NaN out.
   *
   * @param rotations 16×9: rotation of each chain joint against its parent, the wrist's against the axes
   * @param betas 10 shape coefficients
   * @param translation 3, metres, added to every point; none unless given
   * @throws RangeError when a length is wrong.
   */
  forward(rotations: Float64Array, betas: Float64Array, translation?: Float64Array): ManoHand {
    requireLength('rotations', rotations, MANO_JOINT_COUNT * 9);
    requireLength('betas', betas, MANO_SHAPE_COUNT);
    if (translation !== undefined) requireLength('translation', translation, 3);
    const hand = {
      vertices: new Float64Array(this.vertexCount * 3),
      chainJoints: new Float64Array(MANO_JOINT_COUNT * 3),
    };
    this.#setPoseFeature(rotations);
    this.#setRestJoints(betas);
    this.#runChain(rotations, hand.chainJoints);
    this.#blendShapes(betas, hand.vertices);
    this.#skin(hand.vertices);
    if (translation !== undefined) {
      move(hand.vertices, translation);
      move(hand.chainJoints, translation);
    }
    return hand;
  }

  #setPoseFeature(rotations: Float64Array): void {
    const feature = this.#poseFeature;
    for (let k = 0; k < MANO_POSE_FEATURE_COUNT; k++) {
      feature[k] = rotations[9 + k]! - (k % 9 === 0 || k % 9 === 4 || k % 9 === 8 ? 1 : 0);
    }
  }

  #setRestJoints(betas: Float64Array): void {
    const joints = this.#restJoints;
    for (let k = 0; k < joints.length; k++) {
      let value = this.#jointTemplate[k]!;
      for (let b = 0; b < MANO_SHAPE_COUNT; b++) {
        value += this.#jointShapedirs[k * MANO_SHAPE_COUNT + b]! * betas[b]!;
      }
      joints[k] = value;
    }
  }

  /** G of each joint, its translation into `chainJoints`; then #chain holds G · [I | −J], ready for skinning. */
  #runChain(rotations: Float64Array, chainJoints: Float64Array): void {
    const chain = this.#chain;
    const rest = this.#restJoints;
    for (let joint = 0; joint < MANO_JOINT_COUNT; joint++) {
      const parent = MANO_PARENTS[joint]!;
      const own = joint * 9;
      const at = joint * AFFINE;
      for (let row = 0; row < 3; row++) {
        const out = at + row * 4;
        if (parent < 0) {
          for (let column = 0; column < 3; column++) chain[out + column] = rotations[row * 3 + column]!;
          chain[out + 3] = rest[row]!;
          continue;
        }
        const up = parent * AFFINE + row * 4;
        const a = chain[up]!;
        const b = chain[up + 1]!;
        const c = chain[up + 2]!;
        for (let column = 0; column < 3; column++) {
          chain[out + column] =
            a * rotations[own + column]! +
            b * rotations[own + 3 + column]! +
            c * rotations[own + 6 + column]!;
        }
        chain[out + 3] =
          a * (rest[joint * 3]! - rest[parent * 3]!) +
          b * (rest[joint * 3 + 1]! - rest[parent * 3 + 1]!) +
          c * (rest[joint * 3 + 2]! - rest[parent * 3 + 2]!) +
          chain[up + 3]!;
      }
    }
    for (let row = 0; row < MANO_JOINT_COUNT * 3; row++) {
      const out = row * 4;
      const joint = row - (row % 3);
      chainJoints[row] = chain[out + 3]!;
      chain[out + 3]! -=
        chain[out]! * rest[joint]! + chain[out + 1]! * rest[joint + 1]! + chain[out + 2]! * rest[joint + 2]!;
    }
  }

  /** Shape and pose blend shapes: the vertices before skinning. The hot loop: 135 products a coordinate. */
  #blendShapes(betas: Float64Array, out: Float64Array): void {
    const template = this.#vTemplate;
    const shapedirs = this.#shapedirs;
    const posedirs = this.#posedirs;
    const feature = this.#poseFeature;
    for (let k = 0; k < out.length; k += 3) {
      let x = template[k]!;
      let y = template[k + 1]!;
      let z = template[k + 2]!;
      const shape = k * MANO_SHAPE_COUNT;
      for (let b = 0; b < MANO_SHAPE_COUNT; b++) {
        const beta = betas[b]!;
        x += shapedirs[shape + b]! * beta;
        y += shapedirs[shape + MANO_SHAPE_COUNT + b]! * beta;
        z += shapedirs[shape + 2 * MANO_SHAPE_COUNT + b]! * beta;
      }
      const pose = k * MANO_POSE_FEATURE_COUNT;
      for (let p = 0; p < MANO_POSE_FEATURE_COUNT; p++) {
        const value = feature[p]!;
        x += posedirs[pose + p]! * value;
        y += posedirs[pose + MANO_POSE_FEATURE_COUNT + p]! * value;
        z += posedirs[pose + 2 * MANO_POSE_FEATURE_COUNT + p]! * value;
      }
      out[k] = x;
      out[k + 1] = y;
      out[k + 2] = z;
    }
  }

  /** Moves each vertex by the weighted mean of the joints' maps, in place. */
  #skin(vertices: Float64Array): void {
    const chain = this.#chain;
    const weights = this.#weights;
    for (let vertex = 0; vertex < this.vertexCount; vertex++) {
      const k = vertex * 3;
      const x = vertices[k]!;
      const y = vertices[k + 1]!;
      const z = vertices[k + 2]!;
      let sumX = 0;
      let sumY = 0;
      let sumZ = 0;
      for (let joint = 0; joint < MANO_JOINT_COUNT; joint++) {
        const weight = weights[vertex * MANO_JOINT_COUNT + joint]!;
        const at = joint * AFFINE;
        sumX += weight * (chain[at]! * x + chain[at + 1]! * y + chain[at + 2]! * z + chain[at + 3]!);
        sumY += weight * (chain[at + 4]! * x + chain[at + 5]! * y + chain[at + 6]! * z + chain[at + 7]!);
        sumZ += weight * (chain[at + 8]! * x + chain[at + 9]! * y + chain[at + 10]! * z + chain[at + 11]!);
      }
      vertices[k] = sumX;
      vertices[k + 1] = sumY;
      vertices[k + 2] = sumZ;
    }
  }
}

function requireLength(name: string, values: Float64Array, length: number): void {
  if (values.length === length) return;
  throw new RangeError(`${name} must hold ${length} numbers, got ${values.length}`);
}

function copied(values: Float64Array): Float64Array {
  return values.slice();
}

function roundedToFloat32(values: Float64Array): Float64Array {
  return Float64Array.from(Float32Array.from(values));
}

/** regressor (16×V) · values (V×columns). */
function regress(regressor: Float64Array, values: Float64Array, columns: number): Float64Array {
  const vertices = values.length / columns;
  const out = new Float64Array(MANO_JOINT_COUNT * columns);
  for (let joint = 0; joint < MANO_JOINT_COUNT; joint++) {
    for (let vertex = 0; vertex < vertices; vertex++) {
      const weight = regressor[joint * vertices + vertex]!;
      if (weight === 0) continue;
      for (let column = 0; column < columns; column++) {
        out[joint * columns + column]! += weight * values[vertex * columns + column]!;
      }
    }
  }
  return out;
}

function move(points: Float64Array, by: Float64Array): void {
  for (let k = 0; k < points.length; k++) points[k]! += by[k % 3]!;
}
