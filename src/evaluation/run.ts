/** `run`: predict with a checkpoint and score, or score a prediction file. */
import { resolve } from 'node:path';
import { openDataset } from '../datasets/registry.js';
import type { DatasetFolder, Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { AnyProtocol } from '../metrics/index.js';
import type { Outcome } from '../reporting/outcome.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { openRunPredictions } from './array-predictions.js';
import { checkImages } from './check-images.js';
import { checkCounts, countTruths, GroundTruth, hasTruth } from './ground-truth.js';
import type { OpenedModel } from './predict.js';
import { openPredictions } from './open-predictions.js';
import type { PredictionSource } from './prediction-source.js';
import { scoreHands } from './score.js';
import { scoreKeypoints } from './score-keypoints.js';
import { selectSamples, type Selection } from './selection.js';
import {
  guarded,
  openDirectory,
  outcome,
  reuse,
  sizeAndTime,
  type RunContext,
  type RunRequest,
  type Task,
} from './task.js';

export { defaultRunDirectory, type RunContext, type RunRequest } from './task.js';

/** @throws UserError for everything that is wrong with the input; Interrupted through the signal's reason. */
export async function run(request: RunRequest, context: RunContext): Promise<Outcome> {
  const { dataset, split, boxes } = request;
  const folder = await openDataset(dataset, resolve(request.data), { split, boxes });
  const protocol = withReflection(folder, request);
  const task = { request, folder, protocol, context };
  return request.model === undefined
    ? scorePredictions({ ...task, subject: request.predictions! })
    : evaluateModel({ ...task, subject: request.model });
}

function withReflection({ protocol, definition }: DatasetFolder, { reflection }: RunRequest): AnyProtocol {
  if (reflection === undefined) return protocol;
  if (protocol.measure === 'hands-3d') return { ...protocol, reflection };
  throw new UserError({
    code: 'reflection-meaningless',
    message: `${definition.title} is scored in the photograph, where nothing is aligned`,
    expected: 'no --reflection',
    got: reflection,
    next: 'leave --reflection out',
  });
}

async function evaluateModel(task: Task): Promise<Outcome> {
  const { request, folder, context, subject } = task;
  const all = await folder.samples();
  await checkCounts(folder, all.length, context.signal);
  const ids = all.map(({ id }) => id);
  const selection = await selectSamples(request, ids);
  const samples = selection === null ? all : Array.from(selection, (index) => all[index]!);
  if (request.skipUnreadable !== true) await checkImages(samples, context.signal);
  // Loaded here, so that who scores a file does not wait for ONNX Runtime.
  const { openModel, requireKeypoints } = await import('./predict.js');
  const model = await openModel(subject, request.batchSize);
  try {
    context.signal.throwIfAborted();
    if (task.protocol.measure === 'keypoints-2d') requireKeypoints(model, folder.definition.title);
    const protocol = modelProtocol(task.protocol, model, samples);
    const opened = await openDirectory(
      { ...task, protocol },
      {
        samples,
        selection,
        resume: true,
        configuration: {
          model: { path: resolve(subject), sha256: model.sha256, contract: model.contract },
          provider: model.session.providerUsed,
          batch_size: model.batchSize,
        },
      },
    );
    if (opened.state === 'finished') return await reuse(task, opened.run);
    const { run } = opened;
    if (opened.state === 'fresh')
      await guarded(run, context, 'predicted', () => predictInto(task, run, model, samples, selection));
    else context.progress.note('The predictions of an earlier, unfinished run are there and are scored.');
    if (!hasTruth(folder)) {
      await run.finish('complete');
      return outcome(task, run, null);
    }
    const document = await guarded(run, context, 'predicted', async () => {
      const source = await openRunPredictions(run, folder.definition, 'model');
      try {
        return await scoreInto({ ...task, protocol }, run, source, selection, null);
      } finally {
        await source.close();
      }
    });
    return outcome(task, run, document);
  } finally {
    await model.session.close();
  }
}

/** The folder's protocol with what the model decides. */
function modelProtocol(
  protocol: AnyProtocol,
  { contract }: OpenedModel,
  samples: readonly Sample[],
): AnyProtocol {
  const boxes = contract.crop === 'whole-image' ? 'image' : protocol.boxes;
  if (protocol.measure === 'keypoints-2d') return { ...protocol, boxes };
  const isPlaced = samples.some(({ root }) => root !== null) && contract.outputs.joints !== null;
  return { ...protocol, boxes, rootAlignment: isPlaced ? 'published-root' : 'none' };
}

async function predictInto(
  { request, folder, context }: Task,
  run: RunDirectory,
  model: OpenedModel,
  samples: readonly Sample[],
  selection: Selection | null,
): Promise<void> {
  const { predict } = await import('./predict.js');
  const unreadable = request.skipUnreadable === true ? 'skip' : 'stop';
  const predicted = await predict({
    samples,
    model,
    run,
    axes: folder.definition.axes,
    unreadable,
    ...context,
  });
  await run.writeText('samples', samples.map(({ id }) => `${id}\n`).join(''));
  await run.update({ ...predicted, selected: selection !== null });
}

async function scorePredictions(task: Task): Promise<Outcome> {
  const { request, folder, context, subject } = task;
  requireGroundTruth(folder);
  const truth = folder.groundTruth.kind === 'hands' ? new GroundTruth(folder.groundTruth) : null;
  try {
    const source = await openPredictions(subject, folder.definition, context.signal);
    try {
      context.signal.throwIfAborted();
      const selection = await selectionOf(request, folder, context);
      const { protocol } = task;
      const rules: AnyProtocol =
        protocol.measure === 'hands-3d' && source.placed
          ? { ...protocol, rootAlignment: 'published-root' }
          : protocol;
      const opened = await openDirectory(
        // Which boxes the predictions were made from is not known.
        { ...task, protocol: { ...rules, boxes: null } },
        {
          samples: null,
          selection,
          resume: false,
          configuration: {
            predictions: {
              kind: source.origin.kind,
              path: resolve(subject),
              ...(await sizeAndTime(subject)),
            },
          },
        },
      );
      if (opened.state === 'finished') return await reuse(task, opened.run);
      const { run } = opened;
      const document = await guarded(run, context, 'imported', () =>
        scoreInto({ ...task, protocol: { ...rules, boxes: null } }, run, source, selection, truth),
      );
      return outcome(task, run, document);
    } finally {
      await source.close();
    }
  } finally {
    await truth?.close();
  }
}

/** Without photographs a sample is known by the ground truth. */
async function selectionOf(
  request: RunRequest,
  folder: DatasetFolder,
  { signal }: RunContext,
): Promise<Selection | null> {
  if (request.limit === undefined && request.samples === undefined) return null;
  return selectSamples(request, await folder.sampleIds((await countTruths(folder, signal))!));
}

function requireGroundTruth(folder: DatasetFolder): void {
  if (hasTruth(folder)) return;
  const { root, split } = folder;
  throw new UserError({
    code: 'ground-truth-missing',
    message: 'There is no ground truth in this folder to score predictions against',
    file: root,
    expected: `${split}_xyz.json and ${split}_verts.json`,
    got: 'neither',
    next: 'give the folder that holds them with --data',
  });
}

/** @param truth of the folder, where its reading has begun already; closed here. */
async function scoreInto(
  { request, folder, protocol, context }: Task,
  run: RunDirectory,
  source: PredictionSource,
  selection: Selection | null,
  truth: GroundTruth | null,
): Promise<MetricsDocument> {
  const common = { run, folder, source, selection, ...context };
  if (protocol.measure === 'keypoints-2d') {
    if (folder.groundTruth.kind !== 'keypoints')
      throw new TypeError(`${folder.definition.id} has no keypoints`);
    const document = await scoreKeypoints({ ...common, truth: folder.groundTruth, protocol });
    await run.finish('complete');
    return document;
  }
  if (folder.groundTruth.kind !== 'hands') throw new TypeError(`${folder.definition.id} has no hands`);
  const hands = truth ?? new GroundTruth(folder.groundTruth);
  try {
    const document = await scoreHands({ ...common, truth: hands, protocol, workers: request.workers });
    await run.finish('complete');
    return document;
  } finally {
    await hands.close();
  }
}
