/** The formats in which predictions are read; one file each. */
import { JSON_OBJECT } from './json-object.js';
import { NPY_FILE } from './npy-file.js';
import { NPY_FOLDER } from './npy-folder.js';
import { NPZ } from './npz.js';
import { PRED_JSON } from './pred-json.js';
import { PRED_ZIP } from './pred-zip.js';
import type { PredictionFormat } from './prediction-format.js';
import { ROW_FILES } from './row-files.js';
import { RUN_DIRECTORY } from './run-directory.js';

export const PREDICTION_FORMATS: readonly PredictionFormat[] = [
  PRED_JSON,
  PRED_ZIP,
  JSON_OBJECT,
  RUN_DIRECTORY,
  NPY_FOLDER,
  ROW_FILES,
  NPZ,
  NPY_FILE,
];

const ALTERNATIVES = new Intl.ListFormat('en', { type: 'disjunction' });

/** All of them, for an error. */
export const ACCEPTED = ALTERNATIVES.format(PREDICTION_FORMATS.map(({ title }) => title));

/** All of them, for the help of `--predictions`. */
export const ACCEPTED_HELP = ALTERNATIVES.format(PREDICTION_FORMATS.flatMap(({ help }) => help ?? []));
