/** The true joints and meshes of a dataset folder: joints at once, vertices as a stream. */
import { UserError } from '../errors.js';
import type { DatasetFolder } from '../datasets/types.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { readNumberJson, type RecordLayout } from '../formats/number-json.js';
import { concatenated } from './concatenated.js';
import { SCORE_BATCH } from './prediction-source.js';
import { RecordStream } from './record-stream.js';

const JOINTS: RecordLayout = { nesting: 'list', shape: [JOINT_COUNT, 3], recordName: 'sample' };
const VERTICES: RecordLayout = { nesting: 'list', shape: ['any', 3], recordName: 'sample' };

/**
 * Ground truth on its way: reading begins when this is made, so that it
 * overlaps with whatever is opened meanwhile.
 */
export class GroundTruth {
  /** N × 21 × 3, metres, in the benchmark's joint order and axes; `null` where the folder has none. */
  readonly joints: Promise<Float64Array | null>;
  /** A few batches ahead at most, until somebody takes them; `null` where the folder has none. */
  readonly vertices: RecordStream | null;

  constructor({ groundTruth }: DatasetFolder) {
    const { joints, vertices } = groundTruth;
    this.vertices =
      vertices === null
        ? null
        : new RecordStream({ path: vertices, layout: VERTICES, batchSize: SCORE_BATCH });
    this.joints = joints === null ? Promise.resolve(null) : readJoints(joints);
    // Told when it is awaited; until then a failure is nobody's yet.
    this.joints.catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.vertices?.close();
  }
}

/** A megabyte or ten: read on this thread, while the large files are read on others. */
async function readJoints(path: string): Promise<Float64Array> {
  const parts: Float64Array[] = [];
  for await (const batch of readNumberJson(path, JOINTS)) parts.push(batch.values);
  return concatenated(parts);
}

/** How many samples an annotation file holds; reads it to its end, so that a cut file is found before hours of work. */
async function countRecords(path: string, layout: RecordLayout, signal?: AbortSignal): Promise<number> {
  const stream = new RecordStream({ path, layout, batchSize: SCORE_BATCH });
  try {
    while ((await stream.next()) !== null) signal?.throwIfAborted();
    return stream.summary().counts[0]!;
  } finally {
    await stream.close();
  }
}

export function countVertices(path: string): Promise<number> {
  return countRecords(path, VERTICES);
}

/**
 * Before predicting: photographs, joints and vertices must be about the same samples.
 *
 * @throws UserError naming each file and its count where they differ.
 */
export async function checkCounts(
  folder: DatasetFolder,
  imageCount: number,
  signal: AbortSignal,
): Promise<void> {
  const { joints, vertices } = folder.groundTruth;
  const [jointCount, vertexCount] = await Promise.all([
    joints === null ? null : countRecords(joints, JOINTS, signal),
    vertices === null ? null : countRecords(vertices, VERTICES, signal),
  ]);
  const counts = [`${imageCount} photographs`];
  if (jointCount !== null) counts.push(`${jointCount} entries in ${joints}`);
  if (vertexCount !== null) counts.push(`${vertexCount} entries in ${vertices}`);
  if ((jointCount ?? imageCount) === imageCount && (vertexCount ?? imageCount) === imageCount) return;
  throw new UserError({
    code: 'dataset-count-mismatch',
    message: 'Photographs and ground truth are not about the same samples',
    file: folder.root,
    expected: 'the same number of each',
    got: counts.join(', '),
    next: 'unpack the dataset again, or remove the annotation files to predict without scoring',
  });
}
