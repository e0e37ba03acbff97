/** Rows of a large .npy file, by positioned reads: memory depends on the rows asked for, not on the file. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { fileError } from '../../files/file-errors.js';
import { openFile, openFileSync } from '../../files/open-file.js';
import { checkLength, decodeNumbers, refuseText, toFloat64 } from './npy-array.js';
import { npyError, npyHeaderLength, parseNpyHeader, type NpyDtype, type NpyHeader } from './npy-header.js';

/** One piece of a read: where in the file, and where in the buffer. */
interface Span {
  position: number;
  at: number;
  length: number;
}

export class NpyReader {
  /** How errors name the file. */
  readonly file: string;
  readonly shape: readonly number[];
  readonly dtype: NpyDtype;
  /** Rows along the first axis. */
  readonly rows: number;
  /** Numbers in one row: the product of the other axes. */
  readonly rowLength: number;
  readonly #header: NpyHeader;
  readonly #handle: FileHandle | undefined;
  readonly #descriptor: number;

  private constructor(file: string, header: NpyHeader, source: FileHandle | number) {
    this.file = file;
    this.#header = header;
    this.shape = header.shape;
    this.dtype = header.dtype;
    this.rows = header.shape[0] ?? 1;
    this.rowLength = header.shape.slice(1).reduce((a, b) => a * b, 1);
    this.#handle = typeof source === 'number' ? undefined : source;
    this.#descriptor = typeof source === 'number' ? source : source.fd;
  }

  /**
   * Opens a file for reading; close it afterwards. A scalar counts as one row of one number.
   *
   * @param shownName how errors name the file, where it is a temporary copy of what the user knows.
   * @throws UserError as `readNpy` does, and `file-missing` or `file-unreadable`
   */
  static async open(file: string, shownName = file): Promise<NpyReader> {
    let handle: FileHandle | undefined;
    try {
      handle = await openFile(file);
      return new NpyReader(shownName, readHeader(handle.fd, shownName), handle);
    } catch (error) {
      await handle?.close();
      throw fileError(error, shownName);
    }
  }

  /** `open`, for a worker thread; such a reader reads with the `Sync` methods only. */
  static openSync(file: string): NpyReader {
    let descriptor: number | undefined;
    try {
      descriptor = openFileSync(file);
      return new NpyReader(file, readHeader(descriptor, file), descriptor);
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      throw fileError(error, file);
    }
  }

  /** Rows [first, end) as doubles, (end − first) × rowLength, row-major. */
  async readRows(first: number, end: number): Promise<Float64Array> {
    return toFloat64({ data: await this.#read(first, end), dtype: this.dtype }, this.file);
  }

  /** The same in single precision, rounded where the file holds more. */
  async readRowsFloat32(first: number, end: number): Promise<Float32Array> {
    return this.#toFloat32(await this.#read(first, end));
  }

  readRowsSync(first: number, end: number): Float64Array {
    return toFloat64({ data: this.#readSync(first, end), dtype: this.dtype }, this.file);
  }

  readRowsFloat32Sync(first: number, end: number): Float32Array {
    return this.#toFloat32(this.#readSync(first, end));
  }

  async close(): Promise<void> {
    if (this.#handle === undefined) closeSync(this.#descriptor);
    else await this.#handle.close();
  }

  closeSync(): void {
    if (this.#handle !== undefined) throw new TypeError('a reader opened with open() is closed with close()');
    closeSync(this.#descriptor);
  }

  #toFloat32(data: ReturnType<typeof decodeNumbers>): Float32Array {
    if (data instanceof Float32Array) return data;
    return Float32Array.from(toFloat64({ data, dtype: this.dtype }, this.file));
  }

  async #read(first: number, end: number): Promise<ReturnType<typeof decodeNumbers>> {
    const { buffer, spans } = this.#plan(first, end);
    const handle = this.#handle;
    if (handle === undefined) return this.#readSync(first, end);
    try {
      for (const span of spans) {
        for (let done = 0; done < span.length;) {
          const { bytesRead } = await handle.read(
            buffer,
            span.at + done,
            span.length - done,
            span.position + done,
          );
          if (bytesRead === 0) throw this.#shrunk(span.position + done);
          done += bytesRead;
        }
      }
    } catch (error) {
      throw fileError(error, this.file);
    }
    return this.#decode(buffer, end - first);
  }

  #readSync(first: number, end: number): ReturnType<typeof decodeNumbers> {
    const { buffer, spans } = this.#plan(first, end);
    try {
      for (const span of spans) {
        for (let done = 0; done < span.length;) {
          const read = readSync(
            this.#descriptor,
            buffer,
            span.at + done,
            span.length - done,
            span.position + done,
          );
          if (read === 0) throw this.#shrunk(span.position + done);
          done += read;
        }
      }
    } catch (error) {
      throw fileError(error, this.file);
    }
    return this.#decode(buffer, end - first);
  }

  #shrunk(offset: number): Error {
    return npyError(this.file, {
      code: 'npy-truncated',
      message: 'The file has become shorter while it was read',
      offset,
      expected: `${this.#header.dataBytes} bytes`,
      got: `${offset - this.#header.dataOffset} bytes`,
      next: 'wait for whatever writes the file, then run the same command again',
    });
  }

  /** Where the bytes of the rows lie: in one piece in C order, a piece a column in Fortran order. */
  #plan(first: number, end: number): { buffer: Buffer; spans: Span[] } {
    if (!Number.isInteger(first) || !Number.isInteger(end) || first < 0 || end < first || end > this.rows) {
      throw new RangeError(`rows [${first}, ${end}) of ${this.rows}`);
    }
    const { itemSize } = this.dtype;
    const { dataOffset, fortranOrder } = this.#header;
    const count = end - first;
    const buffer = Buffer.allocUnsafe(count * this.rowLength * itemSize);
    // Without elements the other axes are not bounded by the file.
    if (buffer.length === 0) return { buffer, spans: [] };
    if (!fortranOrder) {
      const position = dataOffset + first * this.rowLength * itemSize;
      return { buffer, spans: [{ position, at: 0, length: buffer.length }] };
    }
    const length = count * itemSize;
    const spans = Array.from({ length: this.rowLength }, (_, column) => ({
      position: dataOffset + (column * this.rows + first) * itemSize,
      at: column * length,
      length,
    }));
    return { buffer, spans };
  }

  #decode(buffer: Buffer, rows: number): ReturnType<typeof decodeNumbers> {
    const flat = decodeNumbers(buffer, this.dtype);
    if (!this.#header.fortranOrder || this.shape.length < 2 || flat.length === 0) return flat;
    // Columns came in Fortran order of the remaining axes: column f belongs at its C-order place.
    const out = flat.slice();
    const inner = this.shape.slice(1);
    for (let column = 0; column < this.rowLength; column++) {
      let rest = column;
      let place = 0;
      let stride = this.rowLength;
      for (const n of inner) {
        stride /= n;
        place += (rest % n) * stride;
        rest = Math.floor(rest / n);
      }
      for (let row = 0; row < rows; row++) out[row * this.rowLength + place] = flat[column * rows + row]!;
    }
    return out;
  }
}

/** The header needs two short reads; no promise is worth them. */
function readHeader(descriptor: number, file: string): NpyHeader {
  const take = (length: number): Buffer => {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, length, 0));
  };
  const header = parseNpyHeader(take(npyHeaderLength(take(12), file)), file);
  refuseText(header, file);
  checkLength(header, fstatSync(descriptor).size, file);
  return header;
}
