/** The samples a report shows: photographs, keypoints, and hands in 3D, each as far as it is known. */
import type { Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { inAxes, type Axes } from '../hand/axes.js';
import { reorderJoints } from '../hand/joint-reordering.js';
import type { JointOrder } from '../hand/joints.js';
import { knownHands } from './known-hands.js';
import { knownKeypoints } from './known-keypoints.js';
import type { GatherRequest, KnownSample, RawHand } from './known-sample.js';
import type { HandShape, ReportSample, SampleGroup, Scene } from './page/report-data.js';
import { reasonOf } from './report-folder.js';
import { emptyPiece, ontoPiece, photographPiece, type Piece } from './report-photograph.js';

export interface Gathered {
  readonly groups: SampleGroup[];
  /** How the keypoints over the photographs were had. */
  readonly overlay: string;
}

/** What each kind of measure knows of its samples. */
const KNOWN = { 'hands-3d': knownHands, 'keypoints-2d': knownKeypoints } as const;

export async function gatherSamples(request: GatherRequest): Promise<Gathered> {
  const { choice, runs } = request;
  const chosen = choice.groups.flatMap(({ samples }) => samples);
  const { samples: known, overlay } = await KNOWN[runs[0]!.shown.document.protocol.measure](request, chosen);
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
  return { groups, overlay };
}

async function assemble(
  known: KnownSample,
  { runs, folder, images, missing }: GatherRequest,
): Promise<ReportSample> {
  const { chosen, sample, truth, predictions, trueKeypoints, predictedKeypoints } = known;
  const piece = await pieceOf(known, images, [trueKeypoints, ...predictedKeypoints], missing);
  const onto = (points: Float64Array | null): Float64Array | null =>
    points === null || piece === null ? null : ontoPiece(points, piece);
  const { jointOrder } = runs[0]!.shown.document.protocol;
  return {
    id: chosen.id,
    errors: chosen.errors,
    facts: [...known.facts, ...sampleFacts(sample)],
    photograph: piece?.photograph ?? null,
    trueKeypoints: onto(trueKeypoints),
    predictedKeypoints: predictedKeypoints.map(onto),
    scene: sceneOf(truth, predictions, jointOrder, folder?.folder.definition.axes ?? 'opencv'),
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
  { sample, chosen }: KnownSample,
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
