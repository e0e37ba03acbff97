/** Size and time of what is to be read: they stand for its content, whose digest is known only once it has been read. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PREDICTION_FORMATS } from './formats/registry.js';

export interface SizeAndTime {
  readonly bytes: number;
  readonly modified: string;
  /** Hash of the names, sizes and times of the files of a folder. */
  readonly files?: string;
}

/** @param path a prediction file, a folder of arrays, or a run directory, whose sets all count. */
export async function sizeAndTime(path: string): Promise<SizeAndTime> {
  const info = await stat(path);
  if (!info.isDirectory()) return { bytes: info.size, modified: info.mtime.toISOString() };
  const names = await Promise.all(PREDICTION_FORMATS.map(async (format) => format.files?.(path) ?? []));
  const hash = createHash('sha256');
  let bytes = 0;
  let modified = 0;
  for (const name of names.flat()) {
    const file = await stat(join(path, name)).catch(() => null);
    if (file === null) continue;
    hash.update(`${name} ${file.size} ${file.mtimeMs}\n`);
    bytes += file.size;
    modified = Math.max(modified, file.mtimeMs);
  }
  return { bytes, modified: new Date(modified).toISOString(), files: hash.digest('hex').slice(0, 32) };
}
