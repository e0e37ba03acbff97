/**
 * Bytes to the network's numbers: (x − 255·mean) / (255·std) per channel, in the float32
 * arithmetic of NumPy 1.x (the float64 constants are rounded to float32, then each operation is).
 */

/** One value a channel, R G B, on the scale 0…1. */
export type ChannelValues = readonly [number, number, number];

/** ImageNet's, used by HaMeR and Hamba. */
export const IMAGENET_MEAN: ChannelValues = [0.485, 0.456, 0.406];
export const IMAGENET_STD: ChannelValues = [0.229, 0.224, 0.225];

/** (x − offset) / divisor, R G B: the constants as float32. */
export interface Normalisation {
  readonly offsets: ChannelValues;
  readonly divisors: ChannelValues;
}

export function normalisation(mean: ChannelValues, std: ChannelValues): Normalisation {
  const scaled = ([r, g, b]: ChannelValues): ChannelValues => [
    Math.fround(255 * r),
    Math.fround(255 * g),
    Math.fround(255 * b),
  ];
  return { offsets: scaled(mean), divisors: scaled(std) };
}

/** 3 × 256: the normalised value of each byte, for each channel; the crop is written through it. */
export function normalisationTable(mean: ChannelValues, std: ChannelValues): Float32Array {
  const { offsets, divisors } = normalisation(mean, std);
  const table = new Float32Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    for (let byte = 0; byte < 256; byte++) {
      // A Float32Array rounds what it is given; the difference has to be rounded on its own.
      table[channel * 256 + byte] = Math.fround(byte - offsets[channel]!) / divisors[channel]!;
    }
  }
  return table;
}
