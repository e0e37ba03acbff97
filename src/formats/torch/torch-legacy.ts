/**
 * PyTorch's format before 1.6: pickles back to back (magic number, protocol, system, the object, the storages' keys),
 * then for each key the number of elements and the bytes.
 */
import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../../errors.js';
import { runPickle } from '../pickle/pickle-machine.js';
import { PickleSource } from '../pickle/pickle-source.js';
import { inWords, type PickleValue } from '../pickle/pickle-values.js';
import { TENSOR_BYTES, type TensorTable } from './tensor.js';
import {
  placed,
  readContent,
  storageOf,
  type Storage,
  type StoragePlace,
  type TensorContent,
} from './torch-content.js';

/** The pickles lie at the beginning; how long they are only reading them tells. */
const FIRST_READ = 4 * 2 ** 20;
const MOST_READ = 256 * 2 ** 20;

export async function readLegacyTable(handle: FileHandle, size: number, path: string): Promise<TensorTable> {
  const { content, storages, keys, end } = await readPickles(handle, size, path);
  const places = new Map<string, StoragePlace>();
  const head = Buffer.alloc(8);
  let at = end;
  for (const key of keys) {
    const { bytesRead } = await handle.read(head, 0, 8, at);
    const storage = storages.get(key);
    const count = bytesRead === 8 ? Number(head.readBigInt64LE(0)) : Number.NaN;
    const length = storage === undefined ? Number.NaN : count * widthOf(storage);
    if (!(length >= 0) || !(at + 8 + length <= size)) throw cutOff(path, at, key, size);
    places.set(key, { offset: at + 8, length });
    at += 8 + length;
  }
  return {
    format: 'torch-legacy',
    tensors: placed(content.views, ({ storage }) => places.get(storage), size, path),
    others: content.others,
  };
}

function widthOf({ type }: Storage): number {
  return type === undefined ? 1 : TENSOR_BYTES[type];
}

interface Pickles {
  readonly content: TensorContent;
  readonly storages: ReadonlyMap<string, Storage>;
  /** In the order of their bytes. */
  readonly keys: readonly string[];
  /** Where the first storage begins. */
  readonly end: number;
}

async function readPickles(handle: FileHandle, size: number, path: string): Promise<Pickles> {
  for (let length = FIRST_READ; ; length *= 4) {
    const bytes = Buffer.alloc(Math.min(length, size));
    await handle.read(bytes, 0, bytes.length, 0);
    try {
      return parsePickles(bytes, path);
    } catch (error) {
      const isShort = error instanceof UserError && error.code === 'pickle-truncated' && bytes.length < size;
      if (!isShort || length >= MOST_READ) throw error;
    }
  }
}

function parsePickles(bytes: Uint8Array, path: string): Pickles {
  let at = 0;
  const next = (): { value: PickleValue; source: PickleSource } => {
    const source = new PickleSource(bytes, path, { checkpoint: true, start: at, maxInputBytes: MOST_READ });
    const value = runPickle(source);
    at = source.at;
    return { value, source };
  };
  // The magic number, the protocol and the system: what they say is the same for every file of this format.
  for (let skipped = 0; skipped < 3; skipped++) next();
  const { value: root, source } = next();
  const { value: keys } = next();
  const storages = source.persistentIds.flatMap((id) => storageOf(id) ?? []);
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) {
    throw new UserError({
      code: 'checkpoint-content',
      message: 'The checkpoint does not list its storages',
      file: path,
      offset: source.at,
      expected: 'a list of keys behind the object',
      got: inWords(keys),
      next: 'copy or download the checkpoint again',
    });
  }
  return {
    content: readContent(root, path),
    storages: new Map(storages.map((storage) => [storage.key, storage])),
    keys: keys,
    end: at,
  };
}

function cutOff(path: string, at: number, key: string, size: number): UserError {
  return new UserError({
    code: 'checkpoint-truncated',
    message: `The checkpoint ends before storage ${key}`,
    file: path,
    offset: Math.min(at, size),
    expected: 'its number of elements and its bytes',
    got: `a file of ${size} bytes`,
    next: 'copy or download the checkpoint again',
  });
}
