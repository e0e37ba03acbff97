/** Arrays on disk as predictions: brought into the benchmark's joint order and axes, and onto its published wrists. */
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { NpyReader } from '../formats/npy/npy.js';
import { flipAxes, inAxes, type Axes } from '../hand/axes.js';
import { reorderJoints } from '../hand/joint-reordering.js';
import { JOINT_COUNT, type JointOrder } from '../hand/joints.js';
import { MANO_JOINT_COUNT } from '../hand/mano-layer.js';
import { moveBy, wristOffsets } from '../hand/wrist-placement.js';
import type { Failure, PredictionOrigin, PredictionSource } from './prediction-source.js';
import { scoredArrays } from './scored-arrays.js';

/** An array and the axes its points are in. */
export interface OpenArray {
  readonly reader: NpyReader;
  readonly axes: Axes;
}

/** The arrays of a prediction set, open for reading. */
export interface OpenArrays {
  readonly joints: OpenArray | null;
  readonly vertices: OpenArray | null;
  /** (N, 21, 2), px in the photograph. */
  readonly keypoints: NpyReader | null;
  /** (N, 16, 3): MANO's kinematic chain. */
  readonly chainJoints?: OpenArray | null;
  /** (N, 3): where the benchmark publishes the wrists; null where hands stay as predicted. */
  readonly roots: OpenArray | null;
  readonly ids: readonly string[] | null;
  /** See `PredictionSource`. */
  readonly listed?: readonly string[];
  readonly failed?: ReadonlyMap<string, Failure>;
  /** The order of the joints. */
  readonly jointOrder: JointOrder;
}

/** What reading holds: released in the end, or as soon as anything fails. */
export class OpenHandles {
  readonly #releases: (() => Promise<void>)[] = [];

  add(release: () => Promise<void>): void {
    this.#releases.push(release);
  }

  async open(opening: Promise<NpyReader>, axes: Axes): Promise<OpenArray> {
    return { reader: await this.openPlain(opening), axes };
  }

  /** An array whose numbers have no axes of the camera. */
  async openPlain(opening: Promise<NpyReader>): Promise<NpyReader> {
    const reader = await opening;
    this.add(() => reader.close());
    return reader;
  }

  /** The last first: a folder goes after the files in it are closed. Safe at any time. */
  async release(): Promise<void> {
    for (let release; (release = this.#releases.pop()) !== undefined;) await release();
  }
}

/** @param open opens the arrays; what it hands to its argument is released in the end, or where it fails. */
export async function arraySource(
  origin: PredictionOrigin,
  dataset: DatasetDefinition,
  open: (held: OpenHandles) => Promise<OpenArrays>,
): Promise<PredictionSource> {
  const held = new OpenHandles();
  try {
    const arrays = await open(held);
    const { vertices, ids, keypoints, listed } = arrays;
    const count = checkArrays(origin, dataset, arrays);
    const joints =
      arrays.joints === null ? null : await readJoints(arrays.joints, arrays.jointOrder, dataset);
    const chainJoints = await readTurned(arrays.chainJoints ?? null, dataset);
    const roots = await readTurned(arrays.roots, dataset);
    const offsets = joints === null || roots === null ? null : wristOffsets(joints, roots);
    if (offsets !== null) {
      moveBy(joints!, JOINT_COUNT, offsets);
      if (chainJoints !== null) moveBy(chainJoints, MANO_JOINT_COUNT, offsets);
    }
    let readMs = 0;
    return {
      origin,
      count,
      ids,
      ...(listed === undefined ? {} : { listed }),
      joints,
      keypoints: keypoints === null ? null : await keypoints.readRows(0, keypoints.rows),
      vertexCount: vertices === null ? null : vertices.reader.shape[1]!,
      jointOrder: dataset.jointOrder,
      axes: dataset.axes,
      chainJoints,
      roots,
      failed: arrays.failed ?? new Map(),
      notices: [],
      async vertices(first, length) {
        const { reader, axes } = vertices!;
        const from = performance.now();
        const rows = await reader.readRows(first, first + length);
        readMs += performance.now() - from;
        if (axes !== dataset.axes) flipAxes(rows);
        if (offsets !== null) moveBy(rows, reader.shape[1]!, offsets, first);
        return rows;
      },
      finish: () => Promise.resolve(readMs),
      close: () => held.release(),
    };
  } catch (error) {
    // Whatever cannot be released must not hide what went wrong.
    await held.release().catch(() => undefined);
    throw error;
  }
}

/** A whole array in the benchmark's axes. */
async function readTurned(
  array: OpenArray | null,
  { axes }: DatasetDefinition,
): Promise<Float64Array | null> {
  if (array === null) return null;
  return inAxes(await array.reader.readRows(0, array.reader.rows), array.axes, axes);
}

async function readJoints(
  { reader, axes }: OpenArray,
  order: JointOrder,
  dataset: DatasetDefinition,
): Promise<Float64Array> {
  const joints = await reader.readRows(0, reader.rows);
  return inAxes(reorderJoints(joints, order, dataset.jointOrder), axes, dataset.axes);
}

/** How many samples the arrays hold. */
function checkArrays(origin: PredictionOrigin, { protocol }: DatasetDefinition, arrays: OpenArrays): number {
  const { ids, keypoints } = arrays;
  const joints = arrays.joints?.reader ?? null;
  const vertices = arrays.vertices?.reader ?? null;
  const scored = scoredArrays(protocol);
  const wrong = (message: string, expected: string, got: string): UserError =>
    new UserError({
      code: 'predictions-arrays',
      message,
      file: origin.path,
      expected,
      got,
      next: scored.advice,
    });
  const shape = (reader: NpyReader): string => `(${reader.shape.join(', ')})`;
  const first = joints ?? vertices ?? keypoints;
  if (first === null) throw wrong('There are no predictions here', scored.needed, scored.none);
  if (joints !== null && (joints.shape.length !== 3 || joints.rowLength !== JOINT_COUNT * 3)) {
    throw wrong('The joints have the wrong shape', '(N, 21, 3)', shape(joints));
  }
  if (keypoints !== null && (keypoints.shape[2] !== 2 || keypoints.rowLength !== JOINT_COUNT * 2)) {
    throw wrong('The keypoints have the wrong shape', '(N, 21, 2)', shape(keypoints));
  }
  if (vertices !== null && (vertices.shape.length !== 3 || vertices.shape[2] !== 3)) {
    throw wrong('The vertices have the wrong shape', '(N, V, 3)', shape(vertices));
  }
  if (vertices?.shape[1] === 0) {
    throw wrong('The meshes have no vertices', '(N, V, 3) with V of at least 1', shape(vertices));
  }
  const count = first.rows;
  if (vertices !== null && vertices.rows !== count) {
    throw wrong('Joints and vertices differ in the number of samples', `${count} meshes`, `${vertices.rows}`);
  }
  for (const [name, array] of Object.entries({ chain_joints: arrays.chainJoints, roots: arrays.roots })) {
    const rows = array?.reader.rows ?? count;
    if (rows !== count) throw wrong(`The ${name} are not those of every sample`, `${count} rows`, `${rows}`);
  }
  if (ids !== null && ids.length !== count) {
    throw wrong("'ids' does not name every prediction", `${count} ids`, `${ids.length}`);
  }
  return count;
}
