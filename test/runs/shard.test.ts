import { describe, expect, it } from 'vitest';
import { parseShard, samplesOf, shardText } from '../../src/runs/shard.js';
import { failure } from '../support/user-error.js';

describe('a shard', () => {
  it('is named from 1 to N', () => {
    expect(parseShard('3/16')).toEqual({ index: 3, count: 16 });
    expect(shardText(parseShard('1/1'))).toBe('1/1');
    for (const text of ['0/4', '5/4', '1', '1/', '-1/4', '1/4/2', 'a/b', '1.5/4', '1/0', '']) {
      expect(
        failure(() => parseShard(text)),
        text,
      ).toMatchObject({ code: 'shard-invalid', got: text });
    }
  });

  it.each([
    [3960, 1, 4],
    [3960, 95, 4],
    [3960, 95, 16],
    [11_524, 95, 3],
    [17, 3, 6],
    [17, 4, 4],
    [1, 95, 8],
  ])(
    'is cut where a batch and a sample begin together: %i samples, %i passes, batches of %i',
    (samples, passes, batch) => {
      for (const count of [1, 2, 3, 7, 16]) {
        const parts: { first: number; end: number }[] = [];
        try {
          for (let index = 1; index <= count; index++)
            parts.push(samplesOf({ index, count }, samples, passes, batch));
        } catch (error) {
          expect(error).toMatchObject({ code: 'shard-too-many', got: `${count}` });
          expect(count).toBeGreaterThan(Math.ceil(samples / batch));
          continue;
        }
        expect(parts[0]!.first).toBe(0);
        expect(parts.at(-1)!.end).toBe(samples);
        parts.forEach(({ first, end }, at) => {
          expect(end).toBeGreaterThan(first);
          if (at > 0) expect(first).toBe(parts[at - 1]!.end);
          expect((first * passes) % batch).toBe(0);
        });
        const sizes = parts.map(({ first, end }) => end - first);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2 * batch);
      }
    },
  );
});
