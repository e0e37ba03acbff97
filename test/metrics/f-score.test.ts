import { describe, expect, it } from 'vitest';
import { FScorer } from '../../src/metrics/f-score.js';
import { fScores, positionErrors } from '../../src/metrics/index.js';
import { squaredCut } from '../../src/metrics/neighbours.js';
import { Random } from '../../src/statistics/random.js';
import { cloud, loadGolden, mirrored, noisy, slowFScore } from './support.js';

const SEED = 43;

function cases(): [string, Float64Array, Float64Array][] {
  const random = new Random(SEED);
  const hands = loadGolden('freihand').trueVertices;
  const list: [string, Float64Array, Float64Array][] = [];
  for (let i = 0; i < 12; i++) {
    const hand = hands[i % 5]!;
    list.push([`noise ${i}`, noisy(random, hand, 0.001 * (1 + i)), hand]);
    list.push([`shift ${i}`, hand.map((x, k) => x + 0.004 * i * ((k % 3) - 0.7)), hand]);
    list.push([`counts ${i}`, noisy(random, hand, 0.004).subarray(0, 3 * (1 + random.below(700))), hand]);
    list.push([`cloud ${i}`, cloud(random, 200, 0.02), cloud(random, 300, 0.02)]);
    list.push([`tiny cloud ${i}`, cloud(random, 1 + i, 0.004), cloud(random, 1 + random.below(9), 0.004)]);
  }
  const hand = hands[0]!;
  list.push(['same', hand, hand]);
  list.push(['mirrored', mirrored(hand), hand]);
  list.push(['far', hand.map((x) => x + 5), hand]);
  list.push(['very far', hand.map((x) => x + 1e30), hand]);
  list.push(['collapsed', new Float64Array(hand.length).fill(0.6), hand]);
  list.push(['both collapsed', new Float64Array(30), new Float64Array(12)]);
  list.push(['another hand', hands[1]!, hand]);
  const outlier = noisy(random, hand, 0.004);
  outlier.set([1000, -1000, 1000], 30);
  list.push(['outlier', outlier, hand]);
  const flat = hand.map((x, k) => (k % 3 === 1 ? 0 : x));
  list.push(['flat', noisy(random, flat, 0.004), flat]);
  const line = hand.map((x, k) => (k % 3 === 2 ? x : 0));
  list.push(['line', noisy(random, line, 0.004), line]);
  // Points exactly on a threshold: strictly nearer is asked, so these do not count.
  list.push(['on 5 mm', Float64Array.of(0, 0, 0), Float64Array.of(0.005, 0, 0)]);
  list.push(['on 15 mm', Float64Array.of(0, 0, 0), Float64Array.of(0, 0.015, 0)]);
  const lattice = Float64Array.from({ length: 300 }, () => 0.005 * random.below(8));
  list.push(['lattice', lattice, lattice.map((x, k) => x + (k % 3 === 0 ? 0.005 : 0))]);
  for (let i = 0; i < 6; i++) {
    // One order for both sets, then one for each: the answers must not lean on neighbouring indices.
    const both = random.permutation(hand.length / 3);
    const near = noisy(random, hand, 0.004 + 0.002 * i);
    list.push([`shuffled ${i}`, ordered(near, both), ordered(hand, both)]);
    list.push([`shuffled apart ${i}`, ordered(near, random.permutation(near.length / 3)), hand]);
    // Every point several times, and some of the one set in the other.
    const few = cloud(random, 20, 0.008);
    const copies = Array.from({ length: 90 }, () => random.below(20));
    list.push([`coincident ${i}`, noisy(random, ordered(few, copies), 0.001 * i), ordered(few, copies)]);
    list.push([`one against many ${i}`, cloud(random, 1, 0.02), cloud(random, 300, 0.02)]);
    // Whole steps of a third of 15 mm off a corner that is no round number: distances on and around both thresholds.
    const corner = [random.normal(), random.normal(), random.normal()];
    const steps = (count: number): Float64Array =>
      Float64Array.from({ length: 3 * count }, (_, k) => corner[k % 3]! + 0.005 * random.below(5 + 3 * i));
    list.push([`steps ${i}`, steps(60), steps(60 + i)]);
    // So far out that a double has steps of micrometres to centimetres there.
    const out = 10 ** (9 + i);
    list.push([
      `far out ${i}`,
      cloud(random, 100, 0.02).map((x) => x + out),
      cloud(random, 90, 0.02).map((x) => x + out),
    ]);
    // Both sets spread: the cells grow with them.
    const wide = cloud(random, 200, 0.1 * 4 ** i);
    list.push([`wide ${i}`, noisy(random, wide, 0.004), wide]);
    // Within a box that overlaps the other by a hair, or just does not.
    const gap = 0.005 * (i % 2 === 0 ? 1 : 3) + (i - 2.5) * 1e-9;
    list.push([`gap ${i}`, cube(random, 150, -0.03, 0), cube(random, 150, gap, 0.03)]);
  }
  return list;
}

function ordered(points: Float64Array, order: readonly number[]): Float64Array {
  return Float64Array.from(order.flatMap((i) => [...points.subarray(i * 3, i * 3 + 3)]));
}

/** Points in a cube that touch the two faces across x. */
function cube(random: Random, count: number, fromX: number, toX: number): Float64Array {
  return Float64Array.from({ length: 3 * count }, (_, k) => {
    if (k % 3 !== 0) return 0.01 * random.below(4);
    return k % 2 === 0 ? fromX : toX;
  });
}

describe(`fScores (seed ${SEED})`, () => {
  it.each(cases())('equals all pairs exactly: %s', (_name, prediction, truth) => {
    const before = [prediction.slice(), truth.slice()];
    const expected = { f5: slowFScore(prediction, truth, 0.005), f15: slowFScore(prediction, truth, 0.015) };
    expect(fScores(prediction, truth)).toEqual(expected);
    expect([prediction, truth]).toEqual(before);
    if (prediction.length === truth.length) {
      const count = truth.length / 3;
      const known = positionErrors(prediction, truth);
      expect(new FScorer().score(prediction, count, truth, count, known)).toEqual(expected);
    }
  });

  it('does not depend on the order of the points', () => {
    const random = new Random(SEED);
    const truth = cloud(random, 200, 0.02);
    const prediction = noisy(random, truth, 0.006);
    const shuffled = ordered(prediction, random.permutation(200));
    expect(fScores(shuffled, truth)).toEqual(fScores(prediction, truth));
  });

  it('is the same whichever set is the truth, and after any other samples', () => {
    const scorer = new FScorer();
    for (const [name, prediction, truth] of cases()) {
      const [predicted, truths] = [prediction.length / 3, truth.length / 3];
      const forward = scorer.score(prediction, predicted, truth, truths, undefined);
      expect(forward, name).toEqual(fScores(prediction, truth));
      expect(scorer.score(truth, truths, prediction, predicted, undefined), name).toEqual(forward);
    }
  });

  it('refuses empty sets and values that are not finite', () => {
    expect(() => fScores(new Float64Array(0), new Float64Array(3))).toThrow(/0 predicted and 1 true/);
    expect(() => fScores(Float64Array.of(0, NaN, 0), new Float64Array(3))).toThrow(/NaN at index 1/);
  });

  it('cuts squared distances where the root reaches the radius', () => {
    for (const radius of [0.005, 0.015, 0.01, 1 / 3]) {
      const cut = squaredCut(radius);
      expect(Math.sqrt(cut)).toBeGreaterThanOrEqual(radius);
      expect(Math.sqrt(cut * (1 - 2 ** -53))).toBeLessThan(radius);
    }
  });
});
