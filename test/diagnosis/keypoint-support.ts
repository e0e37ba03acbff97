/** Seeded hands in photographs, an honest model's keypoints of them, and mistakes to make with these. */
import { diagnoseKeypoints, type Finding } from '../../src/diagnosis/index.js';
import type { KeypointLabels } from '../../src/metrics/index.js';
import { Random } from '../../src/statistics/random.js';
import { scene, type ModelOptions } from './support.js';

const JOINTS = 21;
const WIDTH = JOINTS * 2;

export interface Photographs {
  readonly labels: KeypointLabels;
  /** count × 21 × 2, px. */
  readonly predicted: Float64Array;
  /** Width and height of each photograph, px. */
  readonly sizes: readonly (readonly [number, number])[];
}

export interface KeypointOptions extends ModelOptions {
  /** Noise on every coordinate, px; hands are some 110 px large. */
  readonly px?: number;
}

const SIZES = [
  [1280, 720],
  [640, 480],
  [1920, 1080],
] as const;

/** Every second hand is a left one. */
export function photographs(count: number, seed: number, options: KeypointOptions = {}): Photographs {
  const { px = 0, ...model } = options;
  const random = new Random(seed + 1e6);
  const { truth, predicted } = scene(count, seed, { turn: 0.05, place: 0.005, pose: 0.05, ...model });
  const out = new Float64Array(count * WIDTH);
  const points = new Float64Array(count * WIDTH);
  const sides = new Float64Array(count);
  const centers = new Float64Array(count * 2);
  const all = new Uint8Array(count * JOINTS).fill(1);
  const right = truth.map((_, i) => i % 2 === 0);
  const sizes = truth.map(() => SIZES[random.below(SIZES.length)]!);
  for (let i = 0; i < count; i++) {
    const hand = truth[i]!.joints;
    const [width, height] = sizes[i]!;
    const zoom = (60 + 60 * random.uniform()) / 0.05;
    const at = [width * (0.2 + 0.6 * random.uniform()), height * (0.2 + 0.6 * random.uniform())];
    const sign = right[i] ? 1 : -1;
    const place = (hand3d: Float64Array, to: Float64Array): void => {
      for (let k = 0; k < JOINTS; k++) {
        to[i * WIDTH + 2 * k] = at[0]! + sign * zoom * (hand3d[3 * k]! - hand[27]!);
        to[i * WIDTH + 2 * k + 1] = at[1]! + zoom * (hand3d[3 * k + 1]! - hand[28]!);
      }
    };
    place(hand, points);
    place(predicted[i]!.joints, out);
    const own = points.subarray(i * WIDTH, (i + 1) * WIDTH);
    const range = [0, 1].map((axis) => {
      const values = own.filter((_, k) => k % 2 === axis);
      return [Math.min(...values) - 15 * random.uniform(), Math.max(...values) + 15 * random.uniform()];
    });
    centers.set(
      range.map(([low, high]) => (low! + high!) / 2),
      i * 2,
    );
    sides[i] = Math.max(...range.map(([low, high]) => high! - low!));
    // A few joints have no label.
    for (let k = 0; k < JOINTS; k++) {
      if (random.uniform() > 0.1) continue;
      all[i * JOINTS + k] = 0;
      points.fill(Number.NaN, i * WIDTH + 2 * k, i * WIDTH + 2 * k + 2);
    }
  }
  const noisy = out.map((value) => value + px * random.normal());
  const labels = { count, points, sides, centers, right, labelled: { all, vis: null, occ: null } };
  return { labels, predicted: noisy, sizes };
}

export interface Place {
  readonly index: number;
  readonly right: boolean;
  readonly center: readonly [number, number];
  readonly side: number;
  readonly size: readonly [number, number];
}

/** Every predicted point put through `change`. */
export function spoilt(
  given: Photographs,
  change: (x: number, y: number, place: Place) => readonly [number, number],
): Photographs {
  const predicted = given.predicted.slice();
  const { labels } = given;
  for (let index = 0; index < labels.count; index++) {
    const place = {
      index,
      right: labels.right[index]!,
      center: [labels.centers[2 * index]!, labels.centers[2 * index + 1]!] as const,
      side: labels.sides[index]!,
      size: given.sizes[index]!,
    };
    for (let k = index * WIDTH; k < (index + 1) * WIDTH; k += 2) {
      predicted.set(change(predicted[k]!, predicted[k + 1]!, place), k);
    }
  }
  return { ...given, predicted };
}

/** Each hand's points, taken from those of another hand or in another order. */
export function rearranged(
  given: Photographs,
  handOf: (index: number) => number,
  order: (index: number) => readonly number[] | null = () => null,
): Photographs {
  const predicted = new Float64Array(given.predicted.length);
  for (let index = 0; index < given.labels.count; index++) {
    const from = handOf(index) * WIDTH;
    for (let joint = 0; joint < JOINTS; joint++) {
      const at = from + (order(index)?.[joint] ?? joint) * 2;
      predicted.set(given.predicted.subarray(at, at + 2), index * WIDTH + joint * 2);
    }
  }
  return { ...given, predicted };
}

export function findingsOf(given: Photographs, maker: 'file' | 'model' = 'file'): Finding[] {
  const places = Array.from({ length: given.labels.count }, (_, row) => row);
  return diagnoseKeypoints({ ...given, places, maker, idOf: (place) => `hand_${place}` });
}
