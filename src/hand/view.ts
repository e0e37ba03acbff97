/** What is looked at of a photograph; imaging/crop.ts has the conventions. */

/** A square in the photograph, px; x right, y down, origin at the centre of the top left pixel. */
export interface Box {
  readonly center: readonly [number, number];
  readonly side: number;
}

/** How a sample is looked at: its box, turned and scaled. */
export interface View {
  /** Positive turns the content of the crop counter-clockwise. */
  readonly rotationDegrees: number;
  /** Multiplies the side of the box: 0.7 zooms in. */
  readonly scale: number;
}

/** The sample as its box shows it. */
export const PLAIN_VIEW: View = { rotationDegrees: 0, scale: 1 };

export function isPlain({ rotationDegrees, scale }: View): boolean {
  return rotationDegrees === PLAIN_VIEW.rotationDegrees && scale === PLAIN_VIEW.scale;
}
