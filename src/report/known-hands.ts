/** Hands in space, as a report shows them: aligned to the true ones, and seen by the dataset's camera where it has one. */
import { camerasOf } from '../datasets/cameras.js';
import { TrueMeshReader } from '../datasets/ground-truth/mesh-reader.js';
import { inAxes } from '../hand/axes.js';
import { projectPoints, type PinholeCamera } from '../hand/camera.js';
import { reorderJoints } from '../hand/joint-reordering.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { alignSimilarity, applySimilarity } from '../metrics/index.js';
import { openRunPredictions } from '../predictions/run-predictions.js';
import {
  drawing,
  predictedKeypoints,
  type GatherRequest,
  type KnownSample,
  type KnownSamples,
  type RawHand,
} from './known-sample.js';
import type { ChosenSample } from './report-choice.js';
import { reasonOf, type ReportFolder } from './report-folder.js';
import type { ReadRun } from './report-runs.js';

export async function knownHands(
  request: GatherRequest,
  chosen: readonly ChosenSample[],
): Promise<KnownSamples> {
  const { runs, folder, missing, signal } = request;
  const truths = folder === null ? null : await trueHands(folder, chosen, signal);
  const predictions: (RawHand[] | null)[] = [];
  for (const [index, run] of runs.entries()) {
    const rows = chosen.map((sample) => sample.rows[index]!);
    const isUsable = truths !== null && folder?.isOf[index] === true;
    predictions.push(isUsable ? await predictedHands(run, folder, rows, missing) : null);
  }
  const cameras = folder === null ? null : await cameraRows(folder, chosen, missing);
  const keypoints = cameras === null ? await predictedKeypoints(runs, chosen) : null;
  const samples = chosen.map((sample, k): KnownSample => {
    const truth = truths?.[k] ?? null;
    const aligned = predictions.map((hands, run) => alignedTo(truth, hands?.[k] ?? null, runs[run]!));
    const camera = cameras?.[k];
    const seen = (hand: RawHand | null): Float64Array | null =>
      camera === undefined ? null : project(hand?.joints ?? null, runs[0]!, folder, camera);
    return {
      chosen: sample,
      sample: folder?.samples.get(sample.id) ?? null,
      truth,
      predictions: aligned,
      trueKeypoints: seen(truth),
      predictedKeypoints: keypoints?.map((rows) => rows?.[k] ?? null) ?? aligned.map(seen),
      facts: [],
    };
  });
  return { samples, overlay: overlayOf(samples, cameras !== null && samples.length > 0, request.images) };
}

function overlayOf(samples: readonly KnownSample[], areProjected: boolean, images: boolean): string {
  const { where, pale } = drawing(images);
  if (areProjected) {
    return `${where}, ${pale}: the true joints; in the run’s colour: the predicted ones after alignment to the true; both projected by the dataset’s camera.`;
  }
  const isPredicted = samples.some(({ predictedKeypoints: all }) => all.some((points) => points !== null));
  return isPredicted
    ? `${where}, in the run’s colour: the keypoints that the network itself predicted in it.`
    : '';
}

/** Joints as the camera sees them, px. */
function project(
  joints: Float64Array | null,
  { shown }: ReadRun,
  folder: ReportFolder | null,
  camera: PinholeCamera,
): Float64Array | null {
  if (joints?.every(Number.isFinite) !== true) return null;
  const { jointOrder } = shown.document.protocol;
  const inCamera = inAxes(joints, folder?.folder.definition.axes ?? 'opencv', 'opencv');
  return projectPoints(reorderJoints(inCamera, jointOrder, 'openpose'), camera);
}

/** The cameras, or `null`, and told why: nothing but the drawing over the photograph needs them. */
async function cameraRows(
  { folder, places }: ReportFolder,
  chosen: readonly ChosenSample[],
  missing: string[],
): Promise<PinholeCamera[] | null> {
  try {
    return await camerasOf(
      folder,
      chosen.map(({ id }) => ({ id, index: places.get(id)! })),
    );
  } catch (error) {
    missing.push(`keypoints over the photographs, which need the dataset's cameras: ${reasonOf(error)}`);
    return null;
  }
}

async function trueHands(
  { folder, places }: ReportFolder,
  chosen: readonly ChosenSample[],
  signal: AbortSignal,
): Promise<RawHand[] | null> {
  const { groundTruth } = folder;
  if (groundTruth.kind !== 'hands') return null;
  const rows = chosen.map(({ id }) => places.get(id)!);
  const joints = (await groundTruth.joints?.read()) ?? null;
  const vertices =
    groundTruth.meshes === null
      ? null
      : await trueMeshes(new TrueMeshReader(groundTruth.meshes), rows, signal);
  const width = JOINT_COUNT * 3;
  return rows.map((row) => ({
    joints: joints === null ? null : joints.slice(row * width, (row + 1) * width),
    vertices: vertices?.get(row) ?? null,
  }));
}

/** Reads the meshes once, up to the last that is wanted. */
async function trueMeshes(
  source: TrueMeshReader,
  rows: readonly number[],
  signal: AbortSignal,
): Promise<Map<number, Float64Array>> {
  const wanted = Int32Array.from(new Set(rows)).sort();
  source.select(wanted);
  const meshes = new Map<number, Float64Array>();
  try {
    for (const row of wanted) {
      signal.throwIfAborted();
      const mesh = await source.next(1);
      if (mesh !== null) meshes.set(row, mesh.values);
    }
    return meshes;
  } finally {
    await source.close();
  }
}

async function predictedHands(
  { stored, shown }: ReadRun,
  { folder }: ReportFolder,
  rows: readonly number[],
  missing: string[],
): Promise<RawHand[] | null> {
  try {
    const source = await openRunPredictions(stored, folder.definition, 'run-directory');
    try {
      const { joints } = source;
      const width = JOINT_COUNT * 3;
      const hands: RawHand[] = [];
      for (const row of rows) {
        hands.push({
          joints: joints === null ? null : joints.slice(row * width, (row + 1) * width),
          vertices: source.vertexCount === null ? null : await source.vertices(row, 1),
        });
      }
      return hands;
    } finally {
      await source.close();
    }
  } catch (error) {
    missing.push(`the predicted hands of ${shown.name}: ${reasonOf(error)}`);
    return null;
  }
}

/** The prediction as the aligned metrics see it: joints and vertices each by their own fit. */
function alignedTo(truth: RawHand | null, hand: RawHand | null, { shown }: ReadRun): RawHand | null {
  const { protocol } = shown.document;
  if (truth === null || hand === null || !('reflection' in protocol)) return null;
  const { reflection } = protocol;
  const joints =
    truth.joints !== null && hand.joints !== null && isFinitePair(truth.joints, hand.joints)
      ? alignSimilarity(hand.joints, truth.joints, reflection)
      : null;
  let vertices: Float64Array | null = null;
  if (hand.vertices?.every(Number.isFinite) === true) {
    if (truth.vertices?.length === hand.vertices.length && truth.vertices.every(Number.isFinite))
      vertices = alignSimilarity(hand.vertices, truth.vertices, reflection).aligned;
    else if (joints !== null) vertices = applySimilarity(joints.transform, hand.vertices);
  }
  return { joints: joints?.aligned ?? null, vertices };
}

function isFinitePair(a: Float64Array, b: Float64Array): boolean {
  return a.every(Number.isFinite) && b.every(Number.isFinite);
}
