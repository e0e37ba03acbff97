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
/** The table of contents is asked for in small pieces, one behind the other: two for each entry. */
const AHEAD_BYTES = 64 * 1024;

export class ZipSource extends RandomAccessReader {
  /** Length of the archive, bytes. */
  readonly size: number;
  /** Where the last piece of the archive's own records was looked for. */
  at = 0;
  readonly #handle: FileHandle;
  /** The end of the last piece. */
  #end = 0;
  #ahead = { position: 0, bytes: Buffer.alloc(0) };

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
    if (position + length > this.size) {
      setImmediate(callback, new Error('a record lies outside the file'));
      return;
    }
    const follows = position === this.#end;
    this.#end = position + length;
    const { fd } = this.#handle;
    if (this.#copyAhead(buffer, offset, length, position)) queueMicrotask(() => callback(null, length));
    else if (follows && length < AHEAD_BYTES) {
      const bytes = Buffer.alloc(Math.min(AHEAD_BYTES, this.size - position));
      read(fd, bytes, 0, bytes.length, position, (error, bytesRead) => {
        this.#ahead = { position, bytes: bytes.subarray(0, bytesRead) };
        const isRead = error === null && this.#copyAhead(buffer, offset, length, position);
        callback(error, isRead ? length : 0);
      });
    } else read(fd, buffer, offset, length, position, callback);
  }

  /** False where the piece was not read before. */
  #copyAhead(buffer: Buffer, offset: number, length: number, position: number): boolean {
    const start = position - this.#ahead.position;
    if (start < 0 || start + length > this.#ahead.bytes.length) return false;
    this.#ahead.bytes.copy(buffer, offset, start, start + length);
    return true;
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
