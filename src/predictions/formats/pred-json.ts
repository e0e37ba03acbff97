import { openOfficialPredictions } from '../official-predictions.js';
import type { PredictionFormat } from './prediction-format.js';

/** The official `pred.json`. */
export const PRED_JSON: PredictionFormat = {
  kind: 'pred.json',
  title: 'a pred.json',
  help: 'the official pred.json or a zip of it',
  recognises: ({ start }) => /^\s*\[/.test(start.toString('latin1')),
  open: (origin, dataset, options) => openOfficialPredictions(origin, 'plain', dataset, options),
};
