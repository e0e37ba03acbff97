/** The ground truth by itself: whether it can be read, and whether it can be true. */
import { UserError } from '../../errors.js';
import { AXES } from '../../hand/axes.js';
import { MANO_VERTEX_COUNT } from '../../hand/joint-conventions.js';
import { JOINT_COUNT } from '../../hand/joints.js';
import type { KeypointLabels } from '../../metrics/index.js';
import type { Progress } from '../../progress.js';
import { firstFew } from '../folder.js';
import type { DatasetFolder, HandTruth, TrueMeshes } from '../types.js';
import { MeshPairing, type Pairing, type TrueHands } from './pairs.js';
import { collect, type Problems } from './problems.js';

/** A hand is between these sizes from end to end, metres; what lies outside is in another unit, or no hand. */
const HAND_EXTENT_M = [0.03, 0.4] as const;
/** px; no photograph has such a side. */
const FARTHEST_PX = 1e5;

/** A true hand that is none. */
export interface Damage {
  readonly file: string;
  readonly sample: number;
  readonly expected: string;
  readonly got: string;
}

/** The ground truth, looked through; null for what the folder does not have or what cannot be read. */
export interface Truth {
  readonly hands: TrueHands | null;
  readonly meshes: number | null;
  readonly labels: number | null;
  readonly damages: readonly Damage[];
  /** Null without joints or without meshes. */
  readonly pairing: Pairing | null;
}

export async function readTruth(
  folder: DatasetFolder,
  problems: Problems,
  progress: Progress,
  signal: AbortSignal,
): Promise<Truth> {
  const { groundTruth } = folder;
  if (groundTruth.kind === 'keypoints') {
    const labels = await collect(problems, null, () => groundTruth.read());
    const damages = labels === null ? [] : damagedLabels(groundTruth.file, labels);
    return { hands: null, meshes: null, labels: labels?.count ?? null, damages, pairing: null };
  }
  const hands = await collect(problems, null, () => readHands(folder, groundTruth));
  signal.throwIfAborted();
  const meshes = await collect(problems, null, () =>
    readMeshes(folder, groundTruth.meshes, hands, problems, progress, signal),
  );
  return {
    hands,
    meshes: meshes?.count ?? null,
    labels: null,
    damages: [...(hands?.damages ?? []), ...(meshes?.damages ?? [])],
    pairing: meshes?.pairing ?? null,
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
export function truthCount(
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

/** One problem a file, with its samples by name where that is known. */
export function tellDamage(
  damages: readonly Damage[],
  ids: readonly string[] | null,
  problems: Problems,
): void {
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
  const { forward } = AXES[definition.axes];
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

async function readMeshes(
  folder: DatasetFolder,
  meshes: TrueMeshes | null,
  hands: TrueHands | null,
  problems: Problems,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ count: number; damages: Damage[]; pairing: Pairing | null } | null> {
  if (meshes === null) return null;
  const { file, repeats, isMano } = meshes;
  const expected = hands?.count ?? folder.benchmarkCount;
  const pairing = hands === null ? null : new MeshPairing(hands, folder.definition.jointOrder);
  const stage = progress.stage('meshes', expected, 'meshes');
  const stream = meshes.open();
  const damages: Damage[] = [];
  let count = 0;
  try {
    for (let batch; (batch = await stream.next()) !== null;) {
      signal.throwIfAborted();
      if (count === 0 && isMano && batch.vertexCount !== MANO_VERTEX_COUNT) {
        problems.add(
          new UserError({
            code: 'ground-truth-vertices',
            message: "The true meshes are not MANO's",
            file,
            expected: `${MANO_VERTEX_COUNT} vertices`,
            got: `${batch.vertexCount}`,
            next: 'unpack the annotations again',
          }),
        );
      }
      const damaged = damagedHands(folder, file, batch.values, batch.vertexCount, count);
      damages.push(...damaged);
      pairing?.add(batch, count, new Set(damaged.map(({ sample }) => sample)));
      count += batch.count;
      stage.update(Math.min(count * repeats, expected));
    }
  } finally {
    stage.stop();
    await stream.close();
  }
  return { count: count * repeats, damages, pairing: pairing?.result ?? null };
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
