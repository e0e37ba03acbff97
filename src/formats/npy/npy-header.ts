/**
 * The header of NumPy's .npy format, versions 1 to 3: magic, version, length, and a Python dict literal with
 * `descr`, `fortran_order` and `shape`. Source: NumPy's `numpy.lib.format` and NEP 1.
 */
import { UserError } from '../../errors.js';
import { refuseLfsPointer } from '../../files/lfs-pointer.js';

/** 'b' boolean, 'i' and 'u' integers, 'f' floats, 'U' UTF-32 text, 'S' bytes, 'O' pickled objects. */
export type NpyKind = 'b' | 'i' | 'u' | 'f' | 'U' | 'S' | 'O';

export interface NpyDtype {
  readonly kind: NpyKind;
  /** Bytes of one element; 0 for 'O', whose elements are a pickle of unknown length. */
  readonly itemSize: number;
  readonly littleEndian: boolean;
  /** The type as the file writes it: `<f4`. */
  readonly descr: string;
}

export interface NpyHeader {
  readonly version: number;
  readonly dtype: NpyDtype;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Number of elements: the product of the shape, 1 for a scalar. */
  readonly count: number;
  /** Where the elements begin. */
  readonly dataOffset: number;
  /** Bytes of all elements; 0 for 'O'. */
  readonly dataBytes: number;
}

/** Far more than a plain dtype needs; NumPy itself warns at 10,000. */
export const MAX_HEADER_BYTES = 1 << 20;
/** NumPy 2 allows 64 dimensions, NumPy 1 allowed 32. */
const MAX_DIMENSIONS = 64;
/** Elements that take no bytes ('U0', 'S0') are not bounded by the length of the file. */
const MAX_EMPTY_ELEMENTS = 1 << 20;
/** Characters of the file that an error shows. */
const SHOWN = 60;
const MAGIC = '\x93NUMPY';
const NUMERIC_SIZES: Readonly<Record<string, readonly number[]>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8],
};

export type NpyErrorDetails = { code: string; message: string; offset?: number } & Partial<
  Record<'expected' | 'got' | 'next', string>
>;

export function npyError(file: string, details: NpyErrorDetails): UserError {
  return new UserError({ ...details, file });
}

/** How many bytes from the start of a file are needed for its header; the first 12 bytes say it. */
export function npyHeaderLength(start: Uint8Array, file: string): number {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length);
  refuseLfsPointer(bytes, file);
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw npyError(file, {
      code: 'npy-not-npy',
      message: 'The file is not a NumPy array',
      offset: 0,
      expected: 'the bytes \\x93NUMPY',
      got: bytes.length === 0 ? 'an empty file' : JSON.stringify(bytes.toString('latin1', 0, MAGIC.length)),
      next: 'write it with numpy.save',
    });
  }
  if (bytes.length < 12) throw truncatedHeader(file, 12, bytes.length);
  const version = bytes[6]!;
  if (version < 1 || version > 3) {
    throw npyError(file, {
      code: 'npy-version',
      message: 'An unknown version of the .npy format',
      offset: 6,
      expected: '1, 2 or 3',
      got: `${version}.${bytes[7]!}`,
      next: 'write it again with numpy.save',
    });
  }
  const length = version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  if (length > MAX_HEADER_BYTES) {
    throw npyError(file, {
      code: 'npy-header-too-long',
      message: 'The header of the array is too long',
      offset: 8,
      expected: `at most ${MAX_HEADER_BYTES} bytes`,
      got: `${length}`,
      next: 'write it again with numpy.save',
    });
  }
  return (version === 1 ? 10 : 12) + length;
}

function truncatedHeader(file: string, expected: number, got: number): UserError {
  return npyError(file, {
    code: 'npy-truncated',
    message: 'The array ends inside its header',
    offset: got,
    expected: `${expected} bytes of header`,
    got: `${got} bytes`,
    next: 'copy or download the file again',
  });
}

/** Reads the header from the first bytes of a file, which hold at least `npyHeaderLength` of them. */
export function parseNpyHeader(start: Uint8Array, file: string): NpyHeader {
  const dataOffset = npyHeaderLength(start, file);
  if (start.length < dataOffset) throw truncatedHeader(file, dataOffset, start.length);
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length);
  const version = bytes[6]!;
  const textOffset = textOffsetOf(version);
  const text = bytes.toString(version === 3 ? 'utf8' : 'latin1', textOffset, dataOffset);
  const fields = new DictLiteral(text, file, textOffset).read();
  const dtype = parseDtype(fields.descr, file, textOffset);
  const count = fields.shape.reduce((a, b) => a * b, 1);
  const dataBytes = count * dtype.itemSize;
  const countable = dtype.itemSize > 0 || dtype.kind === 'O' || count <= MAX_EMPTY_ELEMENTS;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(dataBytes) || !countable) {
    throw impossibleShape(file, textOffset, `(${fields.shape.join(', ')}) of ${dtype.descr}`);
  }
  return {
    version,
    dtype,
    fortranOrder: fields.fortranOrder,
    shape: fields.shape,
    count,
    dataOffset,
    dataBytes,
  };
}

/** Where the dict begins: the length before it has 2 or 4 bytes. */
function textOffsetOf(version: number): number {
  return version === 1 ? 10 : 12;
}

/** A type that is not the one at hand; the offset is that of the header. */
export function dtypeError(
  { dtype, version }: NpyHeader,
  file: string,
  details: { message: string; expected: string; next: string },
): UserError {
  return npyError(file, {
    code: 'npy-dtype',
    offset: textOffsetOf(version),
    got: dtype.descr,
    ...details,
  });
}

function impossibleShape(file: string, offset: number, got: string): UserError {
  return npyError(file, {
    code: 'npy-shape',
    message: 'The shape of the array is impossible',
    offset,
    expected: `at most ${MAX_DIMENSIONS} dimensions and 2^53 bytes`,
    got,
    next: 'copy or write the file again',
  });
}

/** `<f4` and its kin. */
function parseDtype(descr: string, file: string, offset: number): NpyDtype {
  const match = /^([<>|=])([a-zA-Z])(\d*)$/.exec(descr);
  if (match !== null) {
    const [, order, letter, digits] = match;
    // 'a' is NumPy's old name of 'S'.
    const kind = letter === 'a' ? 'S' : letter;
    const size = Number(digits);
    const littleEndian = order !== '>';
    if (kind === 'O') return { kind, itemSize: 0, littleEndian, descr };
    if (NUMERIC_SIZES[kind!]?.includes(size) === true) {
      return { kind: kind as NpyKind, itemSize: size, littleEndian, descr };
    }
    if ((kind === 'U' || kind === 'S') && digits !== '' && size <= MAX_HEADER_BYTES) {
      return { kind, itemSize: kind === 'U' ? 4 * size : size, littleEndian, descr };
    }
  }
  throw npyError(file, {
    code: 'npy-dtype',
    message: 'An array of a type that is not supported',
    offset,
    expected: 'b1, i1 to i8, u1 to u8, f2, f4, f8, U or S',
    got: shown(descr),
    next: 'convert it in Python: array.astype(numpy.float64)',
  });
}

/** A piece of the file for an error: in quotes where it is not plain text. */
function shown(text: string): string {
  const start = text.slice(0, SHOWN);
  return /^[!-~][ -~]*$/.test(start) ? start : JSON.stringify(start);
}

interface HeaderFields {
  descr: string;
  fortranOrder: boolean;
  shape: number[];
}

/** A reader for the one Python expression that stands in a header. Nothing is evaluated. */
class DictLiteral {
  readonly #text: string;
  readonly #file: string;
  readonly #offset: number;
  #at = 0;

  constructor(text: string, file: string, offset: number) {
    this.#text = text;
    this.#file = file;
    this.#offset = offset;
  }

  read(): HeaderFields {
    const found: Partial<HeaderFields> = {};
    this.#expect('{');
    while (!this.#take('}')) {
      const key = this.#string();
      this.#expect(':');
      if (key === 'descr' && found.descr === undefined) found.descr = this.#descr();
      else if (key === 'fortran_order' && found.fortranOrder === undefined)
        found.fortranOrder = this.#boolean();
      else if (key === 'shape' && found.shape === undefined) found.shape = this.#tuple();
      else throw this.#error("the keys 'descr', 'fortran_order' and 'shape', once each", shown(key));
      if (!this.#take(',')) {
        this.#expect('}');
        break;
      }
    }
    this.#space();
    if (this.#at < this.#text.length) throw this.#error('the end of the header', this.#here());
    const { descr, fortranOrder, shape } = found;
    if (descr === undefined || fortranOrder === undefined || shape === undefined) {
      throw this.#error(
        "the keys 'descr', 'fortran_order' and 'shape'",
        Object.keys(found).join(', ') || 'none',
      );
    }
    return { descr, fortranOrder, shape };
  }

  #descr(): string {
    this.#space();
    if (this.#text[this.#at] === '[') {
      throw npyError(this.#file, {
        code: 'npy-dtype',
        message: 'A structured array, with named fields, is not supported',
        offset: this.#offset + this.#at,
        expected: 'one plain number type',
        got: shown(this.#text.slice(this.#at, this.#at + SHOWN).trimEnd()),
        next: 'save each field as an array of its own (numpy.savez)',
      });
    }
    return this.#string();
  }

  #string(): string {
    const match = this.#match(/'([^'\\\n]*)'|"([^"\\\n]*)"/y, 'a quoted name');
    return match[1] ?? match[2] ?? '';
  }

  #boolean(): boolean {
    return this.#match(/True\b|False\b/y, 'True or False')[0] === 'True';
  }

  /** `()`, `(3,)`, `(3, 4)`; Python 2 put an L behind a long. */
  #tuple(): number[] {
    this.#expect('(');
    const sizes: number[] = [];
    while (!this.#take(')')) {
      const [written, digits] = this.#match(/(\d+)L?/y, 'a size');
      const size = Number(digits);
      if (!Number.isSafeInteger(size) || sizes.length === MAX_DIMENSIONS) {
        const offset = this.#offset + this.#at - written.length;
        const got = sizes.length === MAX_DIMENSIONS ? 'more dimensions' : written.slice(0, SHOWN);
        throw impossibleShape(this.#file, offset, got);
      }
      sizes.push(size);
      if (!this.#take(',')) {
        this.#expect(')');
        if (sizes.length === 1) throw this.#error('a tuple such as (3,)', 'a number in brackets');
        break;
      }
    }
    return sizes;
  }

  #space(): void {
    while (this.#at < this.#text.length && ' \n\t\r\0'.includes(this.#text[this.#at]!)) this.#at++;
  }

  #take(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#error(`'${character}'`, this.#here());
  }

  #match(pattern: RegExp, expected: string): RegExpExecArray {
    this.#space();
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) throw this.#error(expected, this.#here());
    this.#at += match[0].length;
    return match;
  }

  #here(): string {
    const rest = this.#text.slice(this.#at, this.#at + 20);
    return rest === '' ? 'the end of the header' : JSON.stringify(rest);
  }

  #error(expected: string, got: string): UserError {
    return npyError(this.#file, {
      code: 'npy-header',
      message: 'The header of the array cannot be read',
      offset: this.#offset + this.#at,
      expected,
      got,
      next: 'copy the file again, or write it with numpy.save',
    });
  }
}

/** A version 1.0 header as `numpy.save` writes it: the elements begin at a multiple of 64 bytes. */
export function makeNpyHeader(descr: string, shape: readonly number[]): Buffer {
  const sizes = shape.length === 1 ? `${shape[0]!},` : shape.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const unpadded = 10 + dict.length + 1;
  // NumPy ≥ 1.23 leaves room for the first dimension to grow in place; readers take any amount of spaces.
  const total = Math.ceil(unpadded / 64) * 64;
  const header = Buffer.alloc(total, ' ');
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(total - 10, 8);
  header.write(dict, 10, 'latin1');
  header.write('\n', total - 1, 'latin1');
  return header;
}
