/**
 * The square crop of a hand as HaMeR's evaluation takes it (`gen_trans_from_patch_cv` and
 * `generate_image_patch_cv2` in its datasets/utils.py): a box in the photograph,
 * turned and scaled, mapped onto a square patch by three point pairs.
 */
import type { Box } from '../hand/view.js';
import type { RgbImage } from './rgb-image.js';
import {
  affineFromPoints,
  invertAffine,
  SAME_BYTES,
  warpAffine,
  type Affine,
  type PatchOutput,
  type Point,
} from './warp.js';

/** How one crop is taken. */
export interface CropRequest {
  readonly box: Box;
  /** Side of the square destination, px: 256 for HaMeR and Hamba. */
  readonly patchSize: number;
  /** Degrees; positive turns the content of the patch counter-clockwise. 0 unless given. */
  readonly rotationDegrees?: number;
  /** Multiplies the box side: 0.7 zooms in. 1 unless given. */
  readonly scale?: number;
  /** A left hand: the photograph is flipped left to right first, cx becomes W − cx − 1. */
  readonly mirrored?: boolean;
}

/** The aspect HaMeR and Hamba see, width : height; a box grows to it before it becomes square. */
const NETWORK_ASPECT = [192, 256] as const;

/**
 * The box of a sample that has none: the whole photograph.
 *
 * The centre is (W/2, H/2), the middle of the corner pair (0, 0)–(W, H), as HaMeR takes the
 * centre of a box, and the side is the longer side, not grown. HaMeR's affine then maps x = 0 to
 * patch column 0 and x = W to column P, so a square photograph fills the patch exactly (and one
 * of the patch's own size arrives pixel for pixel); the shorter side of another is padded with zeros.
 */
export function wholeImageBox(image: { readonly width: number; readonly height: number }): Box {
  return { center: [image.width / 2, image.height / 2], side: Math.max(image.width, image.height) };
}

/**
 * HaMeR's `expand_to_aspect_ratio` followed by `max()`: the box width × height is grown to the
 * aspect 192:256 and its longer side returned. A square box s gives 4s/3.
 */
export function grownSide(width: number, height: number): number {
  const [aspectWidth, aspectHeight] = NETWORK_ASPECT;
  if (height / width < aspectHeight / aspectWidth) {
    return Math.max((width * aspectHeight) / aspectWidth, height, width);
  }
  return Math.max((height * aspectWidth) / aspectHeight, width, height);
}

/**
 * The map from the photograph (flipped already, for a mirrored crop) to the patch.
 *
 * As in HaMeR the points are rounded to float32 before the system is solved in doubles.
 *
 * @param imageWidth  px, needed to flip the centre of a mirrored crop.
 */
export function cropAffine(request: CropRequest, imageWidth: number): Affine {
  const { box, patchSize } = request;
  const side = box.side * (request.scale ?? 1);
  const radians = (Math.PI * (request.rotationDegrees ?? 0)) / 180;
  const half = Math.fround(side * 0.5);
  const sin = Math.sin(radians);
  const cos = Math.cos(radians);
  const cx = request.mirrored === true ? imageWidth - box.center[0] - 1 : box.center[0];
  const cy = box.center[1];
  const down: Point = [Math.fround(0 * cos - half * sin), Math.fround(0 * sin + half * cos)];
  const right: Point = [Math.fround(half * cos - 0 * sin), Math.fround(half * sin + 0 * cos)];
  const middle = Math.fround(patchSize * 0.5);
  return affineFromPoints(
    [float32(cx, cy), float32(cx + down[0], cy + down[1]), float32(cx + right[0], cy + right[1])],
    [
      [middle, middle],
      [middle, middle + middle],
      [middle + middle, middle],
    ],
  );
}

function float32(x: number, y: number): Point {
  return [Math.fround(x), Math.fround(y)];
}

/**
 * Takes one crop into `output`: 3 × patchSize × columns values.
 *
 * @param columns  how many of the patch's columns are wanted, from its middle: 192 of 256 gives
 *                 columns 32…223, what the ViT of HaMeR and Hamba sees.
 */
export function cropInto(image: RgbImage, request: CropRequest, columns: number, output: PatchOutput): void {
  const toSource = invertAffine(cropAffine(request, image.width));
  const patch = {
    width: columns,
    height: request.patchSize,
    firstColumn: (request.patchSize - columns) / 2,
  };
  warpAffine(image, toSource, patch, request.mirrored ?? false, output);
}

/** One crop as a picture: patchSize × columns × 3 bytes, R G B; all columns unless given. */
export function cropImage(
  image: RgbImage,
  request: CropRequest,
  columns: number = request.patchSize,
): Uint8Array {
  const pixels = request.patchSize * columns;
  const planes = new Uint8Array(pixels * 3);
  cropInto(image, request, columns, { table: SAME_BYTES, values: planes });
  const picture = new Uint8Array(pixels * 3);
  for (let pixel = 0, to = 0; pixel < pixels; pixel++, to += 3) {
    picture[to] = planes[pixel]!;
    picture[to + 1] = planes[pixels + pixel]!;
    picture[to + 2] = planes[2 * pixels + pixel]!;
  }
  return picture;
}
