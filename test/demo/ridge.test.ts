import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PreparedDemo, prepareDemo } from '../../src/demo/demo.js';
import { freihandTrainingHalf, imageName } from '../../src/demo/freihand-training.js';
import { proceduralHand } from '../../src/demo/hand/procedural-hand.js';
import { fitRidgeBaseline, meanPosePredictor } from '../../src/demo/ridge.js';
import { decodeModel } from '../../src/formats/onnx/onnx.js';
import { wholeImageBox } from '../../src/imaging/crop.js';
import { InferenceSession, type Tensor } from '../../src/inference/session/onnxruntime.js';
import { alignSimilarity } from '../../src/metrics/procrustes.js';
import { sharedFolder } from '../support/cli.js';
import { networkInput } from './support.js';

// A quarter of the default training half: enough for a clear lead over the mean pose.
const SIZES = { seed: 1, training: 120, evaluation: 60 } as const;

const root = sharedFolder();
let demo: PreparedDemo;

beforeAll(async () => {
  demo = await prepareDemo({ root, ...SIZES });
});

/** The network's input for evaluation images `from` … `to` − 1, as `run` makes it where there is no box. */
function batch(from: number, to: number): Promise<Tensor> {
  const box = wholeImageBox({ width: 224, height: 224 });
  return networkInput(
    Array.from({ length: to - from }, (_, i) => ({
      image: join(demo.datasetDir, 'evaluation', 'rgb', imageName(from + i)),
      box,
    })),
  );
}

/** Mean over samples and points of the distance after similarity alignment, mm. */
async function alignedError(predictions: ArrayLike<number>, kind: 'xyz' | 'verts'): Promise<number> {
  const truth = JSON.parse(
    await readFile(join(demo.datasetDir, `evaluation_${kind}.json`), 'utf8'),
  ) as number[][][];
  const width = truth[0]!.length * 3;
  let sum = 0;
  truth.forEach((points, i) => {
    const prediction = Float64Array.from({ length: width }, (_, k) => predictions[i * width + k]!);
    const { aligned } = alignSimilarity(prediction, Float64Array.from(points.flat()), 'allowed');
    points.forEach((point, j) => {
      sum += Math.hypot(...point.map((value, axis) => value - aligned[j * 3 + axis]!)) / points.length;
    });
  });
  return (1000 * sum) / truth.length;
}

describe('the ridge baseline', () => {
  it('clearly beats the mean pose on the evaluation half', async () => {
    const session = await InferenceSession.create(demo.checkpoint);
    const output = await session.run({ img: await batch(0, SIZES.evaluation) });
    expect(output.pred_keypoints_3d!.dims).toEqual([60, 21, 3]);
    expect(output.pred_vertices!.dims).toEqual([60, 778, 3]);
    const [joints, vertices] = await meanPosePredictor(freihandTrainingHalf(demo.datasetDir));
    const repeated = (points: Float64Array): number[] =>
      Array.from({ length: SIZES.evaluation }, () => [...points]).flat();
    for (const [kind, name, constant] of [
      ['xyz', 'pred_keypoints_3d', joints!],
      ['verts', 'pred_vertices', vertices!],
    ] as const) {
      const fitted = await alignedError(output[name]!.data as Float32Array, kind);
      const unfitted = await alignedError(repeated(constant), kind);
      expect(fitted, `${kind}: ${fitted} mm against ${unfitted} mm`).toBeLessThan(0.85 * unfitted);
      expect(fitted).toBeGreaterThan(2);
    }
  });

  it('predicts joints that fit its own mesh: tips are vertices', async () => {
    const { tips } = proceduralHand();
    const session = await InferenceSession.create(demo.checkpoint);
    const output = await session.run({ img: await batch(0, 1) });
    const [joints, vertices] = [output.pred_keypoints_3d!.data, output.pred_vertices!.data];
    tips.forEach((vertex, finger) => {
      for (let axis = 0; axis < 3; axis++) {
        const joint = Number(joints[(4 + 4 * finger) * 3 + axis]);
        expect(joint).toBeCloseTo(Number(vertices[vertex * 3 + axis]), 5);
      }
    });
  });

  it('is a small ONNX file with the names and shapes of the HaMeR family', async () => {
    const model = decodeModel(await readFile(demo.checkpoint), demo.checkpoint);
    expect((await stat(demo.checkpoint)).size).toBeLessThan(1_000_000);
    expect(model.producerName).toBe('hamba-eval demo');
    expect(model.inputs).toEqual([{ name: 'img', type: 'float32', dims: ['N', 3, 256, 256] }]);
    expect(model.outputs).toEqual([
      { name: 'pred_keypoints_3d', type: 'float32', dims: ['N', 21, 3] },
      { name: 'pred_vertices', type: 'float32', dims: ['N', 778, 3] },
    ]);
    expect(model.doc).toContain('fitted on 120 procedural hands');
  });

  it('gives the same bytes again, and records how λ was chosen', async () => {
    // A coarser grid than the default, to be quick.
    const files = [join(root, 'coarse.onnx'), join(root, 'again.onnx')] as const;
    const training = freihandTrainingHalf(demo.datasetDir);
    const fit = await fitRidgeBaseline({ training, out: files[0], pool: 8 });
    await fitRidgeBaseline({ training, out: files[1], pool: 8 });
    expect(await readFile(files[1])).toEqual(await readFile(files[0]));
    const errors = fit.heldOut.map((entry) => entry.centredMpjpeMm);
    const chosen = fit.heldOut.find((entry) => entry.lambda === fit.lambda)!;
    expect(chosen.centredMpjpeMm).toBe(Math.min(...errors));
    expect(fit.samples).toBe(SIZES.training);
  });

  it('refuses a grid that does not divide the crop, and a damaged dataset by name', async () => {
    const out = join(root, 'never.onnx');
    const training = freihandTrainingHalf(demo.datasetDir);
    await expect(fitRidgeBaseline({ training, out, pool: 12 })).rejects.toMatchObject({
      code: 'demo-pool',
    });
    await writeFile(join(root, 'training_xyz.json'), '[[[0, 0]]]');
    await writeFile(join(root, 'training_verts.json'), '[]');
    await expect(fitRidgeBaseline({ training: freihandTrainingHalf(root), out })).rejects.toMatchObject({
      code: 'demo-dataset-damaged',
      file: join(root, 'training_xyz.json'),
    });
  });
});

describe('the mean-pose checkpoint', () => {
  it('predicts the mean of the training half for every image of a batch', async () => {
    const [, mean] = await meanPosePredictor(freihandTrainingHalf(demo.datasetDir));
    const session = await InferenceSession.create(demo.meanPoseCheckpoint);
    const output = await session.run({ img: await batch(0, 2) });
    expect(output.pred_keypoints_3d!.dims).toEqual([2, 21, 3]);
    expect(output.pred_vertices!.dims).toEqual([2, 778, 3]);
    const vertices = output.pred_vertices!.data as Float32Array;
    for (let k = 0; k < 778 * 3; k++) {
      expect(vertices[k]).toBe(Math.fround(mean![k]!));
      expect(vertices[778 * 3 + k]).toBe(vertices[k]);
    }
  });
});

describe('prepareDemo', () => {
  it('does nothing the second time, and fits again when the checkpoint is not its own', async () => {
    const second = await prepareDemo({ root, ...SIZES });
    expect(second.reused).toEqual({ dataset: true, checkpoint: true });
    await writeFile(demo.meanPoseCheckpoint, 'something else');
    const third = await prepareDemo({ root, ...SIZES });
    expect(third.reused).toEqual({ dataset: true, checkpoint: false });
    const model = decodeModel(await readFile(demo.meanPoseCheckpoint));
    expect(model.name).toBe('mean_pose');
  });
});
