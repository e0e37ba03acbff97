/** What a baseline is fitted on: hands, what a network is to say of each, and pooled pixels of their photographs. */
import { Matrix } from 'ml-matrix';
import { projectPoints } from '../hand/camera.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { cropImage } from '../imaging/crop.js';
import { PATCH_SIZE, poolPatch } from './features.js';
import { VERTEX_COUNT } from './hand/procedural-mesh.js';
import { type SquareBox, windowAround } from './picture.js';
import type { HandSample } from './pose-sampling.js';
import type { SceneRandom } from './random.js';
import type { Scene, Studio } from './studio.js';

/** One of a network's outputs: N × points × axes. */
export interface NetworkOutput {
  readonly name: string;
  readonly points: number;
  readonly axes: number;
}

/** The outputs that every network of the family gives, in metres. */
export const HAND_OUTPUTS: readonly NetworkOutput[] = [
  { name: 'pred_keypoints_3d', points: JOINT_COUNT, axes: 3 },
  { name: 'pred_vertices', points: VERTEX_COUNT, axes: 3 },
];

/** And the keypoints in the crop: 0 its middle, ±0.5 its edges. */
const CROP_OUTPUTS: readonly NetworkOutput[] = [
  ...HAND_OUTPUTS,
  { name: 'pred_keypoints_2d', points: JOINT_COUNT, axes: 2 },
];

export interface TrainingHalf {
  /** Side of the middle of the crop that the hand lies in and the network looks at, px. */
  readonly view: number;
  /** The columns of `targets`, one output after the other. */
  readonly outputs: readonly NetworkOutput[];
  /** How often each hand was photographed, before other backgrounds. */
  readonly backgrounds: number;
  /** Where the points are, for the model's description. */
  readonly frame: string;
  /** One row for each hand. */
  targets(): Promise<Matrix>;
  /**
   * Photograph i shows hand i mod hands.
   *
   * @param pool cells along each side of the pooling grid
   * @returns photographs × (3 · pool²), row-major
   */
  features(pool: number, onProgress?: (done: number, total: number) => void): Promise<Float64Array>;
}

/** Hands that are photographed for the fit alone and never written. */
export interface RenderedHands {
  readonly studio: Studio;
  readonly count: number;
  readonly scene: (index: number) => Scene;
  /** The crop that `run` will take of such a photograph. */
  readonly box: (scene: Scene) => SquareBox;
  /** See `TrainingHalf`. */
  readonly view: number;
  /** Draws for the k-th background. */
  readonly background: (index: number, k: number) => SceneRandom;
}

/** Photographs of each hand. */
const BACKGROUNDS = 3;

/**
 * Targets are in metres relative to the wrist, since a crop does not say where the hand is, and in
 * the crop. Of each photograph only the part that its crop sees is painted.
 */
export function renderedTrainingHalf(hands: RenderedHands): TrainingHalf {
  const { count } = hands;
  return {
    view: hands.view,
    outputs: CROP_OUTPUTS,
    backgrounds: BACKGROUNDS,
    frame: 'Metres from the wrist',
    targets() {
      const rows = Array.from({ length: count }, (_, index) => {
        const scene = hands.scene(index);
        return targetRow(scene.sample, hands.box(scene));
      });
      return Promise.resolve(new Matrix(rows));
    },
    async features(pool, onProgress) {
      const width = 3 * pool * pool;
      const features = new Float64Array(count * BACKGROUNDS * width);
      for (let index = 0; index < count; index++) {
        crops(hands, index).forEach((patch, k) => {
          const row = index + count * k;
          poolPatch(patch, pool, features.subarray(row * width, (row + 1) * width), hands.view);
        });
        onProgress?.((index + 1) * BACKGROUNDS, count * BACKGROUNDS);
        // Let a progress bar draw itself, and an interruption through.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return features;
    },
  };
}

function targetRow({ joints, vertices, camera }: HandSample, { center, side }: SquareBox): number[] {
  const fromWrist = (value: number, k: number): number => value - joints[k % 3]!;
  const inCrop = (value: number, k: number): number => (value - center[k % 2]!) / side;
  return [...joints.map(fromWrist), ...vertices.map(fromWrist), ...projectPoints(joints, camera).map(inCrop)];
}

function crops(hands: RenderedHands, index: number): Uint8Array[] {
  const scene = hands.scene(index);
  const { center, side } = hands.box(scene);
  const window = windowAround({ center, side }, scene.size);
  const { width, height } = window;
  const box = { center: [center[0] - window.left, center[1] - window.top] as const, side };
  const surroundings = Array.from({ length: BACKGROUNDS }, (_, k) => ({
    version: 'auto' as const,
    random: hands.background(index, k),
  }));
  return hands.studio
    .photographs(scene, surroundings, window)
    .map((data) => cropImage({ width, height, data }, { box, patchSize: PATCH_SIZE }));
}
