/**
 * A benchmark that the program does not know: meshes in a .npy file, of a number of vertices that is nobody's, no
 * published table, no challenge, no demo layout. One line in the registry makes it known.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { fileNames, firstFew, isFile, requireFolder } from '../../src/datasets/folder.js';
import { DATASETS } from '../../src/datasets/registry.js';
import type { DatasetDefinition, HandTruth, TrueMeshes } from '../../src/datasets/types.js';
import { UserError } from '../../src/errors.js';
import { readNpy, toFloat64 } from '../../src/formats/npy/npy.js';
import { NpyReader } from '../../src/formats/npy/npy-reader.js';
import { JOINT_COUNT } from '../../src/hand/joints.js';
import { FREIHAND_PROTOCOL, type Protocol } from '../../src/metrics/index.js';
import { Random } from '../../src/statistics/random.js';
import { numbersNpy } from './tiny-npz.js';

export const TOY_VERTICES = 40;
/** Meshes that come at a time. */
const AT_ONCE = 10;

const FILES = ['hands/joints.npy', 'hands/meshes.npy'];

const PROTOCOL: Protocol = { ...FREIHAND_PROTOCOL, dataset: 'toy', sampleCount: 70 };

const idOf = (index: number): string => `hand_${index.toString().padStart(2, '0')}`;

export const toy: DatasetDefinition = {
  id: 'toy',
  title: 'Toy',
  splits: ['evaluation'],
  jointOrder: 'openpose',
  axes: 'opencv',
  protocol: PROTOCOL,
  officialScores: null,
  boxes: ['image'],
  idForm: 'Toy hand_12',
  card: {
    source: 'these tests',
    licence: 'that of this program',
    homepage: 'https://example.org/toy',
    files: [
      { path: 'photographs/<name>.png', content: 'photographs', neededTo: ['predict'] },
      ...FILES.map((path) => ({ path, content: 'metres', neededTo: ['score'] as const })),
    ],
  },

  recognises: (root) => isFile(join(root, FILES[1]!)),

  async open(root, { split, boxes = 'image' }) {
    await requireFolder(root, 'Toy');
    const names = (await fileNames(join(root, 'photographs'))) ?? [];
    const groundTruth = await truthOf(root);
    if (groundTruth.joints === null && groundTruth.meshes === null && names.length === 0) {
      throw new UserError({
        code: 'dataset-layout',
        message: 'This folder is not laid out as Toy is',
        file: root,
        expected: FILES.join(', '),
        got: firstFew(await readdir(root)),
        next: 'give the folder that the test wrote',
      });
    }
    if (boxes !== 'image') {
      throw new UserError({
        code: 'boxes-unknown',
        message: 'Toy has no boxes of this name',
        expected: 'image',
        got: boxes,
      });
    }
    const samples = names.map((name) => ({
      id: name.replace('.png', ''),
      image: join(root, 'photographs', name),
      box: null,
      right: true,
      root: null,
    }));
    return {
      definition: toy,
      root,
      split,
      order: 'official',
      groundTruth,
      protocol: { ...PROTOCOL, boxes },
      annotations: [groundTruth.joints?.file, groundTruth.meshes?.file].filter((file) => file !== undefined),
      benchmarkCount: PROTOCOL.sampleCount,
      notices: [],
      samples: () => Promise.resolve(samples),
      sampleIds: (count) => Promise.resolve(Array.from({ length: count }, (_, index) => idOf(index))),
      sequenceOf: null,
    };
  },
};

async function truthOf(root: string): Promise<HandTruth> {
  const [joints, meshes] = FILES.map((file) => join(root, file)) as [string, string];
  return {
    kind: 'hands',
    files: FILES,
    joints: (await isFile(joints)) ? { file: joints, read: () => readAll(joints) } : null,
    meshes: (await isFile(meshes)) ? npyMeshes(meshes) : null,
  };
}

async function readAll(file: string): Promise<Float64Array> {
  return toFloat64(readNpy(await readFile(file), file), file);
}

function npyMeshes(file: string): TrueMeshes {
  return {
    file,
    repeats: 1,
    isMano: false,
    async count() {
      const reader = await NpyReader.open(file);
      await reader.close();
      return reader.rows;
    },
    open() {
      const opening = NpyReader.open(file);
      let first = 0;
      return {
        async next() {
          const reader = await opening;
          const count = Math.min(AT_ONCE, reader.rows - first);
          if (count === 0) return null;
          first += count;
          return {
            values: await reader.readRows(first - count, first),
            count,
            vertexCount: reader.shape[1]!,
          };
        },
        busyMs: 0,
        close: async () => (await opening).close(),
      };
    },
  };
}

/** Adds the toy to the benchmarks of this process, as a line in the registry would. */
export function registerToy(): void {
  (DATASETS as DatasetDefinition[]).push(toy);
}

/** count × (21 + V) × 3, metres: hands half a metre before the camera, the joints first and among the vertices. */
export interface ToyHands {
  readonly joints: Float64Array;
  readonly meshes: Float64Array;
}

export function toyHands(count: number, seed = 1): ToyHands {
  const random = new Random(seed);
  const joints: number[] = [];
  const meshes: number[] = [];
  for (let hand = 0; hand < count; hand++) {
    const points = Array.from({ length: TOY_VERTICES }, () => [
      0.1 * random.uniform(),
      0.1 * random.uniform(),
      0.5 + 0.1 * random.uniform(),
    ]);
    joints.push(...points.slice(0, JOINT_COUNT).flat());
    meshes.push(...points.flat());
  }
  return { joints: Float64Array.from(joints), meshes: Float64Array.from(meshes) };
}

/** `toyHands` as a folder of predictions, or of ground truth under other names. */
export async function writeHands(
  folder: string,
  { joints, meshes }: ToyHands,
  meshFile = 'vertices.npy',
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const count = joints.length / (JOINT_COUNT * 3);
  await writeFile(join(folder, 'joints.npy'), numbersNpy('<f8', [count, JOINT_COUNT, 3], [...joints]));
  await writeFile(join(folder, meshFile), numbersNpy('<f8', [count, TOY_VERTICES, 3], [...meshes]));
}

/** A whole folder, with grey photographs. */
export async function writeToyFolder(root: string, hands: ToyHands): Promise<void> {
  await writeHands(join(root, 'hands'), hands, 'meshes.npy');
  await mkdir(join(root, 'photographs'));
  const count = hands.joints.length / (JOINT_COUNT * 3);
  for (let index = 0; index < count; index++) {
    const grey = { r: 99, g: 99, b: 99 };
    const image = sharp({ create: { width: 64, height: 64, channels: 3, background: grey } });
    await image.png().toFile(join(root, 'photographs', `${idOf(index)}.png`));
  }
}
