/**
 * FreiHAND (Zimmermann et al., ICCV 2019).
 *
 * Layout: `<split>/rgb/%08d.jpg` (224×224; the index is the file number) and at the root
 * `<split>_xyz.json` (N×21×3), `<split>_verts.json` (N×778×3), metres, camera frame with OpenCV
 * axes, OpenPose joint order. `_K.json` (N×3×3) are the cameras; they, `_scale.json` and
 * `_mano.json` are not needed to predict or to score.
 *
 * The training split shows each of its 32,560 hands before four backgrounds: photograph
 * index + 32,560 · version, annotations by index alone. `training` is all of them in the order of
 * the photographs, `training-gs` and so on one version.
 */
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { readNumberJson, type RecordLayout } from '../formats/json/number-json.js';
import type { PinholeCamera } from '../hand/camera.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { FREIHAND_PROTOCOL } from '../metrics/index.js';
import { grownToAspect } from './boxes.js';
import { invalidCamera, pinholeCamera } from './cameras.js';
import { fileNames, firstFew, isFile, requireFolder } from './folder.js';
import { metadataHands } from './ground-truth/metadata-truth.js';
import { axesOfTruth, numberJsonTruth, truthFiles } from './ground-truth/number-json-truth.js';
import { boxesByImage, metadataFolder, metadataOf, type MetadataRules } from './metadata-folder.js';
import { tellOrThrow } from './problems.js';
import type {
  DatasetDefinition,
  DatasetFolder,
  HandTruth,
  Notice,
  ProblemListener,
  Sample,
  SamplePlace,
} from './types.js';

/** In the order of the photographs. */
const BACKGROUND_VERSIONS = ['gs', 'hom', 'sample', 'auto'] as const;
const TRAINING_HANDS = 32_560;
const IMAGE_NAME = /^(\d{8})\.jpg$/;

const idOf = (index: number): string => index.toString().padStart(8, '0');
const nameOf = (index: number): string => `${idOf(index)}.jpg`;

/** Which photographs a split is made of. */
interface Split {
  /** What the names of the split's files and folders begin with. */
  readonly prefix: 'training' | 'evaluation';
  /** The first background version and how many there are in a row. */
  readonly firstVersion: number;
  readonly versions: number;
  /** Photographs of the whole benchmark. */
  readonly count: number;
}

const SPLITS = new Map<string, Split>([
  [
    'evaluation',
    { prefix: 'evaluation', firstVersion: 0, versions: 1, count: FREIHAND_PROTOCOL.sampleCount },
  ],
  ['training', { prefix: 'training', firstVersion: 0, versions: 4, count: 4 * TRAINING_HANDS }],
  ...BACKGROUND_VERSIONS.map((name, firstVersion): [string, Split] => [
    `training-${name}`,
    { prefix: 'training', firstVersion, versions: 1, count: TRAINING_HANDS },
  ]),
]);

const RULES: MetadataRules = {
  boxSide: grownToAspect,
  idOf: (image) => image.replace(/^.*\//, '').replace(/\.\w+$/, ''),
  truthOf: metadataHands,
};

export const freihand: DatasetDefinition = {
  id: 'freihand',
  title: 'FreiHAND',
  splits: [...SPLITS.keys()],
  jointOrder: 'openpose',
  axes: 'opencv',
  protocol: FREIHAND_PROTOCOL,
  officialScores: 'freihand',
  boxes: ['image'],
  idForm: 'FreiHAND 00000012 or 12',
  card: {
    source:
      'Zimmermann et al., FreiHAND: A Dataset for Markerless Capture of Hand Pose and Shape from Single RGB Images, ICCV 2019',
    licence: 'research only, no commercial use',
    homepage: 'https://lmb.informatik.uni-freiburg.de/projects/freihand/',
    files: [
      { path: 'evaluation/rgb/%08d.jpg', content: '3,960 photographs, 224×224', neededTo: ['predict'] },
      { path: 'evaluation_xyz.json', content: 'N×21×3 joints, m', neededTo: ['score'] },
      { path: 'evaluation_verts.json', content: 'N×778×3 vertices, m', neededTo: ['score'] },
      {
        path: 'training/rgb/%08d.jpg',
        content: '130,240 photographs: 32,560 hands, 4 backgrounds',
        neededTo: [],
      },
      { path: 'training_{xyz,verts}.json', content: 'the same for the training split', neededTo: [] },
    ],
  },

  // An id is the number of its photograph; a comparison with what is no number is false.
  isInOrder: (ids) => ids.every((id, at) => at === 0 || Number(ids[at - 1]) < Number(id)),

  cameras,

  async recognises(root) {
    for (const prefix of ['evaluation', 'training'])
      if (await isFile(join(root, prefix, 'rgb', nameOf(0)))) return true;
    return (await axesOfTruth(root, 'evaluation')) === 'opencv';
  },

  async open(root, options): Promise<DatasetFolder> {
    await requireFolder(root, 'FreiHAND');
    const split = SPLITS.get(options.split)!;
    const images = join(root, split.prefix, 'rgb');
    const [{ truth, notices }, names, metadata] = await Promise.all([
      numberJsonTruth(root, split.prefix, split.versions),
      fileNames(images),
      metadataOf(freihand, options),
    ]);
    if (truth.joints === null && truth.meshes === null && names === null) {
      if (metadata !== null && split.prefix === 'evaluation')
        return metadataFolder(freihand, root, options, metadata, RULES);
      throw otherLayout(root, split.prefix, await fileNames(root));
    }
    const list = await photographs(names, split, truth);
    const assumed = split.prefix === 'training' && truth.joints === null ? [handsAssumed()] : [];
    return {
      definition: freihand,
      root,
      split: options.split,
      order: 'official',
      groundTruth: truth,
      protocol: {
        ...FREIHAND_PROTOCOL,
        boxes: metadata === null ? 'image' : 'npz',
        sampleCount: split.count,
      },
      annotations: [...truthFiles(truth), ...(metadata === null ? [] : [metadata.file])],
      benchmarkCount: split.count,
      notices: [...notices, ...assumed],
      samples: (onProblem) =>
        Promise.resolve().then(() => {
          const numbers = fileNumbers(images, list, onProblem);
          const boxes =
            metadata === null
              ? null
              : boxesByImage(
                  metadata,
                  numbers.map((index) => ({ id: idOf(index), image: nameOf(index) })),
                  RULES.boxSide,
                  onProblem,
                );
          return numbers.flatMap((index, at): Sample[] => {
            const box = boxes === null ? null : boxes[at];
            if (box === undefined) return [];
            return [{ id: idOf(index), image: join(images, nameOf(index)), box, right: true, root: null }];
          });
        }),
      sampleIds: (count) => Promise.resolve(Array.from({ length: count }, (_, at) => idOf(list.first + at))),
      // The same hand before another background is no independent sample.
      sequenceOf: split.versions === 1 ? null : (id) => idOf(Number(id) % list.hands),
    };
  },
};

const MATRICES: RecordLayout = { nesting: 'list', shape: [3, 3], recordName: 'camera' };

/** The training split's photographs repeat the hands, and so their cameras, before each background. */
async function cameras(
  { root, split }: DatasetFolder,
  samples: readonly SamplePlace[],
): Promise<PinholeCamera[]> {
  const { prefix } = SPLITS.get(split)!;
  const file = join(root, `${prefix}_K.json`);
  const matrices: Float64Array[] = [];
  for await (const { values, count } of readNumberJson(file, MATRICES))
    for (let k = 0; k < count; k++) matrices.push(values.subarray(k * 9, k * 9 + 9));
  return samples.map(({ id, index }) => {
    const matrix = matrices[prefix === 'training' ? index % matrices.length : index];
    if (matrix !== undefined) return pinholeCamera(matrix, file);
    throw invalidCamera(file, `at least ${index + 1} cameras`, `${matrices.length}; none for ${id}`);
  });
}

/** The photographs of a split that a folder has. */
interface Photographs {
  /** Names in the folder, photographs or not; null where there is no such folder. */
  readonly names: readonly string[] | null;
  /** File numbers of the split's photographs that are there, ascending. */
  readonly present: readonly number[];
  /** File numbers beyond the last background version of the last hand. */
  readonly surplus: readonly number[];
  /** File number of the split's first photograph. */
  readonly first: number;
  /** Hands of one background version. */
  readonly hands: number;
}

async function photographs(
  names: readonly string[] | null,
  { prefix, firstVersion, versions }: Split,
  truth: HandTruth,
): Promise<Photographs> {
  const numbers = (names ?? []).flatMap((name) => {
    const match = IMAGE_NAME.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  if (prefix === 'evaluation')
    return { names, present: numbers, surplus: [], first: 0, hands: numbers.length };
  const hands =
    truth.joints === null
      ? TRAINING_HANDS
      : (await truth.joints.read()).length / (JOINT_COUNT * 3 * versions);
  const first = firstVersion * hands;
  const last = first + versions * hands;
  return {
    names,
    present: numbers.filter((number) => number >= first && number < last),
    surplus: numbers.filter((number) => number >= BACKGROUND_VERSIONS.length * hands),
    first,
    hands,
  };
}

function handsAssumed(): Notice {
  return {
    code: 'hands-assumed',
    message: `without training_xyz.json the folder is taken to have the benchmark's ${TRAINING_HANDS.toLocaleString('en-US')} hands before each background`,
    remedy: 'put training_xyz.json into the folder to have its hands counted',
  };
}

/** The file numbers of the split's photographs, without a gap from the first to the last that is there; those missing are told of. */
function fileNumbers(folder: string, list: Photographs, onProblem?: ProblemListener): readonly number[] {
  const { names, present, surplus, first, hands } = list;
  const tell = tellOrThrow(onProblem);
  if (present.length === 0) {
    tell(
      new UserError({
        code: 'dataset-no-images',
        message: 'There are no FreiHAND photographs here to predict',
        file: folder,
        expected: `${nameOf(first)}, ${nameOf(first + 1)}, …`,
        got: names === null ? 'no such folder' : firstFew(names),
        next: "give the folder with the photographs in <split>/rgb, or score a file that exists: 'run --predictions' needs none",
      }),
    );
    return [];
  }
  if (surplus.length > 0) {
    tell(
      new UserError({
        code: 'dataset-count-mismatch',
        message: `${surplus.length} photographs have no place among ${hands} hands before ${BACKGROUND_VERSIONS.length} backgrounds`,
        file: folder,
        expected: `file numbers below ${BACKGROUND_VERSIONS.length * hands}, since the annotations are of ${hands} hands`,
        got: firstFew(surplus.map(nameOf)),
        next: 'unpack photographs and annotations again: where a version begins follows from the number of hands',
      }),
    );
  }
  const last = present.at(-1)!;
  const whole = Array.from({ length: last - first + 1 }, (_, k) => first + k);
  if (whole.length !== present.length) {
    const there = new Set(present);
    const missing = whole.filter((index) => !there.has(index));
    tell(
      new UserError({
        code: 'dataset-images-missing',
        message: `${missing.length} of the photographs are missing between the first and the last`,
        file: folder,
        expected: `${whole.length} files, ${nameOf(first)} to ${nameOf(last)} without a gap`,
        got: `${present.length} files; missing ${firstFew(missing.map(nameOf))}`,
        next: 'unpack the archive again: the index of a FreiHAND sample is its file number',
      }),
      missing.map(idOf),
    );
  }
  return whole;
}

function otherLayout(root: string, prefix: string, names: string[] | null): UserError {
  return new UserError({
    code: 'dataset-layout',
    message: 'This folder is not laid out as FreiHAND is',
    file: root,
    expected: `${prefix}/rgb/00000000.jpg … to predict, ${prefix}_xyz.json and ${prefix}_verts.json to score`,
    got: firstFew(names ?? []),
    next: 'give the folder that FreiHAND_pub_v2_eval.zip unpacks to',
  });
}
