/** Errors as colours: nine steps of one ramp, light to dark on a light page and the other way round on a dark one. */

/** ColorBrewer's YlOrBr has nine; style.ts gives them their colours. */
export const RAMP_STEPS = 9;

/** The class of a value between 0 and `highest`; beyond it the last. */
export function rampClass(value: number, highest: number): string {
  const step = highest > 0 ? Math.floor((value / highest) * RAMP_STEPS) : 0;
  return `q${Math.min(RAMP_STEPS - 1, Math.max(0, step))}`;
}

export function chartRamp(): string[] {
  return Array.from({ length: RAMP_STEPS }, (_, step) => `q${step}`);
}

/** A round end for a ramp that must reach `value`. */
export function roundEnd(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((end) => end >= value - 1e-12)!;
}
