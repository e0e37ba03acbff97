/**
 * The bytes of an archive, as yauzl asks for them. The positions it asks for come from the archive and may be
 * anything; those outside the file end in an error here, where `fs.read` would throw in a callback that nobody can
 * catch. The last position is kept, so that an error can say where it was found.
 */
import { createReadStream, read } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { RandomAccessReader } from 'yauzl';
import { openFile } from '../../files/open-file.js';

const CHUNK_BYTES = 256 * 1024;

export class ZipSource extends RandomAccessReader {
  /** Length of the archive, bytes. */
  readonly size: number;
  /** Where the last piece of the archive's own records was looked for. */
  at = 0;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number) {
    super();
    this.#handle = handle;
    this.size = size;
  }

  static async open(file: string): Promise<ZipSource> {
    const handle = await openFile(file);
    try {
      return new ZipSource(handle, (await handle.stat()).size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.at = Math.min(position, this.size);
    if (position + length <= this.size) read(this.#handle.fd, buffer, offset, length, position, callback);
    else setImmediate(callback, new Error('a record lies outside the file'));
  }

  override _readStreamForRange(start: number, end: number): Readable {
    // Several streams share the one descriptor: none of them may close it.
    const fs = { read, close: (_: number, done: () => void) => void done() };
    const { fd } = this.#handle;
    return createReadStream('', { fd, fs, start, end: end - 1, highWaterMark: CHUNK_BYTES });
  }

  override close(callback: (error: Error | null) => void): void {
    this.#handle.close().then(() => callback(null), callback);
  }
}
