/**
 * Reads what a model returned for one batch: types, shapes, units, joint order, mirrored hands, NaN;
 * hands from the parameters of MANO; 2D keypoints in the photograph.
 */
import { MANO_VERTEX_COUNT } from '../hand/joint-conventions.js';
import { reorderJoints } from '../hand/joint-reordering.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { MANO_JOINT_COUNT, MANO_SHAPE_COUNT } from '../hand/mano-layer.js';
import type { CropPlacement } from '../hand/projection.js';
import { PLAIN_VIEW, type View } from '../hand/view.js';
import { cropKind } from './crops/crop-kinds.js';
import { isMirrored, type CropBatch, type UnreadableSample } from './crops/crop-source.js';
import { keypointsFromCamera, keypointsFromModel, type Keypoints, type Problem } from './keypoints-2d.js';
import { MANO_WORDS, ROTATION_SIZE, rotationCount } from './mano/mano-outputs.js';
import { manoPoints, requireMano, type Mano } from './mano/mano-points.js';
import type { ModelContract } from './model/model-contract.js';
import { OUTPUT_SHAPE } from './model/model-outputs.js';
import { ROLE_WORDS } from '../hand/output-names.js';
import { outputValues, type ExpectedOutput, type Outputs } from './model/output-values.js';

/** The predictions for one batch of rows, in order. */
export interface PredictedBatch {
  /** Position of the first row; of the first sample in the samples given where each is seen once. */
  readonly first: number;
  readonly count: number;
  /**
   * count × 21 × 3, metres, OpenPose order, the model's axes (x right, y down, z forward for the
   * HaMeR family); absent where the model gives none.
   */
  readonly joints?: Float32Array<ArrayBuffer>;
  /** count × V × 3, metres, the same axes. */
  readonly vertices?: Float32Array<ArrayBuffer>;
  /** V; absent like `vertices`. */
  readonly vertexCount?: number;
  /** count × 16 × 3, metres, the order of MANO's chain; where the hand was formed from its parameters. */
  readonly chainJoints?: Float32Array<ArrayBuffer>;
  /** count × 21 × 2, px of the photograph (not mirrored), OpenPose order. */
  readonly keypoints2d?: Float32Array<ArrayBuffer>;
  /** count × 3: s, tx, ty as the model gave them, for the crop it saw. */
  readonly camera?: Float32Array<ArrayBuffer>;
  /** Rows without a prediction, by the position of their sample, with the reason; all their numbers are NaN. */
  readonly invalid: readonly FailedRow[];
  /** Rows whose 2D keypoints alone are missing (and NaN), likewise. */
  readonly invalidKeypoints: readonly FailedRow[];
}

/** A row without a prediction. */
export interface FailedRow extends UnreadableSample {
  /** Position in the passes; 0 where there is one. */
  readonly pass: number;
}

export interface BatchReaderOptions {
  /** The user's MANO; needed where the contract forms the hand from its parameters. */
  readonly mano?: Mano;
  /** The passes that the rows' `pass` counts; the plain crop alone unless given. */
  readonly passes?: readonly View[];
}

/** Why rows are invalid, by their place in the batch. */
type Problems = Map<number, Problem>;

/** The arrays of a batch while they are made. */
interface Arrays {
  joints?: Float32Array<ArrayBuffer>;
  vertices?: Float32Array<ArrayBuffer>;
  chainJoints?: Float32Array<ArrayBuffer>;
  keypoints2d?: Float32Array<ArrayBuffer>;
  camera?: Float32Array<ArrayBuffer>;
}

/** What the model gave, by what it is; the batch's padding is still in it. */
type Role = 'joints' | 'vertices' | 'keypoints_2d' | 'camera' | 'pose' | 'global_orient' | 'betas';
type Values = Partial<Record<Role, Float32Array>>;

/** The beginning of a reason. */
const CONTAINS: Readonly<Record<Role, string>> = {
  joints: 'joints contain',
  vertices: 'vertices contain',
  keypoints_2d: '2D keypoints contain',
  camera: 'the camera contains',
  pose: 'the MANO pose contains',
  global_orient: 'the MANO global orientation contains',
  betas: 'the MANO shape contains',
};

export class BatchReader {
  readonly #contract: ModelContract;
  readonly #file: string;
  readonly #batchSize: number;
  readonly #mano: Mano | null;
  readonly #passes: readonly View[];
  /** V of the first batch. */
  #vertexCount: number | null = null;
  /** The last photograph that could not be read: further passes over it may come in later batches. */
  #unreadable: UnreadableSample | null = null;

  /**
   * @param file  path of the model, for errors.
   * @throws UserError where the contract needs a MANO file and none is given.
   */
  constructor(contract: ModelContract, batchSize: number, file: string, options: BatchReaderOptions = {}) {
    this.#contract = contract;
    this.#batchSize = batchSize;
    this.#file = file;
    this.#mano = contract.mano && requireMano(contract.mano, options.mano, file);
    this.#passes = options.passes ?? [PLAIN_VIEW];
  }

  /**
   * @throws UserError where an output does not have the type or shape it should have. NaN and infinity
   *         are no error: the row is reported as invalid.
   */
  read(batch: CropBatch, outputs: Outputs): PredictedBatch {
    const { first } = batch;
    const count = batch.samples.length;
    const values = this.#values(outputs);
    const problems = this.#unreadableRows(batch);
    findNotFinite(values, count, this.#batchSize, problems);
    const arrays: Arrays =
      this.#contract.mano === null
        ? this.#givenPoints(values, batch)
        : this.#manoPoints(values, batch, problems);
    if (values.camera !== undefined) arrays.camera = values.camera.slice(0, count * 3);
    const keypointProblems: Problems = new Map();
    if (this.#contract.keypoints_2d !== null) {
      arrays.keypoints2d = this.#keypoints(values, arrays, batch, problems, keypointProblems);
    }
    for (const array of Object.values(arrays) as Float32Array[]) clearRows(array, count, problems);
    return {
      first,
      count,
      ...arrays,
      ...(arrays.vertices === undefined ? {} : { vertexCount: this.#vertexCount! }),
      invalid: listed(problems, batch),
      invalidKeypoints: listed(keypointProblems, batch),
    };
  }

  #values(outputs: Outputs): Values {
    const bindings = this.#contract.outputs;
    const values: Values = {};
    const read = (role: Role, expected: ExpectedOutput): void => {
      values[role] = outputValues(outputs, expected, this.#batchSize, this.#file);
    };
    for (const role of ['joints', 'keypoints_2d', 'camera'] as const) {
      const binding = bindings[role];
      if (binding !== null) read(role, { ...binding, words: ROLE_WORDS[role], shape: OUTPUT_SHAPE[role] });
    }
    const { vertices } = bindings;
    if (vertices !== null) {
      read('vertices', { ...vertices, words: ROLE_WORDS.vertices, shape: [this.#vertexCount, 3] });
      this.#vertexCount = values.vertices!.length / this.#batchSize / 3;
    }
    this.#readMano(read);
    return values;
  }

  #readMano(read: (role: Role, expected: ExpectedOutput) => void): void {
    const { mano } = this.#contract;
    if (mano === null) return;
    const { pose, global_orient, betas, representation } = mano;
    const size = ROTATION_SIZE[representation];
    const anyAxes = true;
    read('pose', { ...pose, words: MANO_WORDS.pose, shape: [rotationCount(mano), size], anyAxes });
    if (global_orient !== null) {
      read('global_orient', { ...global_orient, words: MANO_WORDS.global_orient, shape: [size], anyAxes });
    }
    read('betas', { ...betas, words: MANO_WORDS.betas, shape: [MANO_SHAPE_COUNT], anyAxes });
  }

  #unreadableRows({ rows, unreadable }: CropBatch): Problems {
    const problems: Problems = new Map();
    for (const [slot, row] of rows.entries()) {
      if (row.readable) continue;
      this.#unreadable = unreadable.find(({ index }) => index === row.sampleIndex) ?? this.#unreadable;
      const { code, reason } = this.#unreadable!;
      problems.set(slot, { code, reason });
    }
    return problems;
  }

  /** The model's own points: without the padding, in metres, OpenPose order and un-mirrored. */
  #givenPoints({ joints, vertices }: Values, batch: CropBatch): Arrays {
    return {
      ...(joints === undefined
        ? {}
        : { joints: this.#convert(this.#inOpenPoseOrder(joints, 3), batch, JOINT_COUNT) }),
      ...(vertices === undefined ? {} : { vertices: this.#convert(vertices, batch, this.#vertexCount!) }),
    };
  }

  #inOpenPoseOrder(values: Float32Array, width: number): Float32Array {
    return reorderJoints(values, this.#contract.joint_order, 'openpose', width);
  }

  #convert(values: Float32Array, batch: CropBatch, rows: number): Float32Array<ArrayBuffer> {
    const divisor = this.#contract.units === 'mm' ? 1000 : 1;
    const out = new Float32Array(batch.samples.length * rows * 3);
    for (const [slot, sample] of batch.samples.entries()) {
      const sign = isMirrored(this.#contract, sample) ? -1 : 1;
      for (let row = 0; row < rows; row++) {
        const at = (slot * rows + row) * 3;
        out[at] = (sign * values[at]!) / divisor;
        out[at + 1] = values[at + 1]! / divisor;
        out[at + 2] = values[at + 2]! / divisor;
      }
    }
    return out;
  }

  /** Hands formed from MANO's parameters, un-mirrored; a row without a rotation gets its problem. */
  #manoPoints(values: Values, batch: CropBatch, problems: Problems): Arrays {
    const binding = this.#contract.mano!;
    const count = batch.samples.length;
    const joints = new Float32Array(count * JOINT_COUNT * 3);
    const vertices = new Float32Array(count * MANO_VERTEX_COUNT * 3);
    const chainJoints = new Float32Array(count * MANO_JOINT_COUNT * 3);
    this.#vertexCount = MANO_VERTEX_COUNT;
    for (const [slot, sample] of batch.samples.entries()) {
      if (problems.has(slot)) continue;
      const parameters = {
        globalOrient: this.#row(values.global_orient, slot) ?? new Float32Array(0),
        pose: this.#row(values.pose, slot)!,
        betas: this.#row(values.betas, slot)!,
      };
      const hand = manoPoints(parameters, binding, this.#mano!);
      if (hand.problem !== null) {
        problems.set(slot, { code: 'mano-pose-invalid', reason: hand.problem });
        continue;
      }
      const sign = isMirrored(this.#contract, sample) ? -1 : 1;
      writeRow(joints, slot, hand.joints, sign);
      writeRow(vertices, slot, hand.vertices, sign);
      writeRow(chainJoints, slot, hand.chainJoints, sign);
    }
    return { joints, vertices, chainJoints };
  }

  #keypoints(
    values: Values,
    { joints }: Arrays,
    batch: CropBatch,
    problems: Problems,
    keypointProblems: Problems,
  ): Float32Array<ArrayBuffer> {
    const out = new Float32Array(batch.samples.length * JOINT_COUNT * 2).fill(Number.NaN);
    for (let slot = 0; slot < batch.samples.length; slot++) {
      if (problems.has(slot)) continue;
      const { pixels, problem } = this.#keypointsOfRow(values, joints, batch, slot);
      if (pixels === null) keypointProblems.set(slot, problem);
      else out.set(pixels, slot * JOINT_COUNT * 2);
    }
    return out;
  }

  #keypointsOfRow(
    values: Values,
    joints: Float32Array | undefined,
    batch: CropBatch,
    slot: number,
  ): Keypoints {
    const origin = this.#contract.keypoints_2d!;
    const placement = this.#placement(batch, slot);
    if (origin.source === 'model') {
      const patchSide = origin.units === 'patch' ? this.#contract.input.size[0] : null;
      const keypoints = this.#inOpenPoseOrder(this.#row(values.keypoints_2d, slot)!, 2);
      return keypointsFromModel(keypoints, patchSide, placement);
    }
    const hand = joints!.subarray(slot * JOINT_COUNT * 3, (slot + 1) * JOINT_COUNT * 3);
    return keypointsFromCamera(hand, this.#row(values.camera, slot)!, origin.focal_length, placement);
  }

  /** Where the row's crop lies in its photograph. */
  #placement({ samples, boxes, rows }: CropBatch, slot: number): CropPlacement {
    const box = boxes[slot]!;
    const mirrored = isMirrored(this.#contract, samples[slot]!);
    const view = { ...this.#passes[rows[slot]!.pass]!, box, mirrored };
    return cropKind(this.#contract.crop).placement(view, this.#contract.input.size[0]);
  }

  #row(values: Float32Array | undefined, slot: number): Float32Array | undefined {
    if (values === undefined) return undefined;
    const length = values.length / this.#batchSize;
    return values.subarray(slot * length, (slot + 1) * length);
  }
}

/** Gives each row its first problem, in the order of the roles. */
function findNotFinite(values: Values, count: number, batchSize: number, problems: Problems): void {
  for (const role of Object.keys(CONTAINS) as Role[]) {
    const numbers = values[role];
    if (numbers === undefined) continue;
    const length = numbers.length / batchSize;
    for (let slot = 0; slot < count; slot++) {
      const found = notFinite(numbers, slot * length, (slot + 1) * length);
      if (found === null || problems.has(slot)) continue;
      problems.set(slot, { code: 'prediction-not-finite', reason: `${CONTAINS[role]} ${found}` });
    }
  }
}

/** What is wrong with values[start, end), or null. */
function notFinite(values: Float32Array, start: number, end: number): 'NaN' | 'infinity' | null {
  for (let index = start; index < end; index++) {
    const value = values[index]!;
    if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : 'infinity';
  }
  return null;
}

function clearRows(values: Float32Array, count: number, problems: Problems): void {
  const length = values.length / count;
  for (const slot of problems.keys()) values.fill(Number.NaN, slot * length, (slot + 1) * length);
}

/** Writes N×3 points, x times `sign`. */
function writeRow(out: Float32Array, slot: number, points: Float64Array, sign: number): void {
  const at = slot * points.length;
  for (let k = 0; k < points.length; k++) out[at + k] = k % 3 === 0 ? sign * points[k]! : points[k]!;
}

function listed(problems: Problems, { rows, samples }: CropBatch): FailedRow[] {
  return [...problems]
    .sort(([a], [b]) => a - b)
    .map(([slot, problem]) => {
      const { sampleIndex, pass } = rows[slot]!;
      return { index: sampleIndex, pass, id: samples[slot]!.id, ...problem };
    });
}
