/** A FreiHAND folder of a few flat photographs, made on the spot. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

export interface FreihandFolder {
  readonly images: number;
  /** Grey level of each photograph; 100 unless given. */
  readonly grey?: (index: number) => number;
  readonly xyz?: number;
  readonly verts?: number;
}

/** A wavy line of `count` points around (x, 0, 0.6), metres: nothing like a hand, but not degenerate. */
export function points(count: number, x: number): [number, number, number][] {
  return Array.from({ length: count }, (_, k) => [
    x + 0.001 * k,
    0.02 * Math.sin(k),
    0.6 + 0.03 * Math.cos(2.3 * k),
  ]);
}

export async function writeFreihandFolder(root: string, folder: FreihandFolder): Promise<void> {
  const rgb = join(root, 'evaluation', 'rgb');
  await mkdir(rgb, { recursive: true });
  for (let index = 0; index < folder.images; index++) {
    const level = folder.grey?.(index) ?? 100;
    const image = sharp({
      create: { width: 224, height: 224, channels: 3, background: { r: level, g: level, b: level } },
    });
    await image.jpeg().toFile(join(rgb, `${index.toString().padStart(8, '0')}.jpg`));
  }
  const list = (samples: number, count: number): string =>
    JSON.stringify(Array.from({ length: samples }, (_, index) => points(count, 0.01 * index)));
  if (folder.xyz !== undefined) await writeFile(join(root, 'evaluation_xyz.json'), list(folder.xyz, 21));
  if (folder.verts !== undefined)
    await writeFile(join(root, 'evaluation_verts.json'), list(folder.verts, 778));
}
