/** Finds out what a `--predictions` path is, by looking, and opens it. */
import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';
import { readNpz } from '../formats/npy/npz.js';
import { openFolderPredictions, openNpzPredictions } from './array-predictions.js';
import { openOfficialPredictions } from './official-predictions.js';
import type { PredictionSource } from './prediction-source.js';

const ACCEPTED =
  'a pred.json, a zip of it, a run directory, a folder of joints.npy and vertices.npy, or an .npz of those';

/** First bytes of a zip archive: of its first entry, or of the end record of one without entries. */
const ZIP_SIGNATURES = [0x04034b50, 0x06054b50];

/**
 * @param signal ends the opening, which unpacks an archive or reads all joints; its reason is thrown.
 * @throws UserError where there is nothing, or nothing that can be scored.
 */
export async function openPredictions(
  path: string,
  dataset: DatasetDefinition,
  signal?: AbortSignal,
): Promise<PredictionSource> {
  signal?.throwIfAborted();
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
      next: 'check the path',
      cause: error,
    });
  });
  if (info.isDirectory()) return openFolderPredictions(path, dataset);
  if (!info.isFile()) throw noFile(path, info);
  if (!(await startsAsZip(path))) return openOfficialPredictions(path, 'plain', dataset, signal);
  // Both are zip archives: what is inside tells them apart, not the name.
  return (await holdsArrays(path))
    ? openNpzPredictions(path, dataset, signal)
    : openOfficialPredictions(path, 'zip', dataset, signal);
}

/** A pipe can be read once and from its start only; what a file is, is found out by reading it twice. */
function noFile(path: string, info: Stats): UserError {
  return new UserError({
    code: 'predictions-no-file',
    message: 'The predictions are neither a file nor a folder',
    file: path,
    expected: ACCEPTED,
    got: info.isFIFO() ? 'a pipe' : info.isSocket() ? 'a socket' : 'a device',
    next: 'write the predictions to a file first',
  });
}

async function holdsArrays(path: string): Promise<boolean> {
  const archive = await readNpz(path);
  archive.close();
  return archive.names.length > 0;
}

async function startsAsZip(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
      return bytesRead === 4 && ZIP_SIGNATURES.includes(buffer.readUInt32LE());
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}
