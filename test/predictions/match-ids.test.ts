import { describe, expect, it } from 'vitest';
import type { UserError } from '../../src/errors.js';
import { matchByIds } from '../../src/predictions/match-ids.js';
import { predictionSource } from '../support/prediction-source.js';
import { failure } from '../support/user-error.js';

const FOLDER = ['00000000', '00000001', '00000002', 'ABF12/0003'];

const refusal = (ids: readonly string[]): UserError =>
  failure(() => matchByIds(predictionSource({ count: ids.length, ids }), FOLDER));

describe('ids that are refused', () => {
  it.each(['00000001.jpg', '1.PNG', 'ABF12/0003.jpeg'])('with the suffix of a photograph: %s', (id) => {
    const suffix = id.slice(id.indexOf('.'));
    expect(refusal(['0', id])).toMatchObject({
      code: 'predictions-ids',
      got: `${JSON.stringify(id)} in row 1`,
      next: `write the ids without ${suffix}`,
    });
  });

  it('of strangers, with or without a suffix, with what an id is', () => {
    expect(refusal(['0', '17']).next).toBe(
      'write the ids of the dataset: FreiHAND 00000012 or 12, HO-3D sequence/frame, HInt the name without .jpg',
    );
    expect(refusal(['0', '17.jpg']).next).toContain('00000012');
  });

  it('twice, with both rows as they are written', () => {
    expect(refusal(['2', '1', '00000002']).got).toBe('"2" in row 0 and "00000002" in row 2');
  });
});
