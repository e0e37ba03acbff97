/**
 * Predictions as arrays: a run directory, a folder of .npy files, or an .npz.
 * Rows are read as they are asked for, whatever the order.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isFile } from '../datasets/folder.js';
import type { Axes, DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { fileError } from '../formats/file-errors.js';
import { NpyReader } from '../formats/npy.js';
import { readNpyStrings } from '../formats/npy-array.js';
import { readNpz, type NpzFile } from '../formats/npz.js';
import { gatherFromOpenPose, JOINT_COUNT, type JointOrder } from '../hand/joints.js';
import { MANO_JOINT_COUNT } from '../hand/mano-layer.js';
import type { ArrayDescription } from '../runs/manifest.js';
import type { UnscoredSample } from '../runs/metrics-document.js';
import { RunDirectory } from '../runs/run-directory.js';
import type { Failure, PredictionOrigin, PredictionSource } from './prediction-source.js';
import { moveBy, wristOffsets } from './wrist-placement.js';

/** An array and the axes its points are in. */
interface OpenArray {
  readonly reader: NpyReader;
  readonly axes: Axes;
}

/** A set as run.json describes it. */
export interface PredictionSet {
  readonly predictions: Readonly<Record<string, ArrayDescription>>;
  readonly unpredicted?: readonly UnscoredSample[] | undefined;
  /** Those without 2D keypoints alone. */
  readonly unpredicted_keypoints?: readonly UnscoredSample[] | undefined;
}

/** The arrays of a prediction set, open for reading. */
interface OpenArrays {
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
  /** Of the joints. */
  readonly jointOrder: JointOrder;
}

/** What reading holds: released in the end, or as soon as anything fails. */
class Holdings {
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

/**
 * The predictions a run directory holds.
 *
 * @param set another set of the run than the plain one: of a fusion, or of a pass.
 * @param kind `model` for those of the run at hand, `run-directory` for those of another.
 * @throws UserError where there are none, they are of another dataset, or a file is not what run.json says.
 */
export async function openRunPredictions(
  run: RunDirectory,
  dataset: DatasetDefinition,
  kind: 'model' | 'run-directory',
  set?: PredictionSet,
): Promise<PredictionSource> {
  const described = set?.predictions ?? run.manifest.predictions ?? {};
  if (Object.keys(described).length === 0) {
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
  const inSpace = dataset.protocol.measure === 'hands-3d';
  const origin = { kind, path: run.path, split: run.manifest.dataset.split, boxes: boxesOf(run) };
  return arraySource(origin, dataset, async (held) => {
    const open = async (name: string): Promise<OpenArray | null> => {
      const array = described[name];
      if (array === undefined || !isAxes(array.axes)) return null;
      return held.open(openDescribed(run, array), array.axes);
    };
    /** The published wrists are the same for every set. */
    const openPlain = async (name: string): Promise<OpenArray | null> => {
      const array = run.manifest.predictions?.[name];
      return array === undefined || !isAxes(array.axes)
        ? null
        : held.open(openDescribed(run, array), array.axes);
    };
    const { keypoints_2d: keypoints } = described;
    const selected = run.manifest.selected === true;
    const samples = selected || kind === 'run-directory' ? await readSampleIds(run) : null;
    return {
      joints: inSpace ? await open('joints') : null,
      vertices: inSpace ? await open('vertices') : null,
      chainJoints: inSpace ? await open('chain_joints') : null,
      roots: inSpace ? await openPlain('roots') : null,
      keypoints:
        inSpace || keypoints === undefined ? null : await held.openPlain(openDescribed(run, keypoints)),
      ids: selected ? samples : null,
      ...(selected || samples === null ? {} : { listed: samples }),
      failed: failures(run, inSpace, set),
      jointOrder: described.joints?.joint_order ?? dataset.jointOrder,
    };
  });
}

/** Why samples of the run have no prediction. */
function failures(
  { manifest }: RunDirectory,
  inSpace: boolean,
  set: PredictionSet | undefined,
): ReadonlyMap<string, Failure> {
  const { unpredicted = [], unpredicted_keypoints: withoutKeypoints = [] } = set ?? manifest;
  const all = inSpace ? unpredicted : [...unpredicted, ...withoutKeypoints];
  return new Map(all.map(({ id, code, reason }) => [id, { code, reason }]));
}

function isAxes(axes: ArrayDescription['axes']): axes is Axes {
  return axes === 'opencv' || axes === 'opengl';
}

/** Which boxes the predictions of a run were made from, as its protocol has it. */
function boxesOf({ manifest }: RunDirectory): string | null {
  const { protocol } = manifest.configuration as { protocol?: { boxes?: unknown } };
  return typeof protocol?.boxes === 'string' ? protocol.boxes : null;
}

/** Which samples the rows of a run are; null where it does not say, and they are all of its folder's. */
async function readSampleIds(run: RunDirectory): Promise<string[] | null> {
  const file = run.file('samples');
  if (run.manifest.selected !== true && !(await isFile(file))) return null;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fileError(error, file);
  });
  return text.split('\n').filter((line) => line !== '');
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
  await refusePartOfRun(path);
  return arraySource({ kind: 'npy-folder', path }, dataset, async (held) => {
    const open = async (name: string): Promise<OpenArray | null> => {
      const file = join(path, `${name}.npy`);
      return (await isFile(file)) ? held.open(NpyReader.open(file), dataset.axes) : null;
    };
    const inSpace = dataset.protocol.measure === 'hands-3d';
    return {
      joints: inSpace ? await open('joints') : null,
      vertices: inSpace ? await open('vertices') : null,
      keypoints: inSpace ? null : ((await open('keypoints_2d'))?.reader ?? null),
      roots: null,
      ids: await readIds(join(path, 'ids.npy')),
      jointOrder: dataset.jointOrder,
    };
  });
}

/** The arrays of a run without its run.json: axes, joint order and samples would be guessed. */
async function refusePartOfRun(path: string): Promise<void> {
  const [, run] = /^(.*)[\\/]predictions(?:[\\/].*)?$/.exec(resolve(path)) ?? [];
  if (run === undefined || !(await isFile(join(run, 'run.json')))) return;
  throw new UserError({
    code: 'predictions-of-run',
    message: 'These arrays are part of a run directory, and its run.json says what they are',
    file: path,
    expected: 'the run directory, or arrays on their own',
    got: `a folder in ${run}`,
    next: `give ${run}; what it has of test-time augmentation is in its metrics.json`,
  });
}

async function readIds(file: string): Promise<string[] | null> {
  if (!(await isFile(file))) return null;
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(error, file);
  });
  return readNpyStrings(bytes, file);
}

/**
 * An .npz with `joints` and `vertices`, one of them at least, and optionally `ids`.
 *
 * @param signal ends the unpacking; its reason is thrown.
 */
export async function openNpzPredictions(
  path: string,
  dataset: DatasetDefinition,
  signal?: AbortSignal,
): Promise<PredictionSource> {
  const archive = await readNpz(path);
  try {
    return await arraySource({ kind: 'npz', path }, dataset, async (held) => {
      const scratch = await makeScratch();
      held.add(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));
      const open = async (name: string): Promise<OpenArray | null> => {
        if (!archive.has(name)) return null;
        return held.open(unpack(archive, name, scratch, signal), dataset.axes);
      };
      const inSpace = dataset.protocol.measure === 'hands-3d';
      return {
        joints: inSpace ? await open('joints') : null,
        vertices: inSpace ? await open('vertices') : null,
        keypoints: inSpace ? null : ((await open('keypoints_2d'))?.reader ?? null),
        roots: null,
        ids: archive.has('ids') ? await archive.strings('ids') : null,
        jointOrder: dataset.jointOrder,
      };
    });
  } finally {
    archive.close();
  }
}

async function makeScratch(): Promise<string> {
  const prefix = join(tmpdir(), 'hamba-eval-npz-');
  return mkdtemp(prefix).catch((error: unknown) => {
    throw fileError(error, prefix, 'write');
  });
}

/** Unpacks one array beside memory: a mesh for each of 20,000 samples is hundreds of megabytes. */
async function unpack(
  archive: NpzFile,
  name: string,
  scratch: string,
  signal: AbortSignal | undefined,
): Promise<NpyReader> {
  const file = join(scratch, `${name}.npy`);
  try {
    const options = signal === undefined ? {} : { signal };
    await pipeline(await archive.stream(name), createWriteStream(file), options);
  } catch (error) {
    // An interruption comes out as an AbortError.
    signal?.throwIfAborted();
    throw fileError(error, file, 'write');
  }
  signal?.throwIfAborted();
  return NpyReader.open(file, archive.place(name));
}

/** @param open opens the arrays; what it hands to its argument is released in the end, or where it fails. */
async function arraySource(
  origin: PredictionOrigin,
  dataset: DatasetDefinition,
  open: (held: Holdings) => Promise<OpenArrays>,
): Promise<PredictionSource> {
  const held = new Holdings();
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
        turnAxes(rows, axes, dataset.axes);
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
  const rows = await array.reader.readRows(0, array.reader.rows);
  turnAxes(rows, array.axes, axes);
  return rows;
}

async function readJoints(
  { reader, axes }: OpenArray,
  order: JointOrder,
  dataset: DatasetDefinition,
): Promise<Float64Array> {
  const joints = inOrder(await reader.readRows(0, reader.rows), order, dataset.jointOrder);
  turnAxes(joints, axes, dataset.axes);
  return joints;
}

/** How many samples the arrays hold. */
function checkArrays(origin: PredictionOrigin, { protocol }: DatasetDefinition, arrays: OpenArrays): number {
  const { ids, keypoints } = arrays;
  const joints = arrays.joints?.reader ?? null;
  const vertices = arrays.vertices?.reader ?? null;
  const inSpace = protocol.measure === 'hands-3d';
  const wrong = (message: string, expected: string, got: string): UserError =>
    new UserError({
      code: 'predictions-arrays',
      message,
      file: origin.path,
      expected,
      got,
      next: inSpace
        ? 'save joints as (N, 21, 3) and vertices as (N, V, 3), in metres'
        : 'save keypoints_2d as (N, 21, 2), in px of the original photograph, left hands as they appear in it',
    });
  const shape = (reader: NpyReader): string => `(${reader.shape.join(', ')})`;
  const first = joints ?? vertices ?? keypoints;
  if (first === null) {
    const expected = inSpace ? "arrays named 'joints' or 'vertices'" : "an array named 'keypoints_2d'";
    throw wrong('There are no predictions here', expected, inSpace ? 'neither' : 'none');
  }
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
