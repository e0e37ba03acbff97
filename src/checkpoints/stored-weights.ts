/** The tensors of a checkpoint as weights of a graph: where they lie, or copied into a file beside the model. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { partialName } from '../files/atomic-file.js';
import { fileError } from '../files/file-errors.js';
import { float32ToHalf } from '../formats/npy/half.js';
import type { ExternalData } from '../formats/onnx/onnx.js';
import { elements, TENSOR_BYTES, type StoredTensor } from '../formats/torch/tensor.js';
import type { TensorFile } from '../formats/torch/tensor-file.js';
import type { WeightPart, Weights } from '../network/weights.js';

/** Bytes to which tensors are aligned, as PyTorch aligns them in a checkpoint. */
const ALIGNMENT = 64;

/** Elements copied at a time. */
const PIECE = 1 << 22;

/** A part of a tensor that goes into the data file. */
interface Copied {
  readonly part: WeightPart;
  readonly tensor: StoredTensor;
  readonly offset: number;
}

export class StoredWeights implements Weights {
  readonly #file: TensorFile;
  /** How the graph names the checkpoint, from the model's folder; null where everything is copied. */
  readonly #inPlace: string | null;
  readonly #dataName: string;
  readonly #copied: Copied[] = [];
  #length = 0;

  constructor(file: TensorFile, inPlace: string | null, dataName: string) {
    this.#file = file;
    this.#inPlace = inPlace;
    this.#dataName = dataName;
  }

  shapeOf(key: string): readonly number[] | undefined {
    return this.#file.tensors.get(key)?.shape;
  }

  place(part: WeightPart): ExternalData {
    const tensor = this.#file.tensors.get(part.key)!;
    const length = part.count * TENSOR_BYTES[part.type];
    if (this.#inPlace !== null && tensor.type === part.type && tensor.strides === undefined) {
      const offset = tensor.offset + part.from * TENSOR_BYTES[tensor.type];
      return { location: this.#inPlace, offset, length };
    }
    const offset = Math.ceil(this.#length / ALIGNMENT) * ALIGNMENT;
    this.#length = offset + length;
    this.#copied.push({ part, tensor, offset });
    return { location: this.#dataName, offset, length };
  }

  /** Bytes of the data file; 0 where none is needed. */
  get copiedBytes(): number {
    return this.#length;
  }

  /** Writes what was placed in the data file. */
  async writeCopies(path: string): Promise<void> {
    await writeParts(
      path,
      this.#copied.map(({ part, tensor, offset }) => ({
        offset,
        pieces: () => this.#pieces(part, tensor),
      })),
    );
  }

  async *#pieces(part: WeightPart, tensor: StoredTensor): AsyncGenerator<Uint8Array> {
    // A strided tensor has to be gathered whole.
    const piece = tensor.strides === undefined ? PIECE : elements(tensor);
    for (let done = 0; done < part.count; done += piece) {
      const count = Math.min(piece, part.count - done);
      const values = await this.#file.float32(tensor, part.from + done, count);
      const out = part.type === 'float16' ? float32ToHalf(values) : values;
      yield new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    }
  }
}

export interface PlacedPart {
  readonly offset: number;
  readonly pieces: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Writes parts in the order of their offsets, zeros between them; the file appears whole or not at all. */
export async function writeParts(path: string, parts: readonly PlacedPart[]): Promise<void> {
  const partial = partialName(path);
  const stream = createWriteStream(partial);
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (!stream.write(bytes)) await once(stream, 'drain');
  };
  try {
    let at = 0;
    for (const { offset, pieces } of parts) {
      if (offset > at) await write(new Uint8Array(offset - at));
      at = offset;
      for await (const piece of pieces()) {
        await write(piece);
        at += piece.length;
      }
    }
    stream.end();
    await finished(stream);
    await rename(partial, path);
  } catch (error) {
    stream.destroy();
    await rm(partial, { force: true });
    throw fileError(error, path);
  }
}
