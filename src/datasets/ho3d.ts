/**
 * HO-3D version 2 (Hampali et al., CVPR 2020) and version 3, evaluation split.
 *
 * At the root: `evaluation_xyz.json` (N×21×3) and `evaluation_verts.json` (N×778×3), released in
 * November 2024, metres, camera frame with OpenGL axes (the hand lies along −z), HO-3D joint order;
 * `evaluation.txt` names the samples in that order, one `sequence/frame` a line. Photographs are
 * `evaluation/<sequence>/rgb/<frame>.png` (v2) or `.jpg` (v3), 640×480; beside them
 * `meta/<frame>.pkl` has the box, the place of the wrist and the camera (`camMat`). The two versions are different
 * benchmarks with different samples and are never ranked together.
 */
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';
import { readWhole } from '../files/open-file.js';
import { readLines } from '../files/text-lines.js';
import {
  asDict,
  asNumbers,
  NumpyArray,
  numbersAt,
  readPickle,
  valueAt,
  type PickleDict,
} from '../formats/pickle/pickle.js';
import type { PinholeCamera } from '../hand/camera.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { HO3D_V2_PROTOCOL, HO3D_V3_PROTOCOL, type Protocol } from '../metrics/index.js';
import {
  BOX_RANGE,
  boxFromCorners,
  grownLongerSide,
  grownToAspect,
  isUsableBox,
  type Corners,
} from './boxes.js';
import { pinholeCamera } from './cameras.js';
import { fileNames, firstFew, isFile, requireFolder } from './folder.js';
import { metadataHands } from './ground-truth/metadata-truth.js';
import { axesOfTruth, numberJsonTruth, truthFiles } from './ground-truth/number-json-truth.js';
import type { HamerMetadata } from './hamer-metadata.js';
import { isSampleLine, readIds } from './ho3d-list.js';
import { boxesByImage, metadataFolder, metadataOf, type MetadataRules } from './metadata-folder.js';
import { tellOrThrow } from './problems.js';
import type {
  DatasetDefinition,
  DatasetFolder,
  Notice,
  ProblemListener,
  Sample,
  SamplePlace,
} from './types.js';

export const ho3dV2: DatasetDefinition = ho3d('HO-3D v2', HO3D_V2_PROTOCOL, 'png');
export const ho3dV3: DatasetDefinition = ho3d('HO-3D v3', HO3D_V3_PROTOCOL, 'jpg');

const RULES: MetadataRules = {
  boxSide: grownToAspect,
  // HaMeR's image folder is <root>/evaluation.
  idOf: (image) =>
    image
      .replace(/^evaluation\//, '')
      .replace('/rgb/', '/')
      .replace(/\.\w+$/, ''),
  truthOf: metadataHands,
};

/** Small files read side by side: enough to hide the latency of a network file system. */
const AT_ONCE = 32;

function ho3d(title: string, protocol: Protocol, extension: 'png' | 'jpg'): DatasetDefinition {
  const definition: DatasetDefinition = {
    id: protocol.dataset,
    title,
    splits: ['evaluation'],
    jointOrder: 'ho3d',
    axes: 'opengl',
    protocol,
    officialScores: 'ho3d',
    boxes: ['annotations', 'image'],
    idForm: 'HO-3D sequence/frame',
    card: {
      source:
        'Hampali et al., HOnnotate: A Method for 3D Annotation of Hand and Object Poses, CVPR 2020' +
        (extension === 'jpg' ? '; version 3, 2021' : ''),
      licence: 'academic research, no redistribution, no commercial use',
      homepage: 'https://github.com/shreyashampali/ho3d',
      files: [
        { path: 'evaluation.txt', content: 'one sequence/frame a line: the order', neededTo: ['predict'] },
        {
          path: `evaluation/<sequence>/rgb/<frame>.${extension}`,
          content: 'photographs, 640×480',
          neededTo: ['predict'],
        },
        {
          path: 'evaluation/<sequence>/meta/<frame>.pkl',
          content: 'box and wrist of each sample',
          neededTo: ['predict'],
        },
        { path: 'evaluation_xyz.json', content: 'N×21×3 joints, m, OpenGL axes', neededTo: ['score'] },
        { path: 'evaluation_verts.json', content: 'N×778×3 vertices, m, OpenGL axes', neededTo: ['score'] },
      ],
    },

    cameras,

    async recognises(root) {
      const list = join(root, 'evaluation.txt');
      if (!(await isFile(list))) return (await axesOfTruth(root, 'evaluation')) === 'opengl';
      return isOfVersion(root, await readLines(list), protocol, extension);
    },

    async open(root, options): Promise<DatasetFolder> {
      await requireFolder(root, title);
      const { split } = options;
      const list = join(root, `${split}.txt`);
      const [{ truth, notices }, hasList, metadata] = await Promise.all([
        numberJsonTruth(root, split),
        isFile(list),
        metadataOf(definition, options),
      ]);
      if (truth.joints === null && truth.meshes === null && !hasList) {
        if (metadata !== null) return metadataFolder(definition, root, options, metadata, RULES);
        throw otherLayout(title, root, split, await fileNames(root));
      }
      const boxes = metadata === null ? (options.boxes ?? 'annotations') : 'npz';
      return {
        definition,
        root,
        split,
        order: 'official',
        groundTruth: truth,
        protocol: { ...protocol, boxes },
        annotations: [
          ...truthFiles(truth),
          ...(hasList ? [list] : []),
          ...(metadata === null ? [] : [metadata.file]),
        ],
        benchmarkCount: protocol.sampleCount,
        notices: hasList ? notices : [...notices, missingList(split)],
        samples: async (onProblem) => {
          if (!hasList) throw noList(title, list);
          const ids = await readIds(list, null, onProblem);
          return readSamples({ root, split, extension, boxes, metadata }, ids, onProblem);
        },
        sampleIds: (count, onProblem) =>
          hasList ? readIds(list, count, onProblem) : Promise.resolve(numbered(count)),
        sequenceOf: hasList ? (id) => id.slice(0, id.indexOf('/')) : null,
      };
    },
  };
  return definition;
}

/** The lists of the versions differ in length; a part of one is told by its photographs, if they are there. */
async function isOfVersion(
  root: string,
  lines: readonly string[],
  protocol: Protocol,
  extension: 'png' | 'jpg',
): Promise<boolean> {
  const whole = [HO3D_V2_PROTOCOL, HO3D_V3_PROTOCOL].find(({ sampleCount }) => sampleCount === lines.length);
  if (whole !== undefined) return whole.dataset === protocol.dataset;
  const first = lines.find(isSampleLine);
  if (first === undefined) return false;
  const image = join(root, 'evaluation', first.replace('/', '/rgb/'));
  return (await isFile(`${image}.${extension}`)) || !(await isFile(`${image}.${otherExtension(extension)}`));
}

function otherExtension(extension: 'png' | 'jpg'): 'png' | 'jpg' {
  return extension === 'png' ? 'jpg' : 'png';
}

/** Ids for a folder without its list: a sample is known by its position alone. */
function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => index.toString().padStart(5, '0'));
}

/** What decides the samples beside the list. */
interface SampleSource {
  readonly root: string;
  readonly split: string;
  /** The extension of the version's photographs; where one is absent the other is taken. */
  readonly extension: 'png' | 'jpg';
  readonly boxes: string;
  readonly metadata: HamerMetadata | null;
}

async function readSamples(
  source: SampleSource,
  ids: readonly string[],
  onProblem?: ProblemListener,
): Promise<Sample[]> {
  const { root, split, boxes, metadata } = source;
  const images = await locateImages(source, ids);
  const given =
    metadata === null
      ? null
      : boxesByImage(
          metadata,
          ids.map((id, index) => ({ id, image: images[index]!.slice(split.length + 1) })),
          RULES.boxSide,
          onProblem,
        );
  const tell = tellOrThrow(onProblem);
  const samples: Sample[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const part = ids.slice(from, from + AT_ONCE);
    const metas = await Promise.allSettled(part.map((id) => readMeta(join(root, metaOf(split, id)), boxes)));
    metas.forEach((meta, k) => {
      const index = from + k;
      if (meta.status === 'rejected') {
        if (!(meta.reason instanceof UserError)) throw meta.reason;
        tell(meta.reason, [ids[index]!]);
        return;
      }
      const box = given === null ? meta.value.box : given[index];
      if (box === undefined) return;
      const image = join(root, images[index]!);
      samples.push({ id: ids[index]!, image, box, right: true, root: meta.value.root });
    });
  }
  return samples;
}

/** Each sample's photograph relative to the root: as the version has it, or with the other extension where only that is there. */
async function locateImages(
  { root, split, extension }: SampleSource,
  ids: readonly string[],
): Promise<string[]> {
  const other = otherExtension(extension);
  const folders = new Map<string, ReadonlySet<string>>();
  const images: string[] = [];
  for (const id of ids) {
    const [sequence, frame] = id.split('/') as [string, string];
    const folder = `${split}/${sequence}/rgb`;
    let names = folders.get(folder);
    if (names === undefined) folders.set(folder, (names = new Set(await fileNames(join(root, folder)))));
    const isOther = !names.has(`${frame}.${extension}`) && names.has(`${frame}.${other}`);
    images.push(`${folder}/${frame}.${isOther ? other : extension}`);
  }
  return images;
}

function metaOf(split: string, id: string): string {
  return `${split}/${id.replace('/', '/meta/')}.pkl`;
}

interface Meta {
  readonly box: Sample['box'];
  readonly root: readonly [number, number, number];
}

async function readMetaFile(file: string): Promise<PickleDict> {
  const bytes = await readWhole(file).catch((error: unknown) => {
    throw fileError(error, file);
  });
  return asDict(readPickle(bytes, file), 'the meta data', file);
}

async function cameras(
  { root, split }: DatasetFolder,
  samples: readonly SamplePlace[],
): Promise<PinholeCamera[]> {
  const all: PinholeCamera[] = [];
  for (let from = 0; from < samples.length; from += AT_ONCE) {
    const part = samples.slice(from, from + AT_ONCE).map(async ({ id }) => {
      const file = join(root, metaOf(split, id));
      return pinholeCamera(numbersAt(await readMetaFile(file), 'camMat', [3, 3], file), file);
    });
    all.push(...(await Promise.all(part)));
  }
  return all;
}

async function readMeta(file: string, boxes: string): Promise<Meta> {
  const meta = await readMetaFile(file);
  const root = wristOf(meta, file);
  if (boxes !== 'annotations') return { box: null, root };
  const corners = numbersAt(meta, 'handBoundingBox', [4], file);
  const box = corners as unknown as Corners;
  if (!isUsableBox(box)) {
    throw new UserError({
      code: 'box-invalid',
      message: 'The box of this sample has no area, or lies nowhere near a photograph',
      file,
      expected: `handBoundingBox [x1, y1, x2, y2] with x2 > x1 and y2 > y1: ${BOX_RANGE}`,
      got: `[${[...corners].join(', ')}]`,
      next: "take the file from HO-3D's own archive, or give other boxes with --boxes",
    });
  }
  return { box: boxFromCorners(box, grownLongerSide), root };
}

/** The wrist alone in the evaluation split; where all joints are given, as in training files, it is the first. */
function wristOf(meta: PickleDict, file: string): readonly [number, number, number] {
  const key = 'handJoints3D';
  const value = valueAt(meta, key, file);
  const isWhole = value instanceof NumpyArray && value.shape.length === 2;
  const joints = asNumbers(value, `'${key}'`, isWhole ? [JOINT_COUNT, 3] : [3], file);
  const root = [joints[0]!, joints[1]!, joints[2]!] as const;
  if (root.every(Number.isFinite)) return root;
  throw new UserError({
    code: 'wrist-invalid',
    message: 'The wrist of this sample is no place',
    file,
    expected: `${key}: three finite numbers, m`,
    got: `[${root.join(', ')}]`,
    next: "take the file from HO-3D's own archive",
  });
}

function missingList(split: string): Notice {
  return {
    code: 'sample-list-missing',
    message: `the sample list ${split}.txt is absent, so intervals resample single frames; frames of one video are not independent and the intervals are too narrow`,
    remedy: `put HO-3D's ${split}.txt into the folder to resample whole sequences`,
  };
}

function noList(title: string, list: string): UserError {
  return new UserError({
    code: 'sample-list-missing',
    message: `Without its sample list nothing says which photographs of ${title} to predict, nor in which order`,
    file: list,
    expected: 'one sequence/frame a line',
    got: 'no such file',
    next: "take evaluation.txt from HO-3D's own archive, or score a file that exists: 'run --predictions' needs none",
  });
}

function otherLayout(title: string, root: string, split: string, names: string[] | null): UserError {
  return new UserError({
    code: 'dataset-layout',
    message: `This folder is not laid out as ${title} is`,
    file: root,
    expected: `${split}.txt, ${split}/<sequence>/{rgb,meta} to predict; ${split}_xyz.json and ${split}_verts.json, as released in November 2024, to score`,
    got: firstFew(names ?? []),
    next: 'give the folder that holds evaluation.txt',
  });
}
