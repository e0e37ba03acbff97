/** Reads what a model returned for one batch: shapes, units, joint order, mirrored hands, NaN. */
import { UserError } from '../errors.js';
import { JOINT_COUNT, gatherFromOpenPose } from '../hand/joints.js';
import { isMirrored, type CropBatch, type UnreadableSample } from './crop-source.js';
import type { ModelContract } from './model-contract.js';
import { describeShape } from './model-io.js';
import type { OutputRole } from './model-outputs.js';
import type { OutputTensor } from './session-messages.js';

/** The predictions for one batch of samples, in sample order. */
export interface PredictedBatch {
  /** Position of the first sample in the samples given. */
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
  /** Samples without a prediction, by position, with the reason; their rows are NaN. */
  readonly invalid: readonly UnreadableSample[];
}

export class BatchReader {
  readonly #contract: ModelContract;
  readonly #file: string;
  readonly #batchSize: number;
  /** For each joint of the model's order, its place in OpenPose order. */
  readonly #jointPlaces: readonly number[];
  /** V of the first batch. */
  #vertexCount: number | null = null;

  /** @param file  path of the model, for errors. */
  constructor(contract: ModelContract, batchSize: number, file: string) {
    this.#contract = contract;
    this.#batchSize = batchSize;
    this.#file = file;
    this.#jointPlaces = gatherFromOpenPose(contract.joint_order);
  }

  /**
   * @throws UserError where an output does not have the shape it should have. NaN and infinity are
   *         no error: the sample is reported as invalid.
   */
  read(batch: CropBatch, outputs: Readonly<Record<string, OutputTensor>>): PredictedBatch {
    const { first, samples } = batch;
    const count = samples.length;
    const invalid = new Map(batch.unreadable.map((sample) => [sample.index - first, sample.reason]));
    const { joints: jointsOutput, vertices: verticesOutput } = this.#contract.outputs;
    const found: { joints?: Float32Array<ArrayBuffer>; vertices?: Float32Array<ArrayBuffer> } = {};
    if (jointsOutput !== null) {
      const values = this.#values('joints', jointsOutput.name, outputs, JOINT_COUNT);
      found.joints = this.#convert(values, batch, JOINT_COUNT, this.#jointPlaces);
    }
    if (verticesOutput !== null) {
      const rows = outputs[verticesOutput.name]?.dims[1];
      const values = this.#values('vertices', verticesOutput.name, outputs, this.#vertexCount);
      this.#vertexCount ??= rows ?? null;
      found.vertices = this.#convert(values, batch, values.length / this.#batchSize / 3, null);
    }
    for (const role of ['joints', 'vertices'] as const) {
      const values = found[role];
      if (values === undefined) continue;
      const length = values.length / count;
      for (let slot = 0; slot < count; slot++) {
        const problem = notFinite(values, slot * length, (slot + 1) * length);
        if (problem !== null && !invalid.has(slot)) invalid.set(slot, `${role} contain ${problem}`);
      }
    }
    for (const values of [found.joints, found.vertices]) {
      if (values === undefined) continue;
      const length = values.length / count;
      for (const slot of invalid.keys()) values.fill(Number.NaN, slot * length, (slot + 1) * length);
    }
    return {
      first,
      count,
      ...found,
      ...(found.vertices === undefined ? {} : { vertexCount: this.#vertexCount! }),
      invalid: [...invalid]
        .sort(([a], [b]) => a - b)
        .map(([slot, reason]) => ({ index: first + slot, id: samples[slot]!.id, reason })),
    };
  }

  /** The numbers of an output that has the shape (batch, rows, 3); `rows` null takes any positive number. */
  #values(
    role: OutputRole,
    name: string,
    outputs: Readonly<Record<string, OutputTensor>>,
    rows: number | null,
  ): Float32Array {
    const output = outputs[name];
    if (output === undefined) throw new Error(`the session did not return the output ${name}`);
    const { dims, data, type } = output;
    const fits =
      dims.length === 3 &&
      dims[0] === this.#batchSize &&
      (rows === null ? dims[1]! > 0 : dims[1] === rows) &&
      dims[2] === 3;
    if (fits && data instanceof Float32Array) return data;
    const wrongType = !(data instanceof Float32Array);
    throw new UserError({
      code: wrongType ? 'model-output-type' : 'model-output-shape',
      message: wrongType
        ? `The ${role} output ${name} is ${type}`
        : `The ${role} output ${name} has the wrong shape`,
      file: this.#file,
      expected: `float32 (${this.#batchSize}, ${rows ?? 'V'}, 3)`,
      got: `${type} ${describeShape(dims)}`,
      next:
        dims.length === 3 && dims[0] !== this.#batchSize
          ? 'export the model with the batch as a dynamic axis of its outputs as well, or with a fixed batch'
          : `name the right output in the sidecar, or correct the export (docs/model-contract.md)`,
    });
  }

  /** Drops the padding; to metres, OpenPose order and unmirrored. */
  #convert(
    values: Float32Array,
    batch: CropBatch,
    rows: number,
    places: readonly number[] | null,
  ): Float32Array<ArrayBuffer> {
    const divisor = this.#contract.units === 'mm' ? 1000 : 1;
    const out = new Float32Array(batch.samples.length * rows * 3);
    for (const [slot, sample] of batch.samples.entries()) {
      const sign = isMirrored(this.#contract, sample) ? -1 : 1;
      for (let row = 0; row < rows; row++) {
        const from = (slot * rows + row) * 3;
        const to = (slot * rows + (places === null ? row : places[row]!)) * 3;
        out[to] = (sign * values[from]!) / divisor;
        out[to + 1] = values[from + 1]! / divisor;
        out[to + 2] = values[from + 2]! / divisor;
      }
    }
    return out;
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
