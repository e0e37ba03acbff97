/** Simulations: how often an honest list is called shifted, and how often a shift is found where it is. */
import { describe, expect, it } from 'vitest';
import { poseHand, proceduralHand } from '../../src/demo/hand/procedural-hand.js';
import { HandList } from '../../src/diagnosis/index.js';
import { rotationFromAxisAngle } from '../../src/hand/rotations.js';
import { Random } from '../../src/statistics/random.js';
import { moved } from '../metrics/support.js';
import { samplePose, scene, type ModelOptions } from './support.js';

const shape = new Float64Array(10);
const posed = (pose: Float64Array): Float64Array => poseHand(proceduralHand(), pose, shape, [0, 0, 0]).joints;

interface Filmed {
  /** Frames from one pose to the next, and degrees that the hand turns a frame. */
  readonly frames: number;
  readonly degrees: number;
  /** What the model keeps of the way from a mean pose; 1 for all of it. */
  readonly keep: number;
  /** Frames that it lags behind. */
  readonly lag: number;
  /** Degrees that it is always wrong by, and noise on every coordinate, metres. */
  readonly bias: number;
  readonly noise: number;
}

/** A hand that goes from pose to pose while it turns, and a model of it. */
function film(count: number, seed: number, filmed: Filmed): HandList {
  const random = new Random(seed);
  const { frames, degrees, keep, lag, bias, noise } = filmed;
  const poses = Array.from({ length: Math.ceil(count / frames) + 2 }, () => samplePose(random));
  const mean = samplePose(new Random(1));
  const at = (frame: number): Float64Array => {
    const t = Math.max(0, frame) / frames;
    const [from, to] = [poses[Math.floor(t)]!, poses[Math.floor(t) + 1]!];
    return from.map((value, k) => value + (to[k]! - value) * (t % 1));
  };
  const turned = (joints: Float64Array, by: number): Float64Array =>
    moved(joints, [...rotationFromAxisAngle([0, (by * Math.PI) / 180, 0])], 1, [0, 0, 0.6]);
  const list = new HandList(count);
  for (let i = 0; i < count; i++) {
    const seen = at(i - lag).map((value, k) => mean[k]! + keep * (value - mean[k]!));
    const predicted = turned(posed(seen), (i - lag) * degrees + bias);
    const noisy = predicted.map((value) => value + noise * random.normal());
    list.add(i, noisy, turned(posed(at(i)), i * degrees));
  }
  return list;
}

describe('no shift is found', () => {
  it.each<[string, ModelOptions]>([
    ['of some 9 mm', {}],
    ['of 3 mm', { pose: 0.05, turn: 0.05, place: 0.005 }],
    ['with 10 mm of noise', { noise: 0.01 }],
    ['with 30 mm of noise', { noise: 0.03 }],
    ['with 60 mm of noise', { noise: 0.06 }],
    ['with poses 0.8 rad off', { pose: 0.8, turn: 1 }],
    ['with orientations by chance', { turn: 3 }],
  ])('in photographs, by models %s', (_, options) => {
    for (let seed = 0; seed < 40; seed++) {
      const { truth, predicted } = scene(250, 1000 + seed, options);
      const list = new HandList(250);
      truth.forEach((hand, i) => list.add(i, predicted[i]!.joints, hand.joints));
      expect(list.shifts(), `seed ${seed}`).toEqual([]);
    }
  });

  it('in videos, slow and fast, by models that shrink, lag, or are always turned', () => {
    let seed = 0;
    for (const frames of [8, 25, 60]) {
      for (const degrees of [0.5, 3]) {
        for (const keep of [1, 0.7, 0.4, 0.1]) {
          for (const lag of [0, 0.5]) {
            for (const bias of [0, 10, -10]) {
              for (const noise of [0, 0.005]) {
                const filmed = { frames, degrees, keep, lag, bias, noise };
                expect(film(300, ++seed, filmed).shifts(), JSON.stringify({ seed, filmed })).toEqual([]);
              }
            }
          }
        }
      }
    }
  });
});

describe('a shift is found, and the sample is named,', () => {
  it('of a model of 10 mm wherever at least 25 predictions follow', () => {
    const options = { noise: 0.0045 };
    let exact = 0;
    const lists = 60;
    for (let seed = 0; seed < lists; seed++) {
      const { truth, predicted } = scene(120, 3000 + seed, options);
      const k = 1 + new Random(seed).below(95);
      const list = new HandList(120);
      truth.forEach((hand, i) =>
        list.add(i, predicted[i < k ? i : Math.min(119, i + 1)]!.joints, hand.joints),
      );
      const found = list.shifts();
      expect(
        found.map(({ by }) => by),
        `seed ${seed}, from ${k} on`,
      ).toEqual([1]);
      const named = found[0]!.places[0]!;
      expect(Math.abs(named - k), `seed ${seed}`).toBeLessThanOrEqual(2);
      if (named === k) exact++;
    }
    expect(exact).toBeGreaterThanOrEqual(0.95 * lists);
  });
});
