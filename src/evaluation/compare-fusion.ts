/**
 * The scores of a fusion of test-time augmentation, sample by sample. A run directory holds its fused predictions and
 * what they come to, but not the score of each sample: the predictions are scored again, on the dataset folder that
 * run.json names, and must come to the figures of metrics.json.
 */
import { readRunScores, type RunScores } from '../comparison/run-scores.js';
import { openDataset } from '../datasets/registry.js';
import type { DatasetFolder, Selection } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { PredictionSet } from '../predictions/run-predictions.js';
import type { RunContext } from '../progress.js';
import { fusionLabel } from '../runs/metrics-document.js';
import type { MetricValues } from '../runs/metrics-document.js';
import { StoredRun } from '../runs/stored-run.js';
import type { FusionKind } from '../tta/fusion.js';
import { meanOfSets, scoreEach, type SetScores } from './compare-sets.js';
import { openJointRegressor } from './open-joint-regressor.js';
import { jointSourceOf } from './protocol-rules.js';

export type ComparedFusion = FusionKind | 'none';

export interface FusionRequest {
  /** The dataset folder, in place of the one that run.json names. */
  readonly data?: string | undefined;
  readonly boxes?: string | undefined;
  readonly mano?: string | undefined;
  /** Scoring threads. */
  readonly workers: number;
}

/** @throws UserError where the run has no such fusion, or what it was scored on is not there or not what it was. */
export async function readFusionScores(
  run: StoredRun,
  fusion: FusionKind,
  request: FusionRequest,
  context: RunContext,
): Promise<RunScores> {
  const plain = await readRunScores(run);
  const { path, document } = plain;
  const figures = document.tta?.[fusion];
  if (figures === undefined) throw fusionMissing(plain, fusion);
  const { from, sets } = await setsOf(run, fusion);
  const folder = await openFolder(run, request);
  const { protocol } = document;
  const jointsFrom = jointSourceOf(protocol) ?? 'model';
  const { mano, workers } = request;
  const regressor = await openJointRegressor({ request: { jointsFrom, mano, tta: {} }, folder });
  const selection = await selectionOf(run, plain.ids, folder);
  context.progress.note(`${path}: ${fusion} is scored again, sample by sample`);
  const scores = await scoreEach({
    ...context,
    run: from,
    sets,
    folder,
    protocol,
    regressor,
    selection,
    workers,
  });
  requireFigures(path, fusion, figures, scores);
  const { ids, scored, columns, joints, keypoints } = meanOfSets(path, scores);
  const count = scored.reduce((sum, one) => sum + one, 0);
  const { sequences } = plain;
  return {
    ...plain,
    document: {
      ...document,
      metrics: figures,
      protocol: { ...protocol, tta: fusionLabel(fusion, document) },
      coverage: { ...document.coverage, scored: count, unscored: ids.length - count },
    },
    ids,
    rowOf: new Map(ids.map((id, row) => [id, row])),
    scored,
    sequences: sequences && ids.map((id) => sequences[plain.rowOf.get(id)!]!),
    columns,
    joints,
    keypoints,
  };
}

/** The prediction sets a fusion is the mean of, and the run directory they are in. */
async function setsOf(
  run: StoredRun,
  fusion: FusionKind,
): Promise<{ from: StoredRun; sets: readonly PredictionSet[] }> {
  const fused = run.manifest.fused?.[fusion];
  if (fused !== undefined) return { from: run, sets: [fused] };
  // Passes that were fused again lie where they were predicted.
  const { origin } = run.manifest;
  const isAgain = run.manifest.passes === undefined && origin?.kind === 'run-directory';
  const from = isAgain ? await StoredRun.open(origin.path) : run;
  const { passes } = from.manifest;
  if (fusion === 'mean-error' && passes !== undefined) return { from, sets: passes };
  throw new UserError({
    code: 'fusion-unkept',
    message: `The predictions behind the figures of ${fusion} are not in the run directory`,
    file: from.path,
    expected: fusion === 'mean-error' ? "'passes' in run.json" : `'fused' with ${fusion} in run.json`,
    got: 'neither fused predictions of that name nor passes',
    next: 'make the run again with --force; --keep-passes keeps every pass',
  });
}

async function openFolder({ manifest, boxes }: StoredRun, request: FusionRequest): Promise<DatasetFolder> {
  const { id, folder, split } = manifest.dataset;
  try {
    return await openDataset(id, request.data ?? folder, { split, boxes: request.boxes ?? boxes });
  } catch (error) {
    if (!(error instanceof UserError) || request.data !== undefined) throw error;
    throw new UserError({
      ...error.toJson(),
      next: `the figures of a fusion are taken from the ground truth: name its folder with --dataset ${id} --data DIR`,
      cause: error,
    });
  }
}

/** Where the run's samples are in the folder; null where they are all of it. */
async function selectionOf(
  { manifest, path }: StoredRun,
  ids: readonly string[],
  folder: DatasetFolder,
): Promise<Selection | null> {
  const known = await folder.sampleIds(manifest.coverage?.folder ?? ids.length);
  const places = new Map(known.map((id, place) => [id, place]));
  const found = ids.map((id) => places.get(id));
  const at = found.indexOf(undefined);
  if (at < 0) return ids.length === known.length ? null : Int32Array.from(found as number[]).sort();
  throw new UserError({
    code: 'fusion-other-folder',
    message: 'The dataset folder is not the one that the run was made on',
    file: folder.root,
    expected: `the samples of ${path}`,
    got: `no sample ${ids[at]!}`,
    next: 'name the folder of the run with --dataset and --data',
  });
}

/** Two versions of this program, or two processors, may differ in the last digits of a sum. */
const DIGITS = 1e-9;

/** Other ground truth, or other predictions, would be paired with what they are not. */
function requireFigures(
  path: string,
  fusion: FusionKind,
  stored: MetricValues,
  sets: readonly SetScores[],
): void {
  const found = (key: string): number =>
    sets.reduce((sum, { metrics }) => sum + (metrics[key] ?? NaN), 0) / sets.length;
  const other = Object.entries(stored).find(
    ([key, value]) => !(Math.abs(found(key) - value) <= DIGITS * Math.max(1, Math.abs(value))),
  );
  if (other === undefined) return;
  const [key, value] = other;
  throw new UserError({
    code: 'fusion-other-figures',
    message: `The predictions of ${fusion} do not come to the figures that the run has`,
    file: path,
    expected: `${key} ${value}, as in metrics.json`,
    got: String(found(key)),
    next: 'the ground truth or the predictions have changed since: make the run again with --force',
  });
}

function fusionMissing({ path, document }: RunScores, fusion: FusionKind): UserError {
  const present = Object.keys(document.tta ?? {});
  return new UserError({
    code: 'fusion-missing',
    message: `The run has no figures of ${fusion}`,
    file: path,
    expected: `a run with --tta-fusion ${fusion}`,
    got: present.length === 0 ? 'a run without test-time augmentation' : `one with ${present.join(', ')}`,
    next: `make it with hamba-eval run --tta graphormer --tta-fusion ${fusion}, or of passes that are kept with run --predictions RUN_DIR --tta-fusion ${fusion}; to set it against un-augmented figures give --tta-fusion for each run, 'none' for this one, and --allow-mixed`,
  });
}
