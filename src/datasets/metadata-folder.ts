/**
 * HaMeR's evaluation metadata (.npz) as a dataset of its own, or as the source of boxes for an
 * official layout. As a dataset it decides the order, the boxes and the ground truth; the folder
 * holds nothing but the photographs.
 */
import { basename } from 'node:path';
import { UserError } from '../errors.js';
import { gatherFromOpenPose, JOINT_COUNT, type JointOrder } from '../hand/joints.js';
import type { KeypointLabels } from '../metrics/index.js';
import type { BoxSide } from './boxes.js';
import { firstFew } from './folder.js';
import {
  alignSubset,
  isSubsetName,
  readHamerMetadata,
  subsetFiles,
  wholeFileOf,
  type HamerMetadata,
} from './hamer-metadata.js';
import { inside } from './inside.js';
import { tellOrThrow } from './problems.js';
import type {
  Axes,
  Box,
  DatasetDefinition,
  DatasetFolder,
  HandTruth,
  KeypointTruth,
  OpenOptions,
  ProblemListener,
  Sample,
} from './types.js';

/** What a benchmark makes of a row of the metadata. */
export interface MetadataRules {
  readonly boxSide: BoxSide;
  /** The sample's id by the name of its photograph, relative to the image folder. */
  readonly idOf: (image: string) => string;
}

/**
 * The metadata that `--boxes` names, or null where it names none.
 *
 * @throws UserError where `--boxes` is neither a file of ours nor a word this dataset knows.
 */
export async function metadataOf(
  definition: DatasetDefinition,
  { boxes }: OpenOptions,
): Promise<HamerMetadata | null> {
  if (boxes === undefined || (definition.boxes as readonly string[]).includes(boxes)) return null;
  const next = `give ${[...definition.boxes, 'FILE.npz'].join(' or ')} with --boxes`;
  if (!boxes.endsWith('.npz')) {
    throw new UserError({
      code: 'boxes-unknown',
      message: `${definition.title} has no boxes of this name`,
      expected: [...definition.boxes, "HaMeR's evaluation metadata, FILE.npz"].join(', '),
      got: boxes,
      next,
    });
  }
  if (isSubsetName(boxes)) {
    throw new UserError({
      code: 'boxes-subset',
      message: 'This file holds the labels of a subset only',
      file: boxes,
      expected: 'the metadata of all labels',
      got: basename(boxes),
      next: `give ${wholeFileOf(boxes)}; _vis and _occ beside it are read with it`,
    });
  }
  // A row that cannot be used is told of where samples are asked for.
  return readHamerMetadata(boxes, () => undefined);
}

/** A sample and its photograph relative to the image folder, as the metadata names it. */
export interface NamedPhotograph {
  readonly id: string;
  readonly image: string;
}

/** The box of each photograph, by its name; `undefined`, and told, where the metadata has none that can be used. */
export function boxesByImage(
  metadata: HamerMetadata,
  photographs: readonly NamedPhotograph[],
  boxSide: BoxSide,
  onProblem?: ProblemListener,
): (Box | undefined)[] {
  const rows = new Map<string, number>();
  metadata.imageNames.forEach((name, row) => {
    if (rows.has(name)) rows.set(name, -1);
    else rows.set(name, row);
  });
  const tell = tellOrThrow(onProblem);
  const found = photographs.map(({ image }) => rows.get(image));
  const absent = photographs.filter((_, index) => found[index] === undefined);
  const several = photographs.filter((_, index) => found[index] === -1);
  const report = (what: string, which: readonly NamedPhotograph[]): void => {
    if (which.length === 0) return;
    tell(
      new UserError({
        code: 'boxes-unmatched',
        message: `The metadata has ${what} for ${which.length} of the ${photographs.length} photographs`,
        file: metadata.file,
        expected: 'one row a photograph, named as in the image folder',
        got: `${firstFew(which.map(({ image }) => image))}; the first row is ${metadata.imageNames[0] ?? 'absent'}`,
        next: 'use the metadata of this dataset and split, or the folder that it was made for',
      }),
      which.map(({ id }) => id),
    );
  };
  report('no box', absent);
  report('several boxes', several);
  return found.map((row, index) => {
    if (row === undefined || row === -1) return undefined;
    const problem = metadata.problems[row]!;
    if (problem === null) return boxOfRow(metadata, row, boxSide);
    tell(problem, [photographs[index]!.id]);
    return undefined;
  });
}

export function boxOfRow({ centers, sizes }: HamerMetadata, row: number, boxSide: BoxSide): Box {
  return {
    center: [centers[row * 2]!, centers[row * 2 + 1]!],
    side: boxSide(sizes[row * 2]!, sizes[row * 2 + 1]!),
  };
}

/** The metadata as the dataset itself: its order, its boxes, its ground truth. */
export async function metadataFolder(
  definition: DatasetDefinition,
  root: string,
  { split }: OpenOptions,
  metadata: HamerMetadata,
  { boxSide, idOf }: MetadataRules,
): Promise<DatasetFolder> {
  const ids = distinct(metadata.imageNames.map(idOf));
  const isHint = definition.protocol.measure === 'keypoints-2d';
  const subsets = isHint ? await readSubsets(metadata) : null;
  const groundTruth: HandTruth | KeypointTruth =
    subsets === null
      ? handTruth(metadata, definition)
      : {
          kind: 'keypoints',
          file: metadata.file,
          read: () => Promise.resolve(keypointLabels(metadata, subsets)),
        };
  return {
    definition,
    root,
    split,
    order: 'metadata',
    groundTruth,
    protocol: { ...definition.protocol, boxes: 'npz' },
    annotations: [metadata.file, ...(subsets?.files ?? [])],
    benchmarkCount: definition.protocol.sampleCount,
    notices: subsets === null || subsets.files.length === 2 ? [] : [subsetsMissing(metadata.file)],
    samples: (onProblem) =>
      Promise.resolve().then(() => {
        const tell = tellOrThrow(onProblem);
        return metadata.imageNames.flatMap((name, row): Sample[] => {
          const problem = metadata.problems[row]!;
          if (problem !== null) {
            tell(problem, [ids[row]!]);
            return [];
          }
          const box = boxOfRow(metadata, row, boxSide);
          return [{ id: ids[row]!, image: inside(root, name), box, right: metadata.right[row]!, root: null }];
        });
      }),
    sampleIds: () => Promise.resolve(ids),
    sequenceOf: null,
  };
}

/** Several hands of one photograph are told apart by a number: `name`, `name#2`. */
function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}

function handTruth(metadata: HamerMetadata, { jointOrder, axes }: DatasetDefinition): HandTruth {
  const { keypoints3d } = metadata;
  if (keypoints3d === null) return { kind: 'hands', joints: null, vertices: null };
  const read = (): Promise<Float64Array> => Promise.resolve(jointsOf(keypoints3d, jointOrder, axes));
  return { kind: 'hands', joints: { file: metadata.file, read }, vertices: null };
}

/** From HaMeR's order and axes (OpenPose, OpenCV) to the benchmark's; a sample with a missing joint is NaN. */
function jointsOf(keypoints: Float64Array, order: JointOrder, axes: Axes): Float64Array {
  const gather = gatherFromOpenPose(order);
  const sign = axes === 'opencv' ? 1 : -1;
  const count = keypoints.length / (JOINT_COUNT * 4);
  const joints = new Float64Array(count * JOINT_COUNT * 3);
  for (let sample = 0; sample < count; sample++) {
    gather.forEach((joint, index) => {
      const from = (sample * JOINT_COUNT + joint) * 4;
      const to = (sample * JOINT_COUNT + index) * 3;
      const isThere = keypoints[from + 3]! > 0;
      joints[to] = isThere ? keypoints[from]! : Number.NaN;
      joints[to + 1] = isThere ? sign * keypoints[from + 1]! : Number.NaN;
      joints[to + 2] = isThere ? sign * keypoints[from + 2]! : Number.NaN;
    });
  }
  return joints;
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
  const { count, sizes } = metadata;
  const keypoints = keypointsOf(metadata);
  const points = new Float64Array(count * JOINT_COUNT * 2);
  for (let joint = 0; joint < count * JOINT_COUNT; joint++) {
    points[joint * 2] = keypoints[joint * 3]!;
    points[joint * 2 + 1] = keypoints[joint * 3 + 1]!;
  }
  return {
    count,
    points,
    sides: Float64Array.from({ length: count }, (_, row) => Math.max(sizes[row * 2]!, sizes[row * 2 + 1]!)),
    labelled: { all: labels(keypoints), vis, occ },
  };
}

function subsetsMissing(file: string): { code: string; message: string; remedy: string } {
  return {
    code: 'subsets-missing',
    message:
      'the files of visible and of occluded joints are not both beside the metadata, so not every subset is scored',
    remedy: `put ${basename(file).replace(/_all\.npz$/, '_vis.npz')} and _occ.npz beside it`,
  };
}
