/** `run`: predict with a checkpoint and score, or score a prediction file. */
import { resolve } from 'node:path';
import { openDataset } from '../datasets/registry.js';
import type { DatasetFolder } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { AnyProtocol } from '../metrics/index.js';
import type { RunContext } from '../progress.js';
import { evaluateModel } from './evaluate-model.js';
import { evaluatePredictions } from './evaluate-predictions.js';
import type { Outcome } from './outcome.js';
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

/** The folder's protocol with the rules that were asked for. */
function withRules({ protocol, definition }: DatasetFolder, request: RunRequest): AnyProtocol {
  const { reflection, jointsFrom } = request;
  if (protocol.measure === 'hands-3d') {
    return {
      ...protocol,
      reflection: reflection ?? protocol.reflection,
      jointSource: jointsFrom ?? protocol.jointSource,
    };
  }
  const flag =
    reflection === undefined ? (jointsFrom === undefined ? null : '--joints-from') : '--reflection';
  if (flag === null) return protocol;
  throw new UserError({
    code: 'rule-meaningless',
    message: `${definition.title} is scored in the photograph, where ${flag} means nothing`,
    expected: `no ${flag}`,
    got: reflection ?? jointsFrom ?? '',
    next: `leave ${flag} out`,
  });
}
