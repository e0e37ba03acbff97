/**
 * Writes plain values as a Python pickle of protocol 2, as Python 2 did, so that `pickle.load(file, encoding='latin1')`
 * reads it everywhere. Only what annotation files need: dicts, lists, text, numbers and NumPy arrays.
 *
 * Sources: CPython's `Lib/pickletools.py`, PEP 307; NumPy's `ndarray.__reduce__`.
 */
import { littleEndianBytes } from '../onnx/onnx-values.js';

/** A NumPy array in C order. */
export interface PicklableArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array;
}

/** A `number` becomes a Python float, also a whole one; a `bigint` becomes an int. */
export type Picklable =
  number | bigint | string | PicklableArray | readonly Picklable[] | { readonly [key: string]: Picklable };

/**
 * @throws RangeError for text beyond Latin-1, which a Python 2 `str` cannot be read as, and for an array whose data do
 *   not fill its shape
 */
export function writePickle(value: Picklable): Buffer {
  const parts: Buffer[] = [Buffer.of(0x80, 2)];
  push(value, parts);
  parts.push(Buffer.from('.'));
  return Buffer.concat(parts);
}

function push(value: Picklable, parts: Buffer[]): void {
  if (typeof value === 'number') parts.push(float(value));
  else if (typeof value === 'bigint') parts.push(integer(value));
  else if (typeof value === 'string') parts.push(text(value));
  else if (isList(value)) {
    parts.push(Buffer.from(']('));
    for (const item of value) push(item, parts);
    parts.push(Buffer.from('e'));
  } else if (isArray(value)) parts.push(...ndarray(value));
  else {
    parts.push(Buffer.from('}('));
    for (const [key, item] of Object.entries(value)) {
      parts.push(text(key));
      push(item, parts);
    }
    parts.push(Buffer.from('u'));
  }
}

function isList(value: object): value is readonly Picklable[] {
  return Array.isArray(value);
}

function isArray(value: object): value is PicklableArray {
  return 'data' in value && ArrayBuffer.isView(value.data);
}

/** BINFLOAT. */
function float(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.write('G', 'latin1');
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

/** BININT, or LONG1 with eight bytes. */
function integer(value: bigint): Buffer {
  if (BigInt.asIntN(32, value) === value) return int32(Number(value));
  const bytes = Buffer.alloc(10);
  bytes.writeUInt16LE(0x088a);
  bytes.writeBigInt64LE(value, 2);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write('J', 'latin1');
  bytes.writeInt32LE(value, 1);
  return bytes;
}

/** A Python 2 `str`. */
function text(value: string): Buffer {
  const odd = [...value].find((character) => character.codePointAt(0)! > 255);
  if (odd !== undefined) throw new RangeError(`'${odd}' of '${value}' is not in Latin-1`);
  return byteString(Buffer.from(value, 'latin1'));
}

/** SHORT_BINSTRING or BINSTRING. */
function byteString(content: Uint8Array): Buffer {
  if (content.length < 256) return Buffer.concat([Buffer.from('U'), Buffer.of(content.length), content]);
  const head = Buffer.alloc(5);
  head.write('T', 'latin1');
  head.writeInt32LE(content.length, 1);
  return Buffer.concat([head, content]);
}

function tuple(sizes: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from('('), ...sizes.map(int32), Buffer.from('t')]);
}

/** `_reconstruct(ndarray, (0,), 'b')` with the state (1, shape, dtype, Fortran order, data). */
function ndarray({ shape, data }: PicklableArray): Buffer[] {
  if (shape.reduce((product, size) => product * size, 1) !== data.length) {
    throw new RangeError(`${data.length} numbers do not fill the shape (${shape.join(', ')})`);
  }
  return [
    Buffer.from('cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n'),
    tuple([0]),
    byteString(Buffer.from('b')),
    Buffer.from('tR('),
    int32(1),
    tuple(shape),
    ...dtype(data),
    // NEWFALSE: C order.
    Buffer.of(0x89),
    byteString(littleEndianBytes(data)),
    Buffer.from('tb'),
  ];
}

/** `dtype(code, 0, 1)` with the state (3, '<', None, None, None, −1, −1, 0). */
function dtype(data: PicklableArray['data']): Buffer[] {
  const kind = data instanceof Float32Array || data instanceof Float64Array ? 'f' : 'i';
  return [
    Buffer.from('cnumpy\ndtype\n('),
    byteString(Buffer.from(`${kind}${data.BYTES_PER_ELEMENT}`)),
    int32(0),
    int32(1),
    Buffer.from('tR('),
    int32(3),
    byteString(Buffer.from('<')),
    Buffer.from('NNN'),
    int32(-1),
    int32(-1),
    int32(0),
    Buffer.from('tb'),
  ];
}
