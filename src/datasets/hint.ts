/**
 * HInt (Pavlakos et al., 'Reconstructing Hands in 3D with Transformers', CVPR 2024): 2D keypoints
 * on New Days, EPIC-KITCHENS VISOR and Ego4D, its test split.
 *
 * Layout: one `.json` beside each `.jpg` in `TEST_{newdays,epick,ego4d}_img`: a list of one dict
 * with `bbox` [[x1, y1, x2, y2]], `keypoints` 21×2 (px, OpenPose order) and `occlusion` 21 (1 =
 * occluded). Which hand it is stands in the name alone: `_l` or `_r`. The order is that of the
 * names. Ego4D's frames may not be passed on, so its folder usually has the `.json` files only.
 */
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';
import { readWhole } from '../files/open-file.js';
import { parseJson } from '../formats/json/json-text.js';
import { JOINT_COUNT } from '../hand/joints.js';
import type { Box } from '../hand/view.js';
import {
  HINT_EGO4D_PROTOCOL,
  HINT_NEWDAYS_PROTOCOL,
  HINT_VISOR_PROTOCOL,
  type KeypointLabels,
  type KeypointProtocol,
} from '../metrics/index.js';
import { BOX_RANGE, boxFromCorners, doubledLongerSide, isUsableBox } from './boxes.js';
import { fileNames, firstFew, requireFolder } from './folder.js';
import { metadataKeypoints } from './ground-truth/metadata-truth.js';
import type { HamerMetadata } from './hamer-metadata.js';
import { boxesByImage, metadataFolder, metadataOf, type MetadataRules } from './metadata-folder.js';
import { tellOrThrow } from './problems.js';
import type { DatasetDefinition, DatasetFolder, Notice, ProblemListener, Sample } from './types.js';

const SOURCE =
  'Pavlakos et al., Reconstructing Hands in 3D with Transformers, CVPR 2024 (HInt: Hand Interactions in the wild)';
const HOMEPAGE = 'https://github.com/ddshan/hint';

/**
 * How each names its frames; the group is the video, since frames of one video are not independent. New Days
 * `ND_<video>_frame<n>_r`, VISOR `EK_<n>_P03_10_frame_<n>_r`, Ego4D `<video>_<clip>_<frame>_…_r`.
 */
const NAMES = {
  newDays: /^ND_(.+)_frame\d+_[lr]$/,
  visor: /^EK_\d+_(P\d+_\d+)_frame_\d+_[lr]$/,
  ego4d: /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_/,
} as const;

export const hintNewDays = hint('HInt New Days', HINT_NEWDAYS_PROTOCOL, 'TEST_newdays_img', NAMES.newDays);
export const hintVisor = hint('HInt VISOR', HINT_VISOR_PROTOCOL, 'TEST_epick_img', NAMES.visor);
export const hintEgo4d = hint('HInt Ego4D', HINT_EGO4D_PROTOCOL, 'TEST_ego4d_img', NAMES.ego4d);

const RULES: MetadataRules = {
  boxSide: doubledLongerSide,
  idOf: (image) => image.replace(/\.\w+$/, ''),
  truthOf: metadataKeypoints,
};

/** Small files read side by side: enough to hide the latency of a network file system. */
const AT_ONCE = 32;

/** px between a box of the metadata and the `.json` file's before they are called different. */
const SAME_BOX_PX = 1;

const annotationSchema = z
  .array(
    z.looseObject({
      bbox: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])).length(1),
      keypoints: z
        .array(z.tuple([z.number().nullable(), z.number().nullable()], z.unknown()))
        .length(JOINT_COUNT),
      occlusion: z.array(z.union([z.number(), z.boolean()])).length(JOINT_COUNT),
    }),
  )
  .length(1);

/** One hand as its `.json` file describes it. */
interface Annotation {
  readonly corners: readonly [number, number, number, number];
  /** 21×2, px; NaN where a joint has no label. */
  readonly points: Float64Array;
  /** 21 of 0 or 1. */
  readonly labelled: Uint8Array;
  readonly occluded: Uint8Array;
}

function hint(
  title: string,
  protocol: KeypointProtocol,
  folderName: string,
  names: RegExp,
): DatasetDefinition {
  const isEgo4d = protocol.dataset === 'hint-ego4d';
  const definition: DatasetDefinition = {
    id: protocol.dataset,
    title,
    splits: ['evaluation'],
    jointOrder: 'openpose',
    axes: 'opencv',
    protocol,
    officialScores: null,
    boxes: ['annotations', 'image'],
    idForm: 'HInt the name without .jpg',
    card: {
      source: SOURCE,
      licence: isEgo4d
        ? "annotations: see the makers' page; frames: Ego4D's own agreement"
        : "see the makers' page",
      homepage: HOMEPAGE,
      files: [
        {
          path: `${folderName}/<name>_{l,r}.jpg`,
          content: isEgo4d ? 'photographs; not passed on, to be cut from Ego4D clips' : 'photographs',
          neededTo: ['predict'],
        },
        {
          path: `${folderName}/<name>_{l,r}.json`,
          content: 'box, 21×2 keypoints px, occlusion',
          neededTo: ['predict', 'score'],
        },
      ],
    },

    async recognises(root) {
      const found = await locate(root, folderName);
      if (found === null) return false;
      // The folder of annotations itself may have another name.
      return basename(found.folder) === folderName || found.stems.some((stem) => names.test(stem));
    },

    async open(root, options): Promise<DatasetFolder> {
      await requireFolder(root, title);
      const metadata = await metadataOf(definition, options);
      const found = await locate(root, folderName);
      if (found === null) {
        if (metadata !== null) return metadataFolder(definition, root, options, metadata, RULES);
        throw otherLayout(title, root, folderName, await fileNames(root));
      }
      const { folder, stems, images } = found;
      const missing = stems.filter((stem) => !images.has(`${stem}.jpg`));
      const boxes = metadata === null ? (options.boxes ?? 'annotations') : 'npz';
      const files = stems.map((stem) => join(folder, `${stem}.json`));
      const annotate = annotations(stems, files);
      return {
        definition,
        root,
        split: options.split,
        order: 'official',
        groundTruth: {
          kind: 'keypoints',
          file: folder,
          read: async () => labelsOf(await annotate(undefined), stems),
        },
        protocol: { ...protocol, boxes },
        annotations: [...files, ...(metadata === null ? [] : [metadata.file])],
        benchmarkCount: protocol.sampleCount,
        notices: metadata === null ? [] : differingBoxes(await annotate(() => undefined), stems, metadata),
        samples: async (onProblem) => {
          if (missing.length > 0)
            tellOrThrow(onProblem)(missingFrames(title, folder, missing, stems.length, isEgo4d), missing);
          const known = await annotate(onProblem);
          const given =
            metadata === null
              ? null
              : boxesByImage(
                  metadata,
                  stems.map((stem) => ({ id: stem, image: `${stem}.jpg` })),
                  RULES.boxSide,
                  onProblem,
                );
          return stems.flatMap((stem, index): Sample[] => {
            const annotation = known[index];
            if (annotation === undefined) return [];
            const right = handOf(stem, files[index]!, onProblem);
            if (right === null) return [];
            const box = given === null ? boxOf(annotation, boxes) : given[index];
            if (box === undefined) return [];
            return [{ id: stem, image: join(folder, `${stem}.jpg`), box, right, root: null }];
          });
        },
        sampleIds: () => Promise.resolve([...stems]),
        sequenceOf: videoOf,
      };
    },
  };
  return definition;
}

function boxOf({ corners }: Annotation, boxes: string): Box | null {
  return boxes === 'image' ? null : boxFromCorners(corners, doubledLongerSide);
}

/** The annotations' folder: the one given, or the one of its official name in it. */
async function locate(
  root: string,
  folderName: string,
): Promise<{ folder: string; stems: string[]; images: ReadonlySet<string> } | null> {
  for (const folder of [join(root, folderName), root]) {
    // What a Mac leaves beside each file (._name_l.json) is none of HInt's.
    const names = ((await fileNames(folder)) ?? []).filter((name) => !name.startsWith('.'));
    if (!names.some((name) => /_[lr]\.json$/.test(name))) continue;
    const stems = names
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length));
    return { folder, stems, images: new Set(names) };
  }
  return null;
}

/** True for a right hand; null, and told, where the name does not say. */
function handOf(stem: string, file: string, onProblem?: ProblemListener): boolean | null {
  if (stem.endsWith('_r')) return true;
  if (stem.endsWith('_l')) return false;
  tellOrThrow(onProblem)(
    new UserError({
      code: 'hand-unknown',
      message: 'The name of this annotation does not say which hand it is',
      file,
      expected: 'a name that ends in _l.json or _r.json',
      got: basename(file),
      next: "take the files under the names of HInt's own archive",
    }),
    [stem],
  );
  return null;
}

/** The video a frame is of, by its name, whichever of the three it is from. */
function videoOf(id: string): string {
  for (const name of Object.values(NAMES)) {
    const video = name.exec(id)?.[1];
    if (video !== undefined) return video;
  }
  return id;
}

/** Reads the files once, whoever asks; a file that cannot be read is told to each who listens. */
function annotations(
  stems: readonly string[],
  files: readonly string[],
): (onProblem: ProblemListener | undefined) => Promise<(Annotation | undefined)[]> {
  let reading: Promise<(Annotation | UserError)[]> | null = null;
  return async (onProblem) => {
    const results = await (reading ??= readAll(files));
    return results.map((result, index) => {
      if (!(result instanceof UserError)) return result;
      tellOrThrow(onProblem)(result, [stems[index]!]);
      return undefined;
    });
  };
}

async function readAll(files: readonly string[]): Promise<(Annotation | UserError)[]> {
  const all: (Annotation | UserError)[] = [];
  for (let first = 0; first < files.length; first += AT_ONCE) {
    const part = files.slice(first, first + AT_ONCE).map(async (file) => {
      try {
        return await readAnnotation(file);
      } catch (error) {
        if (error instanceof UserError) return error;
        throw error;
      }
    });
    all.push(...(await Promise.all(part)));
  }
  return all;
}

async function readAnnotation(file: string): Promise<Annotation> {
  const bytes = await readWhole(file).catch((error: unknown) => {
    throw fileError(error, file);
  });
  const wrong = (got: string, cause?: unknown): UserError =>
    new UserError({
      code: 'annotation-invalid',
      message: 'The annotation is not one of HInt',
      file,
      expected: 'a list of one object with bbox [[x1, y1, x2, y2]], keypoints 21×2 and occlusion 21',
      got,
      next: "take the file from HInt's own archive",
      cause,
    });
  const text = bytes.toString();
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw wrong(text.trim() === '' ? 'an empty file' : (error as Error).message, error);
  }
  const parsed = annotationSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw wrong(`${issue.path.join('.') || 'the whole'}: ${issue.message}`);
  }
  const [{ bbox, keypoints, occlusion }] = parsed.data as [(typeof parsed.data)[number]];
  const corners = bbox[0]!;
  if (!isUsableBox(corners)) {
    throw wrong(`bbox [${corners.join(', ')}], without area, or not ${BOX_RANGE}`);
  }
  const points = new Float64Array(JOINT_COUNT * 2);
  const labelled = new Uint8Array(JOINT_COUNT);
  keypoints.forEach(([x, y], joint) => {
    labelled[joint] = x === null || y === null ? 0 : 1;
    points.set([x ?? Number.NaN, y ?? Number.NaN], joint * 2);
  });
  return {
    corners,
    points,
    labelled,
    occluded: Uint8Array.from(occlusion, (flag) => (Number(flag) > 0 ? 1 : 0)),
  };
}

function labelsOf(all: readonly (Annotation | undefined)[], stems: readonly string[]): KeypointLabels {
  const count = all.length;
  const points = new Float64Array(count * JOINT_COUNT * 2);
  const sides = new Float64Array(count);
  const centers = new Float64Array(count * 2);
  const labelled = new Uint8Array(count * JOINT_COUNT);
  const vis = new Uint8Array(count * JOINT_COUNT);
  const occ = new Uint8Array(count * JOINT_COUNT);
  all.forEach((annotation, index) => {
    if (annotation === undefined) return;
    const [left, top, right, bottom] = annotation.corners;
    points.set(annotation.points, index * JOINT_COUNT * 2);
    sides[index] = Math.max(right - left, bottom - top);
    centers.set([(left + right) / 2, (top + bottom) / 2], index * 2);
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      const at = index * JOINT_COUNT + joint;
      labelled[at] = annotation.labelled[joint]!;
      vis[at] = annotation.labelled[joint]! & (1 - annotation.occluded[joint]!);
      occ[at] = annotation.labelled[joint]! & annotation.occluded[joint]!;
    }
  });
  const right = stems.map((stem) => !stem.endsWith('_l'));
  return { count, points, sides, centers, right, labelled: { all: labelled, vis, occ } };
}

/** Whether the boxes of the metadata are those of the annotations; said where they are not. */
function differingBoxes(
  all: readonly (Annotation | undefined)[],
  stems: readonly string[],
  { file, imageNames, centers, sizes }: HamerMetadata,
): Notice[] {
  const rows = new Map(imageNames.map((name, row) => [name, row]));
  const differing: string[] = [];
  let worst = 0;
  stems.forEach((stem, index) => {
    const row = rows.get(`${stem}.jpg`);
    const annotation = all[index];
    if (row === undefined || annotation === undefined) return;
    const [left, top, right, bottom] = annotation.corners;
    const difference = Math.max(
      Math.abs((left + right) / 2 - centers[row * 2]!),
      Math.abs((top + bottom) / 2 - centers[row * 2 + 1]!),
      Math.abs(Math.max(right - left, bottom - top) - Math.max(sizes[row * 2]!, sizes[row * 2 + 1]!)),
    );
    worst = Math.max(worst, difference);
    if (difference > SAME_BOX_PX) differing.push(stem);
  });
  if (differing.length === 0) return [];
  return [
    {
      code: 'boxes-differ',
      message: `the boxes of ${basename(file)} and of the annotations differ for ${differing.length} of ${stems.length} samples, by ${worst.toFixed(1)} px at most (${firstFew(differing, 3)}); crops follow the metadata, thresholds the annotations`,
      remedy: 'use the metadata and the annotations of one release, or leave --boxes out',
    },
  ];
}

function missingFrames(
  title: string,
  folder: string,
  missing: readonly string[],
  total: number,
  isEgo4d: boolean,
): UserError {
  return new UserError({
    code: 'dataset-images-missing',
    message: `${missing.length} of the ${total} annotations of ${title} have no photograph`,
    file: folder,
    expected: 'a .jpg beside each .json',
    got: `none for ${firstFew(missing, 3)}`,
    next: isEgo4d
      ? `Ego4D's frames are not passed on: get access at https://ego4d-data.org, then cut them with prep_ego4d.py of ${HOMEPAGE}; scoring a file that exists ('run --predictions') needs no photographs`
      : "unpack HInt's archive again; scoring a file that exists ('run --predictions') needs no photographs",
  });
}

function otherLayout(title: string, root: string, folderName: string, names: string[] | null): UserError {
  return new UserError({
    code: 'dataset-layout',
    message: `This folder is not laid out as ${title} is`,
    file: root,
    expected: `${folderName}, or that folder itself, with <name>_l.json and <name>_r.json in it`,
    got: firstFew(names ?? []),
    next: 'give the folder that HInt_annotation_partial.zip unpacks to',
  });
}
