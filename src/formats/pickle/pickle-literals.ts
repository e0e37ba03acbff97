/**
 * The values that protocol 0 writes as text, and the long integers of protocol 2. Source: the `load_*` methods of
 * CPython 3.11's `Lib/pickle.py` and the decoders they name.
 */
import type { UserError } from '../../errors.js';
import { MAX_NAME, WRITE_AGAIN, type PickleSource } from './pickle-source.js';

/** CPython's own limit for decimal integers (`sys.int_info.default_max_str_digits`). */
const MAX_DIGITS = 4300;
/** The longest integer that is read; MANO and the datasets need 64 bits. */
const MAX_LONG_BYTES = 2048;

function literalError(source: PickleSource, message: string, expected: string, got: string): UserError {
  const short = got.length > 60 ? `${got.slice(0, 60)}…` : got;
  return source.error({ code: 'value', message, expected, got: JSON.stringify(short), next: WRITE_AGAIN });
}

/** A number where every integer in reach is exact, else a bigint. */
function toInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** INT: decimal; `00` and `01` are False and True. */
export function readInt(source: PickleSource): number | bigint | boolean {
  const text = source.line(MAX_DIGITS);
  if (text === '00') return false;
  if (text === '01') return true;
  return decimal(source, text);
}

/** LONG: decimal, with the `L` of Python 2. */
export function readLong(source: PickleSource): number | bigint {
  const text = source.line(MAX_DIGITS);
  return decimal(source, text.endsWith('L') ? text.slice(0, -1) : text);
}

function decimal(source: PickleSource, text: string): number | bigint {
  if (!/^-?(0|[1-9]\d*)$/.test(text)) {
    throw literalError(source, 'An integer is not written as one', 'decimal digits', text);
  }
  return text.length < 16 ? Number(text) + 0 : toInteger(BigInt(text));
}

/** FLOAT: Python's `repr`. */
export function readFloat(source: PickleSource): number {
  const text = source.line(MAX_NAME);
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special === null) throw literalError(source, 'A float is not written as one', 'a decimal number', text);
  if (special[2]!.toLowerCase() === 'nan') return NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}

/** The index of GET and PUT. */
export function readMemoIndex(source: PickleSource): number {
  const text = source.line(20);
  if (!/^\d+$/.test(text)) throw literalError(source, 'A memo index is not a number', 'decimal digits', text);
  return Number(text);
}

/** LONG1 and LONG4: two's complement, the lowest byte first. */
export function readBinaryLong(source: PickleSource, length: number): number | bigint {
  if (length > MAX_LONG_BYTES) {
    throw literalError(
      source,
      'An integer is too long',
      `at most ${MAX_LONG_BYTES} bytes`,
      `${length} bytes`,
    );
  }
  if (length === 0) return 0;
  const bytes = source.take(length);
  if (length <= 6) return bytes.readIntLE(0, length);
  source.charge(length);
  return toInteger(BigInt.asIntN(8 * length, BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)));
}

const ESCAPES = new Map([
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/** STRING: the `repr` of a Python 2 `str`, decoded as Latin-1 (`codecs.escape_decode`). */
export function readQuoted(source: PickleSource): string {
  const text = source.line(Infinity);
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote)) {
    throw literalError(source, 'A string is not quoted', 'text between quotes', text);
  }
  source.charge(text.length);
  return text
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[^]?)/g, (whole: string, escape: string) => {
      if (escape === '' || escape === 'x') {
        throw literalError(source, 'An escape in a string is not complete', 'a character after \\', whole);
      }
      const plain = ESCAPES.get(escape);
      if (plain !== undefined) return plain;
      if (escape.length === 3 && escape.startsWith('x'))
        return String.fromCharCode(parseInt(escape.slice(1), 16));
      return /^[0-7]/.test(escape) ? String.fromCharCode(parseInt(escape, 8) & 0xff) : whole;
    });
}

/** UNICODE: Latin-1 with `\uXXXX` and `\UXXXXXXXX` (the codec `raw-unicode-escape`). */
export function readRawUnicode(source: PickleSource): string {
  const text = source.line(Infinity);
  source.charge(2 * text.length);
  return text.replace(/\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^])/g, (whole: string, escape: string) => {
    const code = escape.length === 1 ? -1 : parseInt(escape.slice(1), 16);
    if (escape === 'u' || escape === 'U' || code > 0x10ffff) {
      throw literalError(
        source,
        'An escape in a text is not complete',
        '\\u and 4, or \\U and 8 digits',
        whole,
      );
    }
    return code < 0 ? whole : String.fromCodePoint(code);
  });
}
