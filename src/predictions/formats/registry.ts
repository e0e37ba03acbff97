/** The formats in which predictions are read; one file each. */
import { NPY_FOLDER } from './npy-folder.js';
import { NPZ } from './npz.js';
import { PRED_JSON } from './pred-json.js';
import { PRED_ZIP } from './pred-zip.js';
import type { PredictionFormat } from './prediction-format.js';
import { RUN_DIRECTORY } from './run-directory.js';

export const PREDICTION_FORMATS: readonly PredictionFormat[] = [
  PRED_JSON,
  PRED_ZIP,
  RUN_DIRECTORY,
  NPY_FOLDER,
  NPZ,
];

const ALTERNATIVES = new Intl.ListFormat('en', { type: 'disjunction' });

/** All of them, for an error. */
export const ACCEPTED = ALTERNATIVES.format(PREDICTION_FORMATS.map(({ title }) => title));

/** All of them, for the help of `--predictions`. */
export const ACCEPTED_HELP = ALTERNATIVES.format(PREDICTION_FORMATS.flatMap(({ help }) => help ?? []));
