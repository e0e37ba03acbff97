/**
 * The camera of each photograph, where a benchmark publishes it. Nothing that is scored needs
 * one; it puts joints in 3D over the photograph.
 *
 * FreiHAND: `<split>_K.json`, a 3×3 intrinsic matrix a hand. HO-3D: `camMat` in the sample's
 * `meta/<frame>.pkl`. Both in pixels, origin at the centre of the top left pixel, OpenCV axes.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { fileError } from '../formats/file-errors.js';
import { readNumberJson, type RecordLayout } from '../formats/number-json.js';
import { asDict, numbersAt, readPickle } from '../formats/pickle.js';
import type { PinholeCamera } from '../hand/camera.js';
import type { DatasetFolder } from './types.js';

/** What names a sample: its id and its position in the folder. */
export interface SamplePlace {
  readonly id: string;
  readonly index: number;
}

type CameraReader = (folder: DatasetFolder, samples: readonly SamplePlace[]) => Promise<PinholeCamera[]>;

/** By dataset id; a benchmark that is not here publishes no cameras. */
const READERS: ReadonlyMap<string, CameraReader> = new Map([
  ['freihand', freihandCameras],
  ['ho3d-v2', ho3dCameras],
  ['ho3d-v3', ho3dCameras],
]);

/**
 * The cameras of some samples, in their order; `null` where the benchmark publishes none.
 *
 * @throws UserError where it does and a file is absent or is not as it should be.
 */
export async function camerasOf(
  folder: DatasetFolder,
  samples: readonly SamplePlace[],
): Promise<PinholeCamera[] | null> {
  const reader = READERS.get(folder.definition.id);
  return reader === undefined ? null : reader(folder, samples);
}

const MATRICES: RecordLayout = { nesting: 'list', shape: [3, 3], recordName: 'camera' };

/** The training split's photographs repeat the hands, and so their cameras, before each background. */
async function freihandCameras(
  { root, split }: DatasetFolder,
  samples: readonly SamplePlace[],
): Promise<PinholeCamera[]> {
  const prefix = split.startsWith('training') ? 'training' : split;
  const file = join(root, `${prefix}_K.json`);
  const parts: Float64Array[] = [];
  for await (const { values } of readNumberJson(file, MATRICES)) parts.push(values);
  const count = parts.reduce((total, { length }) => total + length / 9, 0);
  const matrices = new Float64Array(count * 9);
  parts.reduce((at, part) => (matrices.set(part, at), at + part.length), 0);
  return samples.map(({ id, index }) => {
    const hand = prefix === 'training' ? index % count : index;
    if (hand >= count) throw invalid(file, `at least ${index + 1} cameras`, `${count}; none for ${id}`);
    return pinhole(matrices.subarray(hand * 9, hand * 9 + 9), file);
  });
}

async function ho3dCameras(
  { root, split }: DatasetFolder,
  samples: readonly SamplePlace[],
): Promise<PinholeCamera[]> {
  return Promise.all(
    samples.map(async ({ id }) => {
      const file = join(root, split, `${id.replace('/', '/meta/')}.pkl`);
      const bytes = await readFile(file).catch((error: unknown) => {
        throw fileError(error, file);
      });
      const meta = asDict(readPickle(bytes, file), 'the meta data', file);
      return pinhole(numbersAt(meta, 'camMat', [3, 3], file), file);
    }),
  );
}

function pinhole(matrix: ArrayLike<number>, file: string): PinholeCamera {
  const [fx, , cx, , fy, cy] = Array.from(matrix) as [number, number, number, number, number, number];
  if (fx > 0 && fy > 0 && Number.isFinite(cx + cy)) return { fx, fy, cx, cy };
  throw invalid(
    file,
    'a 3×3 matrix [[fx, 0, cx], [0, fy, cy], [0, 0, 1]], px',
    Array.from(matrix).join(', '),
  );
}

function invalid(file: string, expected: string, got: string): UserError {
  return new UserError({
    code: 'camera-invalid',
    message: 'The cameras are not those of this benchmark',
    file,
    expected,
    got,
    next: "take the file from the benchmark's own archive",
  });
}
