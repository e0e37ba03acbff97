/** The true joints and meshes of a dataset folder: joints at once, vertices as a stream. */
import { UserError } from '../errors.js';
import type { DatasetFolder } from '../datasets/types.js';
import { JOINT_COUNT } from '../hand/joints.js';
import type { RecordLayout } from '../formats/number-json.js';
import { SCORE_BATCH } from './prediction-source.js';
import { RecordStream } from './record-stream.js';

const JOINTS: RecordLayout = { nesting: 'list', shape: [JOINT_COUNT, 3], recordName: 'sample' };
const VERTICES: RecordLayout = { nesting: 'list', shape: ['any', 3], recordName: 'sample' };

/** N × 21 × 3, metres, in the benchmark's joint order and axes. */
export async function readJoints(path: string): Promise<Float64Array> {
  const stream = new RecordStream({ path, layout: JOINTS, batchSize: SCORE_BATCH });
  try {
    const parts: Float64Array[] = [];
    for (let batch; (batch = await stream.next()) !== null;) parts.push(batch.values);
    const whole = new Float64Array(parts.reduce((total, part) => total + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  } finally {
    await stream.close();
  }
}

export function openVertices(path: string): RecordStream {
  return new RecordStream({ path, layout: VERTICES, batchSize: SCORE_BATCH });
}

/** How many samples an annotation file holds; reads it to its end, so that a cut file is found before hours of work. */
async function countRecords(path: string, layout: RecordLayout): Promise<number> {
  const stream = new RecordStream({ path, layout, batchSize: SCORE_BATCH });
  try {
    while ((await stream.next()) !== null);
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
export async function checkCounts(folder: DatasetFolder, imageCount: number): Promise<void> {
  const { joints, vertices } = folder.groundTruth;
  const [jointCount, vertexCount] = await Promise.all([
    joints === null ? null : countRecords(joints, JOINTS),
    vertices === null ? null : countRecords(vertices, VERTICES),
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
