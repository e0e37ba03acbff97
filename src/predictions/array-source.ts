/** Arrays on disk as predictions: brought into the benchmark's joint order and axes, and onto its published wrists. */
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { flipAxes, inAxes, type Axes } from '../hand/axes.js';
import { reorderJoints } from '../hand/joint-reordering.js';
import { JOINT_COUNT, type JointOrder } from '../hand/joints.js';
import { MANO_JOINT_COUNT } from '../hand/mano-layer.js';
import { moveBy, wristOffsets } from '../hand/wrist-placement.js';
import {
  JOINT_FORM,
  KEYPOINT_FORM,
  pointRows,
  shapeText,
  VERTEX_FORM,
  type ArrayRows,
  type PointArray,
  type PointForm,
} from './point-rows.js';
import type { Failure, PredictionOrigin, PredictionSource, RowNames } from './prediction-source.js';
import { scoredArrays } from './scored-arrays.js';

/** An array and the axes its points are in. */
export interface OpenArray {
  readonly reader: ArrayRows;
  readonly axes: Axes;
}

/** The arrays of a prediction set, open for reading. */
export interface OpenArrays {
  readonly joints: OpenArray | null;
  readonly vertices: OpenArray | null;
  /** (N, 21, 2), px in the photograph. */
  readonly keypoints: ArrayRows | null;
  /** (N, 16, 3): MANO's kinematic chain. */
  readonly chainJoints?: OpenArray | null;
  /** (N, 3): where the benchmark publishes the wrists; null where hands stay as predicted. */
  readonly roots: OpenArray | null;
  readonly ids: readonly string[] | null;
  /** See `PredictionSource`. */
  readonly rowNames?: readonly RowNames[];
  readonly notes?: readonly string[];
  readonly listed?: readonly string[];
  readonly failed?: ReadonlyMap<string, Failure>;
  /** The order of the joints. */
  readonly jointOrder: JointOrder;
  /** What there is instead, where there are no predictions. */
  readonly others?: string;
}

/** MANO has 778, SMPL-X 10,475; a batch of more would not fit into memory. */
const MOST_VERTICES = 100_000;

/** What reading holds: released in the end, or as soon as anything fails. */
export class OpenHandles {
  readonly #releases: (() => Promise<void>)[] = [];

  add(release: () => Promise<void>): void {
    this.#releases.push(release);
  }

  async open(opening: Promise<ArrayRows>, axes: Axes): Promise<OpenArray> {
    return { reader: await this.openPlain(opening), axes };
  }

  /** An array whose numbers have no axes of the camera. */
  async openPlain(opening: Promise<ArrayRows>): Promise<ArrayRows> {
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
    const { ids, rowNames, listed } = arrays;
    const { count, joints: jointRows, vertices, keypoints, notes } = checkArrays(origin, dataset, arrays);
    const joints = jointRows === null ? null : await readJoints(jointRows, arrays, dataset);
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
      ...(rowNames === undefined ? {} : { rowNames }),
      ...(listed === undefined ? {} : { listed }),
      joints,
      keypoints: keypoints === null ? null : await keypoints.read(0, count),
      vertexCount: vertices === null ? null : vertices.points,
      jointOrder: dataset.jointOrder,
      axes: dataset.axes,
      chainJoints,
      roots,
      failed: arrays.failed ?? new Map(),
      notices: [],
      notes: [...(arrays.notes ?? []), ...notes],
      async vertices(first, length) {
        const from = performance.now();
        const rows = await vertices!.read(first, first + length);
        readMs += performance.now() - from;
        if (arrays.vertices!.axes !== dataset.axes) flipAxes(rows);
        if (offsets !== null) moveBy(rows, vertices!.points, offsets, first);
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
  { rows, read }: PointArray,
  { joints, jointOrder }: OpenArrays,
  dataset: DatasetDefinition,
): Promise<Float64Array> {
  const inOrder = reorderJoints(await read(0, rows), jointOrder, dataset.jointOrder);
  return inAxes(inOrder, joints!.axes, dataset.axes);
}

/** The points of the arrays, and how many samples they hold. */
interface CheckedArrays {
  readonly count: number;
  readonly joints: PointArray | null;
  readonly vertices: PointArray | null;
  readonly keypoints: PointArray | null;
  readonly notes: readonly string[];
}

function checkArrays(
  origin: PredictionOrigin,
  { protocol }: DatasetDefinition,
  arrays: OpenArrays,
): CheckedArrays {
  const { ids, others } = arrays;
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
  const notes: string[] = [];
  const pointsOf = (name: string, array: ArrayRows | null, form: PointForm): PointArray | null => {
    if (array === null) return null;
    const points = pointRows(array, form);
    if (points === null) {
      const expected = shapeText(['N', form.points ?? 'V', form.axes]);
      throw wrong(`The ${name} have the wrong shape`, expected, shapeText(array.shape));
    }
    if (!points.isAsSaved) {
      const read = shapeText([points.rows, points.points, form.axes]);
      notes.push(`The ${name} ${shapeText(array.shape)} are read as ${read}.`);
    }
    return points;
  };
  const joints = pointsOf('joints', arrays.joints?.reader ?? null, JOINT_FORM);
  const keypoints = pointsOf('keypoints', arrays.keypoints, KEYPOINT_FORM);
  const vertices = pointsOf('vertices', arrays.vertices?.reader ?? null, VERTEX_FORM);
  const first = joints ?? vertices ?? keypoints;
  if (first === null) throw wrong('There are no predictions here', scored.needed, others ?? scored.none);
  if (vertices?.points === 0) {
    const got = shapeText(arrays.vertices!.reader.shape);
    throw wrong('The meshes have no vertices', '(N, V, 3) with V of at least 1', got);
  }
  if (vertices !== null && vertices.points > MOST_VERTICES) {
    const got = shapeText(arrays.vertices!.reader.shape);
    throw wrong(
      'The meshes have more vertices than a hand',
      `(N, V, 3) with V of at most ${MOST_VERTICES}`,
      got,
    );
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
  return { count, joints, vertices, keypoints, notes };
}
