/**
 * .npy and .npz files written by hand (NumPy's `lib/format.py`, PKWARE's APPNOTE.TXT 4.3 to 4.5), sharing nothing
 * with the program's readers and writers.
 */
import { crc32, deflateRawSync } from 'node:zlib';
import { list, ndarray, pickle } from './tiny-pickle.js';

/** Wraps a header text and elements; `text` may be anything. */
export function npyOf(text: string, content: Uint8Array = Buffer.alloc(0), version = 1): Buffer {
  const header = Buffer.from(text, version === 3 ? 'utf8' : 'latin1');
  const start = Buffer.alloc(version === 1 ? 10 : 12);
  start.write('\x93NUMPY', 'latin1');
  start[6] = version;
  if (version === 1) start.writeUInt16LE(header.length, 8);
  else start.writeUInt32LE(header.length, 8);
  return Buffer.concat([start, header, content]);
}

export interface NpyOptions {
  /** The elements come in Fortran order; `content` has them so. */
  readonly fortran?: boolean;
  readonly version?: 1 | 2 | 3;
}

export function npyBytes(
  descr: string,
  shape: readonly (number | bigint)[],
  content: Uint8Array,
  { fortran = false, version = 1 }: NpyOptions = {},
): Buffer {
  const sizes = shape.map((n) => `${n},`).join(' ');
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sizes}), }\n`;
  return npyOf(text, content, version);
}

/** `numpy.array(values).astype(descr).reshape(shape)`, values in C order. */
export function numbersNpy(
  descr: string,
  shape: readonly number[],
  values: readonly number[],
  options: NpyOptions = {},
): Buffer {
  const size = Number(descr.slice(2));
  const out = Buffer.alloc(size * values.length);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const littleEndian = !descr.startsWith('>');
  const ordered = options.fortran === true ? toFortran(shape, values) : values;
  ordered.forEach((value, i) => writeNumber(view, i * size, descr.slice(1), value, littleEndian));
  return npyBytes(descr, shape, out, options);
}

function toFortran(shape: readonly number[], values: readonly number[]): number[] {
  return values.map((_, at) => {
    let rest = at;
    const index = shape.map((n) => {
      const i = rest % n;
      rest = Math.floor(rest / n);
      return i;
    });
    return values[index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0)]!;
  });
}

function writeNumber(view: DataView, at: number, type: string, value: number, littleEndian: boolean): void {
  switch (type) {
    case 'b1':
    case 'u1':
      return view.setUint8(at, value);
    case 'i1':
      return view.setInt8(at, value);
    case 'u2':
      return view.setUint16(at, value, littleEndian);
    case 'i2':
      return view.setInt16(at, value, littleEndian);
    case 'u4':
      return view.setUint32(at, value, littleEndian);
    case 'i4':
      return view.setInt32(at, value, littleEndian);
    case 'u8':
      return view.setBigUint64(at, BigInt(value), littleEndian);
    case 'i8':
      return view.setBigInt64(at, BigInt(value), littleEndian);
    case 'f2':
      return view.setUint16(at, halfBits(value), littleEndian);
    case 'f4':
      return view.setFloat32(at, value, littleEndian);
    case 'f8':
      return view.setFloat64(at, value, littleEndian);
    default:
      throw new RangeError(type);
  }
}

/** binary16 of a normal number that it holds exactly. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = (Math.abs(value) / 2 ** exponent - 1) * 1024;
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
}

/** `numpy.array(texts)`: UTF-32, padded with NULs. */
export function unicodeNpy(texts: readonly string[], order: '<' | '>' = '<', shape = [texts.length]): Buffer {
  const width = Math.max(1, ...texts.map((text) => [...text].length));
  const out = Buffer.alloc(4 * width * texts.length);
  texts.forEach((text, i) =>
    [...text].forEach((character, j) => {
      const code = character.codePointAt(0)!;
      const at = 4 * (i * width + j);
      if (order === '<') out.writeUInt32LE(code, at);
      else out.writeUInt32BE(code, at);
    }),
  );
  return npyBytes(`${order}U${width}`, shape, out);
}

/** `numpy.array([b'…'])`: UTF-8, padded with NULs. */
export function bytesNpy(texts: readonly string[]): Buffer {
  const width = Math.max(1, ...texts.map((text) => Buffer.byteLength(text)));
  const out = Buffer.alloc(width * texts.length);
  texts.forEach((text, i) => out.write(text, i * width));
  return npyBytes(`|S${width}`, [texts.length], out);
}

/** `numpy.array(items, dtype=object)`; the items are pieces of a pickle. */
export function objectsNpy(
  items: readonly Buffer[],
  shape: readonly number[] = [items.length],
  protocol = 3,
): Buffer {
  const array = ndarray('O8', shape, Buffer.alloc(0), { order: '|', data: () => list(...items) });
  return npyBytes('|O', shape, pickle(protocol, array));
}

export interface NpzOptions {
  readonly deflate?: boolean;
  /** Sizes, offsets and the number of entries in zip64 records alone. */
  readonly zip64?: boolean;
}

/** Pairs, so that a name may stand twice. */
export function npzOf(
  arrays: readonly (readonly [name: string, npy: Uint8Array])[],
  { deflate = false, zip64 = false }: NpzOptions = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [array, content] of arrays) {
    const name = Buffer.from(`${array}.npy`);
    const packed = deflate ? deflateRawSync(content) : content;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(zip64 ? 45 : 20, 0);
    fields.writeUInt16LE(0x800, 2);
    fields.writeUInt16LE(deflate ? 8 : 0, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(zip64 ? 0xffffffff : packed.length, 14);
    fields.writeUInt32LE(zip64 ? 0xffffffff : content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const localExtra = zip64 ? extra(content.length, packed.length) : Buffer.alloc(0);
    const centralExtra = zip64 ? extra(content.length, packed.length, offset) : Buffer.alloc(0);
    const local = Buffer.from(fields);
    local.writeUInt16LE(localExtra.length, 24);
    fields.writeUInt16LE(centralExtra.length, 24);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(zip64 ? 0xffffffff : offset, 10);
    const entry = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), local, name, localExtra, packed]);
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02\x2d\x00', 'latin1'), fields, tail, name, centralExtra]),
    );
    parts.push(entry);
    offset += entry.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(zip64 ? 0xffff : arrays.length, 8);
  end.writeUInt16LE(zip64 ? 0xffff : arrays.length, 10);
  end.writeUInt32LE(zip64 ? 0xffffffff : central.length, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 16);
  const records = zip64 ? [zip64End(arrays.length, central.length, offset)] : [];
  return Buffer.concat([...parts, central, ...records, end]);
}

function extra(...values: readonly number[]): Buffer {
  const out = Buffer.alloc(4 + 8 * values.length);
  out.writeUInt16LE(1, 0);
  out.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => out.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return out;
}

/** The zip64 end record, which stands behind the directory, and its locator. */
function zip64End(entries: number, directoryBytes: number, directoryAt: number): Buffer {
  const record = Buffer.alloc(56);
  record.write('PK\x06\x06', 'latin1');
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(45, 12);
  record.writeUInt16LE(45, 14);
  record.writeBigUInt64LE(BigInt(entries), 24);
  record.writeBigUInt64LE(BigInt(entries), 32);
  record.writeBigUInt64LE(BigInt(directoryBytes), 40);
  record.writeBigUInt64LE(BigInt(directoryAt), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07', 'latin1');
  locator.writeBigUInt64LE(BigInt(directoryAt + directoryBytes), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator]);
}
