/**
 * Hands and predictions of them, made from a seed: procedural hands in a few
 * hundred poses, each sample turned, scaled and moved a little differently, and
 * predictions that err as a model's do: smoothly, by some 6 mm once aligned and
 * a few centimetres before. Sample i is the same whatever else is made.
 */
import { proceduralHand } from '../src/demo/hand/procedural-hand.js';
import { sampleHand } from '../src/demo/pose-sampling.js';
import { sceneRandom } from '../src/demo/random.js';
import type { Axes } from '../src/hand/axes.js';
import { reorderJoints } from '../src/hand/joint-reordering.js';
import type { JointOrder } from '../src/hand/joints.js';
import { Random } from '../src/statistics/random.js';

export const SEED = 20_261;
/** Posing a hand costs more than everything else; the poses are used again with other errors. */
export const POSES = 300;

/** Axes and joint order of a benchmark's files. */
export interface Conventions {
  readonly axes: Axes;
  readonly jointOrder: JointOrder;
}

/** N×3, metres, every number a float32 as a model would have given it. */
export interface Pair {
  readonly truth: Float64Array;
  readonly prediction: Float64Array;
}

type Part = 'joints' | 'vertices';

export class SyntheticHands {
  readonly #poses: readonly Readonly<Record<Part, Float64Array>>[];
  readonly #signs: readonly [number, number, number];

  constructor({ axes, jointOrder }: Conventions) {
    const hand = proceduralHand();
    this.#poses = Array.from({ length: POSES }, (_, pose) => {
      const { joints, vertices } = sampleHand(hand, sceneRandom(SEED, pose));
      return {
        vertices,
        joints: reorderJoints(joints, 'openpose', jointOrder),
      };
    });
    this.#signs = axes === 'opencv' ? [1, 1, 1] : [1, -1, -1];
  }

  joints(sample: number): Pair {
    return this.#pair(sample, 'joints');
  }

  vertices(sample: number): Pair {
    return this.#pair(sample, 'vertices');
  }

  #pair(sample: number, part: Part): Pair {
    const random = new Random(SEED * 2 ** 20 + sample);
    const place = drawPlacement(random);
    const error = drawError(random);
    const rest = this.#poses[sample % POSES]![part];
    const truth = new Float64Array(rest.length);
    const prediction = new Float64Array(rest.length);
    const point = new Float64Array(3);
    for (let k = 0; k < rest.length; k += 3) {
      place(rest, k, point);
      this.#store(point, truth, k);
      error(point, random);
      this.#store(point, prediction, k);
    }
    return { truth, prediction };
  }

  #store(point: Float64Array, to: Float64Array, k: number): void {
    for (let axis = 0; axis < 3; axis++) to[k + axis] = Math.fround(point[axis]! * this.#signs[axis]!);
  }
}

/** Half a metre before the camera. */
const DEPTH = 0.56;

/** A turn about the optical axis, a size and a place: what makes a pose another sample. */
function drawPlacement(random: Random): (points: Float64Array, k: number, out: Float64Array) => void {
  const angle = 0.3 * random.normal();
  const size = 1 + 0.03 * random.normal();
  const [cos, sin] = [size * Math.cos(angle), size * Math.sin(angle)];
  const [dx, dy, dz] = [0.02 * random.normal(), 0.02 * random.normal(), 0.03 * random.normal()];
  return (points, k, out) => {
    const [x, y] = [points[k]!, points[k + 1]!];
    out[0] = cos * x - sin * y + dx;
    out[1] = sin * x + cos * y + dy;
    out[2] = DEPTH + size * (points[k + 2]! - DEPTH) + dz;
  };
}

/** A bend of about a hand's length, fine noise, and a similarity that alignment takes out again. */
function drawError(random: Random): (point: Float64Array, random: Random) => void {
  const wave = Float64Array.from({ length: 9 }, () => 40 * random.normal());
  const phase = Float64Array.from({ length: 3 }, () => 7 * random.uniform());
  const offset = Float64Array.from({ length: 3 }, () => 0.02 * random.normal());
  const amplitude = 0.0062 * (0.5 + random.uniform());
  const angle = 0.15 * random.normal();
  const [cos, sin] = [1.05 * Math.cos(angle), 1.05 * Math.sin(angle)];
  return (point, noise) => {
    const [x, y, z] = [point[0]!, point[1]!, point[2]!];
    for (let axis = 0; axis < 3; axis++) {
      const along = wave[axis * 3]! * x + wave[axis * 3 + 1]! * y + wave[axis * 3 + 2]! * z;
      point[axis]! += amplitude * Math.sin(along + phase[axis]!) + 0.0005 * noise.normal();
    }
    const [bentX, bentY] = [point[0]!, point[1]!];
    point[0] = cos * bentX - sin * bentY + offset[0]!;
    point[1] = sin * bentX + cos * bentY + offset[1]!;
    point[2]! += offset[2]!;
  };
}
