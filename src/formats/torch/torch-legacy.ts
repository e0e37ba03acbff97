/**
 * PyTorch's format before 1.6: pickles back to back (magic number, protocol, system, the object, the storages' keys),
 * then for each key the number of elements and the bytes, little-endian whatever machine wrote them.
 */
import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../../errors.js';
import { runPickle } from '../pickle/pickle-machine.js';
import { COPY_AGAIN, PickleSource } from '../pickle/pickle-source.js';
import { inWords, type PickleValue } from '../pickle/pickle-values.js';
import type { TensorTable } from './tensor.js';
import { readContent, type TensorContent } from './torch-content.js';
import { storageOf, type Storage, type StoragePlace } from './torch-storage.js';
import { placed } from './torch-tensor.js';

/** LONG1 of the number that the format begins with; before it stand its opcode PROTO and, from protocol 4 on, FRAME. */
const MAGIC = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex');
const MAGIC_WITHIN = 2 + 9 + MAGIC.length;

/** The pickles lie at the beginning; how long they are only reading them tells. */
const FIRST_READ = 4 * 2 ** 20;
const MOST_READ = 256 * 2 ** 20;

export function isLegacy(start: Buffer): boolean {
  return start.subarray(0, MAGIC_WITHIN).includes(MAGIC);
}

export async function readLegacyTable(handle: FileHandle, size: number, path: string): Promise<TensorTable> {
  const { content, storages, keys, end } = await readPickles(handle, size, path);
  const places = new Map<string, StoragePlace>();
  const head = Buffer.alloc(8);
  let at = end;
  for (const key of keys) {
    const storage = storages.get(key);
    const { bytesRead } = await handle.read(head, 0, 8, at);
    if (storage === undefined) {
      throw damaged(path, at, `Nothing says of which type storage ${key} is`, 'a storage that is used', key);
    }
    if (bytesRead < 8 || at + 8 + storage.bytes > size) throw cutOff(path, at, storage, size);
    const count = head.readBigUInt64LE(0);
    if (count * BigInt(storage.width) !== BigInt(storage.bytes)) {
      const [expected, got] = [`${storage.bytes / storage.width} elements`, `${count}`];
      throw damaged(path, at, `Storage ${key} has another size than its tensors say`, expected, got);
    }
    places.set(key, { offset: at + 8, length: storage.bytes });
    at += 8 + storage.bytes;
  }
  return {
    format: 'torch-legacy',
    tensors: placed(content.views, places, size, path),
    others: content.others,
  };
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
  const keysAt = at;
  const { value: keys } = next();
  const storages = source.persistentIds.flatMap((id) => storageOf(id) ?? []);
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) {
    const expected = 'a list of keys behind the object';
    throw damaged(path, keysAt, 'The checkpoint does not list its storages', expected, inWords(keys));
  }
  return {
    content: readContent(root, source),
    storages: new Map(storages.map((storage) => [storage.key, storage])),
    keys,
    end: at,
  };
}

function damaged(path: string, offset: number, message: string, expected: string, got: string): UserError {
  return new UserError({
    code: 'checkpoint-damaged',
    message,
    file: path,
    offset,
    expected,
    got,
    next: COPY_AGAIN,
  });
}

function cutOff(path: string, at: number, { key, bytes }: Storage, size: number): UserError {
  return new UserError({
    code: 'checkpoint-truncated',
    message: `The checkpoint ends before the end of storage ${key}`,
    file: path,
    offset: Math.min(at, size),
    expected: `its number of elements and ${bytes} bytes`,
    got: `a file of ${size} bytes`,
    next: COPY_AGAIN,
  });
}
