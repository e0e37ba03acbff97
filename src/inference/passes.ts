/** Test-time passes: the ways one sample is shown to the model. */

/** How a pass turns and scales the box of a sample (imaging/crop.ts has the conventions). */
export interface Pass {
  /** Degrees; positive turns the content of the crop counter-clockwise. */
  readonly rotationDegrees: number;
  /** Multiplies the side of the box: 0.7 zooms in. */
  readonly scale: number;
}

/** The sample as its box shows it. */
export const PLAIN_PASS: Pass = { rotationDegrees: 0, scale: 1 };
