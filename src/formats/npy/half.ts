/**
 * IEEE 754 binary16, the float16 of ONNX and NumPy, as the bits of a Uint16Array: 1 sign bit,
 * 5 of exponent (bias 15), 10 of fraction.
 */

/** The number each of the 65,536 patterns stands for; made when first needed (256 KiB). */
let numbers: Float32Array | null = null;

/** Every half is a float32: exact. */
export function halfToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  numbers ??= Float32Array.from({ length: 0x10000 }, (_, pattern) => numberOf(pattern));
  const out = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index++) out[index] = numbers[bits[index]!]!;
  return out;
}

function numberOf(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (0x400 + fraction) * 2 ** (exponent - 25);
}

/**
 * The nearest half of each number, ties to even; what rounds past 65,504 is infinite, NaN stays NaN.
 * The bits of a float32 hold a half's: 13 more of fraction, and an exponent that is 112 larger.
 */
export function float32ToHalf(values: Float32Array): Uint16Array<ArrayBuffer> {
  const patterns = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let index = 0; index < out.length; index++) out[index] = halfOf(patterns[index]!);
  return out;
}

/** Bit patterns of float32: 2⁻¹⁴, the smallest normal half; 65,520, halfway past the largest; infinity. */
const SMALLEST_NORMAL = 0x38800000;
const FIRST_TOO_LARGE = 0x477ff000;
const INFINITE = 0x7f800000;

function halfOf(pattern: number): number {
  const sign = (pattern >>> 16) & 0x8000;
  const magnitude = pattern & 0x7fffffff;
  if (magnitude > INFINITE) return sign | 0x7e00;
  if (magnitude >= FIRST_TOO_LARGE) return sign | 0x7c00;
  if (magnitude < SMALLEST_NORMAL) return sign | subnormalHalf(magnitude);
  // Half of the last kept bit less one, plus that bit itself: a tie goes to the even neighbour, and a
  // carry out of the fraction raises the exponent, as it should.
  const tie = (magnitude >>> 13) & 1;
  return sign | ((magnitude - (112 << 23) + 0xfff + tie) >>> 13);
}

/** A magnitude below 2⁻¹⁴ in steps of 2⁻²⁴, ties to even. */
function subnormalHalf(magnitude: number): number {
  const exponent = magnitude >>> 23;
  // Below 2⁻²⁵, half a step, all is zero; the subnormal float32 are among them.
  if (exponent < 102) return 0;
  const significand = 0x800000 | (magnitude & 0x7fffff);
  const dropped = 126 - exponent;
  const kept = significand >>> dropped;
  const rest = significand & ((1 << dropped) - 1);
  const half = 1 << (dropped - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}
