/**
 * Numbers as text with a fixed number of decimals, exactly as `toFixed` writes them, several times as fast: a
 * submission of HO-3D v3 is 48 million numbers.
 *
 * |value| · 10^decimals is rounded in a double. Below 2^31 that product is off by less than 2^-22, so it decides where
 * its fraction is farther than that from one half; whatever is nearer, or larger, is left to `toFixed` itself.
 */

/** More than that would not fit the 31 bits for a hand that is a metre away. */
export const MAX_DECIMALS = 9;

const LARGEST = 2 ** 31 - 1;
/** Four times the error of the product. */
const MARGIN = 2 ** -20;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** The longest `toFixed`: a sign, 21 digits, the point, the decimals; from 10^21 on an exponent. */
export function longestNumber(decimals: number): number {
  return 1 + 21 + 1 + Math.max(decimals, 4);
}

/**
 * Writes `value` at `at` and returns the place after it; −0 becomes `0`, as `toFixed` has it.
 *
 * @param value finite: JSON has no other numbers.
 * @param decimals 1 to `MAX_DECIMALS`.
 * @param out has room for `longestNumber(decimals)` bytes.
 */
export function writeFixed(value: number, decimals: number, out: Uint8Array, at: number): number {
  const scaled = Math.abs(value) * POWERS[decimals]!;
  const whole = Math.floor(scaled);
  const fraction = scaled - whole;
  // Not a number compares false, too.
  if (!(scaled < LARGEST) || Math.abs(fraction - 0.5) < MARGIN) return writeSlowly(value, decimals, out, at);
  let p = at;
  if (value < 0) out[p++] = MINUS;
  let rest = (fraction > 0.5 ? whole + 1 : whole) | 0;
  const power = POWERS[decimals]! | 0;
  const integer = (rest / power) | 0;
  rest = (rest - Math.imul(integer, power)) | 0;
  if (integer < 10) out[p++] = ZERO + integer;
  else p = writeInteger(integer, out, p);
  out[p++] = POINT;
  for (let k = decimals - 1; k >= 0; k--) {
    const tenth = (rest / 10) | 0;
    out[p + k] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return p + decimals;
}

const POWERS = Float64Array.from({ length: MAX_DECIMALS + 1 }, (_, exponent) => Number(`1e${exponent}`));

function writeInteger(value: number, out: Uint8Array, at: number): number {
  let length = 1;
  while (length < POWERS.length && value >= POWERS[length]!) length++;
  let rest = value;
  for (let k = length - 1; k >= 0; k--) {
    const tenth = (rest / 10) | 0;
    out[at + k] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + length;
}

function writeSlowly(value: number, decimals: number, out: Uint8Array, at: number): number {
  const text = value.toFixed(decimals);
  for (let k = 0; k < text.length; k++) out[at + k] = text.charCodeAt(k);
  return at + text.length;
}
