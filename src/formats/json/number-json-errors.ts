/** What can be wrong with a number JSON file, each with its own code, its place and its remedy. */
import { UserError, type UserErrorDetails } from '../../errors.js';
import { FETCH_LFS } from '../../files/lfs-pointer.js';
import { describeLayout, type RecordLayout } from './number-json-layout.js';

/** A number's text may not be longer: no program prints one, and a file of digits only must not fill the memory. */
export const MAX_TOKEN_BYTES = 65536;

const TOKEN_BYTES = new Uint8Array(256);
for (const c of '+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz')
  TOKEN_BYTES[c.charCodeAt(0)] = 1;

/** Letters, digits and what else numbers are made of: the bytes of one token. */
export function isTokenByte(byte: number): boolean {
  return TOKEN_BYTES[byte] === 1;
}

/** First bytes by which files that are no JSON are known. */
const SIGNATURES: readonly (readonly [signature: string, name: string, next: string])[] = [
  ['\x1f\x8b', 'gzip', 'unpack it first (gunzip)'],
  ['PK\x03\x04', 'a zip archive', 'unpack it first'],
  ['\x93NUMPY', 'a NumPy array (.npy)', 'give it a name that ends in .npy'],
  ['\x89HDF', 'HDF5', 'write the numbers as JSON, .npy or .npz'],
  ['BZh', 'bzip2', 'unpack it first (bunzip2)'],
  ['\xfd7zXZ', 'xz', 'unpack it first (unxz)'],
  ['(\xb5/\xfd', 'zstd', 'unpack it first (unzstd)'],
  ['\xff\xfe', 'UTF-16 text', 'write the file as UTF-8 without a byte order mark'],
  ['\xfe\xff', 'UTF-16 text', 'write the file as UTF-8 without a byte order mark'],
  ['\x80\x02', 'a Python pickle', 'write it with json.dump'],
  ['\x80\x03', 'a Python pickle', 'write it with json.dump'],
  ['\x80\x04', 'a Python pickle', 'write it with json.dump'],
  ['\x80\x05', 'a Python pickle', 'write it with json.dump'],
  ['version ', 'a Git LFS pointer', FETCH_LFS],
];

const WRITE_AGAIN = 'write the file again with json.dump of nested lists of numbers';
const COPY_AGAIN = 'copy or download the file again';

function quote(text: string): string {
  return `'${text.length > 40 ? `${text.slice(0, 40)}…` : text}'`;
}

function nameByte(byte: number): string {
  if (byte > 0x20 && byte < 0x7f) return quote(String.fromCharCode(byte));
  return `the byte 0x${byte.toString(16).padStart(2, '0')}`;
}

function at(path: string): string {
  return path === '' ? 'at the top' : `at ${path}`;
}

function isPythonNonFinite(text: string): boolean {
  return /^[+-]?(?:NaN|Infinity|nan|inf)$/.test(text);
}

export class NumberJsonErrors {
  readonly #file: string;
  readonly #layout: RecordLayout;

  constructor(file: string, layout: RecordLayout) {
    this.#file = file;
    this.#layout = layout;
  }

  #error(details: Omit<UserErrorDetails, 'file'>): UserError {
    return new UserError({ ...details, file: this.#file });
  }

  /** Throws for bytes that announce another format. */
  refuseOtherFormats(head: Buffer): void {
    const text = head.toString('latin1');
    const known = SIGNATURES.find(([signature]) => text.startsWith(signature));
    if (known === undefined) return;
    throw this.#error({
      code: 'json-not-json',
      message: 'The file is not JSON',
      offset: 0,
      expected: describeLayout(this.#layout),
      got: known[1],
      next: known[2],
    });
  }

  truncated(bytes: number, path: string, records: number): UserError {
    if (path === '') {
      return this.#error({
        code: 'json-empty',
        message: 'The file is empty',
        offset: bytes,
        expected: describeLayout(this.#layout),
        got: bytes === 0 ? '0 bytes' : `${bytes} bytes of white space`,
        next: COPY_AGAIN,
      });
    }
    return this.#error({
      code: 'json-truncated',
      message: `The file ends in the middle of the list, ${at(path)}`,
      offset: bytes,
      expected: 'more numbers and the closing brackets',
      got: `the end of the file after ${records} whole ${this.#layout.recordName ?? 'record'}(s) of this list`,
      next: COPY_AGAIN,
    });
  }

  trailing(bytes: Uint8Array, from: number, offset: number): UserError {
    return this.#error({
      code: 'json-trailing',
      message: 'The file goes on after the end of the list',
      offset,
      expected: 'the end of the file',
      got: bytes[from] === 0x5b ? "a second list ('[')" : nameByte(bytes[from] ?? 0),
      next: 'keep one list per file; was it written twice, or appended to?',
    });
  }

  tooLong(offset: number, path: string): UserError {
    return this.#error({
      code: 'json-number',
      message: `A number without an end ${at(path)}`,
      offset,
      expected: `at most ${MAX_TOKEN_BYTES} characters`,
      got: 'more',
      next: WRITE_AGAIN,
    });
  }

  tooMany(offset: number, path: string, limit: number): UserError {
    return this.#ragged(offset, path, `${limit} element(s)`, `element ${limit + 1}`);
  }

  tooFew(offset: number, path: string, limit: number, count: number): UserError {
    return this.#ragged(offset, path, `${limit} element(s)`, `${count}`);
  }

  #ragged(offset: number, path: string, expected: string, got: string): UserError {
    return this.#error({
      code: 'json-ragged',
      message: `A list of another length ${at(path)}`,
      offset,
      expected: `${expected}; ${describeLayout(this.#layout)}`,
      got,
      next: `every ${this.#layout.recordName ?? 'record'} needs the same shape; repair what wrote the file`,
    });
  }

  recordTooLarge(offset: number, path: string, limit: number): UserError {
    return this.#error({
      code: 'json-record-too-large',
      message: `The first ${this.#layout.recordName ?? 'record'} does not end, ${at(path)}`,
      offset,
      expected: describeLayout(this.#layout),
      got: `more than ${limit} numbers in one`,
      next: 'check the nesting of the lists',
    });
  }

  tooDeep(offset: number, path: string, leafDepth: number): UserError {
    const layout = this.#layout;
    const looksLikeSections = layout.nesting === 'list' && layout.shape.length > 0;
    return this.#error({
      code: 'json-nesting',
      message: `A list where a number belongs, ${at(path)}`,
      offset,
      expected: `${describeLayout(layout)}: ${leafDepth} bracket level(s)`,
      got: `${leafDepth + 1} levels${looksLikeSections ? ', the layout of pred.json: [joints, vertices]' : ''}`,
      next: looksLikeSections
        ? 'give the list itself, not the pair, or read the file as predictions'
        : 'take one level of brackets away',
    });
  }

  tooShallow(offset: number, path: string, depth: number, leafDepth: number): UserError {
    const layout = this.#layout;
    const plain = layout.nesting === 'sections' && depth === leafDepth - 1;
    return this.#error({
      code: 'json-nesting',
      message: `A number where a list belongs, ${at(path)}`,
      offset,
      expected: `${describeLayout(layout)}: ${leafDepth} bracket levels`,
      got: `${depth} level(s)${plain ? `, the layout of a plain list, without sections` : ''}`,
      next: plain
        ? 'put the lists into one outer list, as in [joints, vertices], each with one entry per sample, also where there is one sample'
        : 'check the nesting of the lists',
    });
  }

  /** `open`: one section too many begins; otherwise the outer list ends with `got` sections. */
  sections(offset: number, got: number, open: boolean): UserError {
    const layout = this.#layout;
    return this.#error({
      code: 'json-sections',
      message: `The outer list has ${open ? 'too many' : 'too few'} parts`,
      offset,
      expected: describeLayout(layout),
      got: open ? `a part ${got}` : `${got} part(s)`,
      next: 'the outer list holds the parts, and each part one entry per sample; check what wrote the file',
    });
  }

  /** A token that begins like a number. */
  badToken(text: string, offset: number, path: string): UserError {
    if (isPythonNonFinite(text)) return this.#nan(text, offset, path);
    return this.#error({
      code: 'json-number',
      message: `Not a JSON number ${at(path)}`,
      offset,
      expected: 'a number such as -0.0123 or 1.5e-3',
      got: quote(text),
      next: WRITE_AGAIN,
    });
  }

  #nan(text: string, offset: number, path: string): UserError {
    return this.#error({
      code: 'json-nan',
      message: `${text} ${at(path)}: Python's json writes it, JSON has no such number`,
      offset,
      expected: 'a finite number',
      got: text,
      next: 'find out why this number is not finite; leave no NaN or Infinity in the file',
    });
  }

  overflow(text: string, offset: number, path: string): UserError {
    return this.#error({
      code: 'json-overflow',
      message: `A number too large for a double ${at(path)}`,
      offset,
      expected: 'at most 1.8e308 in size',
      got: quote(text),
      next: 'check the units and what wrote the file',
    });
  }

  noComma(offset: number, path: string): UserError {
    return this.#syntax(`No comma after the element ${at(path)}`, offset, "',' or ']'", 'another value');
  }

  commaBeforeClose(offset: number, path: string): UserError {
    return this.#syntax(`A comma before the closing bracket ${at(path)}`, offset, 'a value', "']'");
  }

  unexpectedClose(offset: number, done: boolean): UserError {
    if (done) return this.trailing(Uint8Array.of(0x5d), 0, offset);
    return this.#syntax('The file starts with a closing bracket', offset, "'['", "']'");
  }

  stray(byte: number, offset: number, path: string): UserError {
    return this.#syntax(`An unexpected character ${at(path)}`, offset, "',' or ']'", nameByte(byte));
  }

  #syntax(message: string, offset: number, expected: string, got: string): UserError {
    return this.#error({ code: 'json-syntax', message, offset, expected, got, next: WRITE_AGAIN });
  }

  /** Something that is neither a number nor a list where a value belongs. */
  noValue(byte: number, text: string, offset: number, path: string, depth: number): UserError {
    if (isPythonNonFinite(text)) return this.#nan(text, offset, path);
    const kind =
      byte === 0x22
        ? 'a string'
        : byte === 0x7b
          ? 'an object'
          : /^(?:null|true|false)$/.test(text)
            ? text
            : undefined;
    if (kind !== undefined) {
      return this.#error({
        code: 'json-type',
        message: `${kind === text ? `'${kind}'` : kind.replace(/^a/, 'A')} where only lists of numbers belong, ${at(path)}`,
        offset,
        expected: describeLayout(this.#layout),
        got: kind,
        next: WRITE_AGAIN,
      });
    }
    if (depth === 0) {
      return this.#error({
        code: 'json-not-json',
        message: 'The file is not JSON',
        offset,
        expected: describeLayout(this.#layout),
        got: text === '' ? nameByte(byte) : quote(text),
        next: 'check that this is the right file',
      });
    }
    if (text !== '') return this.badToken(text, offset, path);
    return this.#syntax(
      `An unexpected character ${at(path)}`,
      offset,
      "a number, '[' or ']'",
      nameByte(byte),
    );
  }
}
