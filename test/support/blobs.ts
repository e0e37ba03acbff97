/** Photographs of three coloured spots on black: a picture that turns, unlike one with a background, as a whole. */
import sharp from 'sharp';

export interface Blobs {
  readonly width: number;
  readonly height: number;
  /** The middle of the spots, px. */
  readonly center: readonly [number, number];
  /** Distance of the outermost spot from there, px. */
  readonly reach: number;
  /** Another arrangement for another number. */
  readonly seed: number;
}

/** Angle and distance of a red, a green and a blue spot. */
const SPOTS = [
  [0.3, 1],
  [2.6, 0.8],
  [4.4, 0.9],
] as const;

export async function writeBlobs(file: string, blobs: Blobs): Promise<void> {
  const { width, height, center, reach, seed } = blobs;
  const pixels = new Uint8Array(width * height * 3);
  for (const [channel, [angle, distance]] of SPOTS.entries()) {
    const turn = angle + 0.4 * Math.sin(seed + channel);
    const x0 = center[0] + reach * distance * Math.cos(turn);
    const y0 = center[1] + reach * distance * Math.sin(turn);
    const sigma = reach * (0.22 + 0.03 * channel);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = 250 * Math.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma ** 2));
        pixels[(y * width + x) * 3 + channel] = Math.round(value);
      }
    }
  }
  const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
  await picture.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toFile(file);
}
