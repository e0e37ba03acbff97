import { describe, expect, it } from 'vitest';
import { fromRanges, toRanges } from '../../src/runs/ranges.js';

describe('ranges', () => {
  it.each([
    [[], ''],
    [[7], '7'],
    [[0, 1, 2], '0-2'],
    [[0, 2, 3, 4, 9], '0,2-4,9'],
  ])('of %j are %s, and back', (numbers, text) => {
    expect(toRanges(numbers)).toBe(text);
    if (text !== '') expect(fromRanges(text)).toEqual(numbers);
  });
});
