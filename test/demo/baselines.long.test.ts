/** The baselines of the layouts without a training folder, on the crops that `run` takes of their photographs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PreparedDemo, prepareDemo } from '../../src/demo/demo.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { decodeModel } from '../../src/formats/onnx/onnx.js';
import { InferenceSession } from '../../src/inference/session/onnxruntime.js';
import { alignSimilarity } from '../../src/metrics/procrustes.js';
import { sharedFolder } from '../support/cli.js';
import { writeHamerMetadata } from '../support/demo-metadata.js';
import { type Crop, networkInput } from './support.js';

const EVALUATION = 40;
const SIZES = { seed: 2, training: 120, evaluation: EVALUATION } as const;
const root = sharedFolder();

/** What the evaluation half's metadata says of every sample. */
interface Truth {
  readonly crops: Crop[];
  /** 21×3, metres, OpenCV axes; of the mirrored photograph where the hand is a left one. */
  readonly joints: Float64Array[];
  /** 21×2 in the crop the network sees, −0.5…0.5. */
  readonly inCrop: Float64Array[];
}

/** @param boxFactor side of the crop for a box of 1 px. */
async function truthOf(demo: PreparedDemo, images: string, boxFactor: number): Promise<Truth> {
  const [file] = await writeHamerMetadata(demo.datasetDir, root);
  const npz = await readNpz(file!);
  const names = await npz.strings('imgname');
  const [center, scale, right, pixels, joints] = await Promise.all(
    ['center', 'scale', 'right', 'hand_keypoints_2d', 'hand_keypoints_3d'].map(
      async (name) => (await npz.read(name)).data as ArrayLike<number>,
    ),
  );
  npz.close();
  const boxes = names.map((_, i) => ({
    center: [center![i * 2]!, center![i * 2 + 1]!] as const,
    side: boxFactor * Math.max(scale![i * 2]!, scale![i * 2 + 1]!),
  }));
  const sign = (i: number): number => (right![i] === 1 ? 1 : -1);
  return {
    crops: names.map((name, i) => ({
      image: join(demo.datasetDir, images, name),
      box: boxes[i]!,
      mirrored: right![i] !== 1,
    })),
    joints: names.map((_, i) =>
      Float64Array.from({ length: 63 }, (_v, k) => {
        const value = joints![(i * 21 + Math.floor(k / 3)) * 4 + (k % 3)]!;
        return k % 3 === 0 ? sign(i) * value : value;
      }),
    ),
    inCrop: names.map((_, i) =>
      Float64Array.from({ length: 42 }, (_v, k) => {
        const { center: middle, side } = boxes[i]!;
        const value = (pixels![(i * 21 + Math.floor(k / 2)) * 3 + (k % 2)]! - middle[k % 2]!) / side;
        return k % 2 === 0 ? sign(i) * value : value;
      }),
    ),
  };
}

/** Mean over samples and joints: mm after similarity alignment, and distance in the crop as a share of its side. */
async function errors(
  checkpoint: string,
  { crops, joints, inCrop }: Truth,
): Promise<{ mm: number; share: number }> {
  const session = await InferenceSession.create(checkpoint);
  const output = await session.run({ img: await networkInput(crops) });
  expect(output.pred_keypoints_3d!.dims).toEqual([EVALUATION, 21, 3]);
  expect(output.pred_vertices!.dims).toEqual([EVALUATION, 778, 3]);
  expect(output.pred_keypoints_2d!.dims).toEqual([EVALUATION, 21, 2]);
  const [predicted, flat] = [
    output.pred_keypoints_3d!.data,
    output.pred_keypoints_2d!.data,
  ] as Float32Array[];
  let [mm, share] = [0, 0];
  joints.forEach((truth, i) => {
    const hand = Float64Array.from(predicted!.subarray(i * 63, (i + 1) * 63));
    const { aligned } = alignSimilarity(hand, truth, 'forbidden');
    for (let j = 0; j < 21; j++) {
      const apart = [0, 1, 2].map((axis) => aligned[j * 3 + axis]! - truth[j * 3 + axis]!);
      mm += (1000 * Math.hypot(...apart)) / 21 / EVALUATION;
      const moved = [0, 1].map((axis) => flat![i * 42 + j * 2 + axis]! - inCrop[i]![j * 2 + axis]!);
      share += Math.hypot(...moved) / 21 / EVALUATION;
    }
  });
  return { mm, share };
}

describe.each([
  ['ho3d-v3', 'evaluation', 4 / 3],
  ['hint-newdays', 'TEST_newdays_img', 2],
] as const)('the baseline of %s', (dataset, images, boxFactor) => {
  it('clearly beats the mean pose, in 3D and in the crop', async () => {
    const demo = await prepareDemo({ root: join(root, dataset), dataset, ...SIZES });
    const truth = await truthOf(demo, images, boxFactor);
    const ridge = await errors(demo.checkpoint, truth);
    const mean = await errors(demo.meanPoseCheckpoint, truth);
    const told = `ridge ${ridge.mm} mm, ${ridge.share}; mean pose ${mean.mm} mm, ${mean.share}`;
    expect(ridge.mm, told).toBeLessThan(0.85 * mean.mm);
    expect(ridge.share, told).toBeLessThan(0.85 * mean.share);
    expect(ridge.mm, told).toBeGreaterThan(2);
    const { doc, outputs } = decodeModel(await readFile(demo.checkpoint), demo.checkpoint);
    expect(outputs.map(({ name }) => name)).toEqual([
      'pred_keypoints_3d',
      'pred_vertices',
      'pred_keypoints_2d',
    ]);
    expect(doc).toContain('Metres from the wrist');

    const again = await prepareDemo({ root: join(root, dataset), dataset, ...SIZES });
    expect(again.reused).toEqual({ dataset: true, checkpoint: true });
    const other = await prepareDemo({ root: join(root, dataset), dataset, ...SIZES, training: 60 });
    expect(other.reused).toEqual({ dataset: true, checkpoint: false });
  });
});
