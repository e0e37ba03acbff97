/** Whole NumPy arrays as typed arrays, always in C order. */
import { endianness } from 'node:os';
import { halfToFloat32 } from './half.js';
import { dtypeError, npyError, parseNpyHeader, type NpyDtype, type NpyHeader } from './npy-header.js';
import { copyToCOrder, fortranStrides } from './numpy-order.js';

/** b1 and u1 are `Uint8Array`, f2 widens to `Float32Array` without loss. */
export type NpyData =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

export interface NpyArray {
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  /** How the file held it; `data` is in C order either way. */
  readonly fortranOrder: boolean;
  readonly data: NpyData;
}

const LITTLE_ENDIAN_HOST = endianness() === 'LE';

/**
 * Reads a whole .npy file of numbers.
 *
 * @throws UserError `npy-not-npy`, `npy-version`, `npy-header`, `npy-header-too-long`, `npy-shape`, `npy-dtype`,
 *   `npy-truncated`, `npy-surplus`
 */
export function readNpy(bytes: Uint8Array, file: string): NpyArray {
  const header = parseNpyHeader(bytes, file);
  const { dtype, shape, fortranOrder } = header;
  refuseText(header, file);
  checkLength(header, bytes.length, file);
  const flat = decodeNumbers(bytes.subarray(header.dataOffset, header.dataOffset + header.dataBytes), dtype);
  return { dtype, shape, fortranOrder, data: fortranOrder ? toCOrder(flat, shape) : flat };
}

/** Text and objects have no numbers in them. */
export function refuseText(header: NpyHeader, file: string): void {
  const { kind } = header.dtype;
  if (kind !== 'U' && kind !== 'S' && kind !== 'O') return;
  const objects = kind === 'O';
  throw dtypeError(header, file, {
    message: objects
      ? 'An array of Python objects where numbers are needed'
      : 'An array of text where numbers are needed',
    expected: 'numbers: b1, i1 to i8, u1 to u8, f2, f4 or f8',
    next: objects ? 'convert it in Python: numpy.array(list, dtype=float)' : 'check the name of the array',
  });
}

/** The elements must fill the file, to the byte. */
export function checkLength(header: NpyHeader, fileBytes: number, file: string): void {
  const end = header.dataOffset + header.dataBytes;
  if (fileBytes === end) return;
  const truncated = fileBytes < end;
  throw npyError(file, {
    code: truncated ? 'npy-truncated' : 'npy-surplus',
    message: truncated ? 'The array is cut short' : 'The file goes on after the end of the array',
    offset: truncated ? fileBytes : end,
    expected: `${header.dataBytes} bytes for ${header.dtype.descr} of shape (${header.shape.join(', ')})`,
    got: `${fileBytes - header.dataOffset} bytes`,
    next: 'copy or download the file again',
  });
}

/** Elements as the file has them, in this machine's byte order, in memory of their own. */
export function decodeNumbers(bytes: Uint8Array, dtype: NpyDtype): NpyData {
  const { kind, itemSize } = dtype;
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  if (itemSize > 1 && dtype.littleEndian !== LITTLE_ENDIAN_HOST) {
    const swap = Buffer.from(own.buffer);
    if (itemSize === 2) swap.swap16();
    else if (itemSize === 4) swap.swap32();
    else swap.swap64();
  }
  const { buffer } = own;
  if (kind === 'f') {
    if (itemSize === 8) return new Float64Array(buffer);
    if (itemSize === 4) return new Float32Array(buffer);
    return halfToFloat32(new Uint16Array(buffer));
  }
  if (kind === 'i') {
    if (itemSize === 8) return new BigInt64Array(buffer);
    if (itemSize === 4) return new Int32Array(buffer);
    return itemSize === 2 ? new Int16Array(buffer) : new Int8Array(buffer);
  }
  if (itemSize === 8) return new BigUint64Array(buffer);
  if (itemSize === 4) return new Uint32Array(buffer);
  return itemSize === 2 ? new Uint16Array(buffer) : own;
}

/** From the first index running fastest to the last index running fastest. */
function toCOrder<T extends NpyData | string[]>(flat: T, shape: readonly number[]): T {
  if (shape.length < 2) return flat;
  const out = flat.slice() as T;
  copyToCOrder(flat as ArrayLike<unknown>, out as unknown[], shape, fortranStrides(shape));
  return out;
}

/**
 * Any numbers as doubles; the array itself where it already holds doubles.
 *
 * @throws UserError `npy-integer-too-large` where a 64-bit integer is no exact double
 */
export function toFloat64(array: Pick<NpyArray, 'data' | 'dtype'>, file: string): Float64Array {
  const { data } = array;
  if (data instanceof Float64Array) return data;
  if (!(data instanceof BigInt64Array) && !(data instanceof BigUint64Array)) return Float64Array.from(data);
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]!);
    if (!Number.isSafeInteger(value)) {
      throw npyError(file, {
        code: 'npy-integer-too-large',
        message: `Element ${i} is an integer that no double holds exactly`,
        expected: 'at most 2^53 − 1 in size',
        got: String(data[i]!),
        next: 'save the array as floats or as int32',
      });
    }
    out[i] = value;
  }
  return out;
}

/**
 * Names, from a text ('U', 'S') or integer array, flat in C order: image names and ids. NumPy pads text with
 * NULs, which fall away.
 *
 * @throws UserError as `readNpy` does, and `npy-text` for bytes that are no text
 */
export function readNpyStrings(bytes: Uint8Array, file: string): string[] {
  const header = parseNpyHeader(bytes, file);
  const { dtype, shape, dataOffset } = header;
  if (dtype.kind === 'f' || dtype.kind === 'O') {
    throw dtypeError(header, file, {
      message: `An array of ${dtype.kind === 'O' ? 'Python objects' : 'floats'} where names are needed`,
      expected: 'text (U or S) or integers',
      next: 'convert it in Python: numpy.array(list, dtype=str)',
    });
  }
  if (dtype.kind !== 'U' && dtype.kind !== 'S') return Array.from(readNpy(bytes, file).data, String);
  checkLength(header, bytes.length, file);
  const decode = dtype.kind === 'U' ? decodeUtf32 : decodeBytes;
  const texts = Array.from({ length: header.count }, (_, i) => {
    const offset = dataOffset + i * dtype.itemSize;
    const text = decode(bytes.subarray(offset, offset + dtype.itemSize), dtype.littleEndian);
    if (text !== undefined) return text;
    throw npyError(file, {
      code: 'npy-text',
      message: `Element ${i} is not text`,
      offset,
      expected: dtype.kind === 'U' ? 'Unicode code points' : 'UTF-8',
      got: 'other bytes',
      next: 'copy the file again, or save the names as numpy.array(list, dtype=str)',
    });
  });
  return header.fortranOrder ? toCOrder(texts, shape) : texts;
}

function decodeUtf32(bytes: Uint8Array, littleEndian: boolean): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let end = bytes.length;
  while (end > 0 && view.getUint32(end - 4) === 0) end -= 4;
  let text = '';
  for (let at = 0; at < end; at += 4) {
    const code = view.getUint32(at, littleEndian);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}

function decodeBytes(bytes: Uint8Array): string | undefined {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end));
  } catch {
    return undefined;
  }
}
