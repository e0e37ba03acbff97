/** More predictions than samples are refused by their number alone, before memory is filled with them. */
import type { GroundTruth } from '../datasets/ground-truth/ground-truth.js';
import type { DatasetFolder } from '../datasets/types.js';
import { JOINT_COUNT } from '../hand/joints.js';
import type { OpenPredictionsOptions } from '../predictions/formats/prediction-format.js';
import { countMismatch } from '../score/score-errors.js';

/**
 * For `openPredictions`. Up to the benchmark's size nothing is refused: that is read soon, and what is wrong with it is
 * then said in full.
 *
 * @param truth null for labels in the photograph.
 */
export function rowLimit(
  folder: DatasetFolder,
  truth: GroundTruth | null,
  path: string,
): NonNullable<OpenPredictionsOptions['requireRows']> {
  return async (rows, { named, atLeast }) => {
    // Of named rows twice as many are read, for the error that says which name is one too many.
    const times = named ? 2 : 1;
    if (rows <= times * folder.benchmarkCount) return;
    const { count, file } = await samplesOf(folder, truth);
    if (rows <= times * count) return;
    throw countMismatch({ file: path, count: rows, atLeast }, { count, file, atLeast: false });
  };
}

async function samplesOf(
  { groundTruth }: DatasetFolder,
  truth: GroundTruth | null,
): Promise<{ count: number; file: string }> {
  if (groundTruth.kind === 'keypoints')
    return { count: (await groundTruth.read()).count, file: groundTruth.file };
  const joints = await truth!.joints;
  return joints === null
    ? { count: await truth!.countMeshes(), file: groundTruth.meshes!.file }
    : { count: joints.length / (JOINT_COUNT * 3), file: groundTruth.joints!.file };
}
