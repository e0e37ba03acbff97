/** Measures hands in space: a prediction set against the ground truth, a batch at a time. */
import type { GroundTruth } from '../datasets/ground-truth/ground-truth.js';
import type { MeshReader } from '../datasets/ground-truth/mesh-reader.js';
import { SCORE_BATCH } from '../datasets/sample-batch.js';
import type { DatasetFolder, Selection } from '../datasets/types.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { ScoreAccumulator, type Protocol } from '../metrics/index.js';
import { inFolderOrder, type OrderedSource } from '../predictions/folder-order.js';
import type { JointRegressor } from '../predictions/joint-regressor.js';
import { PredictionImport } from '../predictions/prediction-import.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import { gatherRows } from '../predictions/gather-rows.js';
import type { Progress } from '../progress.js';
import type { Interval } from '../runs/metrics-document.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { confidenceIntervals } from './confidence.js';
import { JointsApart } from './joints-apart.js';
import { RunDiagnosis } from './run-diagnosis.js';
import { countMismatch, countOf, meshMismatch, nothingAtAll, nothingInCommon } from './score-errors.js';
import type { SampleRow, ScoreJob, ScorePool, Wanted } from './score-pool.js';
import type { SetScore } from './score-sets.js';
import { addStages, noScoreTimings, timed, type ScoreTimings } from './score-timings.js';

/** What is measured, and against what. */
export interface MeasureRequest {
  readonly folder: DatasetFolder;
  /** The ground truth of that folder, opened; the caller closes it. */
  readonly truth: GroundTruth;
  readonly source: PredictionSource;
  /** The samples to score; `null` for all of the folder's. */
  readonly selection: Selection | null;
  readonly protocol: Protocol;
  /** Forms the joints from the meshes; `null` to score those that were predicted. */
  readonly regressor: JointRegressor | null;
  /** Forms joints that the predicted ones are compared with where they are scored; `null` where there is none. */
  readonly check: JointRegressor | null;
  /** Between two sets; the caller closes it. The result does not depend on the number of its threads. */
  readonly pool: ScorePool;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What the prediction set comes to, before anything is written of it. */
export interface MeasuredHands {
  readonly ordered: OrderedSource;
  readonly rows: readonly SampleRow[];
  readonly accumulator: ScoreAccumulator;
  readonly diagnosis: RunDiagnosis;
  readonly confidence: Readonly<Record<string, Interval>>;
  readonly timings: ScoreTimings;
  /** The predicted joints beside those of the predicted meshes; null where there is nothing to compare. */
  readonly apart: JointsApart | null;
}

/**
 * Scores the plain prediction set.
 *
 * @param keepIn where imported predictions are kept; null where they are not.
 */
export async function measureHands(
  request: MeasureRequest,
  keepIn: RunDirectory | null,
): Promise<MeasuredHands> {
  const started = performance.now();
  const { folder, regressor, check } = request;
  const aligned = await alignSets(request);
  const { ordered } = aligned;
  const { source, ids } = ordered;
  const rows: SampleRow[] = [];
  const timings = noScoreTimings();
  const diagnosis = new RunDiagnosis(folder.definition, ids, request.progress);
  const compared = regressor ?? check;
  const apart = compared === null ? null : JointsApart.between(source, compared, regressor !== null);
  const importer = keepIn === null ? null : await PredictionImport.start(keepIn, source);
  const stage = request.progress.stage('score', source.count, 'samples');
  let accumulator: ScoreAccumulator;
  try {
    accumulator = await scoreBatches(request, aligned, timings, {
      wanted: 'each-joint',
      rows: (part) => {
        rows.push(...part);
        stage.update(rows.length);
      },
      vertices: async (vertices, first, count) => {
        if (importer !== null) {
          await timed(timings, 'write_ms', () => importer.writeVertices(first, vertices));
        }
        apart?.add(source, vertices, first, count);
      },
      job: (job) => diagnosis.look(job),
    });
    if (keepIn !== null && importer !== null) {
      await keepIn.update({ predictions: await timed(timings, 'write_ms', () => importer.finish()) });
    }
  } catch (error) {
    await importer?.abort();
    throw error;
  } finally {
    stage.stop();
  }
  for (const index of ordered.absent) {
    rows[index] = { state: 'unscored', code: 'no-prediction', reason: 'there is no prediction for it' };
  }
  tellWhy(rows, ids, source);
  const confidence = intervalsOf(rows, ids, folder);
  timings.wall_ms = performance.now() - started;
  return { ordered, rows, accumulator, diagnosis, confidence, timings, apart };
}

/** Scores a set of a sweep. */
export async function measureSet(request: MeasureRequest, withIntervals: boolean): Promise<SetScore> {
  const aligned = await alignSets(request);
  const { ids } = aligned.ordered;
  const rows: SampleRow[] = [];
  const accumulator = await scoreBatches(request, aligned, noScoreTimings(), {
    wanted: withIntervals ? 'samples' : 'metrics',
    rows: (part) => rows.push(...part),
  });
  const { metrics, proper, scored, unscored } = accumulator.result();
  return {
    metrics: { ...metrics, ...proper },
    confidence: intervalsOf(rows, ids, request.folder),
    coverage: { scored, unscored },
  };
}

/** Predictions and true joints, row by row of the same samples. */
interface AlignedSets {
  readonly ordered: OrderedSource;
  /** Null where joints are not scored. */
  readonly trueJoints: Float64Array | null;
}

async function alignSets(request: MeasureRequest): Promise<AlignedSets> {
  const { folder, truth, selection, regressor } = request;
  const { joints, meshes } = truth.source;
  regressor?.require(request.source);
  const hasJoints = request.source.joints !== null || regressor !== null;
  if ((joints === null || !hasJoints) && (meshes === null || request.source.vertexCount === null)) {
    throw nothingInCommon(request);
  }
  const allJoints = await truth.joints;
  const truths = allJoints === null ? null : allJoints.length / (JOINT_COUNT * 3);
  if (truths !== null && request.source.ids === null && request.source.count !== truths)
    throw countMismatch(countOf(request.source), { file: joints!.file, count: truths, atLeast: false });
  const isCounted = request.source.ids === null && selection === null;
  const folderCount = truths ?? (isCounted ? request.source.count : await truth.countMeshes());
  const ordered = await inFolderOrder(request.source, folder, folderCount, selection);
  if (ordered.source.count === 0) throw nothingAtAll(folder, ordered.source);
  if (selection !== null) truth.select(selection);
  if (allJoints === null || !hasJoints) return { ordered, trueJoints: null };
  const trueJoints = selection === null ? allJoints : gatherRows(allJoints, selection, JOINT_COUNT * 3);
  return { ordered, trueJoints };
}

/** What else is done with each batch than adding it up. */
interface BatchUse {
  readonly wanted: Wanted;
  /** Scores in the order of the samples. */
  readonly rows: (rows: readonly SampleRow[]) => void;
  /** Sees predicted vertices as they come. */
  readonly vertices?: (values: Float64Array, first: number, count: number) => Promise<void>;
  /** Sees every batch before it is scored. */
  readonly job?: (job: ScoreJob) => void;
}

/** Takes predictions and truths through the pool, a batch at a time. */
async function scoreBatches(
  request: MeasureRequest,
  { ordered: { source }, trueJoints }: AlignedSets,
  timings: ScoreTimings,
  use: BatchUse,
): Promise<ScoreAccumulator> {
  const { protocol, regressor, pool, signal, truth } = request;
  const trueVertices = source.vertexCount === null ? null : truth.meshes();
  const about = { truth, source };
  pool.begin(use.wanted, use.rows);
  for (let first = 0, batch = 0; first < source.count; first += SCORE_BATCH, batch++) {
    signal.throwIfAborted();
    const count = Math.min(SCORE_BATCH, source.count - first);
    const predicted = source.vertexCount === null ? null : await source.vertices(first, count);
    if (predicted !== null) await use.vertices?.(predicted, first, count);
    const joints =
      regressor === null || predicted === null
        ? source.joints && jointRows(source.joints, first, count)
        : regressor.form(source, predicted, first, count);
    const meshes = trueVertices === null ? null : await trueVertices.next(count);
    if (trueVertices !== null && meshes?.count !== count) {
      throw meshMismatch(about, first + (meshes?.count ?? 0), false);
    }
    const job: ScoreJob = {
      batch,
      count,
      predictedJoints: trueJoints === null ? null : joints,
      trueJoints: trueJoints === null ? null : jointRows(trueJoints, first, count),
      predictedVertices: meshes === null ? null : predicted,
      predictedVertexCount: source.vertexCount ?? 0,
      trueVertices: meshes?.values ?? null,
      trueVertexCount: meshes?.vertexCount ?? 0,
    };
    use.job?.(job);
    await pool.submit(job);
  }
  await requireEnd(trueVertices, about);
  timings.read_ms += (await source.finish()) + (trueVertices === null ? 0 : truth.busyMs);
  const accumulator = new ScoreAccumulator(protocol);
  for (const part of await pool.drain()) {
    accumulator.merge(ScoreAccumulator.fromJson(part.accumulator));
    addStages(timings, part.milliseconds);
  }
  return accumulator;
}

/** What is known of a failed prediction says more than the NaN it left. */
function tellWhy(rows: SampleRow[], ids: readonly string[], { failed }: PredictionSource): void {
  if (failed.size === 0) return;
  rows.forEach((row, index) => {
    const failure = row.state === 'unscored' ? failed.get(ids[index]!) : undefined;
    if (failure !== undefined) rows[index] = { state: 'unscored', ...failure };
  });
}

/** None without samples: an interval needs something to resample. */
function intervalsOf(
  rows: readonly SampleRow[],
  ids: readonly string[],
  { sequenceOf }: DatasetFolder,
): Record<string, Interval> {
  return rows.length === 0 ? {} : confidenceIntervals(rows, sequenceOf === null ? null : ids.map(sequenceOf));
}

function jointRows(joints: Float64Array, first: number, count: number): Float64Array {
  return joints.slice(first * JOINT_COUNT * 3, (first + count) * JOINT_COUNT * 3);
}

async function requireEnd(
  meshes: MeshReader | null,
  about: Pick<MeasureRequest, 'truth' | 'source'>,
): Promise<void> {
  const surplus = meshes === null ? null : await meshes.next(1);
  if (surplus !== null) throw meshMismatch(about, about.source.count + surplus.count, true);
}
