/** Simulations: how often honest keypoints are called mistaken, and how often mistakes are found. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/statistics/random.js';
import { findingsOf, photographs, rearranged, spoilt, type KeypointOptions } from './keypoint-support.js';
import { codes } from './support.js';

const MODELS: Record<string, KeypointOptions> = {
  'of some 2 px': { px: 2 },
  'with 10 px of noise': { px: 10 },
  'with 25 px of noise': { px: 25 },
  'with 60 px of noise': { px: 60 },
  'with poses 0.4 rad off': { pose: 0.4, turn: 0.3 },
  'with poses 1 rad off and turned': { pose: 1, turn: 0.8, place: 0.03 },
  'with orientations by chance': { turn: 3 },
  'that miss the place': { place: 0.15, px: 5 },
};

describe('nothing is found', () => {
  it.each(Object.entries(MODELS))('with models %s', (_, options) => {
    for (const count of [8, 20, 60, 150]) {
      for (let seed = 0; seed < 15; seed++) {
        const findings = findingsOf(photographs(count, 7000 + 31 * seed + count, options));
        expect(findings, JSON.stringify({ count, seed })).toEqual([]);
      }
    }
  });

  it('in videos, with models that shrink hands to a mean or lag behind', () => {
    for (let seed = 0; seed < 40; seed++) {
      const given = photographs(120, 9000 + seed, { px: 4 });
      const random = new Random(seed);
      const speed = 12 * random.uniform();
      const lag = 0.2 * (seed % 3);
      // The same hand, moving through one photograph.
      const first = given.labels.points.subarray(0, 42);
      const labels = {
        ...given.labels,
        right: given.labels.right.map(() => true),
        points: given.labels.points.map((_, k) => first[k % 42]! + speed * Math.floor(k / 42)),
        labelled: {
          ...given.labels.labelled,
          all: given.labels.labelled.all.map((_, k) => given.labels.labelled.all[k % 21]!),
        },
        centers: given.labels.centers.map((_, k) => given.labels.centers[k % 2]! + speed * Math.floor(k / 2)),
        sides: given.labels.sides.map(() => given.labels.sides[0]!),
      };
      const predicted = given.predicted.map(
        (_, k) =>
          (Number.isNaN(first[k % 42]!) ? 300 : first[k % 42]!) +
          speed * (Math.floor(k / 42) - lag) +
          6 * random.normal(),
      );
      expect(
        codes(findingsOf({ ...given, labels, predicted })),
        JSON.stringify({ seed, speed, lag }),
      ).toEqual([]);
    }
  });
});

describe('a mistake is found', () => {
  it('of left hands mirrored in the box, and of a shift, with 10 px of noise', () => {
    for (let seed = 0; seed < 60; seed++) {
      const given = photographs(40, 12_000 + seed, { px: 10 });
      const wrong = spoilt(given, (x, y, { right, center }) => [right ? x : 2 * center[0] - x, y]);
      expect(codes(findingsOf(wrong)), `seed ${seed}`).toEqual(['predictions-mirrored']);
      const k = 1 + new Random(seed).below(30);
      const shifted = findingsOf(rearranged(given, (i) => (i < k ? i : Math.min(39, i + 1))));
      expect(shifted[0]?.message, `seed ${seed}`).toContain(`shifted by 1 from sample ${k} `);
    }
  });
});
