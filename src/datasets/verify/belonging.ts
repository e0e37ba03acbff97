/** Whether photographs, meta data and ground truth are of the same samples. */
import { UserError } from '../../errors.js';
import { inAxes, type Axes } from '../../hand/axes.js';
import { projectPoints, type PinholeCamera } from '../../hand/camera.js';
import { JOINT_COUNT } from '../../hand/joints.js';
import { camerasOf } from '../cameras.js';
import { firstFew } from '../folder.js';
import type { DatasetFolder, Sample } from '../types.js';
import type { TrueHands } from './pairs.js';
import type { ImageSize } from './photographs.js';
import { collect, isWidespread, type Problems } from './problems.js';

/** metres between the published wrist and the true one before they are called different. */
const SAME_PLACE_M = 1e-3;
/** Share of a photograph's sides by which it is grown on each side: hands may be cut off by its edge. */
const MARGIN = 0.25;

/** Samples that are annotated and have no photograph, or the other way round, where nothing has said why. */
export function checkCoverage(
  folder: DatasetFolder,
  ids: readonly string[],
  samples: readonly Sample[],
  problems: Problems,
): void {
  const annotated = new Set(ids);
  const there = new Set(samples.map(({ id }) => id));
  const lacking = ids.filter((id) => !there.has(id) && !problems.explained.has(id));
  const surplus = samples.filter(({ id }) => !annotated.has(id)).map(({ id }) => id);
  const tell = (names: readonly string[], code: string, message: string): void => {
    if (names.length === 0) return;
    problems.add(
      new UserError({
        code,
        message: `${message}: ${names.length}`,
        file: folder.root,
        expected: 'a photograph and annotations for each sample',
        got: `only one of them for ${firstFew(names)}`,
        next: 'unpack the dataset again',
      }),
    );
  };
  tell(lacking, 'sample-without-photograph', 'Samples with annotations but no photograph');
  tell(surplus, 'photograph-without-annotation', 'Photographs without annotations');
}

/** Where each sample stands in the ground truth. */
function placesOf(ids: readonly string[]): ReadonlyMap<string, number> {
  return new Map(ids.map((id, index) => [id, index]));
}

/** The published wrist of each sample is its true one: if not, list, meta data and ground truth are not of one order. */
export function checkWrists(
  samples: readonly Sample[],
  ids: readonly string[],
  { file, joints, damaged }: TrueHands,
  problems: Problems,
): void {
  const places = placesOf(ids);
  const differing: string[] = [];
  let worst = 0;
  let compared = 0;
  for (const { id, root } of samples) {
    const index = places.get(id);
    if (root === null || index === undefined || damaged.has(index)) continue;
    const distance = Math.hypot(
      ...root.map((value, axis) => value - joints[index * JOINT_COUNT * 3 + axis]!),
    );
    compared += 1;
    if (distance <= SAME_PLACE_M) continue;
    worst = Math.max(worst, distance);
    differing.push(id);
  }
  if (differing.length === 0) return;
  problems.add(
    new UserError({
      code: 'wrist-differs',
      message: `The wrists that the meta data publish are not the true ones for ${differing.length} of ${compared} samples`,
      file,
      expected: `the same place, to ${SAME_PLACE_M * 1000} mm`,
      got: `up to ${(worst * 1000).toFixed(1)} mm apart: ${firstFew(differing)}`,
      next: 'take the sample list, the meta data and the ground truth of one version, in their own order',
    }),
  );
}

/** Seen by the published cameras the true hands are in their photographs: if not, cameras and ground truth are not of one order. */
export async function checkCameras(
  folder: DatasetFolder,
  sizes: ReadonlyMap<string, ImageSize>,
  ids: readonly string[],
  { file, joints, damaged }: TrueHands,
  problems: Problems,
): Promise<void> {
  const places = ids.flatMap((id, index) => (sizes.has(id) && !damaged.has(index) ? [{ id, index }] : []));
  const cameras = await collect(problems, null, () => publishedCameras(folder, places));
  if (cameras === null) return;
  const width = JOINT_COUNT * 3;
  const unseen = places.filter(({ id, index }, k) => {
    const hand = joints.subarray(index * width, (index + 1) * width);
    return !isInPicture(hand, folder.definition.axes, cameras[k]!, sizes.get(id)!);
  });
  if (!isWidespread(unseen.length, places.length)) return;
  problems.add(
    new UserError({
      code: 'joints-outside-photographs',
      message: `By the published cameras the true joints of ${unseen.length} of ${places.length} samples are not in their photographs`,
      file,
      expected: `most joints of a sample in its photograph, grown by ${MARGIN * 100} % on each side`,
      got: firstFew(unseen.map(({ id }) => id)),
      next: 'take photographs, cameras and joints of one version, in their own order',
    }),
  );
}

/** Nothing that is scored needs cameras: a folder may be without. */
async function publishedCameras(
  folder: DatasetFolder,
  places: readonly { readonly id: string; readonly index: number }[],
): Promise<PinholeCamera[] | null> {
  try {
    return await camerasOf(folder, places);
  } catch (error) {
    if (error instanceof UserError && error.code === 'file-missing') return null;
    throw error;
  }
}

/** Whether most joints of a hand lie before the camera and are seen in or near the photograph. */
function isInPicture(
  joints: Float64Array,
  axes: Axes,
  camera: PinholeCamera,
  { width, height }: ImageSize,
): boolean {
  const turned = inAxes(joints, axes, 'opencv');
  const pixels = projectPoints(turned, camera);
  let seen = 0;
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const [x, y] = [pixels[joint * 2]!, pixels[joint * 2 + 1]!];
    const isNear =
      x >= -MARGIN * width &&
      x <= (1 + MARGIN) * width &&
      y >= -MARGIN * height &&
      y <= (1 + MARGIN) * height;
    if (isNear && turned[joint * 3 + 2]! > 0) seen += 1;
  }
  return seen > JOINT_COUNT / 2;
}
