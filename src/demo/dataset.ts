/**
 * Writes the demo benchmark: procedural hands in FreiHAND's official layout
 * (Zimmermann et al., ICCV 2019), with photographs, cameras and ground truth.
 *
 *     training/rgb/%08d.jpg       index + unique · version, versions gs, hom, sample, auto
 *     training_{K,scale,xyz,verts,mano}.json
 *     evaluation/rgb/%08d.jpg
 *     evaluation_{K,scale,xyz,verts,mano}.json
 *     faces.json                  1,538×3 vertex ids of the mesh
 *     demo.json                   the stamp, written last
 *
 * Lengths are metres in the camera's frame (OpenCV axes), joints in OpenPose order.
 */
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { UserError } from '../errors.js';
import { intrinsicMatrix, projectPoints } from '../hand/camera.js';
import { FACE_COUNT, VERTEX_COUNT } from '../hand/procedural-mesh.js';
import { type ProceduralHand, proceduralHand } from '../hand/procedural-hand.js';
import { partialName, writeFileAtomic, writeStreamAtomic } from '../runs/atomic-file.js';
import { BACKGROUND_VERSIONS, type BackgroundVersion, composite, paintBackground } from './background.js';
import { type HandSample, IMAGE_SIZE, sampleHand } from './pose-sampling.js';
import { STREAMS, sceneRandom } from './random.js';
import { HandRenderer, sampleLighting } from './renderer.js';
import { skinTint } from './skin.js';

/** `done` of `total` steps of one stage. */
export type DemoProgress = (stage: string, done: number, total: number) => void;

export interface DemoDatasetOptions {
  readonly dir: string;
  readonly seed: number;
  /** Unique training samples; each is photographed before four backgrounds. */
  readonly training: number;
  readonly evaluation: number;
  readonly onProgress?: DemoProgress;
}

/** The stamp in demo.json: by it a generated folder is known, and known to be whole. */
export interface DemoStamp {
  readonly schema: 'hamba-eval/demo-dataset';
  /** Raised whenever the same seed gives other bytes. */
  readonly generator: number;
  readonly seed: number;
  readonly training: number;
  readonly evaluation: number;
  readonly imageSize: number;
  readonly vertices: number;
  readonly faces: number;
  readonly facesFile: string;
}

export interface DemoDatasetInfo {
  readonly dir: string;
  readonly stamp: DemoStamp;
  /** The folder was there already and matched. */
  readonly reused: boolean;
}

export type DemoSplit = 'training' | 'evaluation';

const SCHEMA = 'hamba-eval/demo-dataset';
const GENERATOR = 1;
const STAMP_FILE = 'demo.json';
const FACES_FILE = 'faces.json';
const ANNOTATIONS = ['K', 'scale', 'xyz', 'verts', 'mano'] as const;
const JPEG_QUALITY = 92;
/** Photographs that are being encoded and written at a time. */
const IN_FLIGHT = 8;
/** A split's vertices must fit into a JavaScript string when they are read back for fitting. */
const MOST_SAMPLES = 5000;

/** Random streams: eight per sample, evaluation far from training. */
function streamOf(split: DemoSplit, index: number, use: number): number {
  return (split === 'training' ? 0 : STREAMS / 2) + index * 8 + use;
}

/** The file name of a photograph. */
export function imageName(index: number): string {
  return `${index.toString().padStart(8, '0')}.jpg`;
}

/**
 * Generates the dataset, or leaves a matching one as it is. A folder that bears
 * our stamp with other parameters, or an unfinished one, is written anew.
 *
 * @throws UserError where `dir` holds something that this program did not generate
 */
export async function writeDemoDataset(options: DemoDatasetOptions): Promise<DemoDatasetInfo> {
  const { dir, seed, training, evaluation } = options;
  checkCount('training', training, 8);
  checkCount('evaluation', evaluation, 1);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new UserError({
      code: 'demo-seed',
      message: 'The seed of the demo is not usable',
      expected: 'a whole number from 0',
      got: String(seed),
    });
  }
  const stamp: DemoStamp = {
    schema: SCHEMA,
    generator: GENERATOR,
    seed,
    training,
    evaluation,
    imageSize: IMAGE_SIZE,
    vertices: VERTEX_COUNT,
    faces: FACE_COUNT,
    facesFile: FACES_FILE,
  };
  const text = `${JSON.stringify(stamp, null, 2)}\n`;
  const stampFile = join(dir, STAMP_FILE);
  await mkdir(dir, { recursive: true });
  const found = await readStamp(stampFile);
  if (found === text) return { dir, stamp, reused: true };
  const begun = await readStamp(partialName(stampFile));
  if (found === undefined && begun === undefined) await requireEmpty(dir);
  await removeGenerated(dir);

  // The stamp stands there as `.partial` from the first moment, so that an interrupted folder is known as ours.
  await writeFileAtomic(partialName(stampFile), text);
  await rm(stampFile, { force: true });
  const hand = proceduralHand();
  const rows = Array.from({ length: FACE_COUNT }, (_, f) => [...hand.faces.subarray(f * 3, f * 3 + 3)]);
  await writeFileAtomic(join(dir, FACES_FILE), JSON.stringify(rows));
  const painter = new Photographer(hand, seed);
  await writeSplit(dir, 'training', training, painter, options.onProgress);
  await writeSplit(dir, 'evaluation', evaluation, painter, options.onProgress);
  await rename(partialName(stampFile), stampFile);
  return { dir, stamp, reused: false };
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

/** The text of a stamp of ours, or undefined where there is none. */
async function readStamp(file: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    const ours = typeof value === 'object' && value !== null && 'schema' in value && value.schema === SCHEMA;
    return ours ? text : undefined;
  } catch {
    return undefined;
  }
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

/** Removes the files that `writeDemoDataset` makes, by their names; anything else stays. */
async function removeGenerated(dir: string): Promise<void> {
  for (const split of ['training', 'evaluation'] as const) {
    const images = join(dir, split, 'rgb');
    const names = await readdir(images).catch(() => []);
    const generated = names.filter((name) => /^\d{8}\.jpg(\.partial)?$/.test(name));
    for (const name of generated) await rm(join(images, name), { force: true });
    for (const kind of ANNOTATIONS) {
      const file = join(dir, `${split}_${kind}.json`);
      await rm(file, { force: true });
      await rm(partialName(file), { force: true });
    }
  }
  await rm(join(dir, FACES_FILE), { force: true });
}

/** Draws samples and photographs them; everything follows from the seed, the split and the index. */
class Photographer {
  readonly #hand: ProceduralHand;
  readonly #seed: number;
  readonly #renderer = new HandRenderer(IMAGE_SIZE);
  readonly #tint: Float32Array;
  readonly #background = new Float32Array(IMAGE_SIZE * IMAGE_SIZE * 3);

  constructor(hand: ProceduralHand, seed: number) {
    this.#hand = hand;
    this.#seed = seed;
    this.#tint = skinTint(hand);
  }

  sample(split: DemoSplit, index: number): HandSample {
    return sampleHand(this.#hand, sceneRandom(this.#seed, streamOf(split, index, 0)));
  }

  /** The same hand before each background: IMAGE_SIZE² × 3 bytes, sRGB. */
  photographs(
    split: DemoSplit,
    index: number,
    sample: HandSample,
    versions: readonly BackgroundVersion[],
  ): Uint8Array<ArrayBuffer>[] {
    const lighting = sampleLighting(sceneRandom(this.#seed, streamOf(split, index, 1)));
    const { colour, coverage } = this.#renderer.render(
      sample.vertices,
      this.#hand.faces,
      this.#tint,
      sample.camera,
      lighting,
    );
    return versions.map((version, k) => {
      const random = sceneRandom(this.#seed, streamOf(split, index, 2 + k));
      paintBackground(this.#background, IMAGE_SIZE, version, random);
      return composite(this.#background, colour, coverage);
    });
  }
}

async function writeSplit(
  dir: string,
  split: DemoSplit,
  count: number,
  painter: Photographer,
  onProgress: DemoProgress | undefined,
): Promise<void> {
  const versions: readonly BackgroundVersion[] = split === 'training' ? BACKGROUND_VERSIONS : ['auto'];
  const images = join(dir, split, 'rgb');
  await mkdir(images, { recursive: true });
  const samples: HandSample[] = [];
  const total = count * versions.length;
  const writing = new Set<Promise<void>>();
  try {
    for (let index = 0; index < count; index++) {
      const sample = painter.sample(split, index);
      samples.push(sample);
      const pictures = painter.photographs(split, index, sample, versions);
      for (const [version, pixels] of pictures.entries()) {
        const job: Promise<void> = writeJpeg(
          join(images, imageName(index + count * version)),
          pixels,
        ).finally(() => writing.delete(job));
        writing.add(job);
      }
      while (writing.size >= IN_FLIGHT) await Promise.race(writing);
      onProgress?.(`render ${split}`, (index + 1) * versions.length, total);
    }
    await Promise.all(writing);
  } finally {
    // After a failure or an interruption: no write may go on behind the caller's back.
    await Promise.allSettled(writing);
  }
  for (const kind of ANNOTATIONS) {
    await writeStreamAtomic(join(dir, `${split}_${kind}.json`), annotationPieces(samples, kind));
  }
}

async function writeJpeg(file: string, pixels: Uint8Array<ArrayBuffer>): Promise<void> {
  const raw = { width: IMAGE_SIZE, height: IMAGE_SIZE, channels: 3 } as const;
  await writeFileAtomic(file, await sharp(pixels, { raw }).jpeg({ quality: JPEG_QUALITY }).toBuffer());
}

/** One annotation file as pieces of text, a sample at a time. */
function* annotationPieces(
  samples: readonly HandSample[],
  kind: (typeof ANNOTATIONS)[number],
): Generator<string> {
  let separator = '[';
  for (const sample of samples) {
    yield separator + JSON.stringify(annotation(sample, kind));
    separator = ', ';
  }
  yield ']';
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
      return rows(sample.joints);
    case 'verts':
      return rows(sample.vertices);
    case 'mano': {
      // As FreiHAND: 48 pose, 10 shape, the root joint's pixel (joint 9), the scale.
      const uv = projectPoints(sample.joints.subarray(27, 30), sample.camera);
      return [[...sample.pose, ...sample.shape, ...uv, sample.scale]];
    }
  }
}

/** N×3 nested, to 10 nm: finer than anything a metric shows, half the bytes of full doubles. */
function rows(points: Float64Array): number[][] {
  return Array.from({ length: points.length / 3 }, (_, i) =>
    [0, 1, 2].map((axis) => Math.round(points[i * 3 + axis]! * 1e8) / 1e8),
  );
}
