/**
 * The user's own MANO file, `MANO_RIGHT.pkl` of https://mano.is.tue.mpg.de: a Python 2 pickle with chumpy objects and
 * a scipy.sparse joint regressor, read without Python and without running anything in it. The file is licensed to
 * each user: it is never copied, cached or shipped.
 */
import { createHash } from 'node:crypto';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { openFile } from '../../files/open-file.js';
import { asDict, numbersAt, readPickle, type PickleDict } from '../../formats/pickle/pickle.js';
import { MANO_VERTEX_COUNT } from '../../hand/joint-conventions.js';
import {
  MANO_JOINT_COUNT,
  MANO_PARENTS,
  MANO_POSE_FEATURE_COUNT,
  MANO_SHAPE_COUNT,
  type ManoModel,
} from '../../hand/mano-layer.js';

/** A MANO file, checked. */
export interface ManoFile {
  /** The path as given. */
  readonly file: string;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly sha256: string;
  readonly model: ManoModel;
  /** 1538×3 vertex ids, counter-clockwise seen from outside. */
  readonly faces: Uint32Array;
  /** 45: the mean finger pose, axis–angle, radians; null where the file has none. Nothing here adds it. */
  readonly handsMean: Float64Array | null;
  /** `'undecided'`: the rest pose does not lie as MANO's does, so the file says nothing about the side. */
  readonly side: 'right' | 'undecided';
}

const FACE_COUNT = 1538;

/** The file has 3.9 MB; a checkpoint or an archive given in its place is not read whole to find that out. */
const MAX_BYTES = 64 * 1024 * 1024;

const WHERE_FROM =
  'models/MANO_RIGHT.pkl of the download from https://mano.is.tue.mpg.de (registration; its own non-commercial licence)';

/** Python 2 wrote the missing parent of the root as 2^32 − 1; others write −1. */
const NO_PARENT: readonly number[] = [2 ** 32 - 1, -1];

/**
 * Reads and checks a right-hand MANO file.
 *
 * @throws UserError `file-missing`, `file-unreadable`, `mano-too-large`, `mano-zip`, `mano-left-hand`,
 *   `mano-kintree`, `mano-faces`, `mano-not-finite`, or one of the pickle reader's, all of which say where the file
 *   comes from.
 */
export async function readManoFile(path: string): Promise<ManoFile> {
  const bytes = await readBytes(path);
  const content = parse(bytes, path);
  return {
    file: path,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...content,
    side: sideOf(content.model, path),
  };
}

async function readBytes(path: string): Promise<Uint8Array> {
  let bytes: Buffer;
  try {
    const handle = await openFile(path);
    try {
      const { size } = await handle.stat();
      if (size > MAX_BYTES) {
        throw new UserError({
          code: 'mano-too-large',
          message: 'The file is too large to be the MANO model',
          file: path,
          expected: 'about 4 MB',
          got: `${size} bytes`,
          next: `give ${WHERE_FROM}`,
        });
      }
      bytes = await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw withSource(fileError(error, path));
  }
  if (bytes.subarray(0, 4).toString('latin1') === 'PK\x03\x04') {
    throw new UserError({
      code: 'mano-zip',
      message: 'The file is an archive, not the MANO model itself',
      file: path,
      expected: 'a Python pickle',
      got: 'a zip file',
      next: `unpack it; the model is ${WHERE_FROM}`,
    });
  }
  return bytes;
}

function parse(bytes: Uint8Array, file: string): Pick<ManoFile, 'model' | 'faces' | 'handsMean'> {
  try {
    const dict = asDict(readPickle(bytes, file), 'The MANO file', file);
    const numbers = (key: string, ...shape: number[]): Float64Array => finiteNumbers(dict, key, shape, file);
    const model = {
      vTemplate: numbers('v_template', MANO_VERTEX_COUNT, 3),
      shapedirs: numbers('shapedirs', MANO_VERTEX_COUNT, 3, MANO_SHAPE_COUNT),
      posedirs: numbers('posedirs', MANO_VERTEX_COUNT, 3, MANO_POSE_FEATURE_COUNT),
      jRegressor: numbers('J_regressor', MANO_JOINT_COUNT, MANO_VERTEX_COUNT),
      weights: numbers('weights', MANO_VERTEX_COUNT, MANO_JOINT_COUNT),
    };
    requireManoTree(numbers('kintree_table', 2, MANO_JOINT_COUNT), file);
    return {
      model,
      faces: vertexIds(numbers('f', FACE_COUNT, 3), file),
      handsMean: dict.has('hands_mean') ? numbers('hands_mean', 45) : null,
    };
  } catch (error) {
    throw error instanceof UserError ? withSource(error) : error;
  }
}

/** The same error; what to do next is always to get the right file. */
function withSource(error: UserError): UserError {
  return new UserError({
    ...error.toJson(),
    next: error.next?.includes(WHERE_FROM)
      ? error.next
      : error.code === 'file-missing'
        ? `check the path; the file is ${WHERE_FROM}`
        : error.code === 'file-unreadable' || error.code === 'file-lfs-pointer'
          ? `${error.next ?? 'check the file'}; the file is ${WHERE_FROM}`
          : `give ${WHERE_FROM}`,
    cause: error.cause ?? error,
  });
}

function finiteNumbers(dict: PickleDict, key: string, shape: readonly number[], file: string): Float64Array {
  const values = numbersAt(dict, key, shape, file);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return values;
  throw new UserError({
    code: 'mano-not-finite',
    message: `'${key}' of the MANO file holds a number that is not finite`,
    file,
    expected: 'finite numbers',
    got: `${values[at]!} at element ${at}`,
  });
}

/** `kintree_table`: parents above, joint numbers below. */
function requireManoTree(table: Float64Array, file: string): void {
  for (let joint = 0; joint < MANO_JOINT_COUNT; joint++) {
    const parent = table[joint]!;
    const id = table[MANO_JOINT_COUNT + joint]!;
    const expected = MANO_PARENTS[joint]!;
    const fits = id === joint && (expected < 0 ? NO_PARENT.includes(parent) : parent === expected);
    if (fits) continue;
    throw new UserError({
      code: 'mano-kintree',
      message: "The kinematic tree of the file is not MANO's",
      file,
      expected: `joint ${joint} with ${expected < 0 ? 'no parent (4294967295)' : `parent ${expected}`}`,
      got: `joint ${id} with parent ${parent}`,
    });
  }
}

function vertexIds(values: Float64Array, file: string): Uint32Array {
  const at = values.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= MANO_VERTEX_COUNT);
  if (at < 0) return Uint32Array.from(values);
  throw new UserError({
    code: 'mano-faces',
    message: `Face ${Math.floor(at / 3)} of the MANO file names a vertex that does not exist`,
    file,
    expected: `vertex ids from 0 to ${MANO_VERTEX_COUNT - 1}`,
    got: `${values[at]!}`,
  });
}

/** How far the direction wrist → middle finger may lie from the x axis to tell the side: its cosine. */
const ALONG_X = 0.9;

/**
 * The side of the hand. At rest the fingers of MANO's right hand point along −x, those of MANO_LEFT.pkl, which is
 * mirrored in x, along +x. Where they point elsewhere it is no MANO rest pose, and a name is no evidence.
 */
function sideOf(model: ManoModel, file: string): ManoFile['side'] {
  const wrist = restJoint(model, 0);
  const middle = restJoint(model, 4);
  const [x, y, z] = [0, 1, 2].map((axis) => middle[axis]! - wrist[axis]!);
  const cosine = x! / Math.hypot(x!, y!, z!);
  if (cosine < -ALONG_X) return 'right';
  if (!(cosine > ALONG_X)) return 'undecided';
  throw new UserError({
    code: 'mano-left-hand',
    message: 'The MANO file is of a left hand',
    file,
    expected: 'the right hand: left hands are mirrored, posed with it and mirrored back',
    got: 'fingers along +x at rest, as in MANO_LEFT.pkl',
    next: `give ${WHERE_FROM}`,
  });
}

function restJoint({ jRegressor, vTemplate }: ManoModel, joint: number): number[] {
  const position = [0, 0, 0];
  for (let vertex = 0; vertex < MANO_VERTEX_COUNT; vertex++) {
    const weight = jRegressor[joint * MANO_VERTEX_COUNT + vertex]!;
    for (let axis = 0; axis < 3; axis++) position[axis]! += weight * vTemplate[vertex * 3 + axis]!;
  }
  return position;
}
