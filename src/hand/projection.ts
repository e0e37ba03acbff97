/**
 * From a network's crop to the photograph, as HaMeR has it: the weak perspective camera
 * (`HAMER.forward_step` in its models/hamer.py and `perspective_projection` in its utils/geometry.py)
 * and the way back through the crop (`gen_trans_from_patch_cv` in its datasets/utils.py).
 *
 * Crop coordinates: x right, y down, 0 at the middle of the square crop, −0.5…0.5 from edge to edge.
 */

/** px, in a crop of `CAMERA_CROP_SIZE`: HaMeR's EXTRA.FOCAL_LENGTH and MODEL.IMAGE_SIZE. */
export const HAMER_FOCAL_LENGTH = 5000;
const CAMERA_CROP_SIZE = 256;

/** Keeps HaMeR's division from 0. */
const SCALE_EPSILON = 1e-9;

/** Where a crop was taken. */
export interface CropPlacement {
  /** px in the photograph (not mirrored), origin at the centre of its top left pixel. */
  readonly center: readonly [number, number];
  /** px in the photograph. */
  readonly side: number;
  /** The photograph was flipped left to right before it was cropped. */
  readonly mirrored: boolean;
  /** Degrees; positive turned the content of the crop counter-clockwise. 0 unless given. */
  readonly rotationDegrees?: number;
}

/**
 * Crop coordinates to pixels of the photograph: turned back, enlarged, un-mirrored.
 *
 * A mirrored crop is taken at W − cx − 1 of a photograph in which x lies at W − x − 1, so that
 * u · side = (W − x − 1) − (W − cx − 1) = cx − x: W falls out.
 *
 * @param points     N×2, crop coordinates
 * @returns N×2, px
 */
export function cropToPhotograph(points: ArrayLike<number>, placement: CropPlacement): Float64Array {
  const { center, side, mirrored, rotationDegrees = 0 } = placement;
  const radians = (Math.PI * rotationDegrees) / 180;
  const cos = Math.cos(radians);
  const sin = Math.sin(radians);
  const sign = mirrored ? -1 : 1;
  const pixels = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    const x = points[i]! * side;
    const y = points[i + 1]! * side;
    pixels[i] = center[0] + sign * (cos * x - sin * y);
    pixels[i + 1] = center[1] + sin * x + cos * y;
  }
  return pixels;
}

/** Points in the crop, or why there are none. */
export type CropProjection =
  | { readonly points: Float64Array; readonly problem: null }
  | { readonly points: null; readonly problem: CameraProblem };

/** `point` is the first that is not in front of the camera. */
export type CameraProblem =
  { readonly kind: 'scale'; readonly scale: number } | { readonly kind: 'depth'; readonly point: number };

/**
 * The network's points as its own camera sees them.
 *
 * The camera (s, tx, ty) stands for the translation [tx, ty, 2·f / (256·s + 1e-9)]; the points moved
 * by it are projected with f / 256, which gives crop coordinates.
 *
 * @param points       N×3, metres, as the network gave them (a left hand still mirrored)
 * @param camera       s, tx, ty
 * @param focalLength  f, px in a crop of 256 px
 */
export function projectIntoCrop(
  points: ArrayLike<number>,
  camera: ArrayLike<number>,
  focalLength: number,
): CropProjection {
  const scale = camera[0]!;
  if (!(scale > 0)) return { points: null, problem: { kind: 'scale', scale } };
  const moveX = camera[1]!;
  const moveY = camera[2]!;
  const moveZ = (2 * focalLength) / (CAMERA_CROP_SIZE * scale + SCALE_EPSILON);
  const focal = focalLength / CAMERA_CROP_SIZE;
  const count = points.length / 3;
  const projected = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) {
    const z = points[i * 3 + 2]! + moveZ;
    if (!(z > 0)) return { points: null, problem: { kind: 'depth', point: i } };
    projected[i * 2] = (focal * (points[i * 3]! + moveX)) / z;
    projected[i * 2 + 1] = (focal * (points[i * 3 + 1]! + moveY)) / z;
  }
  return { points: projected, problem: null };
}
