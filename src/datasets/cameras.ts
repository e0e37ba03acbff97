/**
 * The camera of each photograph, where a benchmark publishes it: a 3×3 intrinsic matrix in pixels, origin at the
 * centre of the top left pixel, OpenCV axes. It puts joints in 3D over the photograph.
 */
import { UserError } from '../errors.js';
import type { PinholeCamera } from '../hand/camera.js';
import type { DatasetFolder, SamplePlace } from './types.js';

/**
 * The cameras of some samples, in their order; `null` where the benchmark publishes none.
 *
 * @throws UserError where it does and a file is absent or is not as it should be.
 */
export async function camerasOf(
  folder: DatasetFolder,
  samples: readonly SamplePlace[],
): Promise<PinholeCamera[] | null> {
  const { cameras } = folder.definition;
  return cameras === undefined ? null : cameras(folder, samples);
}

/** @throws UserError where the matrix is none of a pinhole camera. */
export function pinholeCamera(matrix: ArrayLike<number>, file: string): PinholeCamera {
  const [fx, , cx, , fy, cy] = Array.from(matrix) as [number, number, number, number, number, number];
  if (fx > 0 && fy > 0 && Number.isFinite(cx + cy)) return { fx, fy, cx, cy };
  throw invalidCamera(
    file,
    'a 3×3 matrix [[fx, 0, cx], [0, fy, cy], [0, 0, 1]], px',
    Array.from(matrix).join(', '),
  );
}

export function invalidCamera(file: string, expected: string, got: string): UserError {
  return new UserError({
    code: 'camera-invalid',
    message: 'The cameras are not those of this benchmark',
    file,
    expected,
    got,
    next: "take the file from the benchmark's own archive",
  });
}
