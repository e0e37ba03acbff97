/** Quantiles and levels against the tables everybody has, and the coverage they are there for. */
import { describe, expect, it } from 'vitest';
import { expandedLevel, normalCentral, studentBound } from '../../src/statistics/expanded-level.js';

describe("Student's t", () => {
  // Two-sided bounds as printed in any statistics book; scipy.stats.t.ppf has more digits.
  it.each([
    [0.95, 1, 12.706204736174694],
    [0.95, 2, 4.302652729749462],
    [0.95, 3, 3.182446305283708],
    [0.95, 12, 2.178812829667228],
    [0.95, 19, 2.093024054408263],
    [0.99, 7, 3.499483297350493],
    [0.9, 30, 1.697260886593957],
    // By the expansion in 1/ν of Abramowitz and Stegun 26.7.5.
    [0.95, 3959, 1.96056337],
  ])('has %d of its mass within the bound for %d degrees of freedom', (level, freedom, bound) => {
    expect(studentBound(level, freedom)).toBeCloseTo(bound, 6);
  });
});

describe('the normal distribution', () => {
  it.each([
    [0, 0],
    [1, 0.682689492137086],
    [1.959963984540054, 0.95],
    [3, 0.99730020393674],
    [40, 1],
  ])('within ±%d', (z, share) => {
    expect(normalCentral(z)).toBeCloseTo(share, 13);
  });
});

describe('the expanded level', () => {
  it('asks for wider percentiles the fewer units there are, and never for all', () => {
    const levels = [2, 3, 5, 13, 20, 100, 3960].map((units) => expandedLevel(0.95, units));
    expect([...levels].sort((a, b) => b - a)).toEqual(levels);
    expect(levels[0]).toBeLessThan(1);
    // 13 sequences: √(13/12) · 2.17881 = 2.26779.
    expect(expandedLevel(0.95, 13)).toBeCloseTo(normalCentral(Math.sqrt(13 / 12) * 2.178812829667228), 10);
    expect(expandedLevel(0.95, 20137)).toBeCloseTo(0.95, 4);
  });
});
