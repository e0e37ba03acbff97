/** safetensors: a JSON table of contents, then the bytes (Hugging Face's public description of the format). */
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import { COPY_AGAIN } from '../pickle/pickle-source.js';
import { elements, TENSOR_BYTES, type StoredTensor, type TensorTable, type TensorType } from './tensor.js';

const TYPES = new Map<string, TensorType>([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]);

/** Where the table begins, behind its length. */
const TABLE_AT = 8;
/** The format's own bound. */
const MOST_TABLE_BYTES = 100_000_000;
/** Characters of the table that an error shows. */
const MOST_SHOWN = 120;

const count = z.int().nonnegative();
const entry = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });
const metadata = z.record(z.string(), z.string());
type Offsets = z.infer<typeof entry>['data_offsets'];

export function isSafetensors(start: Buffer): boolean {
  return start[TABLE_AT] === 0x7b && start.readBigUInt64LE(0) <= MOST_TABLE_BYTES;
}

/** @throws UserError `checkpoint-truncated`, `checkpoint-content` */
export async function readSafetensorsTable(
  handle: FileHandle,
  size: number,
  path: string,
): Promise<TensorTable> {
  const head = Buffer.alloc(TABLE_AT);
  await handle.read(head, 0, TABLE_AT, 0);
  const dataAt = TABLE_AT + Number(head.readBigUInt64LE(0));
  const refused = (message: string, expected: string, got: string): UserError =>
    new UserError({
      code: 'checkpoint-content',
      message,
      file: path,
      offset: TABLE_AT,
      expected,
      got,
      next: 'copy or download the file again, or write it again with safetensors',
    });
  if (dataAt > size) throw cutOff(path, size, dataAt, 'table');
  const bytes = Buffer.alloc(dataAt - TABLE_AT);
  await handle.read(bytes, 0, bytes.length, TABLE_AT);
  const tensors: [Offsets, StoredTensor][] = [];
  const others: { key: string; what: string }[] = [];
  for (const [name, value] of Object.entries(parsed(bytes, refused))) {
    const texts = name === '__metadata__' ? metadata.safeParse(value).data : undefined;
    if (texts !== undefined) {
      const what = Object.entries(texts).map(([key, text]) => `${key} ${shown(text)}`);
      others.push({ key: name, what: what.join(', ') });
      continue;
    }
    const { data } = entry.safeParse(value);
    const type = data === undefined ? undefined : TYPES.get(data.dtype);
    if (data === undefined || type === undefined) {
      const expected = `dtype, shape and data_offsets; a type among ${[...TYPES.keys()].join(', ')}`;
      throw refused(`The tensor ${name} is described in a way that is not known`, expected, shown(value));
    }
    const [from, to] = data.data_offsets;
    const length = elements(data) * TENSOR_BYTES[type];
    if (to - from !== length) {
      throw refused(`The bytes of ${name} do not fill its shape`, `${length} bytes`, `from ${from} to ${to}`);
    }
    tensors.push([
      data.data_offsets,
      { name, type, shape: data.shape, offset: dataAt + from, length, strides: undefined },
    ]);
  }
  if (tensors.length === 0) throw refused('The safetensors file holds no tensor', 'tensors', 'none');
  tensors.sort(([[a, aEnd]], [[b, bEnd]]) => a - b || aEnd - bEnd);
  let end = 0;
  for (const [[from, to], { name }] of tensors) {
    if (from !== end)
      throw refused(`The bytes of ${name} do not follow those before it`, `from ${end}`, `from ${from}`);
    end = to;
  }
  if (dataAt + end > size) throw cutOff(path, size, dataAt + end, 'tensors');
  if (dataAt + end < size) {
    throw refused('The file is longer than its table says', `${dataAt + end} bytes`, `${size} bytes`);
  }
  return {
    format: 'safetensors',
    tensors: new Map(tensors.map(([, tensor]) => [tensor.name, tensor])),
    others,
  };
}

function parsed(
  bytes: Buffer,
  refused: (message: string, expected: string, got: string) => UserError,
): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    const got = error instanceof SyntaxError ? error.message : 'other JSON';
    throw refused('The table of the safetensors file is no JSON object', 'a JSON object', got);
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function cutOff(path: string, size: number, needed: number, what: string): UserError {
  return new UserError({
    code: 'checkpoint-truncated',
    message: `The file ends before the end of its ${what}`,
    file: path,
    offset: size,
    expected: `${needed} bytes`,
    got: `${size} bytes`,
    next: COPY_AGAIN,
  });
}
