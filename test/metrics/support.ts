/** Golden cases, seeded hands and the slow-and-obvious counterparts the fast routines are held against. */

import { readFileSync } from 'node:fs';
import { Matrix, SVD, determinant } from 'ml-matrix';
import type { Points } from '../../src/metrics/index.js';
import type { Random } from '../../src/statistics/random.js';

export type GoldenCase = 'freihand' | 'freihand-zeros' | 'freihand-other-topology' | 'ho3d' | 'ho3d-zeros';

type Nested = number[][][];

export interface GoldenSample {
  mpjpe: number;
  pa_mpjpe: number;
  joints_aligned: number[][];
  mpvpe?: number;
  pa_mpvpe?: number;
  f_5: number;
  f_15: number;
  f_al_5: number;
  f_al_15: number;
  sc_tr_mpjpe?: number;
}

export interface Golden {
  trueJoints: Float64Array[];
  trueVertices: Float64Array[];
  predictedJoints: Float64Array[];
  predictedVertices: Float64Array[];
  perSample: GoldenSample[];
  scores: Map<string, number>;
  scoresText: string;
}

function goldenFile(name: GoldenCase, file: string): string {
  return readFileSync(new URL(`../fixtures/golden/${name}/${file}`, import.meta.url), 'utf8');
}

export function goldenJson(name: GoldenCase, file: string): unknown {
  return JSON.parse(goldenFile(name, file)) as unknown;
}

const flatten = (sets: Nested): Float64Array[] => sets.map((points) => Float64Array.from(points.flat()));

export function loadGolden(name: GoldenCase): Golden {
  const [joints, vertices] = goldenJson(name, 'pred.json') as [Nested, Nested];
  const scoresText = goldenFile(name, 'scores.txt');
  return {
    trueJoints: flatten(goldenJson(name, 'evaluation_xyz.json') as Nested),
    trueVertices: flatten(goldenJson(name, 'evaluation_verts.json') as Nested),
    predictedJoints: flatten(joints),
    predictedVertices: flatten(vertices),
    perSample: goldenJson(name, 'per_sample.json') as GoldenSample[],
    scores: new Map(
      scoresText
        .trim()
        .split('\n')
        .map((line) => line.split(': '))
        .map(([key, value]) => [key!, Number(value)]),
    ),
    scoresText,
  };
}

/** N points with coordinates spread normally by `spread` metres about `centre`. */
export function cloud(random: Random, count: number, spread = 0.05, centre = [0, 0, 0.6]): Float64Array {
  return Float64Array.from({ length: count * 3 }, (_, k) => centre[k % 3]! + spread * random.normal());
}

/** `points` with every coordinate moved by normal noise of `sigma` metres. */
export function noisy(random: Random, points: Float64Array, sigma: number): Float64Array {
  return points.map((x) => x + sigma * random.normal());
}

/** A random rotation (row-major 3×3) from a random unit quaternion. */
export function randomRotation(random: Random): number[] {
  const q = [random.normal(), random.normal(), random.normal(), random.normal()];
  const norm = Math.hypot(...q);
  const [w, x, y, z] = q.map((c) => c / norm) as [number, number, number, number];
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  ];
}

/** scale · rotation · x + shift for every point. */
export function moved(points: Points, rotation: number[], scale: number, shift: number[]): Float64Array {
  const out = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 3) {
    for (let row = 0; row < 3; row++) {
      let value = shift[row]!;
      for (let column = 0; column < 3; column++) {
        value += scale * rotation[row * 3 + column]! * points[i + column]!;
      }
      out[i + row] = value;
    }
  }
  return out;
}

/** The mirror image in the plane x = 0. */
export function mirrored(points: Float64Array): Float64Array {
  return points.map((x, k) => (k % 3 === 0 ? -x : x));
}

function toMatrix(points: Points): Matrix {
  return Matrix.from1DArray(points.length / 3, 3, Array.from(points));
}

/** Slow and obvious: the formula at the head of procrustes.ts, line by line, in ml-matrix. */
export function slowAlign(
  prediction: Points,
  groundTruth: Points,
  reflection: 'allowed' | 'forbidden',
): { aligned: Float64Array; reflected: boolean } {
  const p = toMatrix(prediction);
  const g = toMatrix(groundTruth);
  const meanP = p.mean('column');
  const meanG = g.mean('column');
  p.subRowVector(meanP);
  g.subRowVector(meanG);
  const normP = p.norm('frobenius') + 1e-8;
  const normG = g.norm('frobenius') + 1e-8;
  p.div(normP);
  g.div(normG);
  const svd = new SVD(g.transpose().mmul(p), { autoTranspose: true });
  const u = svd.leftSingularVectors;
  const v = svd.rightSingularVectors;
  const sigma = [...svd.diagonal];
  const d = determinant(u) * determinant(v) < 0 ? -1 : 1;
  if (reflection === 'forbidden') {
    for (let row = 0; row < 3; row++) u.set(row, 2, u.get(row, 2) * d);
    sigma[2] = sigma[2]! * d;
  }
  const s = sigma.reduce((sum, x) => sum + x, 0);
  const r = u.mmul(v.transpose());
  const aligned = p.mmul(r.transpose()).mul(s).mul(normG).addRowVector(meanG);
  return { aligned: Float64Array.from(aligned.to1DArray()), reflected: d < 0 };
}

function nearest(from: Points, to: Points): number[] {
  const distances: number[] = [];
  for (let i = 0; i < from.length; i += 3) {
    let best = Infinity;
    for (let j = 0; j < to.length; j += 3) {
      const dx = from[i]! - to[j]!;
      const dy = from[i + 1]! - to[j + 1]!;
      const dz = from[i + 2]! - to[j + 2]!;
      best = Math.min(best, Math.sqrt(dx * dx + dy * dy + dz * dz));
    }
    distances.push(best);
  }
  return distances;
}

/** Slow and obvious: all pairs, then the definition of F. */
export function slowFScore(prediction: Points, groundTruth: Points, threshold: number): number {
  const share = (distances: number[]): number =>
    distances.filter((distance) => distance < threshold).length / distances.length;
  const recall = share(nearest(prediction, groundTruth));
  const precision = share(nearest(groundTruth, prediction));
  return recall + precision > 0 ? (2 * recall * precision) / (recall + precision) : 0;
}

/** numpy.linspace(0, 0.05, 100). */
export const LINSPACE = Array.from({ length: 100 }, (_, i) => (i === 99 ? 0.05 : i * (0.05 / 99)));

/** Slow and obvious: compare every distance with every threshold. */
export function slowPck(distances: ArrayLike<number>): number[] {
  return LINSPACE.map((t) => Array.from(distances).filter((d) => d <= t).length / distances.length);
}

export function slowAuc(pck: number[]): number {
  let area = 0;
  for (let i = 1; i < 100; i++) area += ((LINSPACE[i]! - LINSPACE[i - 1]!) * (pck[i]! + pck[i - 1]!)) / 2;
  return area / 0.05;
}
