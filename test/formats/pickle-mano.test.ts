/** MANO's model file as Python 2 wrote it, with made-up numbers (test/fixtures/pickle/make-mano.py). */
import { describe, expect, it } from 'vitest';
import { asDict, numbersAt, readPickle, valueAt } from '../../src/formats/pickle/pickle.js';
import { fixture } from './pickle-support.js';

const FILE = 'MANO_RIGHT.pkl';

describe('a model in the layout of MANO', () => {
  const bytes = fixture('mano_layout.pkl');
  const model = asDict(readPickle(bytes, FILE), 'the model', FILE);
  const expected = JSON.parse(fixture('mano_layout.json').toString()) as Record<
    string,
    { shape: number[]; values: number[] }
  >;

  it.each([
    ...['v_template', 'shapedirs', 'posedirs', 'J_regressor', 'weights', 'kintree_table', 'f', 'J'],
    ...['hands_components', 'hands_coeffs', 'hands_mean'],
  ])('gives %s as numbers, to the bit', (key) => {
    const { shape, values } = expected[key]!;
    expect(numbersAt(model, key, shape, FILE)).toEqual(Float64Array.from(values));
  });

  it('gives every key of the file, and its texts', () => {
    expect([...model.keys()].sort()).toEqual([...Object.keys(expected), 'bs_style', 'bs_type'].sort());
    expect(valueAt(model, 'bs_style', FILE)).toBe('lbs');
    expect(valueAt(model, 'bs_type', FILE)).toBe('lrotmin');
    expect(numbersAt(model, 'kintree_table', [2, 3], FILE)[0]).toBe(4294967295);
  });
});
