/** Arrays of a user's own, known by their names alone. Their axes and joint order are the benchmark's. */
import type { DatasetDefinition } from '../../datasets/types.js';
import type { OpenArray, OpenArrays } from '../array-source.js';
import { scoredArrays } from '../scored-arrays.js';

/** What may hold predictions; `ids` may name their samples. */
export const ARRAY_NAMES = ['joints', 'vertices', 'keypoints_2d'] as const;

/** The arrays that the benchmark scores. */
export async function ownArrays(
  { protocol, jointOrder }: DatasetDefinition,
  open: (name: (typeof ARRAY_NAMES)[number]) => Promise<OpenArray | null>,
  ids: readonly string[] | null,
): Promise<OpenArrays> {
  const { names } = scoredArrays(protocol);
  const scored = async (name: (typeof ARRAY_NAMES)[number]): Promise<OpenArray | null> =>
    names.includes(name) ? open(name) : null;
  return {
    joints: await scored('joints'),
    vertices: await scored('vertices'),
    keypoints: (await scored('keypoints_2d'))?.reader ?? null,
    roots: null,
    ids,
    jointOrder,
  };
}
