import { openOfficialPredictions } from '../official-predictions.js';
import type { PredictionFormat } from './prediction-format.js';

/** The official `pred.json`, packed as the challenges take it. */
export const PRED_ZIP: PredictionFormat = {
  kind: 'zip',
  title: 'a zip of it',
  help: null,
  // An .npz is a zip archive as well: what is inside tells them apart, not the name.
  recognises: ({ arrays }) => arrays?.length === 0,
  open: (origin, dataset, options) => openOfficialPredictions(origin, 'zip', dataset, options),
};
