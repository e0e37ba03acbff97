/**
 * A demo folder's evaluation half in the files that HaMeR's evaluation reads (`ImageDataset` in its
 * datasets/image_dataset.py): an .npz of
 *
 *     imgname             N      below the folder of images
 *     center, scale       N×2    px; scale is the width and height of the box
 *     right               N      1 or 0
 *     hand_keypoints_2d   N×21×3 x, y in px and a confidence
 *     hand_keypoints_3d   N×21×4 metres, camera frame (OpenCV axes), and a confidence
 *
 * Joints are in OpenPose order.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { proceduralHand } from '../../src/demo/hand/procedural-hand.js';
import type { HamerRow } from '../../src/demo/layouts/layout.js';
import { DEFAULT_DEMO_DATASET, layoutOf } from '../../src/demo/layouts/registry.js';
import { STAMP_FILE, type DemoStamp } from '../../src/demo/stamp.js';
import { Studio } from '../../src/demo/studio.js';
import { UserError } from '../../src/errors.js';
import { writeFileAtomic } from '../../src/files/atomic-file.js';
import { JOINT_COUNT } from '../../src/hand/joints.js';
import { npzBytes } from './npz-writer.js';

/**
 * Writes the metadata of a folder that `writeDemoDataset` made.
 *
 * @param out where to; it exists
 * @returns the files: one, or for HInt those of all, visible and occluded keypoints
 * @throws UserError where `dir` is no finished demo folder
 */
export async function writeHamerMetadata(dir: string, out: string): Promise<string[]> {
  const stamp = await readStamp(dir);
  if (stamp === undefined) {
    throw new UserError({
      code: 'demo-folder-not-ours',
      message: 'This is no finished folder of the demo',
      file: dir,
      expected: 'demo.json in it',
      next: 'make one with hamba-eval demo',
    });
  }
  const { seed, evaluation, dataset = DEFAULT_DEMO_DATASET } = stamp;
  const layout = await layoutOf(dataset);
  const tables = layout.hamerTables({ seed, evaluation, studio: new Studio(proceduralHand()) });
  const files: string[] = [];
  for (const { name, rows } of tables) {
    files.push(join(out, name));
    await writeFileAtomic(files.at(-1)!, hamerBytes(rows));
  }
  return files;
}

function hamerBytes(rows: readonly HamerRow[]): Buffer {
  const n = rows.length;
  const numbers = (shape: readonly number[], values: (row: HamerRow) => readonly number[]) => ({
    shape: [n, ...shape],
    data: Float64Array.from(rows.flatMap(values)),
  });
  const joints = Array.from({ length: JOINT_COUNT }, (_, j) => j);
  return npzBytes({
    imgname: rows.map((row) => row.imgname),
    center: numbers([2], (row) => row.center),
    scale: numbers([2], (row) => row.scale),
    right: numbers([], (row) => [row.right ? 1 : 0]),
    hand_keypoints_2d: numbers([JOINT_COUNT, 3], ({ pixels, confidence }) =>
      joints.flatMap((j) => [pixels[j * 2]!, pixels[j * 2 + 1]!, confidence?.[j] ?? 1]),
    ),
    hand_keypoints_3d: numbers([JOINT_COUNT, 4], (row) =>
      joints.flatMap((j) => [row.joints[j * 3]!, row.joints[j * 3 + 1]!, row.joints[j * 3 + 2]!, 1]),
    ),
  });
}

/** Undefined where there is none: no finished folder. */
async function readStamp(dir: string): Promise<DemoStamp | undefined> {
  const text = await readFile(join(dir, STAMP_FILE), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as DemoStamp);
}
