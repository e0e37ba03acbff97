import type { RatioColumn } from '../../src/statistics/bootstrap.js';

/** A column whose figure is the mean of `values`. */
export function meanColumn(values: readonly number[]): RatioColumn {
  return { parts: 1, numerators: values, denominators: values.map(() => 1) };
}
