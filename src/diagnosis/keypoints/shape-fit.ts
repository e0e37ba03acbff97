/**
 * How the shapes of predicted hands come about from the true ones: x and y exchanged, either of them with the wrong
 * sign, the joints in another order. Scale and place are left free; placements.ts looks at them.
 */
import { JOINT_COUNT } from '../../hand/joints.js';
import { median } from '../finding.js';
import { permutationsOf, type JointPermutation } from '../joint-permutations.js';
import type { KeypointRow, Point } from './keypoint-rows.js';

/** From the truth to the prediction: x and y are exchanged first, then signs are given. */
export interface Turn {
  readonly exchanged: boolean;
  readonly signs: readonly [1 | -1, 1 | -1];
}

const UNTURNED: Turn = { exchanged: false, signs: [1, 1] };
const TURNS: readonly Turn[] = [
  UNTURNED,
  { exchanged: false, signs: [-1, 1] },
  { exchanged: false, signs: [1, -1] },
  { exchanged: false, signs: [-1, -1] },
  { exchanged: true, signs: [1, 1] },
  { exchanged: true, signs: [-1, 1] },
  { exchanged: true, signs: [1, -1] },
  { exchanged: true, signs: [-1, -1] },
];

export function turned([x, y]: Point, { exchanged, signs }: Turn): Point {
  return exchanged ? [signs[0] * y, signs[1] * x] : [signs[0] * x, signs[1] * y];
}

export function unturned([x, y]: Point, { exchanged, signs }: Turn): Point {
  const [a, b] = [signs[0] * x, signs[1] * y];
  return exchanged ? [b, a] : [a, b];
}

/** Prediction = scale · turned truth + middle. */
export interface Fit {
  /** px a side of the box. */
  readonly scale: number;
  /** Where the middle of the box comes to lie, px. */
  readonly middle: Point;
  /** Root mean square distance that is left, sides; infinite where the hand would be turned inside out. */
  readonly residual: number;
}

/** A way to read the predictions: null for the order that they should be in. */
export interface Shape {
  readonly turn: Turn;
  readonly permutation: JointPermutation | null;
}

/** As they should be. */
export const PLAIN: Shape = { turn: UNTURNED, permutation: null };

const IN_ORDER = Array.from({ length: JOINT_COUNT }, (_, joint) => joint);

export function slotsOf({ permutation }: Shape): readonly number[] {
  return permutation?.slots ?? IN_ORDER;
}

/** Least squares. */
export function fit(row: KeypointRow, shape: Shape): Fit {
  const slots = slotsOf(shape);
  const { labelled, truth, predicted } = row;
  const pairs = labelled.map((joint) => {
    const [q, r] = turned([truth[joint * 2]!, truth[joint * 2 + 1]!], shape.turn);
    return [predicted[slots[joint]! * 2]!, predicted[slots[joint]! * 2 + 1]!, q, r] as const;
  });
  const mean = [0, 1, 2, 3].map((k) => pairs.reduce((sum, pair) => sum + pair[k]!, 0) / pairs.length);
  let [xq, qq, xx] = [0, 0, 0];
  for (const pair of pairs) {
    const [x, y, q, r] = pair.map((value, k) => value - mean[k]!) as [number, number, number, number];
    xq += x * q + y * r;
    qq += q * q + r * r;
    xx += x * x + y * y;
  }
  const scale = xq / qq;
  const left = Math.sqrt(Math.max(0, xx - scale * xq) / pairs.length) / scale;
  return {
    scale,
    middle: [mean[0]! - scale * mean[2]!, mean[1]! - scale * mean[3]!],
    residual: scale > 0 ? left : Infinity,
  };
}

/** Of two ways that fit nearly as well, the simpler one is taken. */
const TURNED_COST = 1.15;
const ORDER_COST = 1.3;
/** Rows that the ways are ranked on. */
const RANKED = 32;

/** The way in which the shapes fit best; their median residual is asked for by whoever names it. */
export function bestShape(rows: readonly KeypointRow[]): Shape {
  const stride = Math.max(1, Math.floor(rows.length / RANKED));
  const some = rows.filter((_, k) => k % stride === 0);
  let best = PLAIN;
  let least = Infinity;
  for (const permutation of [null, ...permutationsOf('openpose')]) {
    for (const turn of TURNS) {
      const shape = { turn, permutation };
      const cost = (turn === UNTURNED ? 1 : TURNED_COST) * (permutation === null ? 1 : ORDER_COST);
      const residual = cost * medianResidual(some, shape);
      if (residual < least) [best, least] = [shape, residual];
    }
  }
  return best;
}

export function medianResidual(rows: readonly KeypointRow[], shape: Shape): number {
  return median(rows.map((row) => fit(row, shape).residual));
}
