/**
 * True meshes that are gone through several times, once for each prediction set of a sweep: parsed once,
 * then read again as doubles from a file beside the run, so that memory does not grow with the benchmark.
 */
import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { partialName } from '../../files/atomic-file.js';
import { fileError } from '../../files/file-errors.js';
import type { Meshes } from '../types.js';
import type { MeshReader } from './mesh-reader.js';

export class MeshSpool {
  readonly #source: MeshReader;
  /** How errors name the file. */
  readonly #path: string;
  readonly #file: FileHandle;
  /** Meshes in the file. */
  #count = 0;
  #vertexCount = 0;
  #ended = false;

  private constructor(source: MeshReader, path: string, file: FileHandle) {
    this.#source = source;
    this.#path = path;
    this.#file = file;
  }

  /** @param folder where the file is, which takes 8 bytes a number: a run directory has room for a sweep, and so for this. */
  static async create(source: MeshReader, folder: string): Promise<MeshSpool> {
    // Of its own: a temporary folder is everybody's.
    const path = partialName(join(folder, `true_vertices-${randomUUID()}`));
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'wx+');
      // Without a name it is gone when it is closed, however this process ends.
      await rm(path);
      return new MeshSpool(source, path, file);
    } catch (error) {
      await file?.close();
      throw fileError(error, path, 'write');
    }
  }

  /** A reader that begins at the first mesh; one is read at a time. */
  fromStart(): MeshReader {
    let position = 0;
    return {
      next: async (count) => {
        while (!this.#ended && this.#count < position + count)
          await this.#append(position + count - this.#count);
        const first = position;
        position = Math.min(this.#count, first + count);
        return position === first ? null : this.#read(first, position - first);
      },
    };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #append(count: number): Promise<void> {
    const meshes = await this.#source.next(count);
    if (meshes === null) {
      this.#ended = true;
      return;
    }
    this.#vertexCount = meshes.vertexCount;
    const bytes = bytesOf(meshes.values);
    const position = this.#count * this.#meshBytes;
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw fileError(error, this.#path, 'write');
    }
    this.#count += meshes.count;
  }

  async #read(first: number, count: number): Promise<Meshes> {
    const values = new Float64Array(count * this.#vertexCount * 3);
    const bytes = bytesOf(values);
    const position = first * this.#meshBytes;
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesRead } = await this.#file.read(bytes, done, bytes.length - done, position + done);
        if (bytesRead === 0) throw new Error('the file has become shorter');
        done += bytesRead;
      }
    } catch (error) {
      throw fileError(error, this.#path);
    }
    return { values, count, vertexCount: this.#vertexCount };
  }

  get #meshBytes(): number {
    return this.#vertexCount * 3 * Float64Array.BYTES_PER_ELEMENT;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
