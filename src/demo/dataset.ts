/**
 * Writes the demo benchmark: procedural hands in a benchmark's official layout, with photographs,
 * cameras and ground truth; what each layout holds stands in layouts/. Beside it lie
 *
 *     faces.json    1,538×3 vertex ids of the mesh
 *     demo.json     the stamp, written last
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { partialName, writeFileAtomic } from '../files/atomic-file.js';
import { jsonText, parseJson } from '../formats/json/json-text.js';
import { type ProceduralHand, proceduralHand } from './hand/procedural-hand.js';
import { FACE_COUNT, VERTEX_COUNT } from './hand/procedural-mesh.js';
import type { DemoLayout, DemoProgress, DemoSizes } from './layouts/layout.js';
import { DEFAULT_DEMO_DATASET, type DemoDatasetId, layoutOf } from './layouts/registry.js';
import type { DemoSplit } from './random.js';
import { type DemoStamp, STAMP_FILE, STAMP_SCHEMA, readStampText } from './stamp.js';
import { Studio } from './studio.js';

export type { DemoProgress } from './layouts/layout.js';
export type { DemoStamp } from './stamp.js';

export interface DemoDatasetOptions {
  readonly dir: string;
  /** `DEFAULT_DEMO_DATASET` unless given. */
  readonly dataset?: DemoDatasetId;
  readonly seed: number;
  /** Unique training hands, 8 unless given; only FreiHAND's layout has files of them. */
  readonly training?: number;
  readonly evaluation: number;
  readonly onProgress?: DemoProgress;
}

export interface DemoDatasetInfo {
  readonly dir: string;
  readonly stamp: DemoStamp;
  /** The folder was there already and matched. */
  readonly reused: boolean;
}

const GENERATOR = 1;
const FACES_FILE = 'faces.json';
/** A split's vertices must fit into a JavaScript string when they are read back for fitting. */
const MOST_SAMPLES = 5000;
const LEAST_TRAINING = 8;

/**
 * Generates the dataset, or leaves a matching one as it is. A folder that bears
 * our stamp with other parameters, or an unfinished one, is written anew.
 *
 * @throws UserError where `dir` holds something that this program did not generate
 */
export async function writeDemoDataset(options: DemoDatasetOptions): Promise<DemoDatasetInfo> {
  const { dir, dataset = DEFAULT_DEMO_DATASET, onProgress } = options;
  const layout = await layoutOf(dataset);
  const sizes = { training: LEAST_TRAINING, ...options };
  checkSizes(sizes);
  const stamp = stampOf(dataset, layout, sizes);
  const text = jsonText(stamp);
  const stampFile = join(dir, STAMP_FILE);
  await mkdir(dir, { recursive: true });
  const found = await readStampText(stampFile);
  if (found === text) return { dir, stamp, reused: true };
  const begun = await readStampText(partialName(stampFile));
  if (found === undefined && begun === undefined) await requireEmpty(dir);
  for (const earlier of [found, begun]) {
    if (earlier !== undefined) await removeGenerated(dir, parseJson(earlier) as DemoStamp);
  }

  // The stamp stands there as `.partial` from the first moment, so that an interrupted folder is known as ours.
  await writeFileAtomic(partialName(stampFile), text);
  await rm(stampFile, { force: true });
  const hand = proceduralHand();
  await writeFileAtomic(join(dir, FACES_FILE), JSON.stringify(faceRows(hand)));
  const { seed, training, evaluation } = sizes;
  await layout.write({ dir, seed, training, evaluation, studio: new Studio(hand), onProgress });
  await rename(partialName(stampFile), stampFile);
  return { dir, stamp, reused: false };
}

function stampOf(
  dataset: DemoDatasetId,
  layout: DemoLayout,
  { seed, training, evaluation }: DemoSizes,
): DemoStamp {
  return {
    schema: STAMP_SCHEMA,
    generator: GENERATOR,
    ...(dataset === DEFAULT_DEMO_DATASET ? {} : { dataset }),
    seed,
    ...(layout.trainingInFolder ? { training } : {}),
    evaluation,
    imageSize: layout.imageSize,
    vertices: VERTEX_COUNT,
    faces: FACE_COUNT,
    facesFile: FACES_FILE,
  };
}

/** @throws UserError `demo-size`, `demo-seed` */
export function checkSizes({ seed, training, evaluation }: DemoSizes): void {
  checkCount('training', training, LEAST_TRAINING);
  checkCount('evaluation', evaluation, 1);
  if (Number.isSafeInteger(seed) && seed >= 0) return;
  throw new UserError({
    code: 'demo-seed',
    message: 'The seed of the demo is not usable',
    expected: 'a whole number from 0',
    got: String(seed),
  });
}

function checkCount(split: DemoSplit, count: number, least: number): void {
  if (Number.isSafeInteger(count) && count >= least && count <= MOST_SAMPLES) return;
  throw new UserError({
    code: 'demo-size',
    message: `The demo cannot have this many ${split} samples`,
    expected: `a whole number from ${least} to ${MOST_SAMPLES}`,
    got: String(count),
  });
}

async function requireEmpty(dir: string): Promise<void> {
  const names = await readdir(dir);
  if (names.length === 0) return;
  throw new UserError({
    code: 'demo-folder-not-ours',
    message: 'The folder for the demo dataset holds other files; nothing was changed',
    file: dir,
    expected: `an empty or absent folder, or one with ${STAMP_FILE} in it`,
    got: `${names.length} entries, the first is ${names.sort()[0]!}`,
    next: 'give another folder, or move these files away',
  });
}

async function removeGenerated(dir: string, { dataset = DEFAULT_DEMO_DATASET }: DemoStamp): Promise<void> {
  await (await layoutOf(dataset)).remove(dir);
  await rm(join(dir, FACES_FILE), { force: true });
}

function faceRows({ faces }: ProceduralHand): number[][] {
  return Array.from({ length: FACE_COUNT }, (_, f) => [...faces.subarray(f * 3, f * 3 + 3)]);
}
