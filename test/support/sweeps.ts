/** Folders and models for runs with test-time augmentation. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readNpy, toFloat64 } from '../../src/formats/npy/npy.js';
import { writeBlobs } from './blobs.js';
import { writeFreihandFolder } from './freihand-folder.js';
import { momentModel, MOMENT_SIDECAR } from './models.js';

/** A FreiHAND folder whose photographs are spots on black. */
export async function writeBlobFolder(root: string, count: number, reach = 38): Promise<void> {
  await writeFreihandFolder(root, { images: count, xyz: count, verts: count });
  for (let seed = 0; seed < count; seed++) {
    const file = join(root, 'evaluation/rgb', `${seed.toString().padStart(8, '0')}.jpg`);
    await writeBlobs(file, { width: 224, height: 224, center: [112, 112], reach, seed });
  }
}

/** The model that turns with its crop, and its sidecar; returns its path. */
export async function writeMomentModel(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'moments.onnx');
  await writeFile(file, momentModel());
  await writeFile(join(folder, 'moments.json'), JSON.stringify(MOMENT_SIDECAR));
  return file;
}

/** The numbers of an array of a run directory, in doubles. */
export async function numbersOf(run: string, file: string): Promise<Float64Array> {
  return toFloat64(readNpy(await readFile(join(run, 'predictions', file)), file), file);
}
