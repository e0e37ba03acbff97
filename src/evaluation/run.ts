/** `run`: predict with a checkpoint and score, or score a prediction file. */
import { resolve } from 'node:path';
import { openDataset } from '../datasets/registry.js';
import type { RunContext } from '../progress.js';
import { evaluateModel } from './evaluate-model.js';
import { evaluatePredictions } from './evaluate-predictions.js';
import type { Outcome } from './outcome.js';
import { withRules } from './protocol-rules.js';
import type { RunRequest } from './task.js';

export { defaultRunDirectory, type ModelRequest, type PredictionsRequest, type RunRequest } from './task.js';

/** @throws UserError for everything that is wrong with the input; Interrupted through the signal's reason. */
export async function run(request: RunRequest, context: RunContext): Promise<Outcome> {
  const { dataset, split, boxes } = request;
  const folder = await openDataset(dataset, resolve(request.data), { split, boxes });
  const protocol = withRules(folder, request);
  const task = { folder, protocol, context };
  return request.model === undefined
    ? evaluatePredictions({ ...task, request, subject: request.predictions })
    : evaluateModel({ ...task, request, subject: request.model });
}
