/** `run --model`: a checkpoint predicts, and its predictions are scored. */
import { resolve } from 'node:path';
import { annotationsHash } from '../datasets/fingerprint.js';
import { checkCounts, hasTruth } from '../datasets/ground-truth/ground-truth.js';
import type { ProblemListener, Sample } from '../datasets/types.js';
import { MANO_VERTEX_COUNT } from '../hand/joint-conventions.js';
import { checkImages } from '../predict/check-images.js';
import type { OpenedModel, OpenedMano } from '../predict/predict.js';
import type { SweepRequest } from '../predict/sweep-writer.js';
import { openRunPredictions } from '../predictions/run-predictions.js';
import { selectSamples } from '../predictions/selection.js';
import type { RunContext } from '../progress.js';
import type { Manifest } from '../runs/manifest.js';
import { removeJournal } from '../runs/progress-journal.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { writeSampleList } from '../runs/tables/sample-list.js';
import { samplesOf, shardText } from '../runs/shard.js';
import { scoreRun, type ScoreRunRequest } from '../score/score-run.js';
import { sweepPasses, type Pass } from '../tta/sweep.js';
import { openJointCheck, openJointRegressor } from './open-joint-regressor.js';
import type { Outcome } from './outcome.js';
import { withOrigin } from './protocol-rules.js';
import {
  guarded,
  openDirectory,
  outcome,
  pointFusions,
  regressorOf,
  reuse,
  scoring,
  type ModelRequest,
  type SweepTta,
  type Task,
} from './task.js';

/** @throws UserError for everything that is wrong with the checkpoint or the folder. */
export async function evaluateModel(task: Task<ModelRequest>): Promise<Outcome> {
  const { request, folder, context, subject } = task;
  const sweep = sweepOf(request.tta);
  const all = await folder.samples(request.skipUnreadable === true ? toleratedBy(context) : undefined);
  await checkCounts(folder, all.length, context.signal);
  const ids = all.map(({ id }) => id);
  const selection = await selectSamples(request, ids);
  const whole = selection === null ? all : Array.from(selection, (index) => all[index]!);
  const { shard } = request;
  const mustBeThere = request.skipUnreadable !== true;
  if (mustBeThere && shard === undefined) await checkImages(whole, context.signal);
  // Loaded here, so that who scores a file does not wait for ONNX Runtime.
  const { openModel, openMano, requireBoxesUsed, requireOutputs } = await import('../predict/predict.js');
  const model = await openModel({
    model: subject,
    batchSize: request.batchSize,
    provider: request.provider ?? 'auto',
    device: request.device,
    allowFallback: request.allowFallback === true,
  });
  try {
    context.signal.throwIfAborted();
    const part = shard && samplesOf(shard, whole.length, sweep?.passes.length ?? 1, model.batchSize);
    const samples = part === undefined ? whole : whole.slice(part.first, part.end);
    if (mustBeThere && shard !== undefined) await checkImages(samples, context.signal);
    tellProvider(model, request, context);
    for (const note of model.notes) context.progress.note(note);
    requireOutputs(model, folder.definition);
    // Metadata that are the dataset itself have more than boxes.
    if (folder.order === 'official') requireBoxesUsed(model, request.boxes ?? 'image');
    const mano = await openMano(model, request.mano ?? null);
    const regressor = await openJointRegressor(task);
    regressor?.requireParts(meshOf(model), model.session.file);
    const check = await openJointCheck(task, { ...meshOf(model), hasJoints: hasJoints(model) });
    const protocol = withOrigin(task.protocol, {
      boxes: model.boxes ?? task.protocol.boxes,
      hasRoots: whole.some(({ root }) => root !== null),
      hasJoints: hasJoints(model),
    });
    const described = { ...task, protocol };
    const opened = await openDirectory(described, {
      samples: whole,
      selection,
      resume: true,
      configuration: {
        model: { path: resolve(subject), sha256: model.sha256, contract: model.contract },
        provider: model.session.providerUsed,
        annotations_sha256: await annotationsHash(folder, context.signal),
        batch_size: model.batchSize,
        ...(mano === null ? {} : { mano: mano.sha256 }),
        ...regressorOf(regressor),
        ...(request.tta === undefined ? {} : { tta: request.tta }),
        ...(request.skipUnreadable === true ? { skip_unreadable: true } : {}),
        ...(shard === undefined ? {} : { shard: shardText(shard) }),
      },
    });
    if (opened.state === 'finished') return await reuse(task, opened.run);
    const { run } = opened;
    if (opened.state !== 'predicted') {
      const isPart = selection !== null || shard !== undefined;
      const parts = { model, mano, samples, isPart, sweep };
      await guarded(task, run, 'predicted', () => predictInto(task, run, parts));
    } else context.progress.note('The predictions of an earlier, unfinished run are there and are scored.');
    if (shard !== undefined || !hasTruth(folder)) {
      await guarded(task, run, 'predicted', () => run.finish('complete'));
      return outcome(task, run, null);
    }
    return await scorePredicted(described, run, { selection, regressor, check });
  } finally {
    await model.session.close();
  }
}

type ScoredParts = Pick<ScoreRunRequest, 'selection' | 'regressor' | 'check'>;

/** Scores what the run has predicted. */
export async function scorePredicted(
  task: Task<ModelRequest>,
  run: RunDirectory,
  parts: ScoredParts,
): Promise<Outcome> {
  const document = await guarded(task, run, 'predicted', async () => {
    const source = await openRunPredictions(run, task.folder.definition, 'model');
    try {
      return await scoreRun({ ...scoring(task), run, sets: run, source, truth: null, ...parts });
    } finally {
      await source.close();
    }
  });
  return outcome(task, run, document);
}

/** Photographs that are not there are left unscored, with the reason; everything else still ends the run. */
export function toleratedBy({ progress }: RunContext): ProblemListener {
  return (problem) => {
    if (problem.code !== 'dataset-images-missing') throw problem;
    progress.note(`${problem.message}: ${problem.got}`);
  };
}

/** Which provider it is, where the user has left it open or it is not the one asked for. */
function tellProvider({ session }: OpenedModel, { provider }: ModelRequest, { progress }: RunContext): void {
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

function hasJoints({ contract }: OpenedModel): boolean {
  return contract.outputs.joints !== null || contract.mano !== null;
}

/** What is swept while predicting; mean-error needs every pass kept, since only scoring sees the ground truth. */
function sweepOf(tta: SweepTta | undefined): SweepRequest | null {
  if (tta === undefined) return null;
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

interface PredictionParts {
  readonly model: OpenedModel;
  readonly mano: OpenedMano | null;
  readonly samples: readonly Sample[];
  /** The samples are not all of the folder. */
  readonly isPart: boolean;
  readonly sweep: SweepRequest | null;
}

async function predictInto(
  { request, folder, context }: Task<ModelRequest>,
  run: RunDirectory,
  parts: PredictionParts,
): Promise<void> {
  const { model, mano, samples, isPart, sweep } = parts;
  const { predict } = await import('../predict/predict.js');
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
  await writeSampleList(
    run,
    samples.map(({ id }) => id),
  );
  const swept = sweep === null ? {} : { sweep: describeSweep(sweep.passes) };
  await run.update({ ...predicted, ...swept, selected: isPart });
  await removeJournal(run.path);
}
