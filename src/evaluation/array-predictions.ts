/**
 * Predictions as arrays: a run directory, a folder of .npy files, or an .npz.
 * Rows are read as they are asked for, whatever the order.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isFile } from '../datasets/folder.js';
import type { Axes, DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { NpyReader } from '../formats/npy.js';
import { readNpyStrings } from '../formats/npy-array.js';
import { readNpz, type NpzFile } from '../formats/npz.js';
import { gatherFromOpenPose, JOINT_COUNT, type JointOrder } from '../hand/joints.js';
import type { ArrayDescription } from '../runs/manifest.js';
import { RunDirectory } from '../runs/run-directory.js';
import type { PredictionOrigin, PredictionSource } from './prediction-source.js';

/** The arrays of a prediction set, open for reading. */
interface OpenArrays {
  readonly joints: NpyReader | null;
  readonly vertices: NpyReader | null;
  readonly ids: readonly string[] | null;
  /** Of the joints. */
  readonly jointOrder: JointOrder;
  readonly axes: Axes;
  /** Anything else to release at the end. */
  readonly release?: () => Promise<void>;
}

/**
 * The predictions a run directory holds.
 *
 * @param kind `model` for those of the run at hand, `run-directory` for those of another.
 * @throws UserError where there are none, they are of another dataset, or a file is not what run.json says.
 */
export async function openRunPredictions(
  run: RunDirectory,
  dataset: DatasetDefinition,
  kind: 'model' | 'run-directory',
): Promise<PredictionSource> {
  const { joints, vertices } = run.manifest.predictions ?? {};
  if (joints === undefined && vertices === undefined) {
    throw new UserError({
      code: 'run-without-predictions',
      message: 'This run directory holds no predictions',
      file: run.path,
      expected: "'predictions' in run.json",
      got: `state '${run.manifest.state}'`,
      next: 'let that run finish first',
    });
  }
  if (run.manifest.dataset.id !== dataset.id) {
    throw new UserError({
      code: 'run-other-dataset',
      message: 'The run directory is of another dataset',
      file: run.path,
      expected: dataset.id,
      got: run.manifest.dataset.id,
      next: 'name that dataset and its folder with --dataset and --data',
    });
  }
  const described = (joints ?? vertices)!;
  return arraySource({ kind, path: run.path }, dataset, {
    joints: joints === undefined ? null : await openDescribed(run, joints),
    vertices: vertices === undefined ? null : await openDescribed(run, vertices),
    ids: null,
    jointOrder: (joints?.joint_order ?? dataset.jointOrder) as JointOrder,
    axes: described.axes as Axes,
  });
}

async function openDescribed(run: RunDirectory, description: ArrayDescription): Promise<NpyReader> {
  const reader = await NpyReader.open(join(run.path, description.file));
  if (reader.shape.join() === description.shape.join()) return reader;
  await reader.close();
  throw new UserError({
    code: 'run-array-shape',
    message: 'An array of the run directory is not what run.json says',
    file: reader.file,
    expected: `shape (${description.shape.join(', ')})`,
    got: `shape (${reader.shape.join(', ')})`,
    next: 'make that run again with --force',
  });
}

/** A folder of `joints.npy` and `vertices.npy`, one of them at least, and optionally `ids.npy`. */
export async function openFolderPredictions(
  path: string,
  dataset: DatasetDefinition,
): Promise<PredictionSource> {
  if (await isFile(join(path, 'run.json'))) {
    return openRunPredictions(await RunDirectory.read(path), dataset, 'run-directory');
  }
  const open = async (name: string): Promise<NpyReader | null> => {
    const file = join(path, `${name}.npy`);
    return (await isFile(file)) ? NpyReader.open(file) : null;
  };
  const idFile = join(path, 'ids.npy');
  const ids = (await isFile(idFile)) ? readNpyStrings(await readFile(idFile), idFile) : null;
  return arraySource({ kind: 'npy-folder', path }, dataset, {
    joints: await open('joints'),
    vertices: await open('vertices'),
    ids,
    jointOrder: dataset.jointOrder,
    axes: dataset.axes,
  });
}

/** An .npz with `joints` and `vertices`, one of them at least, and optionally `ids`. */
export async function openNpzPredictions(
  path: string,
  dataset: DatasetDefinition,
): Promise<PredictionSource> {
  const archive = await readNpz(path);
  const scratch = await mkdtemp(join(tmpdir(), 'hamba-eval-npz-'));
  const release = (): Promise<void> => rm(scratch, { recursive: true, force: true });
  try {
    const arrays = {
      joints: await unpack(archive, 'joints', scratch),
      vertices: await unpack(archive, 'vertices', scratch),
      ids: archive.has('ids') ? await archive.strings('ids') : null,
      jointOrder: dataset.jointOrder,
      axes: dataset.axes,
      release,
    };
    return arraySource({ kind: 'npz', path }, dataset, arrays);
  } catch (error) {
    await release();
    throw error;
  } finally {
    archive.close();
  }
}

/** Unpacks one array beside memory: a mesh for each of 20,000 samples is hundreds of megabytes. */
async function unpack(archive: NpzFile, name: string, scratch: string): Promise<NpyReader | null> {
  if (!archive.has(name)) return null;
  const file = join(scratch, `${name}.npy`);
  await pipeline(await archive.stream(name), createWriteStream(file));
  return NpyReader.open(file);
}

async function arraySource(
  origin: PredictionOrigin,
  dataset: DatasetDefinition,
  arrays: OpenArrays,
): Promise<PredictionSource> {
  const { joints, vertices, ids } = arrays;
  const close = async (): Promise<void> => {
    await Promise.all([joints?.close(), vertices?.close()]);
    await arrays.release?.();
  };
  try {
    const count = checkArrays(origin, arrays);
    const points =
      joints === null
        ? null
        : inOrder(await joints.readRows(0, joints.rows), arrays.jointOrder, dataset.jointOrder);
    if (points !== null) turnAxes(points, arrays.axes, dataset.axes);
    let readMs = 0;
    return {
      origin,
      count,
      ids,
      joints: points,
      vertexCount: vertices === null ? null : vertices.shape[1]!,
      jointOrder: dataset.jointOrder,
      axes: dataset.axes,
      async vertices(first, length) {
        const from = performance.now();
        const rows = await vertices!.readRows(first, first + length);
        readMs += performance.now() - from;
        turnAxes(rows, arrays.axes, dataset.axes);
        return rows;
      },
      finish: () => Promise.resolve(readMs),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How many samples the arrays hold. */
function checkArrays(origin: PredictionOrigin, { joints, vertices, ids }: OpenArrays): number {
  const wrong = (message: string, expected: string, got: string): UserError =>
    new UserError({
      code: 'predictions-arrays',
      message,
      file: origin.path,
      expected,
      got,
      next: 'save joints as (N, 21, 3) and vertices as (N, V, 3), in metres',
    });
  const shape = (reader: NpyReader): string => `(${reader.shape.join(', ')})`;
  if (joints === null && vertices === null) {
    throw wrong('There are no predictions here', "arrays named 'joints' or 'vertices'", 'neither');
  }
  if (joints !== null && (joints.shape.length !== 3 || joints.rowLength !== JOINT_COUNT * 3)) {
    throw wrong('The joints have the wrong shape', '(N, 21, 3)', shape(joints));
  }
  if (vertices !== null && (vertices.shape.length !== 3 || vertices.shape[2] !== 3)) {
    throw wrong('The vertices have the wrong shape', '(N, V, 3)', shape(vertices));
  }
  const count = (joints ?? vertices)!.rows;
  if (vertices !== null && vertices.rows !== count) {
    throw wrong('Joints and vertices differ in the number of samples', `${count} meshes`, `${vertices.rows}`);
  }
  if (ids !== null && ids.length !== count) {
    throw wrong("'ids' does not name every prediction", `${count} ids`, `${ids.length}`);
  }
  return count;
}

function inOrder(joints: Float64Array, from: JointOrder, to: JointOrder): Float64Array {
  if (from === to) return joints;
  const source = gatherFromOpenPose(from);
  const gather = gatherFromOpenPose(to).map((joint) => source.indexOf(joint));
  const out = new Float64Array(joints.length);
  for (let sample = 0; sample < joints.length; sample += JOINT_COUNT * 3) {
    gather.forEach((joint, index) => {
      const at = sample + joint * 3;
      out.set(joints.subarray(at, at + 3), sample + index * 3);
    });
  }
  return out;
}

/** OpenCV and OpenGL cameras differ in the signs of y and z. */
function turnAxes(points: Float64Array, from: Axes, to: Axes): void {
  if (from === to) return;
  for (let k = 0; k < points.length; k += 3) {
    points[k + 1] = -points[k + 1]!;
    points[k + 2] = -points[k + 2]!;
  }
}
