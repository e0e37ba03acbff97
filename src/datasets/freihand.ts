/**
 * FreiHAND (Zimmermann et al., ICCV 2019), evaluation split.
 *
 * Layout: `evaluation/rgb/%08d.jpg` (224×224; the index is the file number) and
 * at the root `evaluation_xyz.json` (N×21×3), `evaluation_verts.json` (N×778×3),
 * metres, camera frame with OpenCV axes, OpenPose joint order. `evaluation_K.json`,
 * `_scale.json` and `_mano.json` are not needed to predict or to score.
 */
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { FREIHAND_PROTOCOL } from '../metrics/index.js';
import { fileNames, firstFew, groundTruthFiles, presentFiles, requireFolder } from './folder.js';
import type { DatasetDefinition, DatasetFolder, Sample } from './types.js';

const IMAGE_NAME = /^(\d{8})\.jpg$/;

const idOf = (index: number): string => index.toString().padStart(8, '0');

export const freihand: DatasetDefinition = {
  id: 'freihand',
  title: 'FreiHAND',
  splits: ['evaluation'],
  jointOrder: 'openpose',
  axes: 'opencv',
  protocol: FREIHAND_PROTOCOL,
  officialScores: 'freihand',

  async open(root, split): Promise<DatasetFolder> {
    await requireFolder(root, 'FreiHAND');
    const images = join(root, split, 'rgb');
    const [{ groundTruth, notices }, imageNames] = await Promise.all([
      groundTruthFiles(root, split),
      fileNames(images),
    ]);
    if (groundTruth.joints === null && groundTruth.vertices === null && imageNames === null) {
      throw new UserError({
        code: 'dataset-layout',
        message: 'This folder is not laid out as FreiHAND is',
        file: root,
        expected: `${split}/rgb/00000000.jpg … to predict, ${split}_xyz.json and ${split}_verts.json to score`,
        got: firstFew((await fileNames(root)) ?? []),
        next: 'give the folder that FreiHAND_pub_v2_eval.zip unpacks to with --data',
      });
    }
    return {
      definition: freihand,
      root,
      split,
      groundTruth,
      annotations: presentFiles(groundTruth),
      benchmarkCount: FREIHAND_PROTOCOL.sampleCount,
      notices,
      samples: () => Promise.resolve().then(() => listSamples(images, imageNames)),
      sampleIds: (count) => Promise.resolve(Array.from({ length: count }, (_, index) => idOf(index))),
      sequenceOf: null,
    };
  },
};

function listSamples(folder: string, names: string[] | null): Sample[] {
  const images = (names ?? []).filter((name) => IMAGE_NAME.test(name));
  if (images.length === 0) {
    throw new UserError({
      code: 'dataset-no-images',
      message: 'There are no FreiHAND photographs here to predict',
      file: folder,
      expected: '00000000.jpg, 00000001.jpg, …',
      got: names === null ? 'no such folder' : firstFew(names),
      next: 'give the folder with evaluation/rgb in it with --data, or score a file with --predictions',
    });
  }
  const last = Number(IMAGE_NAME.exec(images.at(-1)!)![1]);
  if (last !== images.length - 1) {
    const present = new Set(images);
    const missing: string[] = [];
    for (let index = 0; index < last; index++) {
      if (!present.has(`${idOf(index)}.jpg`)) missing.push(`${idOf(index)}.jpg`);
    }
    throw new UserError({
      code: 'dataset-images-missing',
      message: `${missing.length} of the photographs are missing between the first and the last`,
      file: folder,
      expected: `${last + 1} files, 00000000.jpg to ${idOf(last)}.jpg without a gap`,
      got: `${images.length} files; missing ${firstFew(missing)}`,
      next: 'unpack the archive again: the index of a FreiHAND sample is its file number',
    });
  }
  return images.map((name, index) => ({
    id: idOf(index),
    image: join(folder, name),
    box: null,
    right: true,
  }));
}
