/**
 * Joints in another order than declared. The hand then looks wrong joint by
 * joint (25 to 56 mm after alignment in public threads, e.g. 25.2 mm beside a
 * mesh of 12.1 mm in SeanChenxy/HandMesh#86) though every point is in its place.
 */
import { JOINT_COUNT, jointOrderById, type JointOrder } from '../hand/joints.js';
import { alignSimilarity, applySimilarity } from '../metrics/index.js';
import { countOf, median, millimetres, samplesOf, type Finding } from './finding.js';
import { alignedError, alignedErrors, mean, medianAlignedError } from './fit.js';
import { gathered, type JointPermutation, permutationsOf } from './joint-permutations.js';
import { isPaired, type PairedPart, type Part, rowOf, withPredicted } from './probe.js';

/** No listed order left one of 300 exact hands below 6.5 mm: below 4 mm, nothing is searched. */
const FINE = 0.004;
/**
 * An order that fits must make a plausible hand: models and mean-pose baselines
 * lie below 20 mm. With many samples the ratio alone is proof enough for rougher ones.
 */
const PLAUSIBLE = 0.03;
const PLAUSIBLE_FEW = 0.02;
/** What the order must gain over all joints; less could be the shape of the pose. */
const LEAST_GAIN = 0.002;
/**
 * Error of the joints that an order moves, after over before. A right order
 * never comes near: whatever a model's error, exchanging its joints adds to it.
 * Few samples need a clearer case.
 */
const RATIO = 0.6;
const RATIO_FEW = 0.4;
const FEW = 8;
/** A sample speaks for an order when the moved joints' error falls to this share. */
const SAMPLE_RATIO = 0.75;
const MAJORITY = 0.8;
/** Samples the candidates are ranked on; the best is then held against all. */
const RANKED_ON = 16;

export interface OrderedJoints {
  readonly findings: Finding[];
  readonly joints: Part;
}

interface Trial {
  /** Mean over all joints, before and after, metres. */
  readonly before: number;
  readonly after: number;
  /** Mean over the joints the order moves. */
  readonly movedBefore: number;
  readonly movedAfter: number;
}

function meanOf(errors: Float64Array, joints: readonly number[]): number {
  return joints.reduce((sum, k) => sum + errors[k]!, 0) / joints.length;
}

function trial(part: PairedPart, row: number, before: Float64Array, permutation: Permutation): Trial {
  const after = alignedErrors(
    gathered(rowOf(part.predicted, row), permutation.slots),
    rowOf(part.truth, row),
  );
  return {
    before: mean(before),
    after: mean(after),
    movedBefore: meanOf(before, permutation.moved),
    movedAfter: meanOf(after, permutation.moved),
  };
}

type Permutation = Pick<JointPermutation, 'slots' | 'moved'>;

interface Verdict {
  readonly before: number;
  readonly after: number;
  readonly inFavour: number;
}

/** Holds a permutation against all samples; undefined unless it clearly fits. */
function verdict(
  part: PairedPart,
  before: ReadonlyMap<number, Float64Array>,
  permutation: Permutation,
): Verdict | undefined {
  const trials = part.rows.map((row) => trial(part, row, before.get(row)!, permutation));
  const whole = { before: median(trials.map((t) => t.before)), after: median(trials.map((t) => t.after)) };
  const ratio = median(trials.map((t) => t.movedAfter)) / median(trials.map((t) => t.movedBefore));
  const inFavour = countOf(trials, (t) => t.after < t.before && t.movedAfter <= SAMPLE_RATIO * t.movedBefore);
  const few = trials.length < FEW;
  const fits =
    whole.after <= (few ? PLAUSIBLE_FEW : PLAUSIBLE) &&
    whole.before - whole.after >= LEAST_GAIN &&
    ratio <= (few ? RATIO_FEW : RATIO) &&
    inFavour >= MAJORITY * trials.length;
  return fits ? { ...whole, inFavour } : undefined;
}

function bestKnown(
  part: PairedPart,
  before: ReadonlyMap<number, Float64Array>,
  candidates: readonly JointPermutation[],
): JointPermutation {
  const stride = Math.max(1, Math.floor(part.rows.length / RANKED_ON));
  const rows = part.rows.filter((_, k) => k % stride === 0);
  let best = candidates[0]!;
  let least = Infinity;
  for (const candidate of candidates) {
    const error = median(rows.map((row) => trial(part, row, before.get(row)!, candidate).after));
    if (error < least) [best, least] = [candidate, error];
  }
  return best;
}

/** Joints this much worse than their mesh, and this bad, may be in an order that is not listed. */
const UNLISTED_RATIO = 1.8;
const UNLISTED_BAD = 0.015;

/**
 * The order read off a mesh that fits: the joints are carried along by the
 * mesh's alignment, and each true joint takes the slot that lies nearest over
 * the samples. Undefined where that is no permutation.
 */
function orderByMesh(joints: PairedPart, vertices: PairedPart): Permutation | undefined {
  const rows = joints.rows.filter((row) => vertices.rows.includes(row)).slice(0, RANKED_ON);
  if (rows.length === 0) return undefined;
  const carried = rows.map((row) => {
    const mesh = alignSimilarity(rowOf(vertices.predicted, row), rowOf(vertices.truth, row), 'allowed');
    return applySimilarity(mesh.transform, rowOf(joints.predicted, row));
  });
  const truths = rows.map((row) => rowOf(joints.truth, row));
  const distance = (k: number, slot: number): number =>
    median(
      carried.map((points, n) => {
        const truth = truths[n]!;
        const [a, b] = [slot * 3, k * 3];
        return Math.hypot(
          points[a]! - truth[b]!,
          points[a + 1]! - truth[b + 1]!,
          points[a + 2]! - truth[b + 2]!,
        );
      }),
    );
  const all = Array.from({ length: JOINT_COUNT }, (_, joint) => joint);
  const slots = all.map((k) => {
    const distances = all.map((slot) => distance(k, slot));
    return distances.indexOf(Math.min(...distances));
  });
  if (new Set(slots).size !== JOINT_COUNT) return undefined;
  const moved = all.filter((k) => slots[k] !== k);
  return moved.length === 0 ? undefined : { slots, moved };
}

/** Whether the joints are so much worse than their mesh that their order is in doubt. */
function isInDoubt(jointError: number, vertices: PairedPart): boolean {
  return jointError >= UNLISTED_BAD && jointError >= UNLISTED_RATIO * medianAlignedError(vertices);
}

/** Looks for the order that the joints are in, and puts them into the declared one. */
export function bringToDeclaredOrder(
  joints: PairedPart,
  vertices: Part | undefined,
  declared: JointOrder,
): OrderedJoints {
  const before = new Map(
    joints.rows.map((row) => [row, alignedErrors(rowOf(joints.predicted, row), rowOf(joints.truth, row))]),
  );
  const found: OrderedJoints = { findings: [], joints };
  const error = median([...before.values()].map(mean));
  if (error < FINE) return found;

  const known = bestKnown(joints, before, permutationsOf(declared));
  let permutation: Permutation = known;
  let name = known.order.name;
  let result = verdict(joints, before, known);
  if (result === undefined && isPaired(vertices) && isInDoubt(error, vertices)) {
    const read = orderByMesh(joints, vertices);
    if (read === undefined) return found;
    permutation = read;
    name = 'an order of their own, read off the mesh';
    result = verdict(joints, before, read);
  }
  if (result === undefined) return found;

  const { title } = jointOrderById(declared);
  const mesh = isPaired(vertices) ? `; the mesh fits to ${millimetres(medianAlignedError(vertices))}` : '';
  const values = joints.predicted.values.slice();
  for (const row of joints.rows) {
    values.set(gathered(rowOf(joints.predicted, row), permutation.slots), row * JOINT_COUNT * 3);
  }
  return {
    findings: [
      {
        code: 'joint-order',
        message:
          `the predicted joints are not in ${title} order but in ${name}: ` +
          `read so, the aligned error falls from ${millimetres(result.before)} to ${millimetres(result.after)} ` +
          `(medians; ${samplesOf(result.inFavour, joints.rows.length)} agree)${mesh}`,
        remedy: `write the joints in ${title} order: joints[:, [${permutation.slots.join(', ')}]]`,
      },
    ],
    joints: withPredicted(joints, values),
  };
}

/** A mesh this much worse than its own joints, and this bad, does not correspond vertex by vertex. */
const MESH_RATIO = 2.5;
const MESH_BAD = 0.025;
const JOINTS_GOOD = 0.015;

/** The joints fit but the mesh, of the right number of vertices, does not. */
export function findVertexOrder(joints: PairedPart, vertices: PairedPart): Finding[] {
  const rows = joints.rows.filter((row) => vertices.rows.includes(row));
  const pairs = rows.map((row) => ({
    joints: alignedError(rowOf(joints.predicted, row), rowOf(joints.truth, row)),
    vertices: alignedError(rowOf(vertices.predicted, row), rowOf(vertices.truth, row)),
  }));
  const bad = countOf(
    pairs,
    (pair) =>
      pair.joints <= JOINTS_GOOD && pair.vertices >= MESH_BAD && pair.vertices >= MESH_RATIO * pair.joints,
  );
  if (pairs.length === 0 || bad < MAJORITY * pairs.length) return [];
  return [
    {
      code: 'vertex-order',
      message:
        `the predicted mesh does not fit though its joints do: ${millimetres(median(pairs.map((p) => p.vertices)))} ` +
        `against ${millimetres(median(pairs.map((p) => p.joints)))} after alignment (medians of ${pairs.length} samples)`,
      remedy: `give the ${vertices.predicted.points} vertices in the order of the ground truth's mesh, or check that the mesh belongs to these joints`,
    },
  ];
}
