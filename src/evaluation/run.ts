/** `run`: predict with a checkpoint and score, or score a prediction file. */
import { resolve } from 'node:path';
import { openDataset } from '../datasets/registry.js';
import type { DatasetFolder, ProblemListener, Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { MANO_VERTEX_COUNT } from '../hand/joint-conventions.js';
import type { AnyProtocol } from '../metrics/index.js';
import type { Outcome } from '../reporting/outcome.js';
import type { Manifest } from '../runs/manifest.js';
import { RunDirectory } from '../runs/run-directory.js';
import { sweepPasses, type Pass } from '../tta/sweep.js';
import { openRunPredictions } from './run-predictions.js';
import { checkImages } from './check-images.js';
import { otherOrder } from './folder-order.js';
import { fuseKept } from './fuse-kept.js';
import { checkCounts, countTruths, GroundTruth, hasTruth } from './ground-truth.js';
import { openJointFormer } from './joint-former.js';
import type { JointFormer } from './joint-source.js';
import { keptPasses } from './kept-passes.js';
import { openPredictions } from './open-predictions.js';
import type { OpenedModel, OpenedMano } from './predict.js';
import type { PredictionSource } from './prediction-source.js';
import { scoreRun } from './score-run.js';
import { selectSamples, type Selection } from './selection.js';
import type { PointFusionName, SweepRequest } from './sweep-writer.js';
import {
  guarded,
  openDirectory,
  outcome,
  reuse,
  sizeAndTime,
  type RunContext,
  type RunRequest,
  type Task,
  type TtaRequest,
} from './task.js';

export { defaultRunDirectory, type RunContext, type RunRequest } from './task.js';

/** @throws UserError for everything that is wrong with the input; Interrupted through the signal's reason. */
export async function run(request: RunRequest, context: RunContext): Promise<Outcome> {
  const { dataset, split, boxes } = request;
  const folder = await openDataset(dataset, resolve(request.data), { split, boxes });
  const protocol = withRules(folder, request);
  const task = { request, folder, protocol, context };
  return request.model === undefined
    ? scorePredictions({ ...task, subject: request.predictions! })
    : evaluateModel({ ...task, subject: request.model });
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

async function evaluateModel(task: Task): Promise<Outcome> {
  const { request, folder, context, subject } = task;
  const sweep = sweepOf(request.tta);
  const all = await folder.samples(request.skipUnreadable === true ? toleratedBy(context) : undefined);
  await checkCounts(folder, all.length, context.signal);
  const ids = all.map(({ id }) => id);
  const selection = await selectSamples(request, ids);
  const samples = selection === null ? all : Array.from(selection, (index) => all[index]!);
  if (request.skipUnreadable !== true) await checkImages(samples, context.signal);
  // Loaded here, so that who scores a file does not wait for ONNX Runtime.
  const { openModel, openMano, requireOutputs } = await import('./predict.js');
  const model = await openModel({
    model: subject,
    batchSize: request.batchSize,
    provider: request.provider ?? 'auto',
    device: request.device,
    allowFallback: request.allowFallback === true,
  });
  try {
    context.signal.throwIfAborted();
    tellProvider(model, request, context);
    requireOutputs(model, folder.definition);
    const mano = await openMano(model, request.mano ?? null);
    const former = await openJointFormer(task);
    former?.requireParts(meshOf(model), model.session.file);
    const protocol = modelProtocol(task.protocol, model, samples);
    const described = { ...task, protocol };
    const opened = await openDirectory(described, {
      samples,
      selection,
      resume: true,
      configuration: {
        model: { path: resolve(subject), sha256: model.sha256, contract: model.contract },
        provider: model.session.providerUsed,
        batch_size: model.batchSize,
        ...(mano === null ? {} : { mano: mano.sha256 }),
        ...regressorOf(former),
        ...(request.tta === undefined ? {} : { tta: request.tta }),
        ...(request.skipUnreadable === true ? { skip_unreadable: true } : {}),
      },
    });
    if (opened.state === 'finished') return await reuse(task, opened.run);
    const { run } = opened;
    if (opened.state === 'fresh') {
      const parts = { model, mano, samples, selection, sweep };
      await guarded(run, context, 'predicted', () => predictInto(task, run, parts));
    } else context.progress.note('The predictions of an earlier, unfinished run are there and are scored.');
    if (!hasTruth(folder)) {
      await run.finish('complete');
      return outcome(task, run, null);
    }
    const document = await guarded(run, context, 'predicted', async () => {
      const source = await openRunPredictions(run, folder.definition, 'model');
      try {
        return await scoreRun({ task: described, run, sets: run, source, selection, former, truth: null });
      } finally {
        await source.close();
      }
    });
    return outcome(task, run, document);
  } finally {
    await model.session.close();
  }
}

/** Photographs that are not there are left unscored, with the reason; everything else still ends the run. */
function toleratedBy({ progress }: RunContext): ProblemListener {
  return (problem) => {
    if (problem.code !== 'dataset-images-missing') throw problem;
    progress.note(`${problem.message}: ${problem.got}`);
  };
}

/** Which provider it is, where the user has left it open or it is not the one asked for. */
function tellProvider({ session }: OpenedModel, { provider }: RunRequest, { progress }: RunContext): void {
  const { providerUsed, providerTried } = session;
  if (provider === providerUsed) return;
  // Who asked for a provider and fell back reads why; who left it open is told once where to look.
  const isAsked = provider !== undefined && provider !== 'auto';
  const why = isAsked
    ? providerTried.map(({ name, reason }) => ` (${name} does not start: ${reason})`).join('')
    : providerTried.map(({ name }) => `; no ${name} here ('hamba-eval doctor' says why)`).join('');
  progress.note(`running on ${providerUsed}${why}`);
}

/** What joints can be formed from, by what the model says of itself. */
function meshOf({ contract }: OpenedModel): { vertexCount: number | null; hasChain: boolean } {
  const { vertices } = contract.outputs;
  if (contract.mano !== null) return { vertexCount: MANO_VERTEX_COUNT, hasChain: true };
  return { vertexCount: vertices === null ? null : (vertices.rows ?? MANO_VERTEX_COUNT), hasChain: false };
}

/** Another regressor makes other joints. */
function regressorOf(former: JointFormer | null): { joint_regressor?: string } {
  const sha256 = former?.manoSha256 ?? null;
  return sha256 === null ? {} : { joint_regressor: sha256 };
}

/** The folder's protocol with what the model decides. */
function modelProtocol(
  protocol: AnyProtocol,
  { contract }: OpenedModel,
  samples: readonly Sample[],
): AnyProtocol {
  const boxes = contract.crop === 'whole-image' ? 'image' : protocol.boxes;
  if (protocol.measure === 'keypoints-2d') return { ...protocol, boxes };
  const hasWrist =
    contract.outputs.joints !== null || contract.mano !== null || protocol.jointSource !== 'model';
  const isPlaced = hasWrist && samples.some(({ root }) => root !== null);
  return { ...protocol, boxes, rootAlignment: isPlaced ? 'published-root' : 'none' };
}

/** What is swept while predicting; mean-error needs every pass kept, since only scoring sees the ground truth. */
function sweepOf(tta: TtaRequest | undefined): SweepRequest | null {
  if (tta === undefined) return null;
  if (tta.sweep === null) throw new TypeError('a model needs the rotations and scales of its sweep');
  return {
    passes: sweepPasses(tta.sweep),
    fusions: pointFusions(tta),
    keepPasses: tta.keepPasses || tta.fusions.includes('mean-error'),
  };
}

/** As run.json and metrics.json have it: figures of three passes and of ninety-five are not alike. */
function describeSweep(passes: readonly Pass[]): NonNullable<Manifest['sweep']> {
  const distinct = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);
  return {
    passes: passes.length,
    rotations_deg: distinct(passes.map(({ rotationDegrees }) => rotationDegrees)),
    scales: distinct(passes.map(({ scale }) => scale)),
  };
}

function pointFusions({ fusions }: TtaRequest): PointFusionName[] {
  return fusions.filter((fusion) => fusion !== 'mean-error');
}

interface PredictionParts {
  readonly model: OpenedModel;
  readonly mano: OpenedMano | null;
  readonly samples: readonly Sample[];
  readonly selection: Selection | null;
  readonly sweep: SweepRequest | null;
}

async function predictInto(
  { request, folder, context }: Task,
  run: RunDirectory,
  parts: PredictionParts,
): Promise<void> {
  const { model, mano, samples, selection, sweep } = parts;
  const { predict } = await import('./predict.js');
  const predicted = await predict({
    samples,
    model,
    mano: mano?.mano ?? null,
    run,
    axes: folder.definition.axes,
    unreadable: request.skipUnreadable === true ? 'skip' : 'stop',
    tta: sweep,
    ...context,
  });
  await run.writeText('samples', samples.map(({ id }) => `${id}\n`).join(''));
  const swept = sweep === null ? {} : { sweep: describeSweep(sweep.passes) };
  await run.update({ ...predicted, ...swept, selected: selection !== null });
}

async function scorePredictions(task: Task): Promise<Outcome> {
  const { request, folder, context, subject } = task;
  requireGroundTruth(folder);
  const truth = folder.groundTruth.kind === 'hands' ? new GroundTruth(folder.groundTruth) : null;
  try {
    const source = await openPredictions(subject, folder.definition, context.signal);
    try {
      context.signal.throwIfAborted();
      requireSplit(source, folder);
      tellOrder(source, folder, context);
      const from = await sweptRun(request);
      if (from !== null) requireOrder(source, await folder.sampleIds(source.count));
      const selection = await selectionOf(request, folder, context);
      const former = await openJointFormer(task);
      const described = { ...task, protocol: importedProtocol(task.protocol, source) };
      const opened = await openDirectory(described, {
        samples: null,
        selection,
        resume: false,
        configuration: {
          predictions: { kind: source.origin.kind, path: resolve(subject), ...(await sizeAndTime(subject)) },
          ...regressorOf(former),
          ...(request.tta === undefined ? {} : { tta: request.tta }),
        },
      });
      if (opened.state === 'finished') return await reuse(task, opened.run);
      const { run } = opened;
      const document = await guarded(run, context, 'imported', async () => {
        if (from !== null) {
          const ids = await folder.sampleIds(source.count);
          const { fused } = await fuseKept(from, run, ids, pointFusions(request.tta!), context);
          const { sweep } = from.manifest;
          await run.update({
            ...(fused === undefined ? {} : { fused }),
            ...(sweep === undefined ? {} : { sweep }),
          });
        }
        return scoreRun({ task: described, run, sets: from ?? run, source, selection, former, truth });
      });
      return outcome(task, run, document);
    } finally {
      await source.close();
    }
  } finally {
    await truth?.close();
  }
}

/** The run whose passes are fused again; null where that is not asked for. */
async function sweptRun({ tta, predictions, limit, samples }: RunRequest): Promise<RunDirectory | null> {
  if (tta === undefined) return null;
  if (limit !== undefined || samples !== undefined) {
    throw new UserError({
      code: 'fuse-selection',
      message: 'Kept passes are fused for all samples of their run',
      expected: 'no --limit and no --samples',
      got: 'one of them',
      next: 'leave it out, or predict the selection with --keep-passes',
    });
  }
  const from = await RunDirectory.read(predictions!);
  keptPasses(from);
  if (from.manifest.selected === true) {
    throw new UserError({
      code: 'fuse-selection',
      message:
        'The run has predicted a selection of the samples, and its passes cannot be fused on their own',
      file: from.path,
      expected: 'a run of all samples of the folder',
      got: 'a run with --limit or --samples',
      next: 'predict once more with the other fusion',
    });
  }
  return from;
}

/** Passes are fused row by row, as they are. */
function requireOrder(source: PredictionSource, ids: readonly string[]): void {
  const listed = otherOrder(source, ids);
  if (listed === null) return;
  const row = listed.findIndex((id, index) => id !== ids[index]);
  throw new UserError({
    code: 'fuse-other-order',
    message: 'The passes are of a folder that has its samples in another order than this one',
    file: source.origin.path,
    expected: `${ids[row] ?? 'no sample'} in row ${row}`,
    got: listed[row]!,
    next: 'give the folder, and the --boxes, that the run was made with',
  });
}

/** The arrays of a run have no ids: of another split they would be taken for other samples. */
function requireSplit({ origin }: PredictionSource, { split }: DatasetFolder): void {
  if (origin.split === undefined || origin.split === split) return;
  throw new UserError({
    code: 'run-other-split',
    message: 'The run directory is of another split of the dataset',
    file: origin.path,
    expected: split,
    got: origin.split,
    next: `add --split ${origin.split}`,
  });
}

/** Predictions without ids are taken row by row; in which order is worth saying where it is not the benchmark's. */
function tellOrder(
  { ids, origin }: PredictionSource,
  { order }: DatasetFolder,
  { progress }: RunContext,
): void {
  if (order !== 'metadata' || ids !== null || origin.kind === 'run-directory') return;
  progress.note(
    "the predictions name no samples and are taken in the order of the metadata, not in the benchmark's own",
  );
}

/** Which boxes imported predictions were made from is not known, unless a run directory says it. */
function importedProtocol(protocol: AnyProtocol, source: PredictionSource): AnyProtocol {
  const { boxes = null } = source.origin;
  if (protocol.measure === 'keypoints-2d') return { ...protocol, boxes };
  const isPlaced = source.roots !== null && (source.joints !== null || protocol.jointSource !== 'model');
  return { ...protocol, boxes, rootAlignment: isPlaced ? 'published-root' : 'none' };
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
