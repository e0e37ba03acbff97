/**
 * The evaluation files of HaMeR (Pavlakos et al., CVPR 2024; `hamer/datasets/image_dataset.py`): a .npz with one row
 * a hand. `imgname` (N) is the image, relative to the image folder; `center` (N×2) and `scale` (N, N×1 or N×2) are
 * the box in px of that image, x right, y down: the code divides `scale` by 200 and multiplies it by 200 again, which
 * leaves doubles as they are and rounds a float32 twice. Optional: `right` (N or N×1, 0 or 1), `hand_keypoints_2d` (N×21×3, px) and
 * `hand_keypoints_3d` (N×21×4, metres), OpenPose order, the last number of each point its confidence, 0 where there
 * is no label. Any number type serves; whatever else is in the file is left alone.
 *
 * HInt's files come in threes: `…_all.npz`, and beside it `…_vis.npz` and `…_occ.npz`, whose rows are rows of it
 * with the confidence of the other keypoints 0.
 */
import { basename } from 'node:path';
import { UserError } from '../errors.js';
import { toFloat64 } from '../formats/npy/npy.js';
import { readNpz, type NpzFile } from '../formats/npy/npz.js';
import { JOINT_COUNT } from '../hand/joints.js';
import { BOX_RANGE, isUsableCenter, isUsableSize } from './boxes.js';
import { isFile } from './folder.js';
import { staysInside } from './inside.js';
import type { ProblemListener } from './types.js';

export interface HamerMetadata {
  readonly file: string;
  /** Rows: hands, of which one image may hold several. */
  readonly count: number;
  /** N paths relative to the image folder, with `/`. */
  readonly imageNames: readonly string[];
  /** N × 2: centre of the box, px. */
  readonly centers: Float64Array;
  /** N × 2: width and height of the box, px, before any growth. */
  readonly sizes: Float64Array;
  /** N; all true where the file has no `right`. */
  readonly right: readonly boolean[];
  /** N × 21 × 3: x, y in px, confidence. */
  readonly keypoints2d: Float64Array | null;
  /** N × 21 × 4: x, y, z in metres, confidence; null also where every confidence is 0. */
  readonly keypoints3d: Float64Array | null;
  /**
   * N: what is wrong with a row, null where nothing is. A row with a problem stands in the arrays as the file has
   * it, so that rows keep their number; it is not to be used.
   */
  readonly problems: readonly (UserError | null)[];
}

/** 400,000 hands with keypoints in 3D; what expands to more is no evaluation file. */
const MAX_ARRAY_BYTES = 2 ** 28;
/** Distance up to which two files mean the same centre, px. */
const SAME_CENTER = 1e-6;

/**
 * Reads an evaluation file.
 *
 * @param onProblem is told of the first thing that is wrong with each row, which then also stands in `problems`.
 * @throws UserError `metadata-array-missing`, `metadata-shape`, `metadata-rows`, and what `readNpz` throws; without
 *   a listener the first row's problem: `metadata-image-name`, `metadata-center`, `metadata-scale`,
 *   `metadata-right`, `metadata-keypoints`
 */
export async function readHamerMetadata(file: string, onProblem?: ProblemListener): Promise<HamerMetadata> {
  const archive = await readNpz(file, { maxBytes: MAX_ARRAY_BYTES });
  try {
    const metadata = await readArrays(archive);
    const problems = Array.from({ length: metadata.count }, (_, row) => {
      const problem = problemOf(archive, metadata, row);
      if (problem === null) return null;
      if (onProblem === undefined) throw problem;
      onProblem(problem);
      return problem;
    });
    const { rightValues, ...rest } = metadata;
    return { ...rest, right: Array.from(rightValues, (value) => value !== 0), problems };
  } finally {
    archive.close();
  }
}

interface Arrays extends Omit<HamerMetadata, 'right' | 'problems'> {
  /** `right` as the file has it. */
  readonly rightValues: Float64Array;
}

const NEEDED = ['imgname', 'center', 'scale'] as const;

async function readArrays(archive: NpzFile): Promise<Arrays> {
  requireArrays(archive);
  const imageNames = await readNames(archive);
  const rows: Rows = { archive, count: imageNames.length };
  const center = await readRows(rows, 'center', [[2]]);
  const scale = await readSides(rows);
  const right = await readOptional(rows, 'right', [[], [1]]);
  const keypoints2d = await readOptional(rows, 'hand_keypoints_2d', [[JOINT_COUNT, 3]]);
  const keypoints3d = await readOptional(rows, 'hand_keypoints_3d', [[JOINT_COUNT, 4]]);
  return {
    file: archive.file,
    count: rows.count,
    imageNames,
    centers: center,
    sizes: scale.length === 2 * rows.count ? scale : Float64Array.from(center, (_, i) => scale[i >> 1]!),
    rightValues: right ?? new Float64Array(rows.count).fill(1),
    keypoints2d,
    keypoints3d: keypoints3d !== null && hasLabel(keypoints3d) ? keypoints3d : null,
  };
}

/** `scale` as the reference's boxes have it: NumPy divides and multiplies a float32 array in float32. */
async function readSides(rows: Rows): Promise<Float64Array> {
  const sides = await readRows(rows, 'scale', [[2], [1], []]);
  const { kind, itemSize } = (await rows.archive.header('scale')).dtype;
  return kind === 'f' && itemSize === 4
    ? sides.map((side) => Math.fround(Math.fround(side / 200) * 200))
    : sides;
}

/** Whether any confidence is other than 0; NaN is no label but a problem of its row. */
function hasLabel(keypoints3d: Float64Array): boolean {
  return keypoints3d.some((value, i) => i % 4 === 3 && value !== 0);
}

function requireArrays(archive: NpzFile): void {
  const missing = NEEDED.filter((name) => !archive.has(name));
  if (missing.length === 0) return;
  throw new UserError({
    code: 'metadata-array-missing',
    message: `The evaluation file holds no ${missing.map((name) => `'${name}'`).join(' and no ')}`,
    file: archive.file,
    expected: `${NEEDED.join(', ')}; optional: right, hand_keypoints_2d, hand_keypoints_3d`,
    got: archive.listNames(),
    next: 'give an evaluation file as HaMeR publishes it (hamer_evaluation_data), or one with these arrays',
  });
}

async function readNames(archive: NpzFile): Promise<string[]> {
  const { shape } = await archive.header('imgname');
  if (!(shape.length === 1 || (shape.length === 2 && shape[1] === 1))) {
    throw wrongShape(archive, 'imgname', '(N)', shape);
  }
  return archive.strings('imgname');
}

/** What arrays are read from, and how many rows each must have. */
interface Rows {
  readonly archive: NpzFile;
  readonly count: number;
}

/** Numbers of shape (N, …row), in C order; `rows` are the shapes that one row may have. */
async function readRows(
  { archive, count }: Rows,
  name: string,
  rows: readonly (readonly number[])[],
): Promise<Float64Array> {
  const place = archive.place(name);
  const { shape } = await archive.header(name);
  const fits = rows.some(
    (row) => row.length === shape.length - 1 && row.every((n, axis) => n === shape[axis + 1]),
  );
  if (!fits) {
    const expected = rows.map((row) => `(${['N', ...row].join(', ')})`).join(' or ');
    throw wrongShape(archive, name, expected, shape);
  }
  if (shape[0] !== count) {
    throw new UserError({
      code: 'metadata-rows',
      message: `'${name}' and 'imgname' differ in their number of rows`,
      file: place,
      expected: `${count} rows, one for each of 'imgname'`,
      got: `${shape[0]!}`,
      next: 'check what wrote the file: row i of every array is the same hand',
    });
  }
  return toFloat64(await archive.read(name), place);
}

async function readOptional(
  rows: Rows,
  name: string,
  shapes: readonly (readonly number[])[],
): Promise<Float64Array | null> {
  return rows.archive.has(name) ? readRows(rows, name, shapes) : null;
}

function wrongShape(archive: NpzFile, name: string, expected: string, shape: readonly number[]): UserError {
  return new UserError({
    code: 'metadata-shape',
    message: `'${name}' of the evaluation file has another shape`,
    file: archive.place(name),
    expected: `${expected}, a row for each hand`,
    got: `(${shape.join(', ')})`,
    next: "check that it is an evaluation file in HaMeR's layout",
  });
}

/** The first thing that is wrong with a row. */
function problemOf(archive: NpzFile, arrays: Arrays, row: number): UserError | null {
  const { imageNames, centers, sizes, rightValues, keypoints2d, keypoints3d } = arrays;
  const name = imageNames[row]!;
  const where = `row ${row} (${JSON.stringify(name)})`;
  const problem = (array: string, details: RowProblem): UserError =>
    new UserError({ next: CHECK_ROW, ...details, file: archive.place(array) });
  if (!staysInside(name)) {
    return problem('imgname', {
      code: 'metadata-image-name',
      message: `The image of row ${row} is not a path inside the image folder`,
      expected: "a relative path with '/', without '..'",
      got: JSON.stringify(name),
      next: 'write the names relative to the image folder',
    });
  }
  const center = centers.subarray(2 * row, 2 * row + 2);
  if (!isUsableCenter(center)) {
    return problem('center', {
      code: 'metadata-center',
      message: `The centre of the box is nowhere near a photograph in ${where}`,
      expected: `two finite numbers, px: ${BOX_RANGE}`,
      got: center.join(', '),
    });
  }
  const size = sizes.subarray(2 * row, 2 * row + 2);
  if (!isUsableSize(size)) {
    return problem('scale', {
      code: 'metadata-scale',
      message: `The size of the box is that of no hand in a photograph in ${where}`,
      expected: `finite numbers above 0, px: ${BOX_RANGE}`,
      got: size.join(', '),
    });
  }
  const right = rightValues[row]!;
  if (right !== 0 && right !== 1) {
    return problem('right', {
      code: 'metadata-right',
      message: `The handedness is unclear in ${where}`,
      expected: '0 (left) or 1 (right)',
      got: `${right}`,
    });
  }
  for (const [array, keypoints, width] of [
    ['hand_keypoints_2d', keypoints2d, 3],
    ['hand_keypoints_3d', keypoints3d, 4],
  ] as const) {
    const joint = keypoints === null ? -1 : unusableKeypoint(keypoints, row, width);
    if (joint === -1) continue;
    const at = (row * JOINT_COUNT + joint) * width;
    return problem(array, {
      code: 'metadata-keypoints',
      message: `Keypoint ${joint} is labelled but not finite in ${where}`,
      expected: 'finite numbers, or the confidence 0',
      got: keypoints!.subarray(at, at + width).join(', '),
    });
  }
  return null;
}

interface RowProblem {
  readonly code: string;
  readonly message: string;
  readonly expected: string;
  readonly got: string;
  readonly next?: string;
}

const CHECK_ROW = 'correct the row where the file was made; without it the benchmark is not complete';

/** The first joint of a row with a label that is not finite; −1 where there is none. */
function unusableKeypoint(keypoints: Float64Array, row: number, width: number): number {
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const at = (row * JOINT_COUNT + joint) * width;
    const point = keypoints.subarray(at, at + width);
    if (point[width - 1] !== 0 && !point.every(Number.isFinite)) return joint;
  }
  return -1;
}

/** How HInt's three files end: all keypoints, and the visible or the occluded ones. */
const ALL = '_all.npz';
const SUBSET = /_(?:vis|occ)\.npz$/;

/** Whether a file is, by its name, a part of another: results belong to the `…_all.npz`. */
export function isSubsetName(file: string): boolean {
  return SUBSET.test(file);
}

/** The file that a subset is a part of, by its name: `…_all.npz`. */
export function wholeFileOf(subset: string): string {
  return subset.replace(SUBSET, ALL);
}

export interface SubsetFiles {
  /** The visible keypoints: `…_vis.npz`. */
  readonly visible: string | null;
  /** The occluded ones: `…_occ.npz`. */
  readonly occluded: string | null;
}

/** The subsets that stand beside a `…_all.npz`; null where there is none, or the file has another name. */
export async function subsetFiles(file: string): Promise<SubsetFiles> {
  const beside = async (subset: string): Promise<string | null> => {
    if (!file.endsWith(ALL)) return null;
    const path = `${file.slice(0, -ALL.length)}_${subset}.npz`;
    return (await isFile(path)) ? path : null;
  };
  const [visible, occluded] = await Promise.all([beside('vis'), beside('occ')]);
  return { visible, occluded };
}

/**
 * Finds the rows of a subset in the whole file, by image and centre (to 1e-6 px). Of several rows that agree in
 * both, one of the same hand and size is preferred; those that agree in everything are taken in their order. Rows
 * of the subset that have a problem are passed over.
 *
 * @returns for each row of `all` its row in `subset`, −1 where it has none.
 * @throws UserError `metadata-subset` for the first row of `subset` that is no row of `all`, or one too often
 */
export function alignSubset(all: HamerMetadata, subset: HamerMetadata): Int32Array {
  const rowsOf = new Map<string, number[]>();
  all.imageNames.forEach((name, row) => {
    const rows = rowsOf.get(name);
    if (rows === undefined) rowsOf.set(name, [row]);
    else rows.push(row);
  });
  const found = new Int32Array(all.count).fill(-1);
  for (let row = 0; row < subset.count; row++) {
    if (subset.problems[row] !== null) continue;
    const sameImage = rowsOf.get(subset.imageNames[row]!) ?? [];
    const free = sameImage.filter((other) => found[other] === -1 && sameCenter(all, other, subset, row));
    const match = free.find((other) => sameHandAndSize(all, other, subset, row)) ?? free[0];
    if (match === undefined) throw notInWhole(all, subset, row, sameImage.length);
    found[match] = row;
  }
  return found;
}

function sameCenter(a: HamerMetadata, i: number, b: HamerMetadata, j: number): boolean {
  return near(a.centers, i, b.centers, j);
}

function sameHandAndSize(a: HamerMetadata, i: number, b: HamerMetadata, j: number): boolean {
  return a.right[i] === b.right[j] && near(a.sizes, i, b.sizes, j);
}

function near(a: Float64Array, i: number, b: Float64Array, j: number): boolean {
  return [0, 1].every((axis) => Math.abs(a[2 * i + axis]! - b[2 * j + axis]!) <= SAME_CENTER);
}

function notInWhole(all: HamerMetadata, subset: HamerMetadata, row: number, hands: number): UserError {
  const center = subset.centers.subarray(2 * row, 2 * row + 2).join(', ');
  return new UserError({
    code: 'metadata-subset',
    message: `Row ${row} of the subset is no row of ${basename(all.file)}, or a row that was met before`,
    file: subset.file,
    expected: `rows of ${all.file}: the same image and the same centre, each once`,
    got: `${JSON.stringify(subset.imageNames[row])}, centre ${center} px; ${hands} rows there have this image`,
    next: 'use the three files of one release',
  });
}
