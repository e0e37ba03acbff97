/** A finding about predictions, ground truth or a result, and how its sentence is put together. */

/** Shown in the table, in metrics.json and in the log. */
export interface Finding {
  /** Stable, kebab-case; docs/diagnosis.md has them all. */
  readonly code: string;
  /** One sentence with the numbers, without a final full stop. */
  readonly message: string;
  /** What to do about it, without a final full stop. */
  readonly remedy: string;
}

/** `12 of 64 samples`. */
export function samplesOf(some: number, all: number): string {
  return some === all ? (all === 1 ? 'the one sample' : `all ${all} samples`) : `${some} of ${all} samples`;
}

/** Metres as `5.3 mm`. */
export function millimetres(metres: number): string {
  return `${(metres * 1000).toFixed(1)} mm`;
}

/** Metres as `0.61 m`, or in mm where that would print as nothing. */
export function metresText(metres: number): string {
  return Math.abs(metres) < 0.1 ? millimetres(metres) : `${metres.toFixed(2)} m`;
}

/** A plain factor in three significant digits: `1000`, `33.4`, `0.001`. */
export function factorText(factor: number): string {
  return String(Number(factor.toPrecision(3)));
}

/** `joints`, `vertices` or `joints and vertices`. */
export function partsText(parts: readonly { readonly name: string }[]): string {
  return parts.map(({ name }) => name).join(' and ');
}

/** Middle value; the mean of the two middle ones of an even count. NaN of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** How many of `values` satisfy `test`. */
export function countOf<T>(values: readonly T[], test: (value: T, index: number) => boolean): number {
  return values.reduce((count, value, index) => count + (test(value, index) ? 1 : 0), 0);
}
