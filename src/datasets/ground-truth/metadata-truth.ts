/** HaMeR's evaluation metadata (.npz) as ground truth: hands in 3D, or keypoints with HInt's subsets of them. */
import { basename } from 'node:path';
import { UserError } from '../../errors.js';
import { inAxes, type Axes } from '../../hand/axes.js';
import { reorderJoints } from '../../hand/joint-reordering.js';
import { JOINT_COUNT, type JointOrder } from '../../hand/joints.js';
import type { KeypointLabels } from '../../metrics/index.js';
import { alignSubset, readHamerMetadata, subsetFiles, type HamerMetadata } from '../hamer-metadata.js';
import type { DatasetDefinition, HandTruth, KeypointTruth, Notice } from '../types.js';

export interface MetadataTruth {
  readonly groundTruth: HandTruth | KeypointTruth;
  /** Files beside the metadata that decide the numbers, too. */
  readonly filesBeside: readonly string[];
  readonly notices: readonly Notice[];
}

/** Joints alone; none where the metadata has none in 3D. */
export function metadataHands(
  { file, keypoints3d }: HamerMetadata,
  { jointOrder, axes, card }: DatasetDefinition,
): Promise<MetadataTruth> {
  const read = (): Promise<Float64Array> => Promise.resolve(jointsOf(keypoints3d!, jointOrder, axes));
  const groundTruth: HandTruth = {
    kind: 'hands',
    files: card.files.filter(({ neededTo }) => neededTo.includes('score')).map(({ path }) => path),
    joints: keypoints3d === null ? null : { file, read },
    meshes: null,
  };
  return Promise.resolve({ groundTruth, filesBeside: [], notices: [] });
}

export async function metadataKeypoints(metadata: HamerMetadata): Promise<MetadataTruth> {
  const { file } = metadata;
  const subsets = await readSubsets(metadata);
  return {
    groundTruth: {
      kind: 'keypoints',
      file,
      read: () => Promise.resolve(keypointLabels(metadata, subsets)),
    },
    filesBeside: subsets.files,
    notices: subsets.files.length === 2 ? [] : [subsetsMissing(file)],
  };
}

/** From HaMeR's order and axes (OpenPose, OpenCV) to the benchmark's; a sample with a missing joint is NaN. */
function jointsOf(keypoints: Float64Array, order: JointOrder, axes: Axes): Float64Array {
  const count = keypoints.length / 4;
  const joints = new Float64Array(count * 3).fill(Number.NaN);
  for (let joint = 0; joint < count; joint++) {
    const isThere = keypoints[joint * 4 + 3]! > 0;
    if (isThere) joints.set(keypoints.subarray(joint * 4, joint * 4 + 3), joint * 3);
  }
  return inAxes(reorderJoints(joints, 'openpose', order), 'opencv', axes);
}

/** The labels of visible and of occluded joints, from the files beside. */
interface Subsets {
  readonly files: readonly string[];
  readonly vis: Uint8Array | null;
  readonly occ: Uint8Array | null;
}

async function readSubsets(metadata: HamerMetadata): Promise<Subsets> {
  const { visible, occluded } = await subsetFiles(metadata.file);
  const read = async (file: string | null): Promise<Uint8Array | null> => {
    if (file === null) return null;
    const subset = await readHamerMetadata(file);
    const rows = alignSubset(metadata, subset);
    const labelled = labels(keypointsOf(subset));
    const out = new Uint8Array(metadata.count * JOINT_COUNT);
    rows.forEach((row, index) => {
      if (row >= 0)
        out.set(labelled.subarray(row * JOINT_COUNT, (row + 1) * JOINT_COUNT), index * JOINT_COUNT);
    });
    return out;
  };
  const [vis, occ] = await Promise.all([read(visible), read(occluded)]);
  return { files: [visible, occluded].filter((file) => file !== null), vis, occ };
}

/** @throws UserError where the file has none: without labels there is nothing to score. */
function keypointsOf({ file, keypoints2d }: HamerMetadata): Float64Array {
  if (keypoints2d !== null) return keypoints2d;
  throw new UserError({
    code: 'npz-array-missing',
    message: 'The metadata has no 2D keypoints to score against',
    file,
    expected: "an array 'hand_keypoints_2d' (N, 21, 3)",
    got: 'no such array',
    next: "use HaMeR's own evaluation metadata of HInt, TEST_*_img_all.npz",
  });
}

/** A joint counts as labelled above this confidence (HaMeR's EvaluatorPCK). */
const LABELLED_ABOVE = 0.5;

function labels(keypoints: Float64Array): Uint8Array {
  return Uint8Array.from({ length: keypoints.length / 3 }, (_, joint) =>
    keypoints[joint * 3 + 2]! > LABELLED_ABOVE ? 1 : 0,
  );
}

function keypointLabels(metadata: HamerMetadata, { vis, occ }: Subsets): KeypointLabels {
  const { count, sizes, centers, right } = metadata;
  const keypoints = keypointsOf(metadata);
  const points = new Float64Array(count * JOINT_COUNT * 2);
  for (let joint = 0; joint < count * JOINT_COUNT; joint++) {
    points[joint * 2] = keypoints[joint * 3]!;
    points[joint * 2 + 1] = keypoints[joint * 3 + 1]!;
  }
  return {
    count,
    points,
    centers,
    right,
    sides: Float64Array.from({ length: count }, (_, row) => Math.max(sizes[row * 2]!, sizes[row * 2 + 1]!)),
    labelled: { all: labels(keypoints), vis, occ },
  };
}

function subsetsMissing(file: string): Notice {
  return {
    code: 'subsets-missing',
    message:
      'the files of visible and of occluded joints are not both beside the metadata, so not every subset is scored',
    remedy: `put ${basename(file).replace(/_all\.npz$/, '_vis.npz')} and _occ.npz beside it`,
  };
}
