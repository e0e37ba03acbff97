/** `score` for hands in 3D: a prediction set against the ground truth, a batch at a time. */
import type { DatasetFolder } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { officialScores, paMeanPositionError, ScoreAccumulator, type Protocol } from '../metrics/index.js';
import type { Progress } from '../progress.js';
import {
  METRICS_SCHEMA,
  type Interval,
  type MetricsDocument,
  type Warning,
} from '../runs/metrics-document.js';
import { toJsonText, type RunDirectory } from '../runs/run-directory.js';
import type { GroundTruth } from './ground-truth.js';
import { inFolderOrder, type OrderedSource } from './folder-order.js';
import type { JointFormer } from './joint-source.js';
import { PredictionImport } from './prediction-import.js';
import { SCORE_BATCH, type PredictionSource } from './prediction-source.js';
import { gatherRows, type Selection } from './selection.js';
import { ttaParts, ttaWarnings, type TtaResult } from './score-sets.js';
import { countVertices, type TrueVertices } from './true-vertices.js';
import { ScorePool, type SampleRow, type ScoreJob, type ThreadTotals } from './score-pool.js';
import { RunDiagnosis } from './run-diagnosis.js';
import { writeTables } from './score-tables.js';
import { addStages, describeTimings, noScoreTimings, timed, type ScoreTimings } from './score-timings.js';
import { confidenceIntervals } from './confidence.js';

export interface ScoreRequest {
  readonly run: RunDirectory;
  readonly folder: DatasetFolder;
  /** Of that folder, opened; the caller closes it. */
  readonly truth: GroundTruth;
  readonly source: PredictionSource;
  /** The samples to score; `null` for all of the folder's. */
  readonly selection: Selection | null;
  readonly protocol: Protocol;
  /** Forms the joints from the meshes; `null` to score those that were predicted. */
  readonly former: JointFormer | null;
  /** Scoring threads; the result does not depend on their number. */
  readonly workers: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const OTHER_TOPOLOGY: Warning = {
  code: 'other-topology',
  message:
    'the predicted meshes have another number of vertices than the true ones; scores.txt repeats what the official script makes of that, which is wrong',
  remedy: 'quote f5_aligned and f15_aligned of metrics.json, which are right (docs/metrics.md)',
};

const ONE_SEQUENCE: Warning = {
  code: 'intervals-missing',
  message: 'all samples are of one video sequence, so there are no intervals',
  remedy: 'score several sequences to learn how sure the figures are',
};

/** What the prediction set comes to, before anything is written of it. */
export interface MeasuredHands {
  readonly ordered: OrderedSource;
  readonly rows: readonly SampleRow[];
  readonly accumulator: ScoreAccumulator;
  readonly diagnosis: RunDiagnosis;
  readonly confidence: Readonly<Record<string, Interval>>;
  readonly timings: ScoreTimings;
  /** Where the joints were formed from the meshes: the mean distance of the model's own to them, after alignment. */
  readonly modelJointsApartMm: number | null;
}

/**
 * Scores a prediction set.
 *
 * @param keep whether imported predictions are kept in the run directory.
 */
export async function measureHands(request: ScoreRequest, keep: boolean): Promise<MeasuredHands> {
  const started = performance.now();
  const { folder, truth, selection } = request;
  const { joints, vertices } = truth.source;
  request.former?.require(request.source);
  if (
    (joints === null || (request.source.joints === null && request.former === null)) &&
    (vertices === null || request.source.vertexCount === null)
  ) {
    throw nothingInCommon(request);
  }
  const allJoints = await truth.joints;
  const truths = allJoints === null ? null : allJoints.length / (JOINT_COUNT * 3);
  if (truths !== null && request.source.ids === null && request.source.count !== truths)
    throw countMismatch(request.source, truths, joints!.file, false);
  const isCounted = request.source.ids === null && selection === null;
  const folderCount = truths ?? (isCounted ? request.source.count : await countVertices(vertices!));
  const ordered = await inFolderOrder(request.source, folder, folderCount, selection);
  const { source, ids } = ordered;
  if (source.count === 0) throw nothingAtAll(folder, source);
  if (selection !== null) truth.vertices?.select(selection);
  const rows: SampleRow[] = [];
  const timings = noScoreTimings();
  const diagnosis = new RunDiagnosis(folder.definition, source.count, request.progress);
  const trueJoints =
    allJoints === null || selection === null ? allJoints : gatherRows(allJoints, selection, JOINT_COUNT * 3);
  const truthsUsed = source.joints === null && request.former === null ? null : trueJoints;
  const apart = new JointsApart(request.former === null ? null : source.joints);
  const totals = await scoreBatches({ ...request, source }, truthsUsed, {
    keep,
    timings,
    diagnosis,
    rows,
    apart,
  });
  const accumulator = new ScoreAccumulator(request.protocol);
  for (const part of totals) {
    accumulator.merge(ScoreAccumulator.fromJson(part.accumulator));
    addStages(timings, part.milliseconds);
  }
  for (const index of ordered.absent) {
    rows[index] = { state: 'unscored', code: 'no-prediction', reason: 'there is no prediction for it' };
  }
  tellWhy(rows, ids, source);
  const { sequenceOf } = folder;
  const confidence = confidenceIntervals(rows, sequenceOf === null ? null : ids.map(sequenceOf));
  timings.wall_ms = performance.now() - started;
  return { ordered, rows, accumulator, diagnosis, confidence, timings, modelJointsApartMm: apart.meanMm() };
}

/** Writes every result file of the run directory and returns metrics.json's content. */
export async function writeHands(
  request: ScoreRequest,
  measured: MeasuredHands,
  tta: TtaResult | null,
): Promise<MetricsDocument> {
  const started = performance.now();
  const { timings } = measured;
  const document = await writeResult(request, measured, tta);
  timings.write_ms += performance.now() - started;
  timings.wall_ms += performance.now() - started;
  await request.run.update({ score_timings: timings });
  request.progress.note(describeTimings(timings));
  return document;
}

/** What is known of a failed prediction says more than the NaN it left. */
function tellWhy(rows: SampleRow[], ids: readonly string[], { failed }: PredictionSource): void {
  if (failed.size === 0) return;
  rows.forEach((row, index) => {
    const failure = row.state === 'unscored' ? failed.get(ids[index]!) : undefined;
    if (failure !== undefined) rows[index] = { state: 'unscored', ...failure };
  });
}

async function writeResult(
  { run, folder, selection, protocol }: ScoreRequest,
  { ordered, rows, accumulator, diagnosis, confidence, modelJointsApartMm }: MeasuredHands,
  tta: TtaResult | null,
): Promise<MetricsDocument> {
  const { source, ids, folderCount } = ordered;
  const unscored = rows.flatMap((row, index) =>
    row.state === 'unscored' ? [{ id: ids[index]!, code: row.code, reason: row.reason }] : [],
  );
  const coverage = {
    scored: source.count - unscored.length,
    unscored: unscored.length,
    folder: folderCount,
    benchmark: folder.benchmarkCount,
  };
  const result = accumulator.result();
  const kind = selection === null ? folder.definition.officialScores : null;
  const official = kind === null ? null : officialScores(kind, accumulator);
  const document: MetricsDocument = {
    schema: METRICS_SCHEMA,
    state: 'complete',
    dataset: { id: folder.definition.id, split: folder.split },
    coverage,
    protocol,
    metrics: { ...result.metrics, ...result.proper },
    confidence,
    ...ttaParts(tta),
    warnings: [
      ...folder.notices,
      ...source.notices,
      ...(official?.state === 'available' && official.topology === 'other' ? [OTHER_TOPOLOGY] : []),
      ...(coverage.scored > 1 && Object.keys(confidence).length === 0 ? [ONE_SEQUENCE] : []),
      ...jointsApart(modelJointsApartMm, protocol),
      ...ttaWarnings(tta, coverage.unscored),
      ...diagnosis.conclude(result, protocol),
    ],
    unscored,
  };
  await run.writeText('samples', ids.map((id) => `${id}\n`).join(''));
  await writeTables(run, {
    ids,
    sequenceOf: folder.sequenceOf,
    rows,
    selection,
    result,
    document,
    jointOrder: folder.definition.jointOrder,
  });
  if (official?.state === 'available') await run.writeText('officialScores', official.text);
  await run.writeText('metrics', toJsonText(document));
  await run.update({ coverage, origin: source.origin, selected: selection !== null });
  return document;
}

interface BatchScoring {
  readonly keep: boolean;
  readonly timings: ScoreTimings;
  readonly diagnosis: RunDiagnosis;
  /** Filled in the order of the samples. */
  readonly rows: SampleRow[];
  readonly apart: JointsApart;
}

/** Takes predictions and truths through the pool, a batch at a time, and keeps imported predictions. */
async function scoreBatches(
  request: ScoreRequest,
  trueJoints: Float64Array | null,
  { keep, timings, diagnosis, rows, apart }: BatchScoring,
): Promise<readonly ThreadTotals[]> {
  const { run, source, protocol, former, workers, progress, signal } = request;
  const importer = keep ? await PredictionImport.start(run, source) : null;
  const trueVertices = source.vertexCount === null ? null : request.truth.vertices;
  const stage = progress.stage('score', source.count, 'samples');
  const pool = new ScorePool(workers, protocol, (part) => {
    rows.push(...part.rows);
    stage.update(rows.length);
  });
  try {
    for (let first = 0, batch = 0; first < source.count; first += SCORE_BATCH, batch++) {
      signal.throwIfAborted();
      const count = Math.min(SCORE_BATCH, source.count - first);
      const predicted = source.vertexCount === null ? null : await source.vertices(first, count);
      if (predicted !== null && importer !== null) {
        await timed(timings, 'write_ms', () => importer.writeVertices(first, predicted));
      }
      const joints =
        former === null || predicted === null
          ? source.joints && jointRows(source.joints, first, count)
          : former.form(source, predicted, first, count);
      if (joints !== null) apart.add(joints, first);
      const truth = trueVertices === null ? null : await takeVertices(trueVertices, request, first, count);
      const job: ScoreJob = {
        batch,
        count,
        predictedJoints: trueJoints === null ? null : joints,
        trueJoints: trueJoints === null ? null : jointRows(trueJoints, first, count),
        predictedVertices: truth === null ? null : predicted,
        predictedVertexCount: source.vertexCount ?? 0,
        trueVertices: truth?.values ?? null,
        trueVertexCount: truth?.vertexCount ?? 0,
      };
      diagnosis.look(job);
      await pool.submit(job);
    }
    if (trueVertices !== null) await requireEnd(trueVertices, request);
    timings.read_ms += (await source.finish()) + (trueVertices?.busyMs ?? 0);
    const totals = await pool.drain();
    if (importer !== null) {
      await run.update({ predictions: await timed(timings, 'write_ms', () => importer.finish()) });
    }
    return totals;
  } catch (error) {
    await importer?.abort();
    throw error;
  } finally {
    stage.stop();
    await pool.close();
  }
}

/** Beyond this the choice of the joints decides as much as a method does. */
const JOINTS_APART_MM = 0.2;

function jointsApart(apartMm: number | null, { jointSource }: Protocol): Warning[] {
  if (apartMm === null || apartMm <= JOINTS_APART_MM) return [];
  return [
    {
      code: 'joint-sources-differ',
      message: `the model's own joints and those formed from its meshes as ${jointSource} has them are ${apartMm.toFixed(2)} mm apart on average after alignment`,
      remedy: 'name the source of the joints with every figure, and compare figures of one source only',
    },
  ];
}

/** How far the model's own joints are from those formed from its meshes: PA-MPJPE between the two. */
class JointsApart {
  private readonly own: Float64Array | null;
  private sum = 0;
  private count = 0;

  constructor(own: Float64Array | null) {
    this.own = own;
  }

  add(formed: Float64Array, first: number): void {
    if (this.own === null) return;
    const width = JOINT_COUNT * 3;
    for (let k = 0; k * width < formed.length; k++) {
      const own = this.own.subarray((first + k) * width, (first + k + 1) * width);
      const hand = formed.subarray(k * width, (k + 1) * width);
      if (!own.every(Number.isFinite) || !hand.every(Number.isFinite)) continue;
      this.sum += paMeanPositionError(own, hand, 'allowed') * 1000;
      this.count += 1;
    }
  }

  meanMm(): number | null {
    return this.count === 0 ? null : this.sum / this.count;
  }
}

function jointRows(joints: Float64Array, first: number, count: number): Float64Array {
  return joints.slice(first * JOINT_COUNT * 3, (first + count) * JOINT_COUNT * 3);
}

async function takeVertices(
  meshes: TrueVertices,
  request: ScoreRequest,
  first: number,
  count: number,
): Promise<{ values: Float64Array; vertexCount: number }> {
  const batch = await meshes.next(count);
  if (batch?.count === count) return batch;
  throw meshMismatch(request, first + (batch?.count ?? 0), false);
}

async function requireEnd(meshes: TrueVertices, request: ScoreRequest): Promise<void> {
  const surplus = await meshes.next(1);
  if (surplus !== null) throw meshMismatch(request, request.source.count + surplus.count, true);
}

/** The predictions fit the true joints, or there are none: it is the meshes that do not. */
function meshMismatch({ truth, source }: ScoreRequest, meshes: number, atLeast: boolean): UserError {
  const { joints, vertices } = truth.source;
  if (joints === null) return countMismatch(source, meshes, vertices!.file, atLeast);
  return new UserError({
    code: 'dataset-count-mismatch',
    message: 'The two annotation files are not about the same samples',
    file: vertices!.file,
    expected: `${source.count} meshes, as there are joint sets in ${joints.file}`,
    got: `${atLeast ? 'at least ' : ''}${meshes}`,
    next: 'unpack the dataset again',
  });
}

function countMismatch(source: PredictionSource, truths: number, file: string, atLeast: boolean): UserError {
  return new UserError({
    code: 'predictions-count',
    message: 'Predictions and ground truth differ in the number of samples',
    file: source.origin.path,
    expected: `${atLeast ? 'at least ' : ''}${truths} samples, as in ${file}`,
    got: `${source.count} samples`,
    next: 'predict every sample of the folder, in its order, or give the folder the predictions were made from',
  });
}

function nothingAtAll(folder: DatasetFolder, source: PredictionSource): UserError {
  return new UserError({
    code: 'nothing-to-score',
    message: 'There is not one sample to score',
    file: folder.root,
    expected: 'ground truth and predictions of at least one sample',
    got: `0 samples there and in ${source.origin.path}`,
    next: 'check both files; an empty list scores nothing',
  });
}

function nothingInCommon({ truth, source }: ScoreRequest): UserError {
  const has = (joints: boolean, vertices: boolean): string =>
    joints && vertices
      ? 'joints and vertices'
      : joints
        ? 'joints alone'
        : vertices
          ? 'vertices alone'
          : 'nothing';
  const { joints, vertices } = truth.source;
  return new UserError({
    code: 'nothing-to-score',
    message: 'Predictions and ground truth have nothing in common to score',
    file: source.origin.path,
    expected: `${has(joints !== null, vertices !== null)}, as the ground truth has`,
    got: has(source.joints !== null, source.vertexCount !== null),
    next: 'predict what the ground truth has, or add the missing annotation file to the folder',
  });
}
