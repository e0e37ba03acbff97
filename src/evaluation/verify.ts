/**
 * `datasets verify`: everything about a dataset folder that can be checked before hours of work are
 * spent on it. Looks at every photograph, every annotation, and whether they belong together.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { openDataset } from '../datasets/registry.js';
import type { DatasetFolder, HandTruth, Sample } from '../datasets/types.js';
import { UserError, type ErrorJson } from '../errors.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { decodeImage } from '../imaging/decode.js';
import type { KeypointLabels } from '../metrics/index.js';
import type { Progress } from '../progress.js';
import { countTruths } from './ground-truth.js';
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
  /** What was found; null where the folder has none of it. */
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
  const counts = {
    joints: null as number | null,
    meshes: null as number | null,
    labels: null as number | null,
  };
  const { groundTruth } = folder;
  if (groundTruth.kind === 'keypoints') {
    const labels = await collect(problems, null, () => groundTruth.read());
    counts.labels = labels?.count ?? null;
    if (labels !== null) checkLabels(folder, labels, problems);
  } else {
    const joints = await collect(problems, null, async () => (await groundTruth.joints?.read()) ?? null);
    counts.joints = joints === null ? null : joints.length / (JOINT_COUNT * 3);
    signal.throwIfAborted();
    if (joints !== null) checkHands(folder, groundTruth.joints!.file, joints, JOINT_COUNT, 0, problems);
    counts.meshes = await collect(problems, null, () =>
      checkMeshes(folder, groundTruth, problems, progress, signal),
    );
  }
  const truths = counts.labels ?? counts.joints ?? counts.meshes;
  if (counts.joints !== null && counts.meshes !== null && counts.joints !== counts.meshes) {
    problems.add(disagreement(folder, `${counts.joints} joint sets and ${counts.meshes} meshes`));
  }
  const ids =
    truths === null ? null : await collect(problems, null, () => folder.sampleIds(truths, problems.add));
  if (ids !== null) checkCoverage(folder, ids, samples, problems);
  if (ids !== null && groundTruth.kind === 'hands' && groundTruth.joints !== null)
    await checkRoots(samples, ids, groundTruth.joints, problems);
  await checkPhotographs(samples, problems, progress, signal);
  return {
    dataset: folder.definition.id,
    folder: folder.root,
    split: folder.split,
    counts: { photographs: samples.length, ...counts, benchmark: folder.benchmarkCount },
    notices: folder.notices,
    problems: problems.list,
  };
}

/** What is wrong, each thing once; of many of a kind the first few and their number. */
class Problems {
  private readonly seen = new Set<string>();
  private readonly counts = new Map<string, number>();
  private readonly found: UserError[] = [];

  readonly add = (problem: UserError): void => {
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

function disagreement(folder: DatasetFolder, got: string): UserError {
  return new UserError({
    code: 'dataset-count-mismatch',
    message: 'Annotations and photographs are not about the same samples',
    file: folder.root,
    expected: 'the same samples in each',
    got,
    next: 'unpack the dataset again',
  });
}

/** Samples that are annotated and have no photograph, or the other way round. */
function checkCoverage(
  folder: DatasetFolder,
  ids: readonly string[],
  samples: readonly Sample[],
  problems: Problems,
): void {
  const annotated = new Set(ids);
  const there = new Set(samples.map(({ id }) => id));
  const lacking = ids.filter((id) => !there.has(id));
  const surplus = samples.filter(({ id }) => !annotated.has(id)).map(({ id }) => id);
  const tell = (names: readonly string[], code: string, message: string): void => {
    for (const id of names) {
      problems.add(
        new UserError({
          code,
          message,
          file: folder.root,
          expected: 'a photograph and annotations for each sample',
          got: `only one of them for ${id}`,
          next: 'unpack the dataset again',
        }),
      );
    }
  };
  tell(lacking, 'sample-without-photograph', 'A sample is annotated but cannot be predicted');
  tell(surplus, 'photograph-without-annotation', 'A photograph has no annotation');
}

/** Finite, of a hand's size, and in front of the camera as the dataset's axes have it. */
function checkHands(
  { definition }: DatasetFolder,
  file: string,
  points: Float64Array,
  count: number,
  first: number,
  problems: Problems,
): void {
  const width = count * 3;
  const forward = definition.axes === 'opencv' ? 1 : -1;
  for (let sample = 0; sample * width < points.length; sample++) {
    const hand = points.subarray(sample * width, (sample + 1) * width);
    const wrong = handProblem(hand, forward);
    if (wrong === null) continue;
    problems.add(
      new UserError({
        code: 'ground-truth-range',
        message: `The true hand of sample ${first + sample} is none`,
        file,
        expected: `finite metres, ${HAND_EXTENT_M.join(' to ')} m from end to end, z ${forward > 0 ? 'above' : 'below'} 0 (${definition.axes})`,
        got: wrong,
        next: 'unpack the annotations again; check that they are of this dataset',
      }),
    );
  }
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
    return `${extent.toPrecision(3)} from end to end`;
  return depth * forward > 0 ? null : `z ${depth.toPrecision(3)}`;
}

async function checkMeshes(
  folder: DatasetFolder,
  { vertices }: HandTruth,
  problems: Problems,
  progress: Progress,
  signal: AbortSignal,
): Promise<number | null> {
  if (vertices === null) return null;
  const expected = (await countTruths(folder, signal)) ?? folder.benchmarkCount;
  const stage = progress.stage('meshes', expected, 'meshes');
  const meshes = new TrueVertices({ file: vertices.file, repeats: 1 });
  let count = 0;
  try {
    for (let batch; (batch = await meshes.next(SCORE_BATCH)) !== null;) {
      signal.throwIfAborted();
      if (batch.vertexCount !== MANO_VERTICES) {
        problems.add(
          new UserError({
            code: 'ground-truth-vertices',
            message: 'The true meshes are not MANO’s',
            file: vertices.file,
            expected: `${MANO_VERTICES} vertices`,
            got: `${batch.vertexCount}`,
            next: 'unpack the annotations again',
          }),
        );
      }
      checkHands(folder, vertices.file, batch.values, batch.vertexCount, count, problems);
      count += batch.count;
      stage.update(Math.min(count * vertices.repeats, expected));
    }
  } finally {
    stage.stop();
    await meshes.close();
  }
  return count * vertices.repeats;
}

/** Keypoints lie in or near their box. */
function checkLabels({ groundTruth }: DatasetFolder, labels: KeypointLabels, problems: Problems): void {
  if (groundTruth.kind !== 'keypoints') return;
  for (let sample = 0; sample < labels.count; sample++) {
    const side = labels.sides[sample]!;
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      const at = sample * JOINT_COUNT + joint;
      if (labels.labelled.all[at] === 0) continue;
      const [x, y] = [labels.points[at * 2]!, labels.points[at * 2 + 1]!];
      if (Number.isFinite(x) && Number.isFinite(y) && Math.max(Math.abs(x), Math.abs(y)) < 1e5) continue;
      problems.add(
        new UserError({
          code: 'keypoint-range',
          message: `Keypoint ${joint} of sample ${sample} is no place in a photograph`,
          file: groundTruth.file,
          expected: 'px',
          got: `${x}, ${y}; the box is ${side} px`,
          next: 'unpack the annotations again',
        }),
      );
    }
  }
}

/** The published wrist of each sample is its true one: if not, list, meta data and ground truth are not of one order. */
async function checkRoots(
  samples: readonly Sample[],
  ids: readonly string[],
  joints: NonNullable<HandTruth['joints']>,
  problems: Problems,
): Promise<void> {
  if (samples.every(({ root }) => root === null)) return;
  const values = await joints.read();
  const places = new Map(ids.map((id, index) => [id, index]));
  for (const { id, root } of samples) {
    const index = places.get(id);
    if (root === null || index === undefined) continue;
    const distance = Math.hypot(
      ...root.map((value, axis) => value - values[index * JOINT_COUNT * 3 + axis]!),
    );
    if (distance <= SAME_PLACE_M) continue;
    problems.add(
      new UserError({
        code: 'wrist-differs',
        message: `The wrist that the meta data publish for ${id} is not the true one`,
        file: joints.file,
        expected: `the same place, to ${SAME_PLACE_M * 1000} mm`,
        got: `${(distance * 1000).toFixed(1)} mm apart`,
        next: 'take the sample list, the meta data and the ground truth of one version, in their own order',
      }),
    );
  }
}

/** Decodes every photograph, and looks whether its box lies in it. */
async function checkPhotographs(
  samples: readonly Sample[],
  problems: Problems,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const stage = progress.stage('photographs', samples.length, 'images');
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let index; (index = next++) < samples.length;) {
      signal.throwIfAborted();
      const { image, box } = samples[index]!;
      await collect(problems, null, async () => {
        const { width, height } = await decodeImage(image);
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
  } finally {
    stage.stop();
  }
}
