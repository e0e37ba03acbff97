/** Photographs for tests: seeded noise as PNG files, so that their pixels are known to the bit. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { RgbImage } from '../../src/imaging/decode.js';

export interface Photograph extends RgbImage {
  readonly file: string;
}

/** Writes `folder/name.png` of width × height px. */
export async function noisePhotograph(
  folder: string,
  name: string,
  seed: number,
  [width, height]: readonly [number, number] = [40, 30],
): Promise<Photograph> {
  let state = seed;
  const data = new Uint8Array(width * height * 3).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 24;
  });
  const file = join(folder, `${name}.png`);
  await writeFile(
    file,
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
  return { file, width, height, data };
}
