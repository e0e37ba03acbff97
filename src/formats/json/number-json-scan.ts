/**
 * One number of a JSON text to a double, exactly as `Number(text)` rounds: in one go where the number is written the
 * way nearly all are, in smaller steps otherwise. What the scanners decline is left to `Number(text)` itself.
 *
 * A scanner takes the place of the first character, stores the value and returns the place of the character after the
 * number; −1 where it declines. Nothing is returned as a double: outside inlined code that costs an allocation.
 */
import {
  DIGIT_ZEROS,
  MAX_DIGITS,
  POWERS_OF_TEN,
  decimalToDouble,
  digitsBefore,
  fourDigits,
  nonDigits,
  someDigits,
} from './decimal.js';

const COMMA = 0x2c;
const CLOSE = 0x5d;
const OPEN = 0x5b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const SPACE = 0x20;

/** `scanCommon` may read this many bytes from the number's first on: a sign, a digit, the point and five words. */
export const COMMON_BYTES = 23;

/*
 * With 16 to 19 decimals the value is leading · 10^-8 + trailing · 10^-16 + last · 10^-(16 + more), and 10^-8 is
 * EIGHTH_HIGH + EIGHTH_LOW. EIGHTH_HIGH has 23 bits and `leading`, below 10^9, has 30: their product is exact.
 * All the rest, `low`, stays below 2^-19.9 and carries these errors: EIGHTH_LOW is rounded and so is its product, which
 * is below 2^-20 (2 · 2^-73); the other terms are below 2^-26 (all told 2^-76); the sum is rounded, and so is the sum
 * with MARGIN (2^-73 each). Together that is less than MARGIN. Rounding never turns an order around: where
 * high + (low − MARGIN) and high + (low + MARGIN) round to the same double, so does the number between them.
 */
const EIGHTH_HIGH = Math.floor(1e-8 * 2 ** 49) / 2 ** 49;
const EIGHTH_LOW = (1 - EIGHTH_HIGH * 1e8) / 1e8;
const MARGIN = 2 ** -70;
/** 10^-16 … 10^-19, by how many digits follow the sixteenth. */
const LAST_POWERS = Float64Array.of(1e-16, 1e-17, 1e-18, 1e-19);

/**
 * Numbers such as `-0.012345679104328156`: one digit before the point and 4 to 19 after it. Nothing here branches
 * on the sign, nor on where the decimals end within a word: both are as good as random.
 */
export function scanCommon(view: DataView, start: number, values: Float64Array, used: number): number {
  let head = view.getInt32(start, true);
  // '-' is less than every digit.
  const negative = ((head & 0xff) - ZERO) >>> 31;
  head = (head >>> (negative << 3)) ^ ((POINT << 8) | ZERO);
  const integer = head & 0xffff;
  if (integer > 9) return -1;
  let p = start + negative + 2;
  let word = view.getInt32(p, true) ^ DIGIT_ZEROS;
  if (nonDigits(word) !== 0) return -1;
  let leading = (Math.imul(integer, 10000) + fourDigits(word)) | 0;
  let trailing = 0;
  let words = 1;
  word = view.getInt32((p += 4), true) ^ DIGIT_ZEROS;
  let end = nonDigits(word);
  if (end === 0) {
    leading = (Math.imul(leading, 10000) + fourDigits(word)) | 0;
    words = 2;
    word = view.getInt32((p += 4), true) ^ DIGIT_ZEROS;
    end = nonDigits(word);
    if (end === 0) {
      trailing = fourDigits(word);
      words = 3;
      word = view.getInt32((p += 4), true) ^ DIGIT_ZEROS;
      end = nonDigits(word);
      if (end === 0) {
        trailing = (Math.imul(trailing, 10000) + fourDigits(word)) | 0;
        words = 4;
        word = view.getInt32((p += 4), true) ^ DIGIT_ZEROS;
        end = nonDigits(word);
        if (end === 0) return -1;
      }
    }
  }
  const more = digitsBefore(end);
  const last = someDigits(word, more);
  p += more;
  let value: number;
  if (words === 4) {
    const high = leading * EIGHTH_HIGH;
    const low = leading * EIGHTH_LOW + (trailing * 1e-16 + last * LAST_POWERS[more]!);
    value = high + (low + MARGIN);
    if (value !== high + (low - MARGIN)) return -1;
  } else {
    const power = POWERS_OF_TEN[more]!;
    value = leading * (words === 3 ? power * 10000 : power) + (trailing * power + last);
    // An exact integer over an exact power of ten: one rounding.
    if (value > Number.MAX_SAFE_INTEGER) return -1;
    value /= POWERS_OF_TEN[4 * words + more]!;
  }
  const c = view.getUint8(p);
  if (c !== COMMA && c !== CLOSE && c > SPACE) return -1;
  values[used] = value * (1 - 2 * negative);
  return p;
}

/** Any number without an exponent and with at most 18 significant digits. */
export function scanAny(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  values: Float64Array,
  used: number,
): number {
  const length = bytes.length;
  let p = start;
  const negative = bytes[p] === MINUS;
  if (negative) p++;
  let c = bytes[p]!;
  let first = 0;
  let rest = 0;
  let digits = 0;
  let fraction = 0;
  let d = c - ZERO;
  if (d === 0) {
    c = bytes[++p]!;
  } else if (d > 0 && d <= 9) {
    do {
      if (digits < 9) first = (Math.imul(first, 10) + d) | 0;
      else if (digits < MAX_DIGITS) rest = (Math.imul(rest, 10) + d) | 0;
      digits++;
      c = bytes[++p]!;
      d = c - ZERO;
    } while (d >= 0 && d <= 9);
  } else return -1;
  if (c === POINT) {
    const point = p;
    c = bytes[++p]!;
    if (digits === 0) while (c === ZERO) c = bytes[++p]!;
    // Four digits at a time while there are four; the rest one by one.
    while (digits <= 5 && p + 4 <= length) {
      const four = view.getInt32(p, true) ^ DIGIT_ZEROS;
      if (nonDigits(four) !== 0) break;
      first = (Math.imul(first, 10000) + fourDigits(four)) | 0;
      digits += 4;
      p += 4;
    }
    c = bytes[p]!;
    d = c - ZERO;
    while (d >= 0 && d <= 9 && digits < 9) {
      first = (Math.imul(first, 10) + d) | 0;
      digits++;
      c = bytes[++p]!;
      d = c - ZERO;
    }
    if (digits >= 9) {
      while (digits <= MAX_DIGITS - 4 && p + 4 <= length) {
        const four = view.getInt32(p, true) ^ DIGIT_ZEROS;
        if (nonDigits(four) !== 0) break;
        rest = (Math.imul(rest, 10000) + fourDigits(four)) | 0;
        digits += 4;
        p += 4;
      }
      c = bytes[p]!;
      d = c - ZERO;
    }
    while (d >= 0 && d <= 9) {
      if (digits < MAX_DIGITS) rest = (Math.imul(rest, 10) + d) | 0;
      digits++;
      c = bytes[++p]!;
      d = c - ZERO;
    }
    fraction = p - point - 1;
    if (fraction === 0) return -1;
  }
  if (digits > MAX_DIGITS || (c !== COMMA && c !== CLOSE && c > SPACE)) return -1;
  const value = decimalToDouble(first, rest, digits, -fraction);
  if (value !== value) return -1;
  values[used] = negative ? -value : value;
  return p;
}

/** The place after white space; `limit` where there is nothing else before it. */
function skipSpace(bytes: Uint8Array, at: number, limit: number): number {
  let p = at;
  while (p < limit) {
    const c = bytes[p]!;
    if (c > SPACE || (c !== SPACE && c !== 0x0a && c !== 0x0d && c !== 0x09)) break;
    p++;
  }
  return p;
}

export function startsNumber(byte: number): boolean {
  return byte === MINUS || (byte - ZERO) >>> 0 <= 9;
}

/** Where the next number starts after a comma, −1 where something else comes. */
export function nextNumber(bytes: Uint8Array, afterComma: number, limit: number): number {
  const p = skipSpace(bytes, afterComma, limit);
  return p < limit && startsNumber(bytes[p]!) ? p : -1;
}

/** Where the next number starts after a closing bracket and the opening one of the next row. */
export function nextRow(bytes: Uint8Array, afterClose: number, limit: number): number {
  let p = skipSpace(bytes, afterClose, limit);
  if (p >= limit || bytes[p] !== COMMA) return -1;
  p = skipSpace(bytes, p + 1, limit);
  if (p >= limit || bytes[p] !== OPEN) return -1;
  return nextNumber(bytes, p + 1, limit);
}
