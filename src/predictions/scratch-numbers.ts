/** Numbers put by in a temporary file, in the order they come, and read again in any. */
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../files/file-errors.js';

export class ScratchNumbers {
  readonly #folder: string;
  readonly #file: FileHandle;
  #length = 0;

  private constructor(folder: string, file: FileHandle) {
    this.#folder = folder;
    this.#file = file;
  }

  static async create(): Promise<ScratchNumbers> {
    const folder = await makeScratch('json');
    const path = join(folder, 'numbers');
    try {
      return new ScratchNumbers(folder, await open(path, 'w+'));
    } catch (error) {
      await removeScratch(folder);
      throw fileError(error, path, 'write');
    }
  }

  /** How many numbers there are. */
  get length(): number {
    return this.#length;
  }

  async append(values: Float64Array): Promise<void> {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file
        .write(bytes, done, bytes.length - done, this.#length * 8 + done)
        .catch((error: unknown) => {
          throw fileError(error, this.#folder, 'write');
        });
      done += bytesWritten;
    }
    this.#length += values.length;
  }

  async read(first: number, length: number): Promise<Float64Array> {
    const values = new Float64Array(length);
    const bytes = Buffer.from(values.buffer);
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await this.#file.read(bytes, done, bytes.length - done, first * 8 + done);
      if (bytesRead === 0) throw new Error('the temporary file has become shorter');
      done += bytesRead;
    }
    return values;
  }

  async close(): Promise<void> {
    await this.#file.close();
    await removeScratch(this.#folder);
  }
}

/** A folder of its own for temporary files. */
export async function makeScratch(format: string): Promise<string> {
  const prefix = join(tmpdir(), `hamba-eval-${format}-`);
  return mkdtemp(prefix).catch((error: unknown) => {
    throw fileError(error, prefix, 'write');
  });
}

export async function removeScratch(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
