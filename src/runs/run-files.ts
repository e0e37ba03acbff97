/** The files of a run directory: their names, and how they are removed or moved together. */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { partialName } from '../files/atomic-file.js';
import { fileError } from '../files/file-errors.js';
import { listFolder, makeFolder, removeEmpty } from '../files/folders.js';
import { arrayFiles, PLAIN_SET, setFolders } from './prediction-sets.js';

/** Every file name this program writes into a run directory; `--force` removes these and no other. */
export const RUN_FILES = {
  manifest: 'run.json',
  metrics: 'metrics.json',
  officialScores: 'scores.txt',
  metricsCsv: 'metrics.csv',
  perSample: 'per_sample.csv',
  perJoint: 'per_joint.csv',
  jointErrors: 'joint_errors.npy',
  perKeypoint: 'per_keypoint.csv',
  pckCurves: 'pck_curves.csv',
  samples: 'samples.txt',
  passes: 'tta_passes.csv',
  heatMap: 'tta_heatmap.svg',
  report: 'report.html',
  joints: 'predictions/joints.npy',
  vertices: 'predictions/vertices.npy',
  keypoints_2d: 'predictions/keypoints_2d.npy',
  progress: 'predictions/progress.json',
} as const;

export type RunFile = keyof typeof RUN_FILES;

/** The manifest goes last: a folder that lost its files halfway is still recognised as ours. */
const RESULT_FILES = Object.values(RUN_FILES).filter(
  (name) => name !== RUN_FILES.manifest && !name.startsWith('predictions/'),
);

/** Paths below a run directory, in the order in which they are removed; folders from the deepest up. */
interface OurFiles {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Of the predictions; the journal goes before the arrays that it speaks of. */
async function predictionFiles(path: string): Promise<OurFiles> {
  const folders = await setFolders(path);
  const arrays = [PLAIN_SET, ...folders].flatMap(arrayFiles);
  return { files: [RUN_FILES.progress, ...arrays], folders: [...folders, PLAIN_SET] };
}

/** Every file of ours that may be in a run directory, the manifest last. */
async function ourFiles(path: string): Promise<OurFiles> {
  const { files, folders } = await predictionFiles(path);
  return { files: [...RESULT_FILES, ...files, RUN_FILES.manifest], folders };
}

export async function removeOurFiles(path: string): Promise<void> {
  await remove(path, await ourFiles(path));
}

/** Whole and unfinished arrays of every set, and the journal of the unfinished ones. */
export async function removePredictions(path: string): Promise<void> {
  await remove(path, await predictionFiles(path));
}

async function remove(path: string, { files, folders }: OurFiles): Promise<void> {
  for (const name of files) {
    await rm(join(path, name), { force: true });
    await rm(partialName(join(path, name)), { force: true });
  }
  for (const folder of folders) await removeEmpty(join(path, folder));
}

export async function moveOurFiles(from: string, to: string): Promise<void> {
  if ((await listFolder(from)).length === 0) return;
  const { files, folders } = await ourFiles(from);
  const present = await Promise.all(folders.map((folder) => listFolder(join(from, folder))));
  for (const [index, folder] of folders.entries()) {
    if (present[index]!.length > 0) await makeFolder(join(to, folder));
  }
  for (const name of files) {
    try {
      await rename(join(from, name), join(to, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(error, join(to, name), 'write');
    }
  }
  for (const folder of folders) await removeEmpty(join(from, folder));
}
