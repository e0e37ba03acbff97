/** Finds out what a `--predictions` path is, by looking, and opens it. */
import { stat } from 'node:fs/promises';
import type { DatasetDefinition } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { readStart } from '../files/file-start.js';
import { refuseLfsPointer } from '../files/lfs-pointer.js';
import { otherKind } from '../files/open-file.js';
import { readNpz } from '../formats/npy/npz.js';
import { NPY_FOLDER } from './formats/npy-folder.js';
import { PRED_JSON } from './formats/pred-json.js';
import type {
  OpenPredictionsOptions,
  PredictionFormat,
  PredictionPath,
} from './formats/prediction-format.js';
import { ACCEPTED, PREDICTION_FORMATS } from './formats/registry.js';
import type { PredictionSource } from './prediction-source.js';

/** First bytes of a zip archive: of its first entry, or of the end record of one without entries. */
const ZIP_SIGNATURES = [0x04034b50, 0x06054b50];

/** Bytes by which a format may recognise a file. */
const START_BYTES = 64;

/** @throws UserError where there is nothing, or nothing that can be scored. */
export async function openPredictions(
  path: string,
  dataset: DatasetDefinition,
  signal?: OpenPredictionsOptions['signal'],
  requireRows?: OpenPredictionsOptions['requireRows'],
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
  const other = otherKind(info);
  if (other !== null) throw noFile(path, other);
  const format = await formatOf(await look(path, info.isDirectory()));
  return format.open({ kind: format.kind, path }, dataset, { signal, requireRows });
}

/** What no format recognises is opened all the same: the error then says what is missing in it. */
async function formatOf(given: PredictionPath): Promise<PredictionFormat> {
  for (const format of PREDICTION_FORMATS) if (await format.recognises(given)) return format;
  return given.isFolder ? NPY_FOLDER : PRED_JSON;
}

/** A pipe can be read once and from its start only; what a file is, is found out by reading it twice. */
function noFile(path: string, got: string): UserError {
  return new UserError({
    code: 'predictions-no-file',
    message: 'The predictions are neither a file nor a folder',
    file: path,
    expected: ACCEPTED,
    got,
    next: 'write the predictions to a file first',
  });
}

async function look(path: string, isFolder: boolean): Promise<PredictionPath> {
  const start = isFolder ? Buffer.alloc(0) : await readStart(path, START_BYTES);
  refuseLfsPointer(start, path);
  const isZip = start.length >= 4 && ZIP_SIGNATURES.includes(start.readUInt32LE());
  return { path, isFolder, start, arrays: isZip ? await arrayNames(path) : null };
}

async function arrayNames(path: string): Promise<readonly string[]> {
  const archive = await readNpz(path);
  archive.close();
  return archive.names;
}
