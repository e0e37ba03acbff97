/**
 * Boxes of the true hands, an oracle: what a model would do with a perfect detector. The box around the true vertices
 * as the published camera sees them, cut off at the edges of the photograph, doubled and grown to 192:256, HaMeR's crop
 * of a detected hand. A public reproduction of FreiHAND's figures used them; they are no protocol of any benchmark.
 */
import { UserError } from '../errors.js';
import { inAxes } from '../hand/axes.js';
import { projectPoints } from '../hand/camera.js';
import type { Box } from '../hand/view.js';
import { grownSide } from '../imaging/crop.js';
import { photographSize } from '../imaging/photograph-size.js';
import { TRUTH_BOXES, boxFromCorners, isUsableBox, type BoxSide, type Corners } from './boxes.js';
import { camerasOf } from './cameras.js';
import { TrueMeshReader } from './ground-truth/mesh-reader.js';
import type { DatasetFolder, ProblemListener, Sample, TrueMeshes } from './types.js';

const doubledAndGrown: BoxSide = (width, height) => grownSide(2 * width, 2 * height);

/** Meshes and photographs read at a time. */
const PART = 64;

/** @throws UserError where the folder has no true meshes or no cameras. */
export function withTruthBoxes(folder: DatasetFolder): DatasetFolder {
  const meshes = folder.groundTruth.kind === 'hands' ? folder.groundTruth.meshes : null;
  if (meshes === null || folder.definition.cameras === undefined) throw noTruth(folder);
  return {
    ...folder,
    protocol: { ...folder.protocol, boxes: TRUTH_BOXES },
    notices: [...folder.notices, ORACLE],
    samples: (onProblem) => samplesWithBoxes(folder, meshes, onProblem),
  };
}

const ORACLE = {
  code: 'boxes-oracle',
  message: 'the boxes are those of the true hands: an oracle, and no published protocol',
  remedy: 'say so wherever the figures stand, and compare them with runs on the same boxes alone',
};

/** @param onProblem whoever gives one must let no sample be left out: it would move the meshes of those behind it. */
async function samplesWithBoxes(
  folder: DatasetFolder,
  meshes: TrueMeshes,
  onProblem: ProblemListener | undefined,
): Promise<Sample[]> {
  const samples = await folder.samples(onProblem);
  const cameras = (await camerasOf(
    folder,
    samples.map(({ id }, index) => ({ id, index })),
  ))!;
  const reader = new TrueMeshReader(meshes);
  const boxed: Sample[] = [];
  try {
    for (let first = 0; first < samples.length; first += PART) {
      const part = samples.slice(first, first + PART);
      const [read, sizes] = await Promise.all([
        reader.next(part.length),
        Promise.all(part.map(({ image }) => sizeOf(image, onProblem !== undefined))),
      ]);
      const width = (read?.vertexCount ?? 0) * 3;
      part.forEach((sample, k) => {
        const size = sizes[k]!;
        if (size === null) {
          boxed.push({ ...sample, box: null });
          return;
        }
        const hand = read?.values.subarray(k * width, (k + 1) * width) ?? new Float64Array();
        const seen = projectPoints(inAxes(hand, folder.definition.axes, 'opencv'), cameras[first + k]!);
        const box = boxOf(seen, size);
        if (box === null) throw notSeen(sample, meshes.file);
        boxed.push({ ...sample, box });
      });
    }
    return boxed;
  } finally {
    await reader.close();
  }
}

type Size = Awaited<ReturnType<typeof photographSize>>;

/** Null for a photograph that cannot be read, where that is told when it is to be cropped. */
async function sizeOf(image: string, isTolerated: boolean): Promise<Size | null> {
  try {
    return await photographSize(image);
  } catch (error) {
    if (isTolerated && error instanceof UserError) return null;
    throw error;
  }
}

/** @param seen px; null where no part of them lies in the photograph. */
function boxOf(seen: Float64Array, { width, height }: Size): Box | null {
  const corners: [number, number, number, number] = [width, height, 0, 0];
  for (let at = 0; at < seen.length; at += 2) {
    const x = Math.min(width, Math.max(0, seen[at]!));
    const y = Math.min(height, Math.max(0, seen[at + 1]!));
    corners[0] = Math.min(corners[0], x);
    corners[1] = Math.min(corners[1], y);
    corners[2] = Math.max(corners[2], x);
    corners[3] = Math.max(corners[3], y);
  }
  return isUsableBox(corners satisfies Corners) ? boxFromCorners(corners, doubledAndGrown) : null;
}

function notSeen({ id, image }: Sample, file: string): UserError {
  return new UserError({
    code: 'boxes-truth-unseen',
    message: `No part of the true hand of sample ${id} is in its photograph`,
    file: image,
    expected: `a mesh in ${file} that the published camera sees there`,
    got: 'none',
    next: 'take meshes, cameras and photographs of one version, or leave --boxes truth out',
  });
}

function noTruth({ definition, root, groundTruth }: DatasetFolder): UserError {
  const has3d = groundTruth.kind === 'hands';
  return new UserError({
    code: 'boxes-no-truth',
    message: `${definition.title} has no true meshes ${has3d ? 'in this folder' : 'at all'}, of which boxes could be made`,
    file: root,
    expected: has3d ? groundTruth.files.join(' and ') : 'a benchmark of hands in 3D',
    got: 'none',
    next: `put the ground truth into the folder, or give --boxes ${definition.boxes.join(', ')} or FILE.npz`,
  });
}
