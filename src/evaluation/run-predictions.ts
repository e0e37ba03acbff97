/** The predictions of a run directory, brought into the benchmark's joint order and axes. */
import { join } from 'node:path';
import type { Axes, DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { NpyReader } from '../formats/npy.js';
import { gatherFromOpenPose, JOINT_COUNT, type JointOrder } from '../hand/joints.js';
import type { ArrayDescription } from '../runs/manifest.js';
import type { RunDirectory } from '../runs/run-directory.js';
import type { PredictionSource } from './prediction-source.js';

/**
 * Opens `predictions/` of a run.
 *
 * @throws UserError where the run has no predictions yet or a file is not what run.json says.
 */
export async function openRunPredictions(
  run: RunDirectory,
  dataset: DatasetDefinition,
): Promise<PredictionSource> {
  const { joints, vertices } = run.manifest.predictions ?? {};
  if (joints === undefined && vertices === undefined) {
    throw new UserError({
      code: 'run-without-predictions',
      message: 'This run directory holds no predictions',
      file: run.path,
      expected: "'predictions' in run.json",
      got: `state '${run.manifest.state}'`,
      next: 'let the run finish first',
    });
  }
  const jointReader = joints === undefined ? null : await openArray(run, joints);
  const vertexReader = vertices === undefined ? null : await openArray(run, vertices);
  const order = joints?.joint_order as JointOrder | undefined;
  const count = (jointReader ?? vertexReader)!.rows;
  const points =
    jointReader === null
      ? null
      : inOrder(await jointReader.readRows(0, count), order ?? 'openpose', dataset.jointOrder);
  if (points !== null) turnAxes(points, joints!.axes as Axes, dataset.axes);
  return {
    origin: { kind: 'model', path: run.path },
    count,
    joints: points,
    vertexCount: vertexReader === null ? null : vertexReader.shape[1]!,
    jointOrder: dataset.jointOrder,
    axes: dataset.axes,
    async vertices(first, length) {
      const rows = await vertexReader!.readRows(first, first + length);
      turnAxes(rows, vertices!.axes as Axes, dataset.axes);
      return rows;
    },
    finish: () => Promise.resolve(),
    async close() {
      await Promise.all([jointReader?.close(), vertexReader?.close()]);
    },
  };
}

async function openArray(run: RunDirectory, description: ArrayDescription): Promise<NpyReader> {
  const reader = await NpyReader.open(join(run.path, description.file));
  if (reader.shape.join() === description.shape.join()) return reader;
  await reader.close();
  throw new UserError({
    code: 'run-array-shape',
    message: 'An array of the run directory is not what run.json says',
    file: reader.file,
    expected: `shape (${description.shape.join(', ')})`,
    got: `shape (${reader.shape.join(', ')})`,
    next: 'run it again with --force',
  });
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
