/**
 * HO-3D's layout, versions 2 and 3 (Hampali et al., CVPR 2020), evaluation split:
 *
 *     evaluation.txt                            sequence/frame, one a line
 *     evaluation/<sequence>/rgb/<frame>.png     640×480; .jpg in version 3
 *     evaluation/<sequence>/meta/<frame>.pkl    camMat, handBoundingBox, handJoints3D (the wrist), objName
 *     evaluation_{xyz,verts}.json
 *
 * Lengths are metres in the camera's frame with OpenGL axes (x, −y, −z of OpenCV's), joints in
 * HO-3D order. A sequence is one hand that moves slowly before one background.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic, writeStreamAtomic } from '../../files/atomic-file.js';
import { writePickle } from '../../formats/pickle/pickle-writer.js';
import { inAxes } from '../../hand/axes.js';
import { intrinsicMatrix, type PinholeCamera, projectPoints } from '../../hand/camera.js';
import { reorderJoints } from '../../hand/joint-reordering.js';
import { jsonList, pointRows } from '../annotations.js';
import { composite, paintBackground } from '../background.js';
import { PATCH_SIZE } from '../features.js';
import { removeEmpty, removeFiles, removeMatching } from '../generated-files.js';
import type { ProceduralHand } from '../hand/procedural-hand.js';
import { PhotographWriter } from '../photograph-writer.js';
import {
  type ImageSize,
  type SquareBox,
  centreOf,
  longerSide,
  tightRectangle,
  wholePicture,
} from '../picture.js';
import { type HandSample, type Placement, placeHand, samplePose, sampleShape } from '../pose-sampling.js';
import { type DemoSplit, type SampleRandom, type SceneRandom, sampleStreams } from '../random.js';
import { sampleLighting } from '../renderer.js';
import type { Scene } from '../studio.js';
import { renderedTrainingHalf } from '../training-half.js';
import type { DemoLayout, LayoutTask } from './layout.js';

const SIZE: ImageSize = { width: 640, height: 480 };
const LEAST_SEQUENCES = 4;
const FRAMES_PER_SEQUENCE = 20;
/** Frames from one pose drawn at random to the next. */
const KEYFRAME_SPACING = 40;
/** A sequence takes as many samples' random streams as it has poses to go through. */
const STREAMS_PER_SEQUENCE = 128;
const USE = { motion: 0, person: 1, lighting: 2, background: 3 } as const;
/** A video camera's picture of a still wall: less grain, and a PNG of half the size. */
const GRAIN = 0.25;

export const ho3dV2Layout: DemoLayout = ho3dLayout('png', 1);
export const ho3dV3Layout: DemoLayout = ho3dLayout('jpg', 2);

function ho3dLayout(extension: 'png' | 'jpg', benchmark: number): DemoLayout {
  return {
    trainingInFolder: false,
    imageSize: [SIZE.width, SIZE.height],
    write: (task) => writeEvaluation(task, sampleStreams(task.seed, benchmark), extension),
    remove,

    trainingHalf({ seed, training, studio }) {
      const streams = sampleStreams(seed, benchmark);
      return renderedTrainingHalf({
        studio,
        count: training,
        // The box itself, before it grew.
        view: (PATCH_SIZE * 3) / 4,
        scene: (index) => ({
          size: SIZE,
          sample: hold(
            studio.hand,
            person(streams, 'training', index),
            drawMotion(streams('training', index, USE.motion)),
          ),
          lighting: sampleLighting(streams('training', index, USE.lighting)),
        }),
        box: ({ sample }) => cropBox(sample),
        background: (index, k) => streams('training', index, USE.background + k),
      });
    },

    hamerTables({ seed, evaluation, studio }) {
      const streams = sampleStreams(seed, benchmark);
      const rows = framesOf(evaluation).map((frame) => {
        const sample = frameSample(studio.hand, streams, frame);
        const rectangle = handRectangle(sample);
        return {
          imgname: `${frame.sequence}/rgb/${frame.name}.${extension}`,
          center: centreOf(rectangle),
          // Square, so that it grows to the crop that is taken by handBoundingBox.
          scale: [longerSide(rectangle), longerSide(rectangle)] as const,
          right: true,
          pixels: projectPoints(sample.joints, sample.camera),
          joints: sample.joints,
        };
      });
      return [{ name: 'ho3d_val.npz', rows }];
    },
  };
}

/** Where a frame stands. */
interface Frame {
  /** Index and name of the sequence. */
  readonly part: number;
  readonly sequence: string;
  /** Index and name in the sequence. */
  readonly time: number;
  readonly name: string;
}

function framesOf(count: number): Frame[] {
  const sequences = Math.min(count, Math.max(LEAST_SEQUENCES, Math.ceil(count / FRAMES_PER_SEQUENCE)));
  return Array.from({ length: sequences }, (_, part) => {
    const length = Math.floor(count / sequences) + (part < count % sequences ? 1 : 0);
    return Array.from({ length }, (_, time) => ({
      part,
      sequence: `DEMO${part + 1}`,
      time,
      name: time.toString().padStart(4, '0'),
    }));
  }).flat();
}

/** Whose hand it is, and before which camera: the same in all frames of a sequence. */
interface Person {
  readonly shape: Float64Array;
  readonly camera: PinholeCamera;
}

function person(streams: SampleRandom, split: DemoSplit, index: number): Person {
  const random = streams(split, index, USE.person);
  const focal = random.uniform(605, 620);
  const camera = { fx: focal, fy: focal, cx: random.uniform(312, 328), cy: random.uniform(235, 245) };
  return { shape: sampleShape(random), camera };
}

/** What changes in a sequence. */
interface Motion extends Placement {
  readonly pose: Float64Array;
}

/** Anywhere in the picture, now and then partly outside. */
function drawMotion(random: SceneRandom): Motion {
  return {
    pose: samplePose(random),
    depth: random.uniform(0.5, 0.75),
    aside: [random.uniform(-0.42, 0.42) * SIZE.width, random.uniform(-0.39, 0.39) * SIZE.height],
  };
}

/** The motion at a time between two keyframes, starting and ending gently. */
function between(from: Motion, to: Motion, fraction: number): Motion {
  const t = fraction * fraction * (3 - 2 * fraction);
  const mix = (a: number, b: number): number => a + (b - a) * t;
  return {
    pose: from.pose.map((value, k) => mix(value, to.pose[k]!)),
    depth: mix(from.depth, to.depth),
    aside: [mix(from.aside[0], to.aside[0]), mix(from.aside[1], to.aside[1])],
  };
}

function hold(hand: ProceduralHand, { shape, camera }: Person, { pose, ...placement }: Motion): HandSample {
  return placeHand(hand, pose, shape, camera, placement);
}

function frameSample(hand: ProceduralHand, streams: SampleRandom, { part, time }: Frame): HandSample {
  const first = part * STREAMS_PER_SEQUENCE;
  const key = Math.floor(time / KEYFRAME_SPACING);
  const [from, to] = [key, key + 1].map((k) => drawMotion(streams('evaluation', first + k, USE.motion)));
  const motion = between(from!, to!, time / KEYFRAME_SPACING - key);
  return hold(hand, person(streams, 'evaluation', first), motion);
}

function handRectangle({ vertices, camera }: HandSample) {
  return tightRectangle(vertices, camera, SIZE);
}

/** As `run` takes it: around the middle of handBoundingBox, its longer side grown to the aspect 192:256. */
function cropBox(sample: HandSample): SquareBox {
  const rectangle = handRectangle(sample);
  return { center: centreOf(rectangle), side: (longerSide(rectangle) * 4) / 3 };
}

async function writeEvaluation(
  { dir, evaluation, studio, onProgress }: LayoutTask,
  streams: SampleRandom,
  extension: string,
): Promise<void> {
  const frames = framesOf(evaluation);
  const joints: number[][][] = [];
  const vertices: number[][][] = [];
  const backdrop = new Float32Array(SIZE.width * SIZE.height * 3);
  await PhotographWriter.during(async (writer) => {
    for (const [index, frame] of frames.entries()) {
      const folder = join(dir, 'evaluation', frame.sequence);
      const first = frame.part * STREAMS_PER_SEQUENCE;
      if (frame.time === 0) {
        for (const kind of ['rgb', 'meta']) await mkdir(join(folder, kind), { recursive: true });
        const random = streams('evaluation', first, USE.background);
        paintBackground(backdrop, { size: SIZE, grain: GRAIN }, 'auto', random);
      }
      const sample = frameSample(studio.hand, streams, frame);
      const lighting = sampleLighting(streams('evaluation', first, USE.lighting));
      const scene: Scene = { size: SIZE, sample, lighting };
      const pixels = composite(backdrop, studio.render(scene), wholePicture(SIZE));
      await writer.add(join(folder, 'rgb', `${frame.name}.${extension}`), pixels, SIZE);
      joints.push(pointRows(openGl(reorderJoints(sample.joints, 'openpose', 'ho3d'))));
      vertices.push(pointRows(openGl(sample.vertices)));
      await writeFileAtomic(join(folder, 'meta', `${frame.name}.pkl`), meta(sample, joints.at(-1)![0]!));
      onProgress?.('render evaluation', index + 1, frames.length);
    }
  });
  await writeStreamAtomic(join(dir, 'evaluation_xyz.json'), jsonList(joints));
  await writeStreamAtomic(join(dir, 'evaluation_verts.json'), jsonList(vertices));
  const lines = frames.map(({ sequence, name }) => `${sequence}/${name}\n`);
  await writeFileAtomic(join(dir, 'evaluation.txt'), lines.join(''));
}

function meta(sample: HandSample, wrist: readonly number[]): Buffer {
  const { left, top, right, bottom } = handRectangle(sample);
  return writePickle({
    camMat: { shape: [3, 3], data: Float64Array.from(intrinsicMatrix(sample.camera)) },
    handBoundingBox: [left, top, right, bottom],
    handJoints3D: { shape: [3], data: Float32Array.from(wrist) },
    objName: 'none',
  });
}

/** OpenCV's axes to OpenGL's. */
const openGl = (points: Float64Array): Float64Array => inAxes(points, 'opencv', 'opengl');

async function remove(dir: string): Promise<void> {
  const sequences = await readdir(join(dir, 'evaluation')).catch(() => []);
  for (const sequence of sequences.filter((name) => /^DEMO\d+$/.test(name))) {
    const folder = join(dir, 'evaluation', sequence);
    await removeMatching(join(folder, 'rgb'), /\d{4}\.(?:png|jpg)/);
    await removeMatching(join(folder, 'meta'), /\d{4}\.pkl/);
    await removeEmpty(folder);
  }
  await removeEmpty(join(dir, 'evaluation'));
  await removeFiles(dir, ['evaluation.txt', 'evaluation_xyz.json', 'evaluation_verts.json']);
}
