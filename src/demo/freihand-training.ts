/** The training half of a demo folder in FreiHAND's layout, read back from its files. */
import { readText } from '../files/open-file.js';
import { join } from 'node:path';
import { Matrix } from 'ml-matrix';
import { UserError } from '../errors.js';
import { parseJson } from '../formats/json/json-text.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { BACKGROUND_VERSIONS } from './background.js';
import { PATCH_SIZE, pooledFeatures } from './features.js';
import { VERTEX_COUNT } from './hand/procedural-mesh.js';
import { HAND_OUTPUTS, type TrainingHalf } from './training-half.js';

/** The file name of a photograph. */
export function imageName(index: number): string {
  return `${index.toString().padStart(8, '0')}.jpg`;
}

/** @param dataset a folder written by `writeDemoDataset` */
export function freihandTrainingHalf(dataset: string): TrainingHalf {
  const backgrounds = BACKGROUND_VERSIONS.length;
  let read: Promise<Matrix> | undefined;
  const targets = (): Promise<Matrix> => (read ??= readTargets(dataset));
  return {
    view: PATCH_SIZE,
    outputs: HAND_OUTPUTS,
    backgrounds,
    frame: 'Metres, camera frame',
    targets,
    async features(pool, onProgress) {
      const images = (await targets()).rows * backgrounds;
      const files = Array.from({ length: images }, (_, i) => join(dataset, 'training', 'rgb', imageName(i)));
      return pooledFeatures(files, pool, (done) => onProgress?.(done, images));
    },
  };
}

/** Ground truth of a training half, one row per unique sample: 63 joint and 2,334 vertex coordinates. */
async function readTargets(dataset: string): Promise<Matrix> {
  const [joints, vertices] = await Promise.all([
    readPoints(join(dataset, 'training_xyz.json'), JOINT_COUNT),
    readPoints(join(dataset, 'training_verts.json'), VERTEX_COUNT),
  ]);
  if (joints.length !== vertices.length) {
    throw new UserError({
      code: 'demo-dataset-damaged',
      message: 'Joints and vertices of the training half differ in number',
      file: dataset,
      expected: `${joints.length} vertex arrays`,
      got: String(vertices.length),
      next: 'delete the folder and run the demo again',
    });
  }
  return new Matrix(joints.map((row, i) => [...row, ...vertices[i]!]));
}

async function readPoints(file: string, count: number): Promise<number[][]> {
  let value: unknown;
  try {
    value = parseJson(await readText(file));
  } catch (cause) {
    throw damaged(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!Array.isArray(value)) throw damaged(file, typeof value);
  return value.map((sample: unknown, index) => {
    const row: unknown[] = Array.isArray(sample) ? sample.flat() : [];
    if (row.length !== count * 3 || !row.every((x) => typeof x === 'number')) {
      throw damaged(file, `${row.length} entries in sample ${index}, not ${count * 3} numbers`);
    }
    return row;
  });
}

function damaged(file: string, got: string, cause?: unknown): UserError {
  return new UserError({
    code: 'demo-dataset-damaged',
    message: 'The demo dataset cannot be read',
    file,
    got,
    next: 'delete the dataset folder and run the demo again',
    cause,
  });
}
