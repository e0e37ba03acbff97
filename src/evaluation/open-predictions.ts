/** Finds out what a `--predictions` path is, by looking, and opens it. */
import { open, stat } from 'node:fs/promises';
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { openOfficialPredictions } from './official-predictions.js';
import type { PredictionSource } from './prediction-source.js';

const ACCEPTED = 'a pred.json, or a zip with a pred.json in it';

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
  if (info.isDirectory()) {
    throw new UserError({
      code: 'predictions-kind',
      message: 'A folder cannot be scored as predictions',
      file: path,
      expected: ACCEPTED,
      got: 'a folder',
      next: 'name the file itself with --predictions',
    });
  }
  return openOfficialPredictions(path, (await startsAsZip(path)) ? 'zip' : 'plain', dataset);
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
