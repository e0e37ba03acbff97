/**
 * The affine warp of the reference pipelines, to the bit:
 * `cv2.warpAffine(image, M, (P, P), flags=INTER_LINEAR, borderMode=BORDER_CONSTANT, borderValue=0)`
 * on 8-bit images, as OpenCV 4 computes it before 4.11. OpenCV works in fixed point: coordinates
 * are rounded to 1/32 px and the four weights of a sample sum to 2¹⁵.
 */
import type { RgbImage } from './rgb-image.js';

/** Row-major 2 × 3: (x, y) → (m0·x + m1·y + m2, m3·x + m4·y + m5). Pixel centres are integers. */
export type Affine = readonly [number, number, number, number, number, number];

export type Point = readonly [number, number];

/**
 * The affine map that takes three points to three points, as `cv2.getAffineTransform` finds it:
 * LU with partial pivoting on the 6 × 6 system in doubles, in OpenCV's order of operations
 * (`[x y 1 0 0 0]` rows first, then `[0 0 0 x y 1]`, interleaved point by point).
 *
 * @throws Error where the three source points lie on one line.
 */
export function affineFromPoints(
  from: readonly [Point, Point, Point],
  to: readonly [Point, Point, Point],
): Affine {
  const a: number[][] = [];
  const b: number[] = [];
  for (let point = 0; point < 3; point++) {
    const [x, y] = from[point]!;
    a.push([x, y, 1, 0, 0, 0], [0, 0, 0, x, y, 1]);
    b.push(to[point]![0], to[point]![1]);
  }
  solveInPlace(a, b);
  return b as unknown as Affine;
}

/** Solves a·x = b for a square `a` by LU with partial pivoting; `b` becomes x. */
function solveInPlace(a: number[][], b: number[]): void {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let row = i + 1; row < n; row++) {
      if (Math.abs(a[row]![i]!) > Math.abs(a[pivot]![i]!)) pivot = row;
    }
    if (Math.abs(a[pivot]![i]!) < Number.EPSILON * 100) {
      throw new Error('affineFromPoints: the source points lie on one line');
    }
    [a[i], a[pivot]] = [a[pivot]!, a[i]!];
    [b[i], b[pivot]] = [b[pivot]!, b[i]!];
    const upper = a[i]!;
    const factor = -1 / upper[i]!;
    for (let row = i + 1; row < n; row++) {
      const lower = a[row]!;
      const alpha = lower[i]! * factor;
      for (let column = i + 1; column < n; column++) lower[column]! += alpha * upper[column]!;
      b[row]! += alpha * b[i]!;
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i]!;
    for (let column = i + 1; column < n; column++) sum -= a[i]![column]! * b[column]!;
    b[i] = sum / a[i]![i]!;
  }
}

/** The inverse map, as warpAffine computes it (a singular map gives zeros). */
export function invertAffine([m0, m1, m2, m3, m4, m5]: Affine): Affine {
  const determinant = m0 * m4 - m1 * m3;
  const d = determinant !== 0 ? 1 / determinant : 0;
  const i0 = m4 * d;
  const i1 = m1 * -d;
  const i3 = m3 * -d;
  const i4 = m0 * d;
  return [i0, i1, -i0 * m2 - i1 * m5, i3, i4, -i3 * m2 - i4 * m5];
}

/** The part of the destination that is computed. */
export interface Patch {
  readonly width: number;
  readonly height: number;
  /** The destination column that the patch begins at; 0 unless given. */
  readonly firstColumn?: number;
}

/** Coordinates carry 10 fractional bits while they are added up, and 5 once they are rounded (AB_BITS, INTER_BITS). */
const COORDINATE_SCALE = 1 << 10;
/** Half of what the shift from 10 to 5 fractional bits drops. */
const ROUND_TO_FRACTION = 1 << 4;

/**
 * What a byte becomes on its way into the patch: 3 × 256 values, the channels R, G, B one after the
 * other. The normalised float32 or float16 value, or the byte itself.
 */
export type ByteTable = Uint8Array | Uint16Array | Float32Array;

/** Bytes as they are. */
export const SAME_BYTES: ByteTable = Uint8Array.from({ length: 3 * 256 }, (_, index) => index & 255);

/** Where the patch goes. */
export interface PatchOutput<T extends ByteTable = ByteTable> {
  /** Applied to every byte, those outside the image (0) too. */
  readonly table: T;
  /** Planes R, G, B of height × width values each. */
  readonly values: T;
  /** Where in `values` the first plane begins; 0 unless given. */
  readonly at?: number;
}

/** No side of a patch is longer, px. */
const LONGEST_SIDE = 8192;

/**
 * What each column and row adds to the source coordinates, and the table in use. They stand here, not
 * in variables, because V8 compiles the addresses of such arrays into the loops: these are a fifth
 * faster for it.
 */
const columnX = new Int32Array(LONGEST_SIDE);
const columnY = new Int32Array(LONGEST_SIDE);
const rowX = new Int32Array(LONGEST_SIDE);
const rowY = new Int32Array(LONGEST_SIDE);
/** In an upright patch: where each column's left neighbour stands in a row of the image, bytes, and its part of 32. */
const leftAt = new Int32Array(LONGEST_SIDE);
const leftPart = new Int32Array(LONGEST_SIDE);
/** Two rows of the image, blended; as long as the longest stretch of an image that a patch enlarges. */
const blended = new Int32Array(3 * (LONGEST_SIDE + 2));
/** Holds the bits of float16 as whole numbers, which float32 does exactly. */
const tableInUse = new Float32Array(3 * 256);

/**
 * Warps `image` into a patch of 3 × height × width values.
 *
 * @param toSource  maps destination to source pixels (the inverse of the matrix given to OpenCV).
 * @param mirrored  sample the image flipped left to right, without making the flipped copy.
 * @throws RangeError for a patch with a side of more than 8,192 px.
 */
export function warpAffine(
  image: RgbImage,
  toSource: Affine,
  patch: Patch,
  mirrored: boolean,
  { table, values, at = 0 }: PatchOutput,
): void {
  const { width, height, firstColumn = 0 } = patch;
  if (Math.max(width, height) > LONGEST_SIDE) {
    throw new RangeError(`warpAffine: a patch of ${width} × ${height} px; at most ${LONGEST_SIDE} a side`);
  }
  const pixels = width * height;
  const [a, b, c, d, e, f] = toSource;
  const isNear =
    fixedPoint(columnX, width, firstColumn, a, 0, 0) &&
    fixedPoint(columnY, width, firstColumn, d, 0, 0) &&
    fixedPoint(rowX, height, 0, b, c, ROUND_TO_FRACTION) &&
    fixedPoint(rowY, height, 0, e, f, ROUND_TO_FRACTION);
  if (!isNear) {
    for (let channel = 0; channel < 3; channel++) {
      values.fill(table[channel * 256]!, at + channel * pixels, at + (channel + 1) * pixels);
    }
    return;
  }
  tableInUse.set(table);
  const row: Row = { startX: 0, startY: 0, from: 0, to: 0, at, pixels };
  // Each of these only grows or only falls.
  if (columnY[0] === columnY[width - 1] && rowX[0] === rowX[height - 1]) {
    warpUpright(image, patch, row, mirrored, values);
    return;
  }
  // V8 compiles the functions called here into this one, which makes them half as fast again, as long
  // as they are not more than its budget: what else it does is in functions of their own.
  for (let index = 0; index < height; index++) {
    row.startX = rowX[index]!;
    row.startY = rowY[index]!;
    row.at = at + index * width;
    // Along a row the source moves straight ahead: where it is inside the image it is so in one stretch.
    row.from = 0;
    row.to = width;
    narrow(row, columnX, row.startX, image.width);
    narrow(row, columnY, row.startY, image.height);
    sampleInside(image, row, mirrored, values);
    sampleBorder(image, row, 0, row.from, mirrored, values);
    sampleBorder(image, row, row.to, width, mirrored, values);
  }
}

/** One row of the patch; made once and filled again for each. */
interface Row {
  startX: number;
  startY: number;
  /** Columns [from, to) have all four neighbours inside the image. */
  from: number;
  to: number;
  /** Where the row begins in the first plane. */
  at: number;
  /** Values a plane. */
  readonly pixels: number;
}

/** Leaves the columns whose place and the next one lie in 0 … size − 1. `steps` only grow or only fall. */
function narrow(row: Row, steps: Int32Array, start: number, size: number): void {
  const last = size - 2;
  const isInside = (column: number): boolean => {
    const place = (start + steps[column]!) >> 10;
    return place >= 0 && place <= last;
  };
  while (row.from < row.to && !isInside(row.from)) row.from += 1;
  while (row.to > row.from && !isInside(row.to - 1)) row.to -= 1;
}

/**
 * The columns that need no look at the border. `Math.imul` keeps V8 in 32-bit integers: with `*` it
 * guards every product against −0 and takes half as long again.
 */
function sampleInside(
  { width, data }: RgbImage,
  { startX, startY, from, to, at, pixels }: Row,
  mirrored: boolean,
  values: ByteTable,
): void {
  const stride = width * 3;
  const step = mirrored ? -3 : 3;
  const origin = mirrored ? stride - 3 : 0;
  const greenAt = at + pixels;
  const blueAt = greenAt + pixels;
  for (let column = from; column < to; column++) {
    const x = (startX + columnX[column]!) >> 5;
    const y = (startY + columnY[column]!) >> 5;
    const fx = x & 31;
    const fy = y & 31;
    // Weights are 32 × these products and rounding is + 2¹⁴, >> 15; the common 32 is divided out.
    const topLeft = Math.imul(32 - fx, 32 - fy);
    const topRight = Math.imul(fx, 32 - fy);
    const bottomLeft = Math.imul(32 - fx, fy);
    const bottomRight = Math.imul(fx, fy);
    const p = origin + Math.imul(y >> 5, stride) + Math.imul(x >> 5, step);
    const p2 = p + step;
    const q = p + stride;
    const q2 = q + step;
    const red =
      Math.imul(topLeft, data[p]!) +
      Math.imul(topRight, data[p2]!) +
      Math.imul(bottomLeft, data[q]!) +
      Math.imul(bottomRight, data[q2]!);
    const green =
      Math.imul(topLeft, data[p + 1]!) +
      Math.imul(topRight, data[p2 + 1]!) +
      Math.imul(bottomLeft, data[q + 1]!) +
      Math.imul(bottomRight, data[q2 + 1]!);
    const blue =
      Math.imul(topLeft, data[p + 2]!) +
      Math.imul(topRight, data[p2 + 2]!) +
      Math.imul(bottomLeft, data[q + 2]!) +
      Math.imul(bottomRight, data[q2 + 2]!);
    values[at + column] = tableInUse[(red + 512) >> 10]!;
    values[greenAt + column] = tableInUse[256 + ((green + 512) >> 10)]!;
    values[blueAt + column] = tableInUse[512 + ((blue + 512) >> 10)]!;
  }
}

/** The rows of a patch that stands upright in the image. */
function warpUpright(
  image: RgbImage,
  { width, height }: Patch,
  row: Row,
  mirrored: boolean,
  values: ByteTable,
): void {
  const first = row.at;
  const isEnlarged = Math.abs(columnX[width - 1]! - columnX[0]!) <= (width - 1) * COORDINATE_SCALE;
  lookUpColumns(image, width, mirrored);
  for (let index = 0; index < height; index++) {
    row.startX = rowX[index]!;
    row.startY = rowY[index]!;
    row.at = first + index * width;
    row.from = 0;
    row.to = width;
    narrow(row, columnX, row.startX, image.width);
    narrow(row, columnY, row.startY, image.height);
    if (isEnlarged) sampleUpright(image, row, mirrored, values);
    else sampleInside(image, row, mirrored, values);
    sampleBorder(image, row, 0, row.from, mirrored, values);
    sampleBorder(image, row, row.to, width, mirrored, values);
  }
}

/** What the columns of an upright patch have in common from row to row. */
function lookUpColumns({ width: imageWidth }: RgbImage, width: number, mirrored: boolean): void {
  const step = mirrored ? -3 : 3;
  const origin = mirrored ? imageWidth * 3 - 3 : 0;
  for (let column = 0; column < width; column++) {
    const x = (rowX[0]! + columnX[column]!) >> 5;
    leftAt[column] = origin + Math.imul(x >> 5, step);
    leftPart[column] = 32 - (x & 31);
  }
}

/**
 * `sampleInside` for an upright patch that is not smaller than what it shows. The same whole numbers, added up in another order: the two rows
 * of the image are blended once, and each of their pixels serves several columns.
 */
function sampleUpright(
  { width, data }: RgbImage,
  { startY, from, to, at, pixels }: Row,
  mirrored: boolean,
  values: ByteTable,
): void {
  if (from >= to) return;
  const stride = width * 3;
  const step = mirrored ? -3 : 3;
  const y = (startY + columnY[0]!) >> 5;
  const bottom = y & 31;
  const top = 32 - bottom;
  const ends = [leftAt[from]!, leftAt[to - 1]!] as const;
  const low = Math.min(...ends) + Math.min(0, step);
  const length = Math.max(...ends) + Math.max(0, step) + 3 - low;
  const topAt = Math.imul(y >> 5, stride) + low;
  const bottomAt = topAt + stride;
  for (let index = 0; index < length; index++) {
    blended[index] = Math.imul(top, data[topAt + index]!) + Math.imul(bottom, data[bottomAt + index]!);
  }
  const greenAt = at + pixels;
  const blueAt = greenAt + pixels;
  for (let column = from; column < to; column++) {
    const left = leftPart[column]!;
    const right = 32 - left;
    const p = leftAt[column]! - low;
    const q = p + step;
    const red = Math.imul(left, blended[p]!) + Math.imul(right, blended[q]!);
    const green = Math.imul(left, blended[p + 1]!) + Math.imul(right, blended[q + 1]!);
    const blue = Math.imul(left, blended[p + 2]!) + Math.imul(right, blended[q + 2]!);
    values[at + column] = tableInUse[(red + 512) >> 10]!;
    values[greenAt + column] = tableInUse[256 + ((green + 512) >> 10)]!;
    values[blueAt + column] = tableInUse[512 + ((blue + 512) >> 10)]!;
  }
}

/** The columns [from, to), of whose neighbours some lie outside the image, where all is 0. */
function sampleBorder(
  { width, height, data }: RgbImage,
  { startX, startY, at, pixels }: Row,
  from: number,
  to: number,
  mirrored: boolean,
  values: ByteTable,
): void {
  const stride = width * 3;
  const step = mirrored ? -3 : 3;
  const origin = mirrored ? stride - 3 : 0;
  for (let column = from; column < to; column++) {
    const x = (startX + columnX[column]!) >> 5;
    const y = (startY + columnY[column]!) >> 5;
    const left = x >> 5;
    const top = y >> 5;
    const hasLeft = left >= 0 && left < width;
    const hasRight = left >= -1 && left < width - 1;
    const hasTop = top >= 0 && top < height;
    const hasBottom = top >= -1 && top < height - 1;
    const isEmpty = !(hasLeft || hasRight) || !(hasTop || hasBottom);
    const p = origin + Math.imul(top, stride) + Math.imul(left, step);
    const fx = x & 31;
    const fy = y & 31;
    for (let channel = 0; channel < 3; channel++) {
      let sum = 512;
      if (!isEmpty) {
        const here = p + channel;
        if (hasTop && hasLeft) sum += Math.imul((32 - fx) * (32 - fy), data[here]!);
        if (hasTop && hasRight) sum += Math.imul(fx * (32 - fy), data[here + step]!);
        if (hasBottom && hasLeft) sum += Math.imul((32 - fx) * fy, data[here + stride]!);
        if (hasBottom && hasRight) sum += Math.imul(fx * fy, data[here + stride + step]!);
      }
      values[at + channel * pixels + column] = tableInUse[channel * 256 + (sum >> 10)]!;
    }
  }
}

/**
 * `round(slope · i + offset)` at 10 fractional bits for each of `count` columns or rows from
 * `first`, plus `bias`. False where a value does not fit: the box lies a million pixels away, or
 * nowhere, and the patch is empty.
 */
function fixedPoint(
  values: Int32Array,
  count: number,
  first: number,
  slope: number,
  offset: number,
  bias: number,
): boolean {
  for (let index = 0; index < count; index++) {
    const value = roundHalfToEven((slope * (index + first) + offset) * COORDINATE_SCALE) + bias;
    // Half the range, so that a column's and a row's part can be added.
    if (!(Math.abs(value) < 2 ** 30)) return false;
    values[index] = value;
  }
  return true;
}

/** OpenCV's cvRound: to the nearest integer, ties to the even one. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
