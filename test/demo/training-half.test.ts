import { describe, expect, it } from 'vitest';
import { poolPatch } from '../../src/demo/features.js';
import { proceduralHand } from '../../src/demo/hand/procedural-hand.js';
import type { SquareBox } from '../../src/demo/picture.js';
import { placeHand, samplePose, sampleShape } from '../../src/demo/pose-sampling.js';
import { type SceneRandom, sceneRandom } from '../../src/demo/random.js';
import { sampleLighting } from '../../src/demo/renderer.js';
import { type Scene, Studio } from '../../src/demo/studio.js';
import { type RenderedHands, renderedTrainingHalf } from '../../src/demo/training-half.js';
import { projectPoints } from '../../src/hand/camera.js';
import { cropImage } from '../../src/imaging/crop.js';

const SIZE = { width: 400, height: 300 };
const POOL = 16;
const studio = new Studio(proceduralHand());
const camera = { fx: 400, fy: 400, cx: 200, cy: 150 };

/** One hand in the middle, one at the upper left edge. */
const scenes: readonly Scene[] = [
  [0, 0],
  [-170, -100],
].map(([x, y], index) => {
  const random = sceneRandom(4, index);
  const aside = [x!, y!] as const;
  return {
    size: SIZE,
    sample: placeHand(studio.hand, samplePose(random), sampleShape(random), camera, { depth: 0.6, aside }),
    lighting: sampleLighting(random),
  };
});
const boxes: readonly SquareBox[] = [
  { center: [200.3, 148.8], side: 180.5 },
  { center: [40, 60.2], side: 190 },
];
const background = (index: number, k: number): SceneRandom => sceneRandom(4, 100 + 10 * index + k);

function half(view: number) {
  const hands: RenderedHands = {
    studio,
    count: 2,
    view,
    scene: (index) => scenes[index]!,
    box: (scene) => boxes[scenes.indexOf(scene)]!,
    background,
  };
  return renderedTrainingHalf(hands);
}

describe('renderedTrainingHalf', () => {
  it.each([256, 128])(
    'sees the crop that is taken of the whole photograph (the middle %d px)',
    async (view) => {
      const training = half(view);
      const { backgrounds } = training;
      const found = await training.features(POOL);
      expect(found).toHaveLength(2 * backgrounds * 3 * POOL * POOL);
      for (const [index, scene] of scenes.entries()) {
        for (let k = 0; k < backgrounds; k++) {
          const [data] = studio.photographs(scene, [{ version: 'auto', random: background(index, k) }]);
          const patch = cropImage({ ...SIZE, data: data! }, { box: boxes[index]!, patchSize: 256 });
          const expected = new Float64Array(3 * POOL * POOL);
          poolPatch(patch, POOL, expected, view);
          const row = found.subarray((index + 2 * k) * expected.length);
          const differences = expected.map((value, i) => Math.abs(value - row[i]!));
          // The same but for film grain, which is drawn anew: at most 4 % of a pixel's light, averaged over a cell.
          expect(Math.max(...differences)).toBeLessThan(0.06);
          expect(differences.reduce((a, b) => a + b) / differences.length).toBeLessThan(0.01);
        }
      }
    },
  );

  it('has targets from the wrist and in the crop', async () => {
    const training = half(256);
    const matrix = await training.targets();
    expect([matrix.rows, matrix.columns]).toEqual([2, 63 + 2334 + 42]);
    expect(training.outputs.map(({ points, axes }) => points * axes)).toEqual([63, 2334, 42]);
    scenes.forEach(({ sample }, index) => {
      const row = matrix.getRow(index);
      const pixels = projectPoints(sample.joints, camera);
      expect(row.slice(0, 3)).toEqual([0, 0, 0]);
      for (let k = 0; k < 63; k++) expect(row[k]).toBe(sample.joints[k]! - sample.joints[k % 3]!);
      expect(row[63 + 7]).toBe(sample.vertices[7]! - sample.joints[1]!);
      const { center, side } = boxes[index]!;
      for (let k = 0; k < 42; k++) {
        expect(row[63 + 2334 + k]! * side + center[k % 2]!).toBeCloseTo(pixels[k]!, 9);
      }
    });
  });
});
