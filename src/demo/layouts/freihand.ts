/**
 * FreiHAND's layout (Zimmermann et al., ICCV 2019):
 *
 *     training/rgb/%08d.jpg       index + unique · version, versions gs, hom, sample, auto
 *     training_{K,scale,xyz,verts,mano}.json
 *     evaluation/rgb/%08d.jpg
 *     evaluation_{K,scale,xyz,verts,mano}.json
 *
 * Lengths are metres in the camera's frame (OpenCV axes), joints in OpenPose order.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeStreamAtomic } from '../../files/atomic-file.js';
import { intrinsicMatrix, projectPoints } from '../../hand/camera.js';
import { jsonList, pointRows } from '../annotations.js';
import { BACKGROUND_VERSIONS, type BackgroundVersion } from '../background.js';
import { freihandTrainingHalf, imageName } from '../freihand-training.js';
import { removeEmpty, removeFiles, removeMatching } from '../generated-files.js';
import { PhotographWriter } from '../photograph-writer.js';
import type { ImageSize } from '../picture.js';
import { type HandSample, IMAGE_SIZE, sampleHand } from '../pose-sampling.js';
import { type DemoSplit, type SampleRandom, sampleStreams } from '../random.js';
import { sampleLighting } from '../renderer.js';
import type { Studio } from '../studio.js';
import type { DemoLayout, LayoutTask } from './layout.js';

const SIZE: ImageSize = { width: IMAGE_SIZE, height: IMAGE_SIZE };
const ANNOTATIONS = ['K', 'scale', 'xyz', 'verts', 'mano'] as const;
const SPLITS = ['training', 'evaluation'] as const;
/** Uses of a sample's random streams; backgrounds take one more for each version. */
const USE = { hand: 0, lighting: 1, background: 2 } as const;

export const freihandLayout: DemoLayout = {
  trainingInFolder: true,
  imageSize: IMAGE_SIZE,

  async write(task) {
    for (const split of SPLITS) await writeSplit(task, split);
  },

  async remove(dir) {
    for (const split of SPLITS) {
      await removeMatching(join(dir, split, 'rgb'), /\d{8}\.jpg/);
      await removeEmpty(join(dir, split));
    }
    const files = SPLITS.flatMap((split) => ANNOTATIONS.map((kind) => `${split}_${kind}.json`));
    await removeFiles(dir, files);
  },

  trainingHalf: ({ dir }) => freihandTrainingHalf(dir),

  hamerTables({ seed, evaluation, studio }) {
    const streams = sampleStreams(seed, 0);
    const rows = Array.from({ length: evaluation }, (_, index) => {
      const { joints, camera } = sampleHand(studio.hand, streams('evaluation', index, USE.hand));
      return {
        imgname: imageName(index),
        center: [IMAGE_SIZE / 2, IMAGE_SIZE / 2] as const,
        // Grown to the aspect 192:256 it is the whole photograph: the crop that is taken without a file.
        scale: [(IMAGE_SIZE * 3) / 4, (IMAGE_SIZE * 3) / 4] as const,
        right: true,
        pixels: projectPoints(joints, camera),
        joints,
      };
    });
    return [{ name: 'freihand_val.npz', rows }];
  },
};

/** The same hand before each background. */
function photographs(
  studio: Studio,
  streams: SampleRandom,
  split: DemoSplit,
  index: number,
  sample: HandSample,
  versions: readonly BackgroundVersion[],
): Uint8Array<ArrayBuffer>[] {
  const lighting = sampleLighting(streams(split, index, USE.lighting));
  const behind = versions.map((version, k) => ({
    version,
    random: streams(split, index, USE.background + k),
  }));
  return studio.photographs({ size: SIZE, sample, lighting }, behind);
}

async function writeSplit(task: LayoutTask, split: DemoSplit): Promise<void> {
  const { dir, studio, onProgress } = task;
  const count = task[split];
  const streams = sampleStreams(task.seed, 0);
  const versions: readonly BackgroundVersion[] = split === 'training' ? BACKGROUND_VERSIONS : ['auto'];
  const images = join(dir, split, 'rgb');
  await mkdir(images, { recursive: true });
  const samples: HandSample[] = [];
  await PhotographWriter.during(async (writer) => {
    for (let index = 0; index < count; index++) {
      const sample = sampleHand(studio.hand, streams(split, index, USE.hand));
      samples.push(sample);
      const pictures = photographs(studio, streams, split, index, sample, versions);
      for (const [version, pixels] of pictures.entries()) {
        await writer.add(join(images, imageName(index + count * version)), pixels, SIZE);
      }
      onProgress?.(`render ${split}`, (index + 1) * versions.length, count * versions.length);
    }
  });
  for (const kind of ANNOTATIONS) {
    const items = samples.map((sample) => annotation(sample, kind));
    await writeStreamAtomic(join(dir, `${split}_${kind}.json`), jsonList(items));
  }
}

function annotation(sample: HandSample, kind: (typeof ANNOTATIONS)[number]): unknown {
  switch (kind) {
    case 'K': {
      const m = intrinsicMatrix(sample.camera);
      return [m.slice(0, 3), m.slice(3, 6), m.slice(6, 9)];
    }
    case 'scale':
      return sample.scale;
    case 'xyz':
      return pointRows(sample.joints);
    case 'verts':
      return pointRows(sample.vertices);
    case 'mano': {
      // As FreiHAND: 48 pose, 10 shape, the root joint's pixel (joint 9), the scale.
      const uv = projectPoints(sample.joints.subarray(27, 30), sample.camera);
      return [[...sample.pose, ...sample.shape, ...uv, sample.scale]];
    }
  }
}
