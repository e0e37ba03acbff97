/**
 * HInt's layout (Pavlakos et al., CVPR 2024), test split of New Days, VISOR (Epic Kitchens) or Ego4D:
 *
 *     TEST_<part>_img/<stem>_r.jpg    photographs of several sizes; _l: a left hand
 *     TEST_<part>_img/<stem>_r.json   [{bbox: [[x1, y1, x2, y2]], keypoints: 21×2, occlusion: 21}]
 *
 * Keypoints are px in OpenPose order, occlusion is 1 where the joint is hidden. A left hand is a
 * right one in a photograph that is flipped left to right, labels and all.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../files/atomic-file.js';
import { mirrored } from '../../hand/axes.js';
import { projectPoints } from '../../hand/camera.js';
import { PATCH_SIZE } from '../features.js';
import { removeMatching } from '../generated-files.js';
import { type ProceduralHand, poseHand } from '../hand/procedural-hand.js';
import { PhotographWriter } from '../photograph-writer.js';
import {
  type ImageSize,
  type Rectangle,
  type SquareBox,
  centreOf,
  longerSide,
  mirroredPicture,
  mirroredRectangle,
  tightRectangle,
} from '../picture.js';
import {
  type HandSample,
  type Placement,
  placeHand,
  samplePose,
  sampleShape,
  translationTo,
} from '../pose-sampling.js';
import { type DemoSplit, type SampleRandom, type SceneRandom, sampleStreams } from '../random.js';
import { sampleLighting } from '../renderer.js';
import type { Scene, Studio } from '../studio.js';
import { renderedTrainingHalf } from '../training-half.js';
import type { DemoLayout, HamerRow, LayoutTask } from './layout.js';

/** The sizes of the photographs, which take turns. */
const SIZES: readonly ImageSize[] = [
  { width: 640, height: 480 },
  { width: 456, height: 256 },
  { width: 320, height: 400 },
];
const USE = { hand: 0, lighting: 1, background: 2 } as const;
/** Joints keep this far from the picture's edge, px. */
const MARGIN = 6;
/** From wrist to middle fingertip, stretched, metres. */
const HAND_LENGTH = 0.19;

export const hintNewDaysLayout: DemoLayout = hintLayout('newdays', 3);
export const hintVisorLayout: DemoLayout = hintLayout('epick', 4);
export const hintEgo4dLayout: DemoLayout = hintLayout('ego4d', 5);

function hintLayout(part: string, benchmark: number): DemoLayout {
  const folderName = `TEST_${part}_img`;
  return {
    trainingInFolder: false,
    imageSize: SIZES.map(({ width, height }) => [width, height]),
    write: (task) => writeEvaluation(task, join(task.dir, folderName), sampleStreams(task.seed, benchmark)),

    remove: (dir) => removeMatching(join(dir, folderName), /demo_\d{5}_[lr]\.(?:jpg|json)/),

    trainingHalf({ seed, training, studio }) {
      const streams = sampleStreams(seed, benchmark);
      return renderedTrainingHalf({
        studio,
        count: training,
        // The box itself, before it grew.
        view: PATCH_SIZE / 2,
        scene: (index) => drawScene(studio.hand, streams, 'training', index),
        box: ({ sample, size }) => cropBox(sample, size),
        background: (index, k) => streams('training', index, USE.background + k),
      });
    },

    hamerTables({ seed, evaluation, studio }) {
      const streams = sampleStreams(seed, benchmark);
      const all = Array.from({ length: evaluation }, (_, index) => {
        const label = labelled(studio, drawScene(studio.hand, streams, 'evaluation', index), index);
        return { row: hamerRow(label), occlusion: label.occlusion };
      });
      const masked = (occluded: number): HamerRow[] =>
        all.map(({ row, occlusion }) => ({
          ...row,
          confidence: occlusion.map((value) => (value === occluded ? 1 : 0)),
        }));
      return [
        { name: `${folderName}_all.npz`, rows: all.map(({ row }) => row) },
        { name: `${folderName}_vis.npz`, rows: masked(0) },
        { name: `${folderName}_occ.npz`, rows: masked(1) },
      ];
    },
  };
}

/** A right hand wholly in the picture but for its wrist, large or small. */
function drawScene(hand: ProceduralHand, streams: SampleRandom, split: DemoSplit, index: number): Scene {
  const random = streams(split, index, USE.hand);
  const size = SIZES[index % SIZES.length]!;
  return {
    size,
    sample: drawHand(hand, size, random),
    lighting: sampleLighting(streams(split, index, USE.lighting)),
  };
}

function drawHand(hand: ProceduralHand, size: ImageSize, random: SceneRandom): HandSample {
  const pose = samplePose(random);
  const shape = sampleShape(random);
  const focal = random.uniform(0.9, 1.2) * Math.max(size.width, size.height);
  const camera = { fx: focal, fy: focal, cx: size.width / 2, cy: size.height / 2 };
  const { joints } = poseHand(hand, pose, shape, [0, 0, 0]);
  const boundsAt = (placement: Placement): Rectangle => {
    const translation = translationTo(joints, camera, placement);
    return boundsOf(
      projectPoints(
        joints.map((value, k) => value + translation[k % 3]!),
        camera,
      ),
    );
  };
  const depth = (focal * HAND_LENGTH) / (random.uniform(0.4, 0.75) * Math.min(size.width, size.height));
  let aside = [random.uniform(-0.5, 0.5) * size.width, random.uniform(-0.5, 0.5) * size.height] as const;
  // Pull it towards the middle, which it fits into, until every joint is in the picture.
  while (Math.hypot(...aside) > 1 && !isInside(boundsAt({ depth, aside }), size)) {
    aside = [aside[0] * 0.9, aside[1] * 0.9];
  }
  return placeHand(hand, pose, shape, camera, { depth, aside });
}

function isInside({ left, top, right, bottom }: Rectangle, { width, height }: ImageSize): boolean {
  return left >= MARGIN && top >= MARGIN && right <= width - 1 - MARGIN && bottom <= height - 1 - MARGIN;
}

/** @param pixels N×2 */
function boundsOf(pixels: Float64Array): Rectangle {
  const along = (axis: number): Float64Array => pixels.filter((_, k) => k % 2 === axis);
  const [x, y] = [along(0), along(1)];
  return { left: Math.min(...x), top: Math.min(...y), right: Math.max(...x), bottom: Math.max(...y) };
}

/** The box as `run` takes it: twice the longer side of the hand's box. */
function cropBox({ vertices, camera }: HandSample, size: ImageSize): SquareBox {
  const rectangle = tightRectangle(vertices, camera, size);
  return { center: centreOf(rectangle), side: 2 * longerSide(rectangle) };
}

/** What is known of a photograph, flipped where it shows a left hand. */
interface Label {
  readonly stem: string;
  readonly right: boolean;
  readonly box: Rectangle;
  /** 21×2, px. */
  readonly pixels: Float64Array;
  /** 21×3, metres, camera frame (OpenCV axes). */
  readonly joints: Float64Array;
  /** 21 of 0 or 1. */
  readonly occlusion: readonly number[];
}

/** Every other sample is a left hand. */
function labelled(studio: Studio, scene: Scene, index: number): Label {
  const { sample, size } = scene;
  const right = index % 2 === 0;
  const rectangle = tightRectangle(sample.vertices, sample.camera, size);
  const pixels = projectPoints(sample.joints, sample.camera);
  return {
    stem: `demo_${index.toString().padStart(5, '0')}_${right ? 'r' : 'l'}`,
    right,
    box: right ? rectangle : mirroredRectangle(rectangle, size.width),
    pixels: right ? pixels : pixels.map((value, k) => (k % 2 === 0 ? size.width - 1 - value : value)),
    joints: right ? sample.joints : mirrored(sample.joints),
    occlusion: studio.hiddenJoints(scene).map(Number),
  };
}

function hamerRow({ stem, right, box, pixels, joints }: Label): HamerRow {
  return {
    imgname: `${stem}.jpg`,
    center: centreOf(box),
    scale: [box.right - box.left, box.bottom - box.top],
    right,
    pixels,
    joints,
  };
}

async function writeEvaluation(task: LayoutTask, folder: string, streams: SampleRandom): Promise<void> {
  const { evaluation, studio, onProgress } = task;
  await mkdir(folder, { recursive: true });
  await PhotographWriter.during(async (writer) => {
    for (let index = 0; index < evaluation; index++) {
      const scene = drawScene(studio.hand, streams, 'evaluation', index);
      const label = labelled(studio, scene, index);
      const random = streams('evaluation', index, USE.background);
      const [data] = studio.photographs(scene, [{ version: 'auto', random }]);
      const picture = label.right ? data! : mirroredPicture({ ...scene.size, data: data! }).data;
      await writer.add(join(folder, `${label.stem}.jpg`), picture, scene.size);
      await writeFileAtomic(join(folder, `${label.stem}.json`), `${JSON.stringify([annotation(label)])}\n`);
      onProgress?.('render evaluation', index + 1, evaluation);
    }
  });
}

function annotation({ box, pixels, occlusion }: Label) {
  return {
    bbox: [[box.left, box.top, box.right, box.bottom]],
    keypoints: occlusion.map((_, j) => [pixels[j * 2]!, pixels[j * 2 + 1]!]),
    occlusion,
  };
}
