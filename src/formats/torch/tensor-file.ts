/**
 * Checkpoints as tables of tensors: PyTorch's two formats and safetensors, told by their content. Opening reads the
 * table alone; the numbers stay in the file until they are asked for. Nothing that a checkpoint names is run.
 */
import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { refuseLfsPointer } from '../../files/lfs-pointer.js';
import { openFile } from '../../files/open-file.js';
import { halfToFloat32 } from '../npy/half.js';
import { KIND_BYTES, notACheckpoint } from './not-a-checkpoint.js';
import { isSafetensors, readSafetensorsTable } from './safetensors.js';
import { elements, TENSOR_BYTES, type StoredTensor, type TensorTable } from './tensor.js';
import { isLegacy, readLegacyTable } from './torch-legacy.js';
import { reach } from './torch-tensor.js';
import { readZipTable } from './torch-zip.js';

export class TensorFile {
  readonly path: string;
  readonly size: number;
  readonly table: TensorTable;
  readonly #handle: FileHandle;

  constructor(path: string, size: number, table: TensorTable, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.table = table;
    this.#handle = handle;
  }

  get tensors(): ReadonlyMap<string, StoredTensor> {
    return this.table.tensors;
  }

  /** Row-major little-endian bytes of a tensor, or of `count` of its elements from `from` on. */
  async bytes(tensor: StoredTensor, from = 0, count = elements(tensor) - from): Promise<Uint8Array> {
    const width = TENSOR_BYTES[tensor.type];
    if (tensor.strides === undefined)
      return this.#read(tensor.offset + from * width, count * width, tensor.name);
    const { shape, strides } = tensor;
    const stored = await this.#read(tensor.offset, reach(shape, strides) * width, tensor.name);
    return gathered(stored, shape, strides, width).subarray(from * width, (from + count) * width);
  }

  /** The same as float32: doubles rounded, halves exact. */
  async float32(tensor: StoredTensor, from = 0, count = elements(tensor) - from): Promise<Float32Array> {
    const bytes = await this.bytes(tensor, from, count);
    const { buffer } = bytes.slice();
    switch (tensor.type) {
      case 'float32':
        return new Float32Array(buffer);
      case 'float64':
        return Float32Array.from(new Float64Array(buffer));
      case 'float16':
        return halfToFloat32(new Uint16Array(buffer));
      case 'bfloat16':
        return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
      case 'int64':
      case 'int32':
      case 'int16':
      case 'int8':
      case 'uint8':
      case 'bool':
        throw new UserError({
          code: 'tensor-type',
          message: `${tensor.name} does not hold numbers with decimals`,
          file: this.path,
          offset: tensor.offset,
          expected: 'float32, float64, float16 or bfloat16',
          got: tensor.type,
          next: 'save the weights without quantisation',
        });
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #read(offset: number, length: number, name: string): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(
        bytes,
        done,
        Math.min(length - done, 1 << 30),
        offset + done,
      );
      if (bytesRead === 0) {
        throw new UserError({
          code: 'tensor-truncated',
          message: `The file ends within ${name}`,
          file: this.path,
          offset: offset + done,
          expected: `${length} bytes`,
          got: `${done} bytes`,
          next: 'copy or download the file again',
        });
      }
      done += bytesRead;
    }
    return bytes;
  }
}

function gathered(
  stored: Uint8Array,
  shape: readonly number[],
  strides: readonly number[],
  width: number,
): Uint8Array {
  const total = elements({ shape });
  const out = new Uint8Array(total * width);
  const index = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let i = 0; i < total; i++) {
    out.set(stored.subarray(at * width, (at + 1) * width), i * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * @throws UserError `checkpoint-…`, `tensor-…`, or one of the zip and pickle readers'; all name the byte
 */
export async function openTensorFile(path: string): Promise<TensorFile> {
  let handle: FileHandle;
  try {
    handle = await openFile(path);
  } catch (error) {
    throw fileError(error, path);
  }
  try {
    const { size } = await handle.stat();
    const start = Buffer.alloc(Math.min(size, KIND_BYTES));
    await handle.read(start, 0, start.length, 0);
    refuseLfsPointer(start, path);
    return new TensorFile(path, size, await readTable(handle, size, start, path), handle);
  } catch (error) {
    await handle.close();
    throw error instanceof UserError ? error : fileError(error, path);
  }
}

async function readTable(
  handle: FileHandle,
  size: number,
  start: Buffer,
  path: string,
): Promise<TensorTable> {
  if (start.subarray(0, 4).toString('latin1') === 'PK\x03\x04') return readZipTable(path, size);
  if (isLegacy(start)) return readLegacyTable(handle, size, path);
  if (isSafetensors(start)) return readSafetensorsTable(handle, size, path);
  throw notACheckpoint(start, path);
}
