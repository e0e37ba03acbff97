/** Checkpoints written by hand, as `torch.save` and safetensors lay them out; they share nothing with the program's readers. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import {
  bytes,
  dict,
  global,
  int,
  pickle,
  reduce,
  shapeOf,
  tuple,
  u16,
  u32,
  u64,
  unicode,
} from './tiny-pickle.js';

export interface Storage {
  readonly key: string;
  /** `torch.FloatStorage` by its last name. */
  readonly cls: string;
  readonly module?: string;
  readonly location?: string;
  /** Elements. */
  readonly count: number;
}

/** ('storage', class, key, location, count) as a persistent id; the legacy format adds a view or None. */
export function storageId(
  { key, cls, module = 'torch', location = 'cpu', count }: Storage,
  ...view: Buffer[]
): Buffer {
  const id = [unicode('storage'), global(module, cls), unicode(key), unicode(location), int(count)];
  return bytes(tuple(...id, ...view), 'Q');
}

const NO_HOOKS = reduce(global('collections', 'OrderedDict'));

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

/** `torch._utils._rebuild_tensor_v2(storage, from, shape, strides, False, OrderedDict())`. */
export function tensor(
  storage: Buffer,
  shape: readonly number[],
  strides = rowMajor(shape),
  from = 0,
): Buffer {
  return reduce(
    global('torch._utils', '_rebuild_tensor_v2'),
    storage,
    int(from),
    shapeOf(shape),
    shapeOf(strides),
    '\x89',
    NO_HOOKS,
  );
}

/** A dict of the state that a module has, by name. */
export function stateDict(entries: Readonly<Record<string, Buffer>>): Buffer {
  return dict(...Object.entries(entries).flatMap(([name, value]) => [unicode(name), value]));
}

export interface Member {
  readonly name: string;
  /** A number: so many zeros, left as a hole in the file. */
  readonly data: Uint8Array | number;
}

export function zipMembers(
  content: Buffer,
  storages: Readonly<Record<string, Uint8Array | number>>,
  byteOrder: string | undefined = 'little',
): Member[] {
  return [
    { name: 'archive/data.pkl', data: content },
    ...(byteOrder === undefined ? [] : [{ name: 'archive/byteorder', data: Buffer.from(byteOrder) }]),
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
    { name: 'archive/version', data: Buffer.from('3\n') },
  ];
}

const MAX32 = 0xffffffff;

/**
 * An archive as PyTorch writes it, in pieces: members stored, each at a multiple of 64 by padding that the local
 * header alone has, zip64 where a number needs it.
 */
function* zipPieces(members: readonly Member[]): Generator<Buffer | number> {
  let at = 0;
  const directory: Buffer[] = [];
  for (const { name, data } of members) {
    const start = at;
    const length = typeof data === 'number' ? data : data.length;
    const crc = typeof data === 'number' ? 0 : crc32(data);
    const large = length > MAX32 ? bytes(u16(1), u16(16), u64(length), u64(length)) : Buffer.alloc(0);
    const padding = (64 - ((at + 30 + name.length + large.length + 4) % 64)) % 64;
    const extra = bytes(large, 'FB', u16(padding), Buffer.alloc(padding));
    const size = u32(Math.min(length, MAX32));
    const fields = bytes(u16(45), u16(0x800), u16(0), u32(0), u32(crc), size, size, u16(name.length));
    const local = bytes('PK\x03\x04', fields, u16(extra.length), name, extra);
    yield local;
    yield typeof data === 'number' ? data : Buffer.from(data);
    at += local.length + length;
    const wide = [...(length > MAX32 ? [length, length] : []), ...(start > MAX32 ? [start] : [])];
    const central =
      wide.length === 0 ? Buffer.alloc(0) : bytes(u16(1), u16(8 * wide.length), ...wide.map(u64));
    const tail = bytes(u16(central.length), u16(0), u16(0), u16(0), u32(0), u32(Math.min(start, MAX32)));
    directory.push(bytes('PK\x01\x02', u16(45), fields, tail, name, central));
  }
  const table = Buffer.concat(directory);
  yield table;
  const isLong = members.length > 0xffff || at > MAX32;
  if (isLong) {
    const counts = [u64(members.length), u64(members.length), u64(table.length), u64(at)];
    yield bytes('PK\x06\x06', u64(44), u16(45), u16(45), u32(0), u32(0), ...counts);
    yield bytes('PK\x06\x07', u32(0), u64(at + table.length), u32(1));
  }
  const count = u16(Math.min(members.length, 0xffff));
  yield bytes('PK\x05\x06', u32(0), count, count, u32(table.length), u32(isLong ? MAX32 : at), u16(0));
}

export function zipFile(members: readonly Member[]): Buffer {
  return Buffer.concat(
    Array.from(zipPieces(members), (piece) => (typeof piece === 'number' ? Buffer.alloc(piece) : piece)),
  );
}

/** The same on the disk, with holes where a member is so many zeros. */
export function writeZip(path: string, members: readonly Member[]): void {
  const file = openSync(path, 'w');
  try {
    let at = 0;
    for (const piece of zipPieces(members)) {
      if (typeof piece === 'number') ftruncateSync(file, at + piece);
      else writeSync(file, piece, 0, piece.length, at);
      at += typeof piece === 'number' ? piece : piece.length;
    }
  } finally {
    closeSync(file);
  }
}

/** The format before PyTorch 1.6: five pickles, then each storage with its number of elements. */
export function legacy(
  content: Buffer,
  storages: readonly (readonly [key: string, count: number, data: Uint8Array])[],
  protocol = 2,
): Buffer {
  const magic = bytes('\x8a\x0a', Buffer.from('6cfc9c46f9206aa85019', 'hex'));
  return bytes(
    pickle(protocol, magic),
    pickle(protocol, int(1001)),
    pickle(protocol, dict()),
    content,
    pickle(protocol, '](', ...storages.map(([key]) => unicode(key)), 'e'),
    ...storages.map(([, count, data]) => bytes(u64(count), Buffer.from(data))),
  );
}

export function safetensors(table: Readonly<Record<string, unknown>> | string, data: Uint8Array): Buffer {
  const header = Buffer.from(typeof table === 'string' ? table : JSON.stringify(table));
  return bytes(u64(header.length), header, Buffer.from(data));
}
