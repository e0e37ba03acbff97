/** Lists that are shifted from a sample on: named with the sample, wherever it is. */
import { describe, expect, it } from 'vitest';
import { diagnoseSamples, HandList } from '../../src/diagnosis/index.js';
import { findShifts } from '../../src/diagnosis/list-shift.js';
import { shiftFinding } from '../../src/diagnosis/shift-finding.js';
import { Random } from '../../src/statistics/random.js';
import { changed, codes, flipped, probeOf, scene, type Scene } from './support.js';

/** 12.8 mm after alignment. */
const ROUGH = { noise: 0.006 };

function listOf({ truth, predicted }: Scene, from: (index: number) => number = (index) => index): HandList {
  const list = new HandList(truth.length);
  truth.forEach((hand, i) => list.add(i, predicted[from(i)]!.joints, hand.joints));
  return list;
}

const parts = (list: HandList): string[] =>
  list
    .shifts()
    .map(({ by, places, whole, toEnd }) =>
      [by, places[0], toEnd ? 'end' : places.at(-1), ...(whole ? ['whole'] : [])].join(' '),
    );

/** A prediction left out at `k`, the last one repeated. */
const without =
  (k: number, count: number) =>
  (i: number): number =>
    i < k ? i : Math.min(count - 1, i + 1);

describe('a list of hands', () => {
  it.each([1, 2, 20, 77, 130, 180])('with a prediction left out at %d of 200', (k) => {
    for (const options of [{ pose: 0.05 }, {}, ROUGH]) {
      expect(parts(listOf(scene(200, k, options), without(k, 200)))).toEqual([`1 ${k} end`]);
    }
  });

  it('with the last six missing, of a good model', () => {
    const list = listOf(scene(200, 3, { pose: 0.05 }), without(193, 200));
    expect(parts(list)).toEqual(['1 193 end']);
  });

  it('with one twice, several left out, or half of the list from elsewhere', () => {
    const given = scene(200, 4, ROUGH);
    expect(parts(listOf(given, (i) => (i < 50 ? i : i - 1)))).toEqual(['-1 50 end']);
    expect(parts(listOf(given, (i) => (i < 50 ? i : Math.min(199, i + 3))))).toEqual(['3 50 end']);
    expect(parts(listOf(given, (i) => (i < 50 ? i : Math.min(199, i + 37))))).toEqual(['37 50 end']);
    expect(parts(listOf(given, (i) => Math.min(199, i + (i < 50 ? 0 : i < 100 ? 1 : 2))))).toEqual([
      '1 50 99',
      '2 100 end',
    ]);
  });

  it('with one left out and another twice, the count kept', () => {
    const given = scene(200, 5, ROUGH);
    expect(parts(listOf(given, (i) => (i < 50 || i > 120 ? i : i + 1)))).toEqual(['1 50 120']);
    expect(parts(listOf(given, (i) => (i < 50 || i > 120 ? i : i - 1)))).toEqual(['-1 50 120']);
  });

  it('shifted as a whole', () => {
    expect(parts(listOf(scene(60, 6, ROUGH), (i) => Math.min(59, i + 2)))).toEqual(['2 0 end whole']);
    expect(parts(listOf(scene(60, 6, ROUGH), (i) => Math.max(0, i - 1)))).toEqual(['-1 1 end whole']);
  });

  it('in axes, units and orientations of its own', () => {
    const given = scene(200, 7);
    const odd = changed(given, (points, _, i) =>
      flipped(points, i % 2 === 0 ? [1, -1, -1] : [-1, -1, 1]).map((x) => x * 1000),
    );
    expect(parts(listOf(odd, without(60, 200)))).toEqual(['1 60 end']);
  });

  it('with predictions that are missing', () => {
    const given = scene(200, 8, ROUGH);
    const holes = changed(given, (points, _, i) => (i % 7 === 3 ? points.map(() => Number.NaN) : points));
    // Prediction 60 is that of sample 61.
    expect(parts(listOf(holes, without(60, 200)))).toEqual(['1 60 end']);
    expect(listOf(holes).shifts()).toEqual([]);
  });

  it('of meshes, thinned out', () => {
    const { truth, predicted } = scene(80, 9, ROUGH);
    const list = new HandList(80);
    truth.forEach((hand, i) => list.add(i, predicted[without(30, 80)(i)]!.vertices, hand.vertices));
    expect(parts(list)).toEqual(['1 30 end']);
  });

  it('in order', () => {
    for (const options of [{}, ROUGH, { noise: 0.03 }, { turn: 3 }, { pose: 0.8, turn: 1, place: 0.1 }]) {
      for (const count of [1, 2, 3, 5, 12, 100]) {
        expect(listOf(scene(count, count, options)).shifts()).toEqual([]);
      }
    }
  });

  it('tells its shift once, and what else is wrong with the rest', () => {
    const given = scene(64, 11);
    const wrong = changed(given, (points) => points.map((x) => x * 1000));
    const list = {
      truth: given.truth,
      predicted: wrong.predicted.map((_, i) => wrong.predicted[without(20, 64)(i)]!),
    };
    const known = { shifts: listOf(list).shifts(), part: 'joints', idOf: (i: number) => `s${i}` } as const;
    const findings = diagnoseSamples(probeOf(list), known);
    expect(codes(findings)).toEqual(['list-shifted', 'predictions-units']);
    expect(findings[0]!.message).toMatch(
      /^the list of predictions is shifted by 1 from sample 20 \(s20\) on: prediction i fits the truth of the sample 1 later to \d\.\d mm, its own to \d\d\.\d mm \(joints, aligned, medians; all 43 samples agree\)$/,
    );
    expect(findings[0]!.remedy).toMatch(/^look for a sample that was left out at sample 20 \(s20\); /);
    // Without the whole list, the samples looked at tell it as far as they show it.
    expect(codes(diagnoseSamples(probeOf(list)))).toEqual(['list-shifted', 'predictions-units']);
  });
});

describe('a list of numbers', () => {
  const at = (values: readonly number[]) => ({
    places: [...values.keys()],
    truths: values.length,
    error: (row: number, place: number) =>
      place < 0 || place >= values.length ? Number.NaN : Math.abs(values[row]! - place),
  });

  it('may fit exactly', () => {
    expect(findShifts(at([0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]))).toMatchObject([
      { by: 1, rows: Array.from({ length: 13 }, (_, k) => k + 4), toEnd: true },
    ]);
  });

  it('has neighbours that are alike where it is a video', () => {
    // Each prediction lags a frame behind, in a movement that is slow against the error.
    const random = new Random(1);
    const values = Array.from({ length: 5000 }, (_, i) => i - 1 + 3 * random.normal());
    expect(findShifts(at(values))).toEqual([]);
  });
});

describe('the sentence', () => {
  const shift = (by: number, first: number, last: number, toEnd = false) => ({
    by,
    places: Array.from({ length: last - first + 1 }, (_, k) => first + k),
    inFavour: last - first + 1,
    whole: false,
    toEnd,
    own: 20,
    other: 5,
  });
  const words = { compared: 'joints', text: (error: number) => `${error} mm` };

  it('names each part, up to three', () => {
    const found = [shift(1, 10, 19), shift(2, 20, 49), shift(-1, 60, 69), shift(1, 80, 89, true)];
    expect(shiftFinding(found, words).message).toBe(
      'the list of predictions is shifted by 1 from sample 10 to 19, by 2 from sample 20 to 49, ' +
        'by 1 from sample 60 to 69, in 1 more places: prediction i fits the truth of the sample 2 later in the ' +
        'longest part to 5 mm, its own to 20 mm (joints, medians; all 30 samples agree)',
    );
  });

  it('has an id that says more than its place', () => {
    const found = [shift(-1, 10, 19, true)];
    const named = (idOf: (place: number) => string) => shiftFinding(found, { ...words, idOf }).remedy;
    expect(named((place) => `SM1/000${place}`)).toContain('a sample too many at sample 10 (SM1/00010);');
    expect(named((place) => `000${place}`)).toContain('a sample too many at sample 10;');
  });
});
