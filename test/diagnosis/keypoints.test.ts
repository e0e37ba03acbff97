/** Each finding about keypoints fires for its mistake, alone; honest models stay silent. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnosis/index.js';
import { KNOWN_ORDERS } from '../../src/hand/joint-orders/registry.js';
import {
  findingsOf,
  photographs,
  rearranged,
  spoilt,
  type Photographs,
  type Place,
} from './keypoint-support.js';
import { codes } from './support.js';

const GOOD = photographs(60, 1, { px: 1 });
/** As the issue has it: noise of 10 px on hands of some 200 px. */
const BAD = photographs(60, 2, { px: 10 });
const FEW = photographs(8, 3, { px: 2 });

function only(findings: readonly Finding[], code: string): Finding {
  expect(codes(findings), JSON.stringify(findings)).toEqual([code]);
  return findings[0]!;
}

type Change = (x: number, y: number, place: Place) => readonly [number, number];

const inCrop =
  (by: number, middle: readonly [number, number]): Change =>
  (x, y, { center, side }) => [
    ((x - center[0]) / side) * by + middle[0],
    ((y - center[1]) / side) * by + middle[1],
  ];

const mirroredInBox: Change = (x, y, { center }) => [2 * center[0] - x, y];
const mirroredInPhotograph: Change = (x, y, { size }) => [size[0] - 1 - x, y];
const onlyOf =
  (right: boolean, change: Change): Change =>
  (x, y, place) =>
    place.right === right ? change(x, y, place) : [x, y];

describe('an honest model', () => {
  it.each([1, 3, 4, 8, 30, 120])('is left alone, with %d hands', (count) => {
    for (let seed = 0; seed < (count > 10 ? 4 : 12); seed++) {
      for (const options of [
        {},
        { px: 3 },
        { px: 10 },
        { px: 30 },
        { pose: 0.8, turn: 0.5, place: 0.02 },
        { turn: 3 },
        { place: 0.2 },
      ]) {
        const findings = findingsOf(photographs(count, 100 * count + seed, options));
        expect(findings, JSON.stringify({ count, seed, options })).toEqual([]);
      }
    }
  });

  it('with predictions that are missing, and in single precision', () => {
    const holes = spoilt(GOOD, (x, y, { index }) => (index % 5 === 0 ? [Number.NaN, Number.NaN] : [x, y]));
    expect(findingsOf(holes)).toEqual([]);
    expect(findingsOf({ ...GOOD, predicted: Float64Array.from(Float32Array.from(GOOD.predicted)) })).toEqual(
      [],
    );
  });
});

describe('units', () => {
  it.each<[string, Change, string]>([
    [
      '−0.5 to 0.5 of the crop',
      inCrop(0.5, [0, 0]),
      'units of the crop: the middle of the box lies at (0, 0), and its longer side is 0.5 long',
    ],
    [
      '0 to 1 of the crop',
      inCrop(0.5, [0.5, 0.5]),
      'units of the crop: the middle of the box lies at (0.5, 0.5), and its longer side is 0.5 long',
    ],
    [
      '−1 to 1 of the crop',
      inCrop(1, [0, 0]),
      'units of the crop: the middle of the box lies at (0, 0), and its longer side is 1 long',
    ],
    ['px of a patch of 256', inCrop(128, [128, 128]), 'px of a crop of 256 × 256 px'],
    ['px of a patch of 192 × 256', inCrop(128, [96, 128]), 'px of a crop of 192 × 256 px'],
    ['px of a patch of 224', inCrop(112, [112, 112]), 'px of a crop of 224 × 224 px'],
    ['half the size', (x, y) => [x / 2, y / 2], 'px of a photograph of 0.5 times the size'],
    ['twice the size', (x, y) => [x * 2, y * 2], 'px of a photograph of 2 times the size'],
    [
      'shares of the photograph',
      (x, y, { size }) => [x / size[0], y / size[1]],
      'shares of the photograph, from 0 to 1',
    ],
    [
      'px from the corner of the crop',
      (x, y, { center, side }) => [x - center[0] + side, y - center[1] + side],
      'counted from the box and not from the photograph: its middle lies at (1, 1)',
    ],
    [
      'px from the middle of the box',
      (x, y, { center }) => [x - center[0], y - center[1]],
      'its middle lies at (0, 0)',
    ],
  ])('%s', (_, change, words) => {
    for (const given of [GOOD, BAD, FEW]) {
      const { message } = only(findingsOf(spoilt(given, change)), 'predictions-units');
      expect(message).toContain(words);
      expect(message).toMatch(/^the predicted keypoints are /);
    }
  });

  it('have a remedy that gives the points back', () => {
    const { remedy } = only(findingsOf(spoilt(GOOD, inCrop(0.5, [0.5, 0.5]))), 'predictions-units');
    expect(remedy).toContain('middle of the box + longer side · (u − (0.5, 0.5)) / 0.5');
    expect(only(findingsOf(spoilt(GOOD, (x, y) => [x / 2, y / 2])), 'predictions-units').remedy).toMatch(
      /^divide them by 0\.5:/,
    );
  });

  it.each<[string, Change, string]>([
    ['px of the patch as crop units', inCrop(128, [128, 128]), '"keypoints_2d_units": "patch"'],
    [
      'crop units as px of the patch',
      inCrop(0.5 / 256, [0.5 / 256 - 0.5, 0.5 / 256 - 0.5]),
      '"keypoints_2d_units": "crop"',
    ],
    ['0 to 1 as −0.5 to 0.5', inCrop(0.5, [0.5, 0.5]), 'export keypoints from −0.5 to 0.5 of the crop'],
    ['−1 to 1 as −0.5 to 0.5', inCrop(1, [0, 0]), 'export keypoints from −0.5 to 0.5 of the crop'],
  ])('of a model that were read wrongly: %s', (_, given, remedy) => {
    // What the program makes of crop coordinates u: the middle of the box + u · two sides.
    const wrong = spoilt(GOOD, (x, y, place) => {
      const [u, v] = given(x, y, place);
      return [place.center[0] + u * 2 * place.side, place.center[1] + v * 2 * place.side];
    });
    expect(only(findingsOf(wrong, 'model'), 'predictions-units').remedy).toContain(remedy);
  });
});

describe('handedness and axes', () => {
  it.each([
    ['left', false],
    ['right', true],
  ])('only %s hands mirrored, in the box or in the photograph', (name, right) => {
    for (const given of [GOOD, BAD, photographs(16, 5, { px: 2 })]) {
      const box = only(findingsOf(spoilt(given, onlyOf(right, mirroredInBox))), 'predictions-mirrored');
      expect(box.message).toContain(`the predicted keypoints of ${name} hands are mirrored in the box`);
      expect(box.remedy).toContain("2 · x of the box's middle − x");
      const photo = only(
        findingsOf(spoilt(given, onlyOf(right, mirroredInPhotograph))),
        'predictions-mirrored',
      );
      expect(photo.message).toContain(
        `the predicted keypoints of ${name} hands are mirrored in the photograph`,
      );
      expect(photo.remedy).toContain('width − 1 − x');
    }
  });

  it('all hands mirrored', () => {
    for (const given of [GOOD, BAD, FEW]) {
      const { message } = only(findingsOf(spoilt(given, mirroredInBox)), 'predictions-mirrored');
      expect(message).toMatch(/^the predicted keypoints are mirrored in the box/);
      expect(only(findingsOf(spoilt(given, mirroredInPhotograph)), 'predictions-mirrored').message).toMatch(
        /^the predicted keypoints are mirrored in the photograph/,
      );
    }
  });

  it('some hands mirrored, whichever', () => {
    const wrong = spoilt(GOOD, (x, y, place) =>
      place.index % 5 === 0 ? mirroredInBox(x, y, place) : [x, y],
    );
    expect(only(findingsOf(wrong), 'some-predictions-mirrored').message).toMatch(
      /in 1\d of 60 samples looked at/,
    );
  });

  it.each<[string, Change, string]>([
    ['x and y exchanged', (x, y) => [y, x], 'have x and y exchanged: '],
    [
      'x and y exchanged in the crop',
      (x, y, { center: [a, b] }) => [a + y - b, b + x - a],
      'have x and y exchanged: ',
    ],
    ['y upwards', (x, y, { size }) => [x, size[1] - 1 - y], 'y has the wrong sign in the photograph'],
    [
      'y upwards in the crop',
      (x, y, { center }) => [x, 2 * center[1] - y],
      'y has the wrong sign in the box',
    ],
  ])('%s', (_, change, words) => {
    for (const given of [GOOD, BAD, FEW]) {
      expect(only(findingsOf(spoilt(given, change)), 'predictions-axes').message).toContain(words);
    }
  });

  it('as the network gave them: crop units, left hands mirrored', () => {
    const raw = spoilt(GOOD, (x, y, place) => {
      const [u, v] = inCrop(0.5, [0, 0])(x, y, place);
      return [place.right ? u : -u, v];
    });
    const findings = findingsOf(raw);
    expect(codes(findings).sort()).toEqual(['predictions-mirrored', 'predictions-units']);
    expect(findings.find(({ code }) => code === 'predictions-mirrored')!.message).toContain('of left hands');
    expect(findings.find(({ code }) => code === 'predictions-units')!.message).toMatch(
      /^the predicted keypoints are/,
    );
  });
});

describe('joint order', () => {
  it.each(KNOWN_ORDERS.slice(1).map((order) => [order.name, order] as const))('names %s', (name, order) => {
    for (const given of [GOOD, photographs(60, 7, { px: 6 })]) {
      const wrong = rearranged(
        given,
        (i) => i,
        () => order.fromOpenPose,
      );
      const { message, remedy } = only(findingsOf(wrong), 'joint-order');
      expect(message).toContain(`are not in OpenPose order but in ${name}: `);
      const slots = JSON.parse(/\[:, (\[.*\])\]/.exec(remedy)![1]!) as number[];
      expect(
        rearranged(
          wrong,
          (i) => i,
          () => slots,
        ).predicted,
      ).toEqual(given.predicted);
    }
  });

  it('of left hands alone, and of a model', () => {
    const ho3d = KNOWN_ORDERS[1]!.fromOpenPose;
    const left = rearranged(
      GOOD,
      (i) => i,
      (i) => (i % 2 === 1 ? ho3d : null),
    );
    expect(only(findingsOf(left), 'joint-order').message).toContain(
      'the predicted keypoints of left hands are not',
    );
    const all = rearranged(
      GOOD,
      (i) => i,
      () => ho3d,
    );
    expect(only(findingsOf(all, 'model'), 'joint-order').remedy).toContain(
      '"joint_order": "ho3d" in the sidecar',
    );
  });
});

describe('placeholders', () => {
  it('zeros, some zeros, one hand for all, copies', () => {
    const zero: Change = () => [0, 0];
    const whole = only(findingsOf(spoilt(GOOD, zero)), 'predictions-placeholder');
    expect(whole.message).toContain(
      'the predicted keypoints of all 60 samples looked at are no hands (all 0)',
    );
    expect(whole.remedy).not.toContain('mm');
    const tail = spoilt(GOOD, (x, y, { index }) => (index >= 40 ? [0, 0] : [x, y]));
    expect(only(findingsOf(tail), 'predictions-partly-placeholder').message).toContain(
      'everything from sample 40 on',
    );
    only(findingsOf(rearranged(GOOD, () => 3)), 'predictions-constant');
    only(findingsOf(rearranged(GOOD, (i) => i - (i % 2))), 'predictions-repeated');
  });
});

describe('lists', () => {
  const list = (given: Photographs, from: (i: number) => number): Finding =>
    only(findingsOf(rearranged(given, from)), 'list-shifted');

  it('shifted from a sample on, to the end or not, or as a whole', () => {
    for (const given of [GOOD, BAD]) {
      expect(list(given, (i) => (i < 37 ? i : Math.min(59, i + 1))).message).toMatch(
        /shifted by 1 from sample 37 \(hand_37\) on: prediction i fits the truth of the sample 1 later to \d+\.\d % of the box's longer side, its own to/,
      );
      expect(list(given, (i) => (i < 52 ? i : i - 2)).message).toContain('by 2 from sample 52 (hand_52) on');
      expect(list(given, (i) => (i < 20 || i > 40 ? i : i + 1)).message).toContain(
        'by 1 from sample 20 (hand_20) to 40 (hand_40)',
      );
      expect(list(given, (i) => Math.min(59, i + 1)).message).toContain('is shifted by 1: ');
    }
  });

  it('shifted, and in crop units', () => {
    const shifted = rearranged(spoilt(GOOD, inCrop(0.5, [0, 0])), (i) => (i < 50 ? i : Math.min(59, i + 1)));
    expect(codes(findingsOf(shifted))).toContain('predictions-units');
  });

  it('in another order', () => {
    const { message } = only(findingsOf(rearranged(GOOD, (i) => (i * 37 + 11) % 60)), 'list-permuted');
    expect(message).toContain('prediction 0 belongs to sample 11');
    only(findingsOf(rearranged(BAD, (i) => 59 - i)), 'list-permuted');
  });
});
