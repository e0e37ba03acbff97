/**
 * Writes a small .npz: an archive of .npy files, not compressed, as `numpy.savez` does. The layout of the archive is
 * that of PKWARE's APPNOTE.TXT 4.3, without its 64-bit extension: below 4 GiB.
 */
import { crc32 } from 'node:zlib';
import { makeNpyHeader } from '../../src/formats/npy/npy-header.js';
import { littleEndianBytes } from '../../src/formats/onnx/onnx-values.js';

/** Numbers in C order, or text, which has one axis. */
export type NpzArray =
  | {
      readonly shape: readonly number[];
      readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array;
    }
  | readonly string[];

/** 1980-01-01, the first date an archive knows, so that the same arrays give the same bytes. */
const DOS_DATE = 0x0021;
/** Version 2.0 of the format suffices to read it. */
const VERSION = 20;
const LARGEST = 2 ** 32 - 1;

/**
 * The bytes of an .npz with these arrays, in this order.
 *
 * @throws RangeError for an array whose data do not fill its shape, and for 4 GiB or more
 */
export function npzBytes(arrays: Readonly<Record<string, NpzArray>>): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const entryName = Buffer.from(`${name}.npy`);
    const content = npyBytes(array);
    if (offset + content.length > LARGEST) throw new RangeError('an archive without zip64 ends at 4 GiB');
    const fields = entryFields(entryName, content);
    const file = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, entryName, content]);
    files.push(file);
    directory.push(directoryEntry(entryName, fields, offset));
    offset += file.length;
  }
  return Buffer.concat([...files, ...directory, endRecord(directory, offset)]);
}

/** What the local header and the directory say alike: version, flags, method, time, CRC-32, sizes, lengths. */
function entryFields(name: Buffer, content: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(VERSION, 0);
  fields.writeUInt16LE(DOS_DATE, 8);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

function directoryEntry(name: Buffer, fields: Buffer, offset: number): Buffer {
  const head = Buffer.alloc(6);
  head.write('PK\x01\x02', 'latin1');
  head.writeUInt16LE(VERSION, 4);
  // Comment, disk and attributes are 0; the last field is where the local header lies.
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([head, fields, tail, name]);
}

function endRecord(directory: readonly Buffer[], offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, entry) => sum + entry.length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  return end;
}

export function npyBytes(array: NpzArray): Buffer {
  if (isText(array)) return textArray(array);
  const { shape, data } = array;
  if (shape.reduce((product, size) => product * size, 1) !== data.length) {
    throw new RangeError(`${data.length} numbers do not fill the shape (${shape.join(', ')})`);
  }
  const kind = data instanceof Float32Array || data instanceof Float64Array ? 'f' : 'i';
  const header = makeNpyHeader(`<${kind}${data.BYTES_PER_ELEMENT}`, shape);
  return Buffer.concat([header, littleEndianBytes(data)]);
}

function isText(array: NpzArray): array is readonly string[] {
  return Array.isArray(array);
}

/** NumPy's `<U…`: UTF-32, every item as long as the longest, filled up with zeros. */
function textArray(texts: readonly string[]): Buffer {
  const points = texts.map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  const width = Math.max(1, ...points.map((text) => text.length));
  const data = Buffer.alloc(texts.length * width * 4);
  points.forEach((text, row) => {
    text.forEach((point, k) => data.writeUInt32LE(point, (row * width + k) * 4));
  });
  return Buffer.concat([makeNpyHeader(`<U${width}`, [texts.length]), data]);
}
