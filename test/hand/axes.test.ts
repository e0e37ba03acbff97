import { describe, expect, it } from 'vitest';
import { AXES_IDS, flipAxes, inAxes, mirrored } from '../../src/hand/axes.js';
import { Random } from '../../src/statistics/random.js';

const SEED = 21;
const POINTS = (() => {
  const random = new Random(SEED);
  return Float64Array.from({ length: 30 }, () => random.normal());
})();
POINTS.set([0, 0, Number.NaN], 6);

/** Point by point, by what the axes are. */
function slow(points: Float64Array): number[] {
  const out: number[] = [];
  for (let k = 0; k < points.length / 3; k++) {
    const [x, y, z] = points.subarray(3 * k, 3 * k + 3);
    out.push(x!, -y!, -z!);
  }
  return out;
}

describe(`points in other axes (seed ${SEED})`, () => {
  it.each(AXES_IDS.flatMap((from) => AXES_IDS.map((to) => [from, to] as const)))(
    'from %s to %s, the given ones untouched',
    (from, to) => {
      const given = POINTS.slice();
      const turned = inAxes(given, from, to);
      // toEqual tells −0 from 0.
      expect([...turned]).toEqual(from === to ? [...POINTS] : slow(POINTS));
      expect(turned === given).toBe(from === to);
      expect(given).toEqual(POINTS);
    },
  );

  it('are flipped in place, and come back by a second flip', () => {
    const points = POINTS.slice();
    expect(flipAxes(points)).toBe(points);
    expect([...points]).toEqual(slow(POINTS));
    expect(flipAxes(points)).toEqual(POINTS);
  });

  it('are mirrored in x alone', () => {
    expect([...mirrored([1, 2, 3, 0, -5, 6])]).toEqual([-1, 2, 3, -0, -5, 6]);
  });
});
