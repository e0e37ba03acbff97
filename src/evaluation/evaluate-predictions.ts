/** `run --predictions`: an existing file is scored, or the kept passes of a run are fused again. */
import { resolve } from 'node:path';
import { beginReading, countTruths, requireTruth } from '../datasets/ground-truth/ground-truth.js';
import type { DatasetFolder, Selection } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { fuseKept } from '../predict/fuse-kept.js';
import { keptPasses } from '../predict/kept-passes.js';
import { otherOrder } from '../predictions/folder-order.js';
import { RUN_DIRECTORY } from '../predictions/formats/run-directory.js';
import { openPredictions } from '../predictions/open-predictions.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import { matchedByNames } from '../predictions/row-names.js';
import { selectSamples } from '../predictions/selection.js';
import { sizeAndTime } from '../predictions/size-and-time.js';
import type { RunContext } from '../progress.js';
import { StoredRun } from '../runs/stored-run.js';
import { scoreRun } from '../score/score-run.js';
import { openJointCheck, openJointRegressor } from './open-joint-regressor.js';
import type { Outcome } from './outcome.js';
import { withOrigin } from './protocol-rules.js';
import { rowLimit } from './row-limit.js';
import {
  guarded,
  openDirectory,
  outcome,
  pointFusions,
  regressorOf,
  reuse,
  scoring,
  type PredictionsRequest,
  type Task,
} from './task.js';

/** @throws UserError for everything that is wrong with the predictions or the folder. */
export async function evaluatePredictions(task: Task<PredictionsRequest>): Promise<Outcome> {
  const { request, folder, context, subject } = task;
  requireTruth(folder);
  const truth = beginReading(folder);
  try {
    const opened = await openPredictions(
      subject,
      folder.definition,
      context.signal,
      rowLimit(folder, truth, subject),
    );
    try {
      context.signal.throwIfAborted();
      const source = await matchedByNames(opened, folder, () => folderIds(folder, context));
      for (const note of source.notes ?? []) context.progress.note(note);
      requireSplit(source, folder);
      tellOrder(source, folder, context);
      const { tta } = request;
      const kept = tta === undefined ? null : { from: await sweptRun(request), fusions: pointFusions(tta) };
      if (kept !== null) requireOrder(source, await folder.sampleIds(source.count));
      const selection = await selectionOf(request, folder, context);
      const regressor = await openJointRegressor(task);
      const { vertexCount, joints } = source;
      const check = await openJointCheck(task, { vertexCount, hasJoints: joints !== null });
      // Which boxes imported predictions were made from is not known, unless a run directory says it.
      const { boxes = null } = source.origin;
      const parts = { boxes, hasRoots: source.roots !== null, hasJoints: joints !== null };
      const described = { ...task, protocol: withOrigin(task.protocol, parts) };
      const directory = await openDirectory(described, {
        samples: null,
        selection,
        resume: false,
        configuration: {
          predictions: { kind: source.origin.kind, path: resolve(subject), ...(await sizeAndTime(subject)) },
          ...regressorOf(regressor),
          ...(tta === undefined ? {} : { tta }),
        },
      });
      if (directory.state === 'finished') return await reuse(task, directory.run);
      const { run } = directory;
      const document = await guarded(task, run, 'imported', async () => {
        if (kept !== null) {
          const ids = await folder.sampleIds(source.count);
          const { fused } = await fuseKept(kept.from, run, ids, kept.fusions, context);
          const { sweep } = kept.from.manifest;
          await run.update({
            ...(fused === undefined ? {} : { fused }),
            ...(sweep === undefined ? {} : { sweep }),
          });
        }
        const sets = kept?.from ?? run;
        return scoreRun({ ...scoring(described), run, sets, source, selection, regressor, check, truth });
      });
      return outcome(task, run, document);
    } finally {
      await opened.close();
    }
  } finally {
    await truth?.close();
  }
}

/** The run whose passes are fused again. */
async function sweptRun({ predictions, limit, samples }: PredictionsRequest): Promise<StoredRun> {
  if (limit !== undefined || samples !== undefined) {
    throw new UserError({
      code: 'fuse-selection',
      message: 'Kept passes are fused for all samples of their run',
      expected: 'no --limit and no --samples',
      got: 'one of them',
      next: 'leave it out, or predict the selection with --keep-passes',
    });
  }
  const from = await StoredRun.open(predictions);
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
  if (order !== 'metadata' || ids !== null || origin.kind === RUN_DIRECTORY.kind) return;
  progress.note(
    "the predictions name no samples and are taken in the order of the metadata, not in the benchmark's own",
  );
}

/** Without photographs a sample is known by the ground truth. */
async function selectionOf(
  request: PredictionsRequest,
  folder: DatasetFolder,
  context: RunContext,
): Promise<Selection | null> {
  if (request.limit === undefined && request.samples === undefined) return null;
  return selectSamples(request, await folderIds(folder, context));
}

async function folderIds(folder: DatasetFolder, { signal }: RunContext): Promise<readonly string[]> {
  return folder.sampleIds((await countTruths(folder, signal))!);
}
