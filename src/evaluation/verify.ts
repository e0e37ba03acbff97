/**
 * `datasets verify`: everything about a dataset folder that can be checked before hours of work are
 * spent on it. Looks at every photograph, every annotation, and whether they belong together.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { firstFew } from '../datasets/folder.js';
import { openDataset } from '../datasets/registry.js';
import type { DatasetFolder, HandTruth, Sample } from '../datasets/types.js';
import { UserError, type ErrorJson } from '../errors.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { decodeImage } from '../imaging/decode.js';
import type { KeypointLabels } from '../metrics/index.js';
import type { Progress } from '../progress.js';
import { SCORE_BATCH } from './prediction-source.js';
import { TrueVertices } from './true-vertices.js';

export interface VerifyRequest {
  readonly dataset: string;
  readonly data: string;
  readonly split: string;
  readonly boxes?: string | undefined;
}

export interface Verification {
  readonly dataset: string;
  readonly folder: string;
  readonly split: string;
  /** What was found in order; null where the folder has none of it, or it cannot be read. */
  readonly counts: {
    readonly photographs: number | null;
    readonly joints: number | null;
    readonly meshes: number | null;
    readonly labels: number | null;
    /** Of the whole benchmark. */
    readonly benchmark: number;
  };
  /** What a run on this folder would say beside its result. */
  readonly notices: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
  readonly problems: readonly ErrorJson[];
}

/** A hand is between these sizes from end to end, metres; what lies outside is in another unit, or no hand. */
const HAND_EXTENT_M = [0.03, 0.4] as const;
/** metres between the published wrist and the true one before they are called different. */
const SAME_PLACE_M = 1e-3;
const MANO_VERTICES = 778;
/** px; no photograph has such a side. */
const FARTHEST_PX = 1e5;
/** Problems of one kind that are told one by one. */
const SHOWN = 20;

export async function verifyDataset(
  request: VerifyRequest,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<Verification> {
  const { dataset, split, boxes } = request;
  const folder = await openDataset(dataset, resolve(request.data), { split, boxes });
  const problems = new Problems();
  const samples = await collect(problems, [] as Sample[], () => folder.samples(problems.add));
  const truth = await readTruth(folder, problems, progress, signal);
  const count = truthCount(folder, truth, samples.length, problems);
  const ids =
    count === null ? null : await collect(problems, null, () => folder.sampleIds(count, problems.add));
  tellDamage(truth.damages, ids, problems);
  if (ids !== null) {
    // Where there is not one, that has been told already.
    if (samples.length > 0) checkCoverage(folder, ids, samples, problems);
    const { hands } = truth;
    // Of another number of hands nobody knows which is whose.
    if (hands !== null && hands.count === ids.length) checkWrists(samples, ids, hands, problems);
  }
  const photographs = await checkPhotographs(samples, problems, progress, signal);
  return {
    dataset: folder.definition.id,
    folder: folder.root,
    split: folder.split,
    counts: {
      photographs,
      joints: truth.hands?.count ?? null,
      meshes: truth.meshes,
      labels: truth.labels,
      benchmark: folder.benchmarkCount,
    },
    notices: folder.notices,
    problems: problems.list,
  };
}

/** A true hand that is none. */
interface Damage {
  readonly file: string;
  readonly sample: number;
  readonly expected: string;
  readonly got: string;
}

/** True joints and where they come from. */
interface TrueHands {
  readonly file: string;
  readonly count: number;
  /** count × 21 × 3, metres. */
  readonly joints: Float64Array;
  /** Samples whose joints are damaged. */
  readonly damaged: ReadonlySet<number>;
}

/** The ground truth, looked through; null for what the folder does not have or what cannot be read. */
interface Truth {
  readonly hands: TrueHands | null;
  readonly meshes: number | null;
  readonly labels: number | null;
  readonly damages: readonly Damage[];
}

async function readTruth(
  folder: DatasetFolder,
  problems: Problems,
  progress: Progress,
  signal: AbortSignal,
): Promise<Truth> {
  const { groundTruth } = folder;
  if (groundTruth.kind === 'keypoints') {
    const labels = await collect(problems, null, () => groundTruth.read());
    const damages = labels === null ? [] : damagedLabels(groundTruth.file, labels);
    return { hands: null, meshes: null, labels: labels?.count ?? null, damages };
  }
  const hands = await collect(problems, null, () => readHands(folder, groundTruth));
  signal.throwIfAborted();
  const meshes = await collect(problems, null, () =>
    readMeshes(folder, groundTruth, hands?.count ?? folder.benchmarkCount, problems, progress, signal),
  );
  return {
    hands,
    meshes: meshes?.count ?? null,
    labels: null,
    damages: [...(hands?.damages ?? []), ...(meshes?.damages ?? [])],
  };
}

async function readHands(
  folder: DatasetFolder,
  { joints }: HandTruth,
): Promise<(TrueHands & { damages: Damage[] }) | null> {
  if (joints === null) return null;
  const values = await joints.read();
  const damages = damagedHands(folder, joints.file, values, JOINT_COUNT, 0);
  return {
    file: joints.file,
    count: values.length / (JOINT_COUNT * 3),
    joints: values,
    damaged: new Set(damages.map(({ sample }) => sample)),
    damages,
  };
}

/**
 * How many samples the ground truth is about. Where joints and meshes disagree it is as many as there
 * are photographs, if either says so.
 */
function truthCount(
  folder: DatasetFolder,
  { hands, meshes, labels }: Truth,
  photographs: number,
  problems: Problems,
): number | null {
  const joints = hands?.count ?? null;
  if (joints === null || meshes === null) return labels ?? joints ?? meshes;
  if (joints === meshes) return joints;
  problems.add(
    new UserError({
      code: 'dataset-count-mismatch',
      message: 'The annotation files are not about the same samples',
      file: folder.root,
      expected: 'the same number of each',
      got: `${joints} joint sets, ${meshes} meshes, ${photographs} samples with photographs`,
      next: 'unpack the dataset again',
    }),
  );
  return meshes === photographs ? meshes : joints;
}

/** What is wrong, each thing once; of many of a kind the first few and their number. */
class Problems {
  /** Samples of which it is known why they cannot be predicted. */
  readonly explained = new Set<string>();
  private readonly seen = new Set<string>();
  private readonly counts = new Map<string, number>();
  private readonly found: UserError[] = [];

  readonly add = (problem: UserError, samples: readonly string[] = []): void => {
    for (const id of samples) this.explained.add(id);
    const json = JSON.stringify(problem.toJson());
    if (this.seen.has(json)) return;
    this.seen.add(json);
    const count = (this.counts.get(problem.code) ?? 0) + 1;
    this.counts.set(problem.code, count);
    if (count <= SHOWN) this.found.push(problem);
  };

  get list(): ErrorJson[] {
    const more = [...this.counts].filter(([, count]) => count > SHOWN);
    return [
      ...this.found.map((problem) => problem.toJson()),
      ...more.map(([code, count]) => ({ code, message: `and ${count - SHOWN} more of the kind ${code}` })),
    ];
  }
}

/** Runs a check; what it throws for the user is one more problem. */
async function collect<T, F>(problems: Problems, fallback: F, check: () => Promise<T>): Promise<T | F> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.add(error);
    return fallback;
  }
}

/** Samples that are annotated and have no photograph, or the other way round, where nothing has said why. */
function checkCoverage(
  folder: DatasetFolder,
  ids: readonly string[],
  samples: readonly Sample[],
  problems: Problems,
): void {
  const annotated = new Set(ids);
  const there = new Set(samples.map(({ id }) => id));
  const lacking = ids.filter((id) => !there.has(id) && !problems.explained.has(id));
  const surplus = samples.filter(({ id }) => !annotated.has(id)).map(({ id }) => id);
  const tell = (names: readonly string[], code: string, message: string): void => {
    if (names.length === 0) return;
    problems.add(
      new UserError({
        code,
        message: `${message}: ${names.length}`,
        file: folder.root,
        expected: 'a photograph and annotations for each sample',
        got: `only one of them for ${firstFew(names)}`,
        next: 'unpack the dataset again',
      }),
    );
  };
  tell(lacking, 'sample-without-photograph', 'Samples with annotations but no photograph');
  tell(surplus, 'photograph-without-annotation', 'Photographs without annotations');
}

/** One problem a file, with its samples by name where that is known. */
function tellDamage(damages: readonly Damage[], ids: readonly string[] | null, problems: Problems): void {
  const files = new Map<string, Damage[]>();
  for (const damage of damages) {
    const known = files.get(damage.file);
    if (known === undefined) files.set(damage.file, [damage]);
    else known.push(damage);
  }
  for (const [file, all] of files) {
    const first = all[0]!;
    const samples = new Set(all.map(({ sample }) => sample));
    const name = (sample: number): string => ids?.[sample] ?? `number ${sample}`;
    problems.add(
      new UserError({
        code: 'ground-truth-range',
        message:
          samples.size === 1
            ? `The ground truth of sample ${name(first.sample)} cannot be true`
            : `The ground truth of ${samples.size} samples cannot be true`,
        file,
        expected: first.expected,
        got: firstFew(
          all.map(({ sample, got }) => `${name(sample)}: ${got}`),
          3,
        ),
        next: 'unpack the annotations again; check that they are of this dataset',
      }),
    );
  }
}

/** Hands are finite, of a hand's size, and in front of the camera as the dataset's axes have it. */
function damagedHands(
  { definition }: DatasetFolder,
  file: string,
  points: Float64Array,
  count: number,
  first: number,
): Damage[] {
  const width = count * 3;
  const forward = definition.axes === 'opencv' ? 1 : -1;
  const expected = `finite metres, ${HAND_EXTENT_M.join(' to ')} m from end to end, z ${forward > 0 ? 'above' : 'below'} 0 (${definition.axes})`;
  const damages: Damage[] = [];
  for (let sample = 0; sample * width < points.length; sample++) {
    const hand = points.subarray(sample * width, (sample + 1) * width);
    const got = handProblem(hand, forward);
    if (got !== null) damages.push({ file, sample: first + sample, expected, got });
  }
  return damages;
}

function handProblem(hand: Float64Array, forward: number): string | null {
  let extent = 0;
  let depth = 0;
  for (let axis = 0; axis < 3; axis++) {
    let low = Infinity;
    let high = -Infinity;
    for (let k = axis; k < hand.length; k += 3) {
      const value = hand[k]!;
      if (!Number.isFinite(value)) return `${value} at point ${Math.floor(k / 3)}`;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    extent = Math.max(extent, high - low);
    if (axis === 2) depth = (low + high) / 2;
  }
  if (extent < HAND_EXTENT_M[0] || extent > HAND_EXTENT_M[1])
    return `${extent.toPrecision(3)} m from end to end`;
  return depth * forward > 0 ? null : `z ${depth.toPrecision(3)} m`;
}

/** @param expected how many there should be, for the progress. */
async function readMeshes(
  folder: DatasetFolder,
  { vertices }: HandTruth,
  expected: number,
  problems: Problems,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ count: number; damages: Damage[] } | null> {
  if (vertices === null) return null;
  const stage = progress.stage('meshes', expected, 'meshes');
  const meshes = new TrueVertices({ file: vertices.file, repeats: 1 });
  const damages: Damage[] = [];
  let count = 0;
  try {
    for (let batch; (batch = await meshes.next(SCORE_BATCH)) !== null;) {
      signal.throwIfAborted();
      if (count === 0 && batch.vertexCount !== MANO_VERTICES) {
        problems.add(
          new UserError({
            code: 'ground-truth-vertices',
            message: "The true meshes are not MANO's",
            file: vertices.file,
            expected: `${MANO_VERTICES} vertices`,
            got: `${batch.vertexCount}`,
            next: 'unpack the annotations again',
          }),
        );
      }
      damages.push(...damagedHands(folder, vertices.file, batch.values, batch.vertexCount, count));
      count += batch.count;
      stage.update(Math.min(count * vertices.repeats, expected));
    }
  } finally {
    stage.stop();
    await meshes.close();
  }
  return { count: count * vertices.repeats, damages };
}

/** Labelled keypoints are places that a photograph can have. */
function damagedLabels(file: string, labels: KeypointLabels): Damage[] {
  const damages: Damage[] = [];
  for (let sample = 0; sample < labels.count; sample++) {
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      const at = sample * JOINT_COUNT + joint;
      if (labels.labelled.all[at] === 0) continue;
      const [x, y] = [labels.points[at * 2]!, labels.points[at * 2 + 1]!];
      if (Math.abs(x) < FARTHEST_PX && Math.abs(y) < FARTHEST_PX) continue;
      const got = `keypoint ${joint} at ${x}, ${y}`;
      damages.push({ file, sample, expected: `px, less than ${FARTHEST_PX} from the corner`, got });
    }
  }
  return damages;
}

/** The published wrist of each sample is its true one: if not, list, meta data and ground truth are not of one order. */
function checkWrists(
  samples: readonly Sample[],
  ids: readonly string[],
  { file, joints, damaged }: TrueHands,
  problems: Problems,
): void {
  const places = new Map(ids.map((id, index) => [id, index]));
  const differing: string[] = [];
  let worst = 0;
  let compared = 0;
  for (const { id, root } of samples) {
    const index = places.get(id);
    if (root === null || index === undefined || damaged.has(index)) continue;
    const distance = Math.hypot(
      ...root.map((value, axis) => value - joints[index * JOINT_COUNT * 3 + axis]!),
    );
    compared += 1;
    if (distance <= SAME_PLACE_M) continue;
    worst = Math.max(worst, distance);
    differing.push(id);
  }
  if (differing.length === 0) return;
  problems.add(
    new UserError({
      code: 'wrist-differs',
      message: `The wrists that the meta data publish are not the true ones for ${differing.length} of ${compared} samples`,
      file,
      expected: `the same place, to ${SAME_PLACE_M * 1000} mm`,
      got: `up to ${(worst * 1000).toFixed(1)} mm apart: ${firstFew(differing)}`,
      next: 'take the sample list, the meta data and the ground truth of one version, in their own order',
    }),
  );
}

/** Decodes every photograph that should be there, looks whether its box lies in it, and counts those that are sound. */
async function checkPhotographs(
  all: readonly Sample[],
  problems: Problems,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const samples = all.filter(({ id }) => !problems.explained.has(id));
  const stage = progress.stage('photographs', samples.length, 'images');
  let next = 0;
  let done = 0;
  let sound = 0;
  const work = async (): Promise<void> => {
    for (let index; (index = next++) < samples.length;) {
      signal.throwIfAborted();
      const { image, box } = samples[index]!;
      await collect(problems, null, async () => {
        const { width, height } = await decodeImage(image);
        sound += 1;
        if (box === null) return;
        const [x, y] = box.center;
        const half = box.side / 2;
        if (x + half > 0 && x - half < width && y + half > 0 && y - half < height) return;
        throw new UserError({
          code: 'box-outside',
          message: 'The box of the hand lies outside its photograph',
          file: image,
          expected: `a box in ${width}×${height} px`,
          got: `centre ${x}, ${y}, side ${box.side}`,
          next: 'check that boxes and photographs are of one dataset',
        });
      });
      stage.update(++done);
    }
  };
  try {
    await Promise.all(Array.from({ length: 2 * availableParallelism() }, work));
    return sound;
  } finally {
    stage.stop();
  }
}
