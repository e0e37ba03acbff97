/**
 * Decimal digits to the nearest double, exactly as `Number(text)` rounds.
 *
 * A number arrives as its significant digits, split where each half fits an int32, and a power of ten.
 * Up to 15 digits the digits and the power are exact doubles, so one IEEE operation rounds correctly
 * (Clinger, "How to read floating point numbers accurately", PLDI 1990). With 16 to 18 digits the digits are
 * an unevaluated sum of two doubles; a quotient and its exact remainder (Dekker's product, Numer. Math. 18, 1971)
 * give some 100 bits of the result, and rounding is decided unless the rest lies within 2^-48 of a tie.
 */

/** 10^0 … 10^22: the powers of ten that are exact doubles. */
export const POWERS_OF_TEN: Float64Array = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

/** Veltkamp's constant, 2^27 + 1: splits a double into two halves of at most 26 bits. */
const SPLITTER = 134217729;
const POWER_HIGH = POWERS_OF_TEN.map((x) => SPLITTER * x - (SPLITTER * x - x));
const POWER_LOW = POWERS_OF_TEN.map((x, k) => x - POWER_HIGH[k]!);
const INVERSE_POWERS = POWERS_OF_TEN.map((x) => 1 / x);

const ABOVE = 1 + 2 ** -48;
const BELOW = 1 - 2 ** -48;

/** More digits than this are left to `Number(text)`. */
export const MAX_DIGITS = 18;

/**
 * The double nearest to `(first · 10^max(0, digits − 9) + rest) · 10^exponent`, or NaN where this arithmetic
 * cannot tell; the caller then asks `Number(text)`.
 *
 * @param first the first nine significant digits (all of them when there are fewer), below 10^9
 * @param rest digits ten to eighteen as an integer, below 10^9
 * @param digits how many significant digits there are, 0 to 18; with 10 or more, `first` starts with a digit other than 0
 */
export function decimalToDouble(first: number, rest: number, digits: number, exponent: number): number {
  if (digits === 0) return 0;
  if (exponent > 22 || exponent < -22) return NaN;
  if (digits <= 15) {
    const integer = digits <= 9 ? first : first * POWERS_OF_TEN[digits - 9]! + rest;
    return exponent <= 0 ? integer / POWERS_OF_TEN[-exponent]! : integer * POWERS_OF_TEN[exponent]!;
  }
  if (exponent > 0) return NaN;
  // first · shift + rest = high + low with both terms exact: 15 bits of `first` times 30 bits of `shift`.
  const shift = POWERS_OF_TEN[digits - 9]!;
  const high = (first >>> 15) * shift * 32768;
  const low = (first & 32767) * shift + rest;
  const sum = high + low;
  const sumRest = low - (sum - high);

  const power = POWERS_OF_TEN[-exponent]!;
  const quotient = sum / power;
  // quotient · power = product + productRest, exactly.
  const product = quotient * power;
  const spread = SPLITTER * quotient;
  const quotientHigh = spread - (spread - quotient);
  const quotientLow = quotient - quotientHigh;
  const powerHigh = POWER_HIGH[-exponent]!;
  const powerLow = POWER_LOW[-exponent]!;
  const productRest =
    quotientLow * powerLow -
    (product - quotientHigh * powerHigh - quotientLow * powerHigh - quotientHigh * powerLow);
  const correction = (sum - product - productRest + sumRest) * INVERSE_POWERS[-exponent]!;
  const value = quotient + correction * ABOVE;
  return value === quotient + correction * BELOW ? value : NaN;
}

/** Four bytes of text, the first in the lowest place, become four digits: '0' to '9' turn into 0 to 9. */
export const DIGIT_ZEROS = 0x30303030;

/** Zero where the four bytes are 0 to 9; else the lowest bit set lies in the first byte that is not. */
export function nonDigits(four: number): number {
  return ((four + 0x06060606) | four) & 0xf0f0f0f0;
}

/** How many digits stand before the first byte that is none, from what `nonDigits` gave; not for zero. */
export function digitsBefore(nonDigit: number): number {
  return (31 - Math.clz32(nonDigit & -nonDigit)) >> 3;
}

/** The value of four digits: neighbours are joined to pairs, then the pairs. */
export function fourDigits(four: number): number {
  const pairs = (Math.imul(four, 0x0a01) >>> 8) & 0x00ff00ff;
  return Math.imul(pairs, 0x00640001) >>> 16;
}

/** The value of the first `count` of four bytes, 0 to 3, whatever the others are. */
export function someDigits(four: number, count: number): number {
  // In two steps: a shift by 32 would be none.
  return fourDigits((four << 8) << (24 - 8 * count));
}
