/**
 * Whether true joints and true meshes of the same index are of the same hand. They come in two files of which nothing
 * but the order says what belongs together.
 */
import { UserError } from '../../errors.js';
import { JOINT_COUNT, jointNames, type JointOrder } from '../../hand/joints.js';
import { firstFew } from '../folder.js';
import type { Meshes } from '../types.js';
import { isWidespread, type Problems } from './problems.js';

/**
 * Metres that joints may lie away from their mesh. In FreiHAND and HO-3D fingertips are vertices and the other joints
 * lie within the flesh, so that nothing is away at all. A fingertip that a benchmark puts on the bone is half a
 * finger's thickness (8 mm) and some more from the nearest vertex; other hands, in other poses at other places, are
 * centimetres away.
 */
const NEAR_M = 0.01;

/** True joints and where they come from. */
export interface TrueHands {
  readonly file: string;
  readonly count: number;
  /** count × 21 × 3, metres. */
  readonly joints: Float64Array;
  /** Samples whose joints are damaged. */
  readonly damaged: ReadonlySet<number>;
}

/** What was compared, and the samples whose joints lie away from their mesh. */
export interface Pairing {
  readonly compared: number;
  readonly apart: readonly { readonly sample: number; readonly distance: number }[];
}

/** Compares joints with meshes as these are read. */
export class MeshPairing {
  readonly #hands: TrueHands;
  readonly #tips: readonly number[];
  readonly #apart: { sample: number; distance: number }[] = [];
  #compared = 0;

  constructor(hands: TrueHands, order: JointOrder) {
    this.#hands = hands;
    this.#tips = fingertips(order);
  }

  /** @param damaged samples whose mesh is none. */
  add({ values, count, vertexCount }: Meshes, first: number, damaged: ReadonlySet<number>): void {
    const { joints, damaged: without } = this.#hands;
    for (let k = 0; k < count; k++) {
      const sample = first + k;
      if (sample >= this.#hands.count || without.has(sample) || damaged.has(sample)) continue;
      this.#compared += 1;
      const distance = distanceFromMesh(
        joints.subarray(sample * JOINT_COUNT * 3, (sample + 1) * JOINT_COUNT * 3),
        values.subarray(k * vertexCount * 3, (k + 1) * vertexCount * 3),
        this.#tips,
      );
      if (distance > NEAR_M) this.#apart.push({ sample, distance });
    }
  }

  get result(): Pairing {
    return { compared: this.#compared, apart: this.#apart };
  }
}

/** The places of the fingertips in an order of joints. */
export function fingertips(order: JointOrder): number[] {
  return jointNames(order).flatMap((name, joint) => (name.endsWith('_4') ? [joint] : []));
}

/**
 * How far joints lie from a mesh, metres: the largest of the distances of a fingertip to its nearest vertex, and of any
 * joint to the box around the mesh.
 *
 * @param joints 21×3
 * @param mesh V×3
 */
export function distanceFromMesh(joints: Float64Array, mesh: Float64Array, tips: readonly number[]): number {
  return Math.max(outside(joints, mesh), ...tips.map((tip) => nearest(joints, tip, mesh)));
}

/** How far the farthest point lies outside of the box around a mesh; 0 where none does. */
function outside(points: Float64Array, mesh: Float64Array): number {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let k = 0; k < mesh.length; k++) {
    low[k % 3] = Math.min(low[k % 3]!, mesh[k]!);
    high[k % 3] = Math.max(high[k % 3]!, mesh[k]!);
  }
  let farthest = 0;
  for (let point = 0; point < points.length; point += 3) {
    const beyond = low.map((bound, axis) => {
      const value = points[point + axis]!;
      return Math.max(bound - value, value - high[axis]!, 0);
    });
    farthest = Math.max(farthest, Math.hypot(...beyond));
  }
  return farthest;
}

function nearest(points: Float64Array, point: number, mesh: Float64Array): number {
  const [x, y, z] = [points[point * 3]!, points[point * 3 + 1]!, points[point * 3 + 2]!];
  let least = Infinity;
  for (let k = 0; k < mesh.length; k += 3) {
    const [dx, dy, dz] = [mesh[k]! - x, mesh[k + 1]! - y, mesh[k + 2]! - z];
    least = Math.min(least, dx * dx + dy * dy + dz * dz);
  }
  return Math.sqrt(least);
}

/** One problem, with its first samples by name where that is known. */
export function tellPairing(
  { apart, compared }: Pairing,
  { file }: TrueHands,
  ids: readonly string[] | null,
  problems: Problems,
): void {
  if (!isWidespread(apart.length, compared)) return;
  const farthest = apart.reduce((most, { distance }) => Math.max(most, distance), 0);
  problems.add(
    new UserError({
      code: 'joints-not-in-meshes',
      message: `The true joints of ${apart.length} of ${compared} samples do not lie in the true meshes of the same index`,
      file,
      expected: `joints within their mesh and fingertips on its skin, to ${NEAR_M * 1000} mm`,
      got: `up to ${(farthest * 1000).toFixed(0)} mm away: ${firstFew(apart.map(({ sample }) => ids?.[sample] ?? `number ${sample}`))}`,
      next: 'take the joints and the meshes of one version, each file as it was published: entry i of both is the same hand',
    }),
  );
}
