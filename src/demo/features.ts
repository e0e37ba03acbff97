/**
 * What the ridge baseline sees of a photograph: its crop, ImageNet-normalised,
 * averaged over a pool × pool grid.
 */
import { cropImage, wholeImageBox } from '../imaging/crop.js';
import { decodeImage } from '../imaging/decode.js';
import { IMAGENET_MEAN, IMAGENET_STD } from '../imaging/normalise.js';

/** Side of the network's input, px. */
export const PATCH_SIZE = 256;

/** Photographs decoded at a time. */
const IN_FLIGHT = 4;

/**
 * Pooled features of photographs, in the order AveragePool and Flatten give
 * them: channel, row, column. The crop is the one `run` takes where there is no box.
 *
 * @param pool cells along each side; divides 256
 * @returns files × (3 · pool²), row-major
 */
export async function pooledFeatures(
  files: readonly string[],
  pool: number,
  onProgress?: (done: number) => void,
): Promise<Float64Array> {
  const width = 3 * pool * pool;
  const features = new Float64Array(files.length * width);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < files.length) {
      const index = next++;
      const image = await decodeImage(files[index]!);
      const patch = cropImage(image, { box: wholeImageBox(image), patchSize: PATCH_SIZE });
      poolPatch(patch, pool, features.subarray(index * width, (index + 1) * width));
      done++;
      onProgress?.(done);
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  } finally {
    // After a failure or an interruption the others stop at their next photograph.
    next = files.length;
  }
  return features;
}

/**
 * Averages a patch's bytes first and normalises the averages: the same number, being linear, for less work.
 *
 * @param patch 256×256×3, R G B
 * @param out 3 · pool² zeros
 * @param view side of the patch's middle that is pooled, px
 */
export function poolPatch(patch: Uint8Array, pool: number, out: Float64Array, view = PATCH_SIZE): void {
  const cell = view / pool;
  const plane = pool * pool;
  const edge = (PATCH_SIZE - view) / 2;
  for (let y = 0; y < view; y++) {
    const row = Math.floor(y / cell) * pool;
    let at = ((edge + y) * PATCH_SIZE + edge) * 3;
    for (let x = 0; x < view; x++, at += 3) {
      const to = row + Math.floor(x / cell);
      out[to]! += patch[at]!;
      out[plane + to]! += patch[at + 1]!;
      out[2 * plane + to]! += patch[at + 2]!;
    }
  }
  for (let channel = 0; channel < 3; channel++) {
    const offset = 255 * IMAGENET_MEAN[channel]!;
    const divisor = 255 * IMAGENET_STD[channel]!;
    for (let i = channel * plane; i < (channel + 1) * plane; i++) {
      out[i] = (out[i]! / (cell * cell) - offset) / divisor;
    }
  }
}
