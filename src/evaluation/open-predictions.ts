/** Finds out what a `--predictions` path is, by looking, and opens it. */
import { open, stat } from 'node:fs/promises';
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { readNpz } from '../formats/npz.js';
import { openFolderPredictions, openNpzPredictions } from './array-predictions.js';
import { openOfficialPredictions } from './official-predictions.js';
import type { PredictionSource } from './prediction-source.js';

const ACCEPTED =
  'a pred.json, a zip of it, a run directory, a folder of joints.npy and vertices.npy, or an .npz of those';

/** @throws UserError where there is nothing, or nothing that can be scored. */
export async function openPredictions(path: string, dataset: DatasetDefinition): Promise<PredictionSource> {
  const info = await stat(path).catch((error: unknown) => {
    throw new UserError({
      code: 'predictions-missing',
      message: 'The predictions are not there',
      file: path,
      expected: ACCEPTED,
      got:
        (error as NodeJS.ErrnoException).code === 'ENOENT'
          ? 'nothing of that name'
          : (error as Error).message,
      next: 'check the path given with --predictions',
      cause: error,
    });
  });
  if (info.isDirectory()) return openFolderPredictions(path, dataset);
  if (!(await startsAsZip(path))) return openOfficialPredictions(path, 'plain', dataset);
  // Both are zip archives: what is inside tells them apart, not the name.
  return (await holdsArrays(path))
    ? openNpzPredictions(path, dataset)
    : openOfficialPredictions(path, 'zip', dataset);
}

async function holdsArrays(path: string): Promise<boolean> {
  const archive = await readNpz(path);
  archive.close();
  return archive.names.length > 0;
}

async function startsAsZip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.readUInt32LE() === 0x04034b50;
  } finally {
    await file.close();
  }
}
