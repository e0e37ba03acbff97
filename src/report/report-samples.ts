/** The samples a report shows: photographs, keypoints, and hands in 3D, each as far as it is known. */
import { join } from 'node:path';
import { camerasOf } from '../datasets/cameras.js';
import { TrueMeshReader } from '../datasets/ground-truth/mesh-reader.js';
import type { Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { NpyReader } from '../formats/npy/npy.js';
import { inAxes, type Axes } from '../hand/axes.js';
import { projectPoints, type PinholeCamera } from '../hand/camera.js';
import { reorderJoints } from '../hand/joint-reordering.js';
import { JOINT_COUNT, type JointOrder } from '../hand/joints.js';
import { alignSimilarity, applySimilarity, type KeypointLabels, type Reflection } from '../metrics/index.js';
import { openRunPredictions } from '../predictions/run-predictions.js';
import type { HandShape, ReportSample, SampleGroup, Scene } from './page/report-data.js';
import type { Choice, ChosenSample } from './report-choice.js';
import { reasonOf, type ReportFolder } from './report-folder.js';
import { emptyPiece, ontoPiece, photographPiece, type Piece } from './report-photograph.js';
import type { ReadRun } from './report-runs.js';

export interface GatherRequest {
  readonly runs: readonly ReadRun[];
  readonly folder: ReportFolder | null;
  readonly choice: Choice;
  /** Photographs are licensed: without them a page may be passed on. */
  readonly images: boolean;
  readonly signal: AbortSignal;
  /** What turns out to be missing is told here. */
  readonly missing: string[];
}

export interface Gathered {
  readonly groups: SampleGroup[];
  /** How the keypoints over the photographs were had. */
  readonly overlay: string;
}

/** A hand with joints in the dataset's order, in its axes; metres. */
interface RawHand {
  readonly joints: Float64Array | null;
  readonly vertices: Float64Array | null;
}

/** What is known of one sample before it is put together. */
interface Known {
  readonly chosen: ChosenSample;
  readonly sample: Sample | null;
  readonly truth: RawHand | null;
  readonly predictions: readonly (RawHand | null)[];
  readonly camera: PinholeCamera | null;
  readonly trueKeypoints: Float64Array | null;
  /** As predicted in the photograph. */
  readonly predictedKeypoints: readonly (Float64Array | null)[];
  readonly facts: readonly string[];
}

export async function gatherSamples(request: GatherRequest): Promise<Gathered> {
  const { choice, runs } = request;
  const chosen = choice.groups.flatMap(({ samples }) => samples);
  const inSpace = runs[0]!.shown.document.protocol.measure === 'hands-3d';
  const known = inSpace ? await knownHands(request, chosen) : await knownKeypoints(request, chosen);
  const shown: ReportSample[] = [];
  for (const sample of known) {
    request.signal.throwIfAborted();
    shown.push(await assemble(sample, request));
  }
  let next = 0;
  const groups = choice.groups.map(({ key, samples }) => ({
    key,
    samples: samples.map(() => shown[next++]!),
  }));
  return { groups, overlay: overlayText(known, inSpace, request.images) };
}

/** HInt: labels and predictions are in the photograph already. */
async function knownKeypoints(
  { runs, folder }: GatherRequest,
  chosen: readonly ChosenSample[],
): Promise<Known[]> {
  const truth = folder?.folder.groundTruth;
  const labels = truth?.kind === 'keypoints' ? await truth.read() : null;
  const predicted = await Promise.all(
    runs.map((run) =>
      keypointRows(
        run,
        chosen.map(({ rows }) => rows[runs.indexOf(run)]!),
      ),
    ),
  );
  return chosen.map((sample, k) => {
    const place = folder?.places.get(sample.id);
    return {
      chosen: sample,
      sample: folder?.samples.get(sample.id) ?? null,
      truth: null,
      predictions: [],
      camera: null,
      trueKeypoints: labels === null || place === undefined ? null : labelledPoints(labels, place),
      predictedKeypoints: predicted.map((rows) => rows?.[k] ?? null),
      facts: labels === null || place === undefined ? [] : occlusionFacts(labels, place),
    };
  });
}

function labelledPoints({ points, labelled }: KeypointLabels, place: number): Float64Array {
  return points
    .slice(place * JOINT_COUNT * 2, (place + 1) * JOINT_COUNT * 2)
    .map((value, k) => (labelled.all[place * JOINT_COUNT + (k >> 1)] === 1 ? value : NaN));
}

function occlusionFacts({ labelled }: KeypointLabels, place: number): string[] {
  const flags = labelled.occ?.subarray(place * JOINT_COUNT, (place + 1) * JOINT_COUNT);
  if (flags === undefined) return [];
  return [`${flags.reduce((sum, flag) => sum + flag, 0)} of 21 keypoints occluded`];
}

/** `predictions/keypoints_2d.npy` at some rows; `null` where the run has none. */
async function keypointRows({ stored }: ReadRun, rows: readonly number[]): Promise<Float64Array[] | null> {
  const description = stored.manifest.predictions?.keypoints_2d;
  if (description === undefined) return null;
  const reader = await NpyReader.open(join(stored.path, description.file));
  try {
    const points: Float64Array[] = [];
    for (const row of rows) points.push(await reader.readRows(row, row + 1));
    return points;
  } finally {
    await reader.close();
  }
}

/** Benchmarks in 3D. */
async function knownHands(request: GatherRequest, chosen: readonly ChosenSample[]): Promise<Known[]> {
  const { runs, folder, missing, signal } = request;
  const truths = folder === null ? null : await trueHands(folder, chosen, signal);
  const predictions: (RawHand[] | null)[] = [];
  for (const [index, run] of runs.entries()) {
    const rows = chosen.map((sample) => sample.rows[index]!);
    const isUsable = truths !== null && folder?.isOf[index] === true;
    predictions.push(isUsable ? await predictedHands(run, folder, rows, missing) : null);
  }
  const cameras = folder === null ? null : await cameraRows(folder, chosen, missing);
  const keypoints =
    cameras !== null
      ? []
      : await Promise.all(
          runs.map((run, index) =>
            keypointRows(
              run,
              chosen.map(({ rows }) => rows[index]!),
            ),
          ),
        );
  return chosen.map((sample, k) => ({
    chosen: sample,
    sample: folder?.samples.get(sample.id) ?? null,
    truth: truths?.[k] ?? null,
    predictions: predictions.map((hands) => hands?.[k] ?? null),
    camera: cameras?.[k] ?? null,
    trueKeypoints: null,
    predictedKeypoints: keypoints.map((rows) => rows?.[k] ?? null),
    facts: [],
  }));
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

async function assemble(
  known: Known,
  { runs, folder, images, missing }: GatherRequest,
): Promise<ReportSample> {
  const { chosen, sample, truth, camera } = known;
  const { protocol } = runs[0]!.shown.document;
  const aligned = known.predictions.map((hand, run) => {
    const rules = runs[run]!.shown.document.protocol;
    return hand === null || truth === null || rules.measure !== 'hands-3d'
      ? null
      : alignedTo(truth, hand, rules.reflection);
  });
  const order: JointOrder = protocol.jointOrder;
  const axes: Axes = folder?.folder.definition.axes ?? 'opencv';
  const project = (joints: Float64Array | null): Float64Array | null =>
    joints === null || camera === null || !joints.every(Number.isFinite)
      ? null
      : projectPoints(reorderJoints(inAxes(joints, axes, 'opencv'), order, 'openpose'), camera);
  const trueKeypoints = known.trueKeypoints ?? project(truth?.joints ?? null);
  const predicted = runs.map(
    (_, run) => known.predictedKeypoints[run] ?? project(aligned[run]?.joints ?? null),
  );
  const piece = await pieceOf(known, images, [trueKeypoints, ...predicted], missing);
  const onto = (points: Float64Array | null): Float64Array | null =>
    points === null || piece === null ? null : ontoPiece(points, piece);
  return {
    id: chosen.id,
    errors: chosen.errors,
    facts: [...known.facts, ...sampleFacts(sample)],
    photograph: piece?.photograph ?? null,
    trueKeypoints: onto(trueKeypoints),
    predictedKeypoints: predicted.map(onto),
    scene: sceneOf(truth, aligned, order, axes),
  };
}

function sampleFacts(sample: Sample | null): string[] {
  if (sample === null) return [];
  return [
    ...(sample.right ? [] : ['left hand']),
    ...(sample.box === null ? [] : [`crop of ${Math.round(sample.box.side)} px`]),
  ];
}

async function pieceOf(
  { sample, chosen }: Known,
  images: boolean,
  keypoints: readonly (Float64Array | null)[],
  missing: string[],
): Promise<Piece | null> {
  if (!images || sample === null) return emptyPiece(keypoints);
  try {
    return await photographPiece(sample.image, sample.box, keypoints);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    missing.push(`the photograph of ${chosen.id}: ${reasonOf(error)}`);
    return emptyPiece(keypoints);
  }
}

/** The prediction as the aligned metrics see it: joints and vertices each by their own fit. */
function alignedTo(truth: RawHand, hand: RawHand, reflection: Reflection): RawHand {
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

function sceneOf(
  truth: RawHand | null,
  predictions: readonly (RawHand | null)[],
  order: JointOrder,
  axes: Axes,
): Scene | null {
  const shape = (hand: RawHand | null): HandShape | null => {
    if (hand === null || (hand.joints === null && hand.vertices === null)) return null;
    const toViewer = (points: Float64Array | null): Float64Array | null =>
      points === null ? null : inAxes(points, axes, 'opengl');
    const joints = hand.joints === null ? null : reorderJoints(hand.joints, order, 'openpose');
    return { joints: toViewer(joints), vertices: toViewer(hand.vertices) };
  };
  const scene = { truth: shape(truth), predictions: predictions.map(shape) };
  return scene.truth === null && scene.predictions.every((hand) => hand === null) ? null : scene;
}

function overlayText(known: readonly Known[], inSpace: boolean, images: boolean): string {
  const [where, pale] = images
    ? ['Over the photograph', 'pale']
    : ['The keypoints in the photograph', 'grey'];
  if (!inSpace) {
    return `${where}, ${pale}: the labelled keypoints; in the run’s colour: the predicted ones.`;
  }
  if (known.some(({ camera }) => camera !== null)) {
    return `${where}, ${pale}: the true joints; in the run’s colour: the predicted ones after alignment to the true; both projected by the dataset’s camera.`;
  }
  if (known.some(({ predictedKeypoints }) => predictedKeypoints.some((points) => points !== null))) {
    return `${where}, in the run’s colour: the keypoints that the network itself predicted in it.`;
  }
  return '';
}
