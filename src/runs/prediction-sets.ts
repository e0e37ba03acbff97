/**
 * The prediction sets of a run directory and the names of their files: the plain one, one for each
 * fusion of test-time augmentation, and one for each of its passes where they are kept.
 *
 *     predictions/joints.npy
 *     predictions/fused/aligned-mean/joints.npy
 *     predictions/passes/000/joints.npy
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export const PREDICTION_ARRAYS = [
  'joints',
  'vertices',
  'keypoints_2d',
  'camera',
  'chain_joints',
  'roots',
] as const;

export type PredictionArray = (typeof PREDICTION_ARRAYS)[number];

/** Folder of a set below the run directory. */
export type SetFolder = 'predictions' | `predictions/fused/${string}` | `predictions/passes/${string}`;

export const PLAIN_SET: SetFolder = 'predictions';

export function fusedSet(fusion: string): SetFolder {
  return `predictions/fused/${fusion}`;
}

export function passSet(index: number): SetFolder {
  return `predictions/passes/${index.toString().padStart(3, '0')}`;
}

/** Path of an array relative to the run directory. */
export function arrayFile(set: SetFolder, array: PredictionArray): string {
  return `${set}/${array}.npy`;
}

/** The folders of sets that this program makes, by the folder they are in. */
const SET_NAMES = {
  'predictions/fused': /^(?:aligned|derotated)-mean$/,
  'predictions/passes': /^\d{3,4}$/,
} as const;

/** Folders of sets that a run directory has beside the plain one, deepest first, then their parents. */
export async function setFolders(run: string): Promise<string[]> {
  const found: string[] = [];
  for (const [parent, pattern] of Object.entries(SET_NAMES)) {
    const names = await readdir(join(run, parent)).catch(() => null);
    if (names === null) continue;
    const ours = names.filter((name) => pattern.test(name));
    found.push(...ours.map((name) => `${parent}/${name}`), parent);
  }
  return found;
}

/** Every array file of ours that may lie in a folder of a set. */
export function arrayFiles(folder: string): string[] {
  return PREDICTION_ARRAYS.map((array) => `${folder}/${array}.npy`);
}
