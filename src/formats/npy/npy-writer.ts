/**
 * Writes a large .npy file row by row, in any order, under a temporary name; the file appears whole or not at all,
 * and rows nobody wrote are NaN.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { endianness } from 'node:os';
import { fileError } from '../../files/file-errors.js';
import { makeNpyHeader, npyError } from './npy-header.js';

export interface NpyWriterOptions {
  /** All axes; the first is the row. */
  readonly shape: readonly number[];
  /** '<f4' rounds doubles to single precision; '<f8' holds both exactly. */
  readonly dtype: '<f4' | '<f8';
}

/** Beside the final file, so that renaming stays on one disk. */
export const PARTIAL_SUFFIX = '.partial';
const FILL_BYTES = 1 << 20;

export class NpyWriter {
  /** The final name. */
  readonly file: string;
  readonly shape: readonly number[];
  readonly dtype: '<f4' | '<f8';
  readonly rows: number;
  /** Numbers in one row. */
  readonly rowLength: number;
  readonly #handle: FileHandle;
  readonly #dataOffset: number;
  readonly #written: Uint8Array;
  #open = true;

  private constructor(file: string, options: NpyWriterOptions, handle: FileHandle, dataOffset: number) {
    this.file = file;
    this.shape = [...options.shape];
    this.dtype = options.dtype;
    this.rows = options.shape[0] ?? 1;
    this.rowLength = options.shape.slice(1).reduce((a, b) => a * b, 1);
    this.#handle = handle;
    this.#dataOffset = dataOffset;
    this.#written = new Uint8Array(this.rows);
  }

  /** The name the file has until `close`. */
  get partialFile(): string {
    return this.file + PARTIAL_SUFFIX;
  }

  /** Starts a file; what an interrupted run left under the temporary name is written over. */
  static async create(file: string, options: NpyWriterOptions): Promise<NpyWriter> {
    checkShape(options.shape);
    const header = makeNpyHeader(options.dtype, options.shape);
    let handle: FileHandle | undefined;
    try {
      handle = await open(file + PARTIAL_SUFFIX, 'w+');
      await writeFully(handle, header, 0);
      return new NpyWriter(file, options, handle, header.length);
    } catch (error) {
      await handle?.close();
      throw fileError(error, file, 'write');
    }
  }

  /**
   * Goes on with the temporary file of an interrupted run.
   *
   * @param isWritten which rows are known to be whole, from the caller's own journal; the others must be written again
   * @throws UserError `npy-resume` where the temporary file is of another shape or type, `file-missing` where there is none
   */
  static async resume(
    file: string,
    options: NpyWriterOptions,
    isWritten: (row: number) => boolean,
  ): Promise<NpyWriter> {
    checkShape(options.shape);
    const header = makeNpyHeader(options.dtype, options.shape);
    let handle: FileHandle | undefined;
    try {
      handle = await open(file + PARTIAL_SUFFIX, 'r+').catch((error: unknown) => {
        throw fileError(error, file + PARTIAL_SUFFIX);
      });
      const found = Buffer.alloc(header.length);
      const { bytesRead } = await handle.read(found, 0, found.length, 0);
      const writer = new NpyWriter(file, options, handle, header.length);
      const { size } = await handle.stat();
      let needed = header.length;
      for (let row = 0; row < writer.rows; row++) {
        if (!isWritten(row)) continue;
        writer.#written[row] = 1;
        needed = header.length + (row + 1) * writer.#rowBytes;
      }
      if (bytesRead < header.length || !found.equals(header) || size < needed) {
        throw npyError(file + PARTIAL_SUFFIX, {
          code: 'npy-resume',
          message: 'The unfinished array is not the one this run would go on with',
          expected: `${options.dtype} of shape (${options.shape.join(', ')}), at least ${needed} bytes`,
          got: size < needed ? `${size} bytes` : JSON.stringify(found.toString('latin1', 10, 110).trimEnd()),
          next: 'start again with --force',
        });
      }
      return writer;
    } catch (error) {
      await handle?.close();
      throw fileError(error, file, 'write');
    }
  }

  get #itemSize(): number {
    return this.dtype === '<f4' ? 4 : 8;
  }

  get #rowBytes(): number {
    return this.rowLength * this.#itemSize;
  }

  /** Writes whole rows from `firstRow` on; calls may overlap in time, and a row may be written again. */
  async writeRows(firstRow: number, values: Float32Array | Float64Array): Promise<void> {
    const count = this.rowLength === 0 ? 0 : values.length / this.rowLength;
    const sound = Number.isInteger(firstRow) && firstRow >= 0 && Number.isInteger(count);
    if (!sound || firstRow + count > this.rows || (this.rowLength === 0 && values.length > 0)) {
      throw new RangeError(
        `${values.length} numbers from row ${firstRow} into shape (${this.shape.join(', ')})`,
      );
    }
    this.#requireOpen();
    await this.#write(this.#encode(values), firstRow);
    this.#written.fill(1, firstRow, firstRow + count);
  }

  isWritten(row: number): boolean {
    return this.#written[row] === 1;
  }

  /** Rows that nobody has written yet. */
  missingRows(): number[] {
    const missing: number[] = [];
    this.#written.forEach((written, row) => {
      if (written === 0) missing.push(row);
    });
    return missing;
  }

  /** Writes NaN into every row that nobody has written; says how many. They still count as missing. */
  async fillMissing(): Promise<number> {
    this.#requireOpen();
    const perWrite = Math.max(1, Math.floor(FILL_BYTES / Math.max(1, this.#rowBytes)));
    let block: Buffer | undefined;
    let filled = 0;
    for (let row = 0; row < this.rows;) {
      if (this.#written[row] === 1) {
        row++;
        continue;
      }
      let end = row + 1;
      while (end < this.rows && end - row < perWrite && this.#written[end] === 0) end++;
      block ??= this.#encode(new Float64Array(perWrite * this.rowLength).fill(NaN));
      await this.#write(block.subarray(0, (end - row) * this.#rowBytes), row);
      filled += end - row;
      row = end;
    }
    return filled;
  }

  /** Waits until what was written is on the disk, for a journal that will say so. */
  async flush(): Promise<void> {
    this.#requireOpen();
    try {
      await this.#handle.datasync();
    } catch (error) {
      throw fileError(error, this.file, 'write');
    }
  }

  /** Fills missing rows with NaN and gives the file its final name; says how many rows were missing. */
  async close(): Promise<number> {
    const missing = await this.fillMissing();
    try {
      await this.#handle.sync();
      this.#open = false;
      await this.#handle.close();
      await rename(this.partialFile, this.file);
    } catch (error) {
      throw fileError(error, this.file, 'write');
    }
    return missing;
  }

  /** Leaves the temporary file for `resume`. */
  async suspend(): Promise<void> {
    if (!this.#open) return;
    try {
      await this.flush();
    } finally {
      this.#open = false;
      await this.#handle.close();
    }
  }

  /** Gives the file up; nothing remains. Does nothing after `close`. */
  async abort(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
    await rm(this.partialFile, { force: true });
  }

  #requireOpen(): void {
    if (!this.#open) throw new TypeError(`${this.file} is closed`);
  }

  #encode(values: Float32Array | Float64Array): Buffer {
    const single = this.dtype === '<f4';
    const own =
      single === values instanceof Float32Array
        ? values
        : single
          ? Float32Array.from(values)
          : Float64Array.from(values);
    const bytes = Buffer.from(own.buffer, own.byteOffset, own.byteLength);
    if (endianness() === 'LE') return bytes;
    return single ? Buffer.from(bytes).swap32() : Buffer.from(bytes).swap64();
  }

  async #write(bytes: Buffer, row: number): Promise<void> {
    try {
      await writeFully(this.#handle, bytes, this.#dataOffset + row * this.#rowBytes);
    } catch (error) {
      throw fileError(error, this.file, 'write');
    }
  }
}

function checkShape(shape: readonly number[]): void {
  if (shape.length === 0 || !shape.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new RangeError(`not the shape of rows: (${shape.join(', ')})`);
  }
}

/** One call may write less than it was given. */
async function writeFully(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
