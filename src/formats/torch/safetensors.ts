/** safetensors: a JSON table of contents, then the bytes (Hugging Face's public description of the format). */
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import { elements, TENSOR_BYTES, type StoredTensor, type TensorTable, type TensorType } from './tensor.js';

const TYPES: Readonly<Record<string, TensorType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};

/** The format's own bound. */
const MOST_HEADER = 100_000_000;

const count = z.int().nonnegative();
const entry = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });

export async function readSafetensorsTable(
  handle: FileHandle,
  size: number,
  path: string,
): Promise<TensorTable> {
  const head = Buffer.alloc(8);
  await handle.read(head, 0, 8, 0);
  const length = Number(head.readBigUInt64LE(0));
  const refuse = (message: string, expected: string, got: string, offset = 8): UserError =>
    new UserError({
      code: 'checkpoint-content',
      message,
      file: path,
      offset,
      expected,
      got,
      next: 'copy or download the file again, or write it again with safetensors',
    });
  if (length > MOST_HEADER || 8 + length > size) {
    throw refuse(
      'The table of the safetensors file does not fit into it',
      `at most ${size - 8} bytes`,
      `${length}`,
      0,
    );
  }
  const bytes = Buffer.alloc(length);
  await handle.read(bytes, 0, length, 8);
  let table: unknown;
  try {
    table = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw refuse('The table of the safetensors file is no JSON', 'a JSON object', (error as Error).message);
  }
  const tensors = new Map<string, StoredTensor>();
  const others: { key: string; what: string }[] = [];
  for (const [name, value] of Object.entries(z.record(z.string(), z.unknown()).catch({}).parse(table))) {
    if (name === '__metadata__') {
      others.push({ key: name, what: 'text about the file' });
      continue;
    }
    const { data, success } = entry.safeParse(value);
    const type = success ? TYPES[data.dtype] : undefined;
    if (!success || type === undefined) {
      throw refuse(
        `The tensor ${name} is described in a way that is not known`,
        `a type among ${Object.keys(TYPES).join(', ')}`,
        JSON.stringify(value),
      );
    }
    const [from, to] = data.data_offsets;
    const bytesOf = elements(data) * TENSOR_BYTES[type];
    if (to - from !== bytesOf || 8 + length + to > size) {
      throw refuse(
        `The numbers of ${name} are not in the file`,
        `${bytesOf} bytes within ${size - 8 - length}`,
        `from ${from} to ${to}`,
      );
    }
    tensors.set(name, {
      name,
      type,
      shape: data.shape,
      offset: 8 + length + from,
      length: bytesOf,
      strides: undefined,
    });
  }
  if (tensors.size === 0) throw refuse('The safetensors file holds no tensor', 'tensors', 'none');
  return { format: 'safetensors', tensors, others };
}
