/** True keypoints in photographs, as every source of them (json files, HaMeR's npz) is read. */
import { JOINT_COUNT } from '../hand/joints.js';

/** The subsets of labelled keypoints that HInt is scored on. */
export const KEYPOINT_SUBSETS = ['all', 'vis', 'occ'] as const;

/** All labelled keypoints, those in sight, those hidden by something. */
export type KeypointSubset = (typeof KEYPOINT_SUBSETS)[number];

export const SUBSET_NAMES: Readonly<Record<KeypointSubset, string>> = {
  all: 'all',
  vis: 'visible',
  occ: 'occluded',
};

/** The labels of `count` hands, record after record, OpenPose joint order. */
export interface KeypointLabels {
  readonly count: number;
  /** count × 21 × 2, px of the original photograph; x right, y down. What stands where nothing is labelled is never read. */
  readonly points: Float64Array;
  /** count: the longer side of each hand's box before it is expanded for the crop, px. */
  readonly sides: Float64Array;
  /** count × 2: the middle of that box, px. */
  readonly centers: Float64Array;
  /** count: whether it is a right hand; true where the dataset does not say. */
  readonly right: readonly boolean[];
  /** count × 21, 1 where the keypoint is labelled in that subset; `null` where the split is not known. */
  readonly labelled: {
    readonly all: Uint8Array;
    readonly vis: Uint8Array | null;
    readonly occ: Uint8Array | null;
  };
}

/** The labels of one hand, as views into those of all. */
export interface HandKeypoints {
  /** 21 × 2, px. */
  readonly points: Float64Array;
  /** The longer side of the unexpanded box, px. */
  readonly side: number;
  /** 21 each, 1 where labelled; `null` where the split is not known. */
  readonly labelled: Readonly<Record<KeypointSubset, Uint8Array | null>> & { readonly all: Uint8Array };
}

/**
 * The labels of hand `index`.
 *
 * @throws RangeError when there is no such hand.
 */
export function keypointsOfHand(
  labels: Pick<KeypointLabels, 'count' | 'points' | 'sides' | 'labelled'>,
  index: number,
): HandKeypoints {
  if (!Number.isInteger(index) || index < 0 || index >= labels.count) {
    throw new RangeError(`labels hold ${labels.count} hands: got index ${index}`);
  }
  const first = index * JOINT_COUNT;
  const row = (mask: Uint8Array): Uint8Array => mask.subarray(first, first + JOINT_COUNT);
  const { all, vis, occ } = labels.labelled;
  return {
    points: labels.points.subarray(first * 2, (first + JOINT_COUNT) * 2),
    side: labels.sides[index]!,
    labelled: { all: row(all), vis: vis && row(vis), occ: occ && row(occ) },
  };
}
