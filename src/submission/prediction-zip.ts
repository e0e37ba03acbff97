/** A zip archive with one file, `pred.json`, at its root: what the challenges take. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { fileError } from '../files/file-errors.js';

const ENTRY = 'pred.json';
const CHUNK_BYTES = 1024 * 1024;

const OPTIONS = {
  // The first time an archive knows, so that the same predictions give the same bytes.
  mtime: new Date(1980, 0, 1),
  forceDosTimestamp: true,
  mode: 0o100644,
  // Six decimals of meshes: twice as fast as zlib's own 6, and 1 % longer.
  compressionLevel: 5,
};

export interface WrittenZip {
  /** Bytes of pred.json. */
  readonly jsonBytes: number;
}

/**
 * Writes the archive; nothing is left where that fails.
 *
 * @param path is replaced where there is such a file.
 * @param pieces of pred.json; what they throw is thrown here.
 */
export async function writePredictionZip(path: string, pieces: AsyncIterable<Buffer>): Promise<WrittenZip> {
  let jsonBytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer, void, void> {
    for await (const piece of pieces) {
      jsonBytes += piece.length;
      yield piece;
    }
  };
  const source = Readable.from(counted(), { objectMode: false, highWaterMark: CHUNK_BYTES });
  const zip = new ZipFile();
  // yazl's own type says less than the PassThrough it is.
  const archive = zip.outputStream as Readable;
  source.once('error', (error) => archive.destroy(error));
  zip.once('error', (error: Error) => archive.destroy(error));
  zip.addReadStream(source, ENTRY, OPTIONS);
  zip.end();
  try {
    await pipeline(archive, createWriteStream(path));
  } catch (error) {
    source.destroy();
    // Whatever cannot be removed must not hide what went wrong.
    await rm(path, { force: true }).catch(() => undefined);
    // What the system says of the file is explained; whoever made the pieces speaks for himself.
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : fileError(error, path, 'write');
  }
  return { jsonBytes };
}
