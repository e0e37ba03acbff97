import { describe, expect, it } from 'vitest';
import { chooseSamples } from '../../src/report/report-choice.js';
import { uniqueNames } from '../../src/report/report-paths.js';
import type { ReadRun } from '../../src/report/report-runs.js';

/** What choosing looks at. */
function readRun(errors: Readonly<Record<string, number>>): ReadRun {
  const ids = Object.keys(errors);
  return {
    scores: { ids, rowOf: new Map(ids.map((id, row) => [id, row])) },
    errors: Float64Array.from(Object.values(errors)),
  } as unknown as ReadRun;
}

const numbered = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, k) => [`s${(k * 13) % count}`, (k * 13) % count]));

const idsOf = (choice: ReturnType<typeof chooseSamples>): Record<string, string[]> =>
  Object.fromEntries(choice.groups.map(({ key, samples }) => [key, samples.map(({ id }) => id)]));

describe('the samples of a report', () => {
  it('are the worst first, those around the median, and the best first', () => {
    expect(idsOf(chooseSamples([readRun(numbered(11))], 3))).toEqual({
      worst: ['s10', 's9', 's8'],
      median: ['s6', 's5', 's4'],
      best: ['s0', 's1', 's2'],
    });
  });

  it.each([1, 2, 3, 4, 5, 7, 8, 100])('never show one twice: of %i', (count) => {
    const shown = Object.values(idsOf(chooseSamples([readRun(numbered(count))], 4))).flat();
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown.length).toBe(Math.min(count, 12));
  });

  it('are ordered by the mean of the runs, by id and not by row, and only those that all have scored', () => {
    const a = readRun({ x: 1, y: 5, z: 3, w: 9, v: 8 });
    const b = readRun({ w: Number.NaN, z: 9, y: 2, x: 2 });
    const choice = chooseSamples([a, b], 1);
    expect(choice.worst).toEqual([
      { id: 'z', errors: [3, 9] },
      { id: 'y', errors: [5, 2] },
      { id: 'x', errors: [1, 2] },
    ]);
    expect(choice.groups[0]!.samples[0]!.rows).toEqual([2, 1]);
  });

  it('are listed to a hundred', () => {
    const { worst, ordered } = chooseSamples([readRun(numbered(20_000))], 0);
    expect([worst.length, ordered, worst[0]!.id]).toEqual([100, 20_000, 's19999']);
  });
});

describe('the names of runs', () => {
  it('are the ends of their paths where those differ', () => {
    expect(uniqueNames(['/a/x', '/b/y/'])).toEqual(['x', 'y']);
    expect(uniqueNames(['/home/me/a/x', '/home/me/b/x'])).toEqual(['a/x', 'b/x']);
    expect(uniqueNames(['/x', '/b/x'])).toEqual(['/x', 'b/x']);
    expect(uniqueNames(['/a/x', '/a/x'])).toEqual(['x (1)', 'x (2)']);
  });
});
