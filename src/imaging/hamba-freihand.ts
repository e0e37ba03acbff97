/**
 * Photographs as Hamba's released FreiHAND evaluation feeds them: whole, 224 × 224 px, no hand box. Its pass without
 * rotation at scale 1 is the photograph; every other pass is a square of 200 px times the scale about the middle,
 * turned and enlarged to 224 px. Both are normalised first and enlarged to the network's size then, as floats.
 *
 * Numbers are those of OpenCV on float64 and float32 images, to the bit (test/fixtures/crop-hamba).
 */
import type { CropPlacement } from '../hand/projection.js';
import { isPlain, type View } from '../hand/view.js';
import type { Normalisation } from './normalise.js';
import type { RgbImage } from './rgb-image.js';
import { invertAffine, roundHalfToEven, type Affine } from './warp.js';

/** Side of FreiHAND's photographs, px. */
export const FREIHAND_SIDE = 224;
/** Side of the square that a turned pass cuts at scale 1, px. */
const CUT_SIDE = 200;
const AREA = FREIHAND_SIDE * FREIHAND_SIDE;

/** The square of the photograph that a pass shows, px. */
interface Cut {
  /** Its first column and row. */
  readonly first: number;
  readonly side: number;
  /** What is turned with it on every side, and cut off again. */
  readonly padding: number;
}

const WHOLE: Cut = { first: 0, side: FREIHAND_SIDE, padding: 0 };

/** @returns the whole photograph for the pass that is not cut. */
export function cutOf(view: View): Cut {
  if (isPlain(view)) return WHOLE;
  const side = CUT_SIDE * view.scale;
  const inverse = 1 / (FREIHAND_SIDE / side);
  const shift = FREIHAND_SIDE * (-(FREIHAND_SIDE / 2) / side + 0.5);
  const first = Math.trunc(-(shift * inverse));
  const length = Math.trunc(FREIHAND_SIDE * inverse - shift * inverse) - first;
  const padding =
    view.rotationDegrees === 0 ? 0 : Math.trunc(Math.sqrt(2 * length * length) / 2 - length / 2);
  return { first, side: length, padding };
}

/** Where the patch lies: the middle of its pixel d is the place (d + 1/2) · side / patch − 1/2 of the cut. */
export function freihandPlacement(view: View, patchSize: number, mirrored: boolean): CropPlacement {
  const { first, side } = cutOf(view);
  const radians = (Math.PI * view.rotationDegrees) / 180;
  const offset = side / (2 * patchSize);
  const middle = first + (side - 1) / 2;
  const x = middle + offset * (Math.cos(radians) - Math.sin(radians));
  const y = middle + offset * (Math.sin(radians) + Math.cos(radians));
  return {
    center: [mirrored ? FREIHAND_SIDE - 1 - x : x, y],
    side,
    rotationDegrees: view.rotationDegrees,
    mirrored,
  };
}

export interface FreihandRequest extends View {
  /** Side of the square that the network's input is the middle of, px. */
  readonly patchSize: number;
  readonly mirrored: boolean;
}

/**
 * @param image 224 × 224 px
 * @param columns how many of the patch's columns are wanted, from its middle
 * @param values planes R, G, B of patchSize × columns numbers
 */
export function freihandInto(
  image: RgbImage,
  request: FreihandRequest,
  columns: number,
  { offsets, divisors }: Normalisation,
  values: Float32Array,
): void {
  const cut = cutOf(request);
  const turn = request.rotationDegrees === 0 ? null : turnOf(cut, request.rotationDegrees);
  const across = weightsOf(FREIHAND_SIDE, request.patchSize, (request.patchSize - columns) / 2, columns);
  const down = weightsOf(FREIHAND_SIDE, request.patchSize);
  const stage = new Float32Array(AREA);
  for (let channel = 0; channel < 3; channel++) {
    const shown = processed(image, channel, request.mirrored, cut, turn);
    for (let at = 0; at < AREA; at++) {
      // A Float32Array rounds what it is given; the two results before have to be rounded on their own.
      stage[at] = Math.fround(Math.fround(shown[at]!) - offsets[channel]!) / divisors[channel]!;
    }
    const plane = values.subarray(channel * request.patchSize * columns);
    resizeFloat32(stage, FREIHAND_SIDE, across, down, plane);
  }
}

/** One channel of the pass at 224 px, on the scale 0 to 255. */
function processed(
  image: RgbImage,
  channel: number,
  mirrored: boolean,
  cut: Cut,
  turn: Turn | null,
): Float64Array {
  if (cut === WHOLE) return square(image, channel, mirrored, 0, FREIHAND_SIDE);
  const shown =
    turn === null
      ? square(image, channel, mirrored, cut.first, cut.side)
      : turned(image, channel, mirrored, cut, turn);
  const enlarged = resizeFloat64(shown, cut.side, weightsOf(cut.side, FREIHAND_SIDE));
  for (let at = 0; at < AREA; at++) enlarged[at] = Math.min(255, Math.max(0, enlarged[at]!));
  return enlarged;
}

/** A square of the photograph, black outside of it. */
function square(
  image: RgbImage,
  channel: number,
  mirrored: boolean,
  first: number,
  side: number,
): Float64Array {
  const pixels = new Float64Array(side * side);
  const end = Math.min(first + side, FREIHAND_SIDE);
  for (let y = Math.max(first, 0); y < end; y++) {
    for (let x = Math.max(first, 0); x < end; x++) {
      const column = mirrored ? FREIHAND_SIDE - 1 - x : x;
      pixels[(y - first) * side + x - first] = image.data[(y * FREIHAND_SIDE + column) * 3 + channel]!;
    }
  }
  return pixels;
}

/** Where each pixel of a turned square comes from: the place of the upper left of four, and how near to the others. */
interface Turn {
  readonly places: Int32Array;
  readonly right: Float64Array;
  readonly down: Float64Array;
}

/** `cv2.warpAffine` of the padded square about its middle, without the padding. */
function turned(
  image: RgbImage,
  channel: number,
  mirrored: boolean,
  { first, side, padding }: Cut,
  { places, right, down }: Turn,
): Float64Array {
  const stride = strideOf(side, padding);
  const padded = square(image, channel, mirrored, first - padding - 1, stride);
  // The ring around the padded square is outside of it, where all is black.
  for (let at = 0; at < stride; at++) {
    padded[at] = padded[(stride - 1) * stride + at] = padded[at * stride] = padded[(at + 1) * stride - 1] = 0;
  }
  const out = new Float64Array(side * side);
  for (let at = 0; at < out.length; at++) {
    const place = places[at]!;
    const x = right[at]!;
    const y = down[at]!;
    // Sums of bytes times whole 1024ths: exact in any order.
    out[at] =
      padded[place]! * (1 - x) * (1 - y) +
      padded[place + 1]! * x * (1 - y) +
      padded[place + stride]! * (1 - x) * y +
      padded[place + stride + 1]! * x * y;
  }
  return out;
}

/** The padded square has a ring of one more pixel: further out no pixel of the turned square comes from. */
function strideOf(side: number, padding: number): number {
  return side + 2 * padding + 2;
}

function turnOf({ side, padding }: Cut, rotationDegrees: number): Turn {
  const padded = side + 2 * padding;
  const stride = strideOf(side, padding);
  const [m0, m1, m2, m3, m4, m5] = invertAffine(rotationAbout((padded - 1) / 2, rotationDegrees));
  const turn = {
    places: new Int32Array(side * side),
    right: new Float64Array(side * side),
    down: new Float64Array(side * side),
  };
  for (let row = 0, at = 0; row < side; row++) {
    const y = row + padding;
    const startX = roundHalfToEven((m1 * y + m2) * 1024) + 16;
    const startY = roundHalfToEven((m4 * y + m5) * 1024) + 16;
    for (let column = 0; column < side; column++, at++) {
      const x = column + padding;
      const sourceX = (startX + roundHalfToEven(m0 * x * 1024)) >> 5;
      const sourceY = (startY + roundHalfToEven(m3 * x * 1024)) >> 5;
      turn.places[at] = ((sourceY >> 5) + 1) * stride + (sourceX >> 5) + 1;
      turn.right[at] = (sourceX & 31) / 32;
      turn.down[at] = (sourceY & 31) / 32;
    }
  }
  return turn;
}

/** `cv2.getRotationMatrix2D((centre, centre), degrees, 1)`: the content turns counter-clockwise. */
function rotationAbout(centre: number, degrees: number): Affine {
  const radians = (degrees * Math.PI) / 180;
  const cos = Math.cos(radians);
  const sin = Math.sin(radians);
  return [
    ...[cos, sin, (1 - cos) * centre - sin * centre],
    ...[-sin, cos, sin * centre + (1 - cos) * centre],
  ] as unknown as Affine;
}

/** Between which two pixels each new one lies, and how near to the second: `cv2.resize`, linear. */
interface Weights {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly leftPart: Float64Array;
  readonly rightPart: Float64Array;
}

function weightsOf(from: number, to: number, first = 0, count = to): Weights {
  const scale = 1 / (to / from);
  const weights = {
    left: new Int32Array(count),
    right: new Int32Array(count),
    leftPart: new Float64Array(count),
    rightPart: new Float64Array(count),
  };
  for (let index = 0; index < count; index++) {
    const place = Math.fround((first + index + 0.5) * scale - 0.5);
    const left = Math.floor(place);
    const isInside = left >= 0 && left < from - 1;
    const part = isInside ? Math.fround(place - left) : 0;
    weights.left[index] = Math.min(from - 1, Math.max(0, left));
    weights.right[index] = isInside ? left + 1 : weights.left[index]!;
    weights.leftPart[index] = Math.fround(1 - part);
    weights.rightPart[index] = part;
  }
  return weights;
}

/** A square of `side` px, the same way along both axes. */
function resizeFloat64(image: Float64Array, side: number, weights: Weights): Float64Array {
  const { left, right, leftPart, rightPart } = weights;
  const count = left.length;
  const wide = new Float64Array(side * count);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < count; x++) {
      wide[y * count + x] =
        image[y * side + left[x]!]! * leftPart[x]! + image[y * side + right[x]!]! * rightPart[x]!;
    }
  }
  const out = new Float64Array(count * count);
  for (let y = 0; y < count; y++) {
    const above = left[y]! * count;
    const below = right[y]! * count;
    for (let x = 0; x < count; x++) {
      out[y * count + x] = wide[above + x]! * leftPart[y]! + wide[below + x]! * rightPart[y]!;
    }
  }
  return out;
}

/** The same of float32 images, where each product and each sum is rounded. */
function resizeFloat32(
  image: Float32Array,
  side: number,
  across: Weights,
  down: Weights,
  out: Float32Array,
): void {
  const { left, right, leftPart, rightPart } = across;
  const columns = left.length;
  const wide = new Float32Array(side * columns);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < columns; x++) {
      const a = Math.fround(image[y * side + left[x]!]! * leftPart[x]!);
      wide[y * columns + x] = a + Math.fround(image[y * side + right[x]!]! * rightPart[x]!);
    }
  }
  for (let y = 0; y < down.left.length; y++) {
    const above = down.left[y]! * columns;
    const below = down.right[y]! * columns;
    const upper = down.leftPart[y]!;
    const lower = down.rightPart[y]!;
    for (let x = 0; x < columns; x++) {
      out[y * columns + x] = Math.fround(wide[above + x]! * upper) + Math.fround(wide[below + x]! * lower);
    }
  }
}
