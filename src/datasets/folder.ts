/** Looking into a dataset folder: what is there, and clear words for what is not. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';
import { readNumberJson, type RecordLayout } from '../formats/json/number-json.js';
import { JOINT_COUNT } from '../hand/joints.js';
import type { Axes, HandTruth, Notice } from './types.js';

/** @throws UserError where `root` is no folder. */
export async function requireFolder(root: string, what: string): Promise<void> {
  let got: string;
  try {
    if ((await stat(root)).isDirectory()) return;
    got = 'a file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    got = code === 'ENOENT' ? 'nothing of that name' : (error as Error).message;
  }
  throw new UserError({
    code: 'dataset-folder-missing',
    message: `The ${what} folder is not there`,
    file: root,
    expected: `a folder in ${what}'s official layout`,
    got,
    next: 'give the folder that holds the annotation files',
  });
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** File names in `folder`, sorted; `null` where there is no such folder. */
export async function fileNames(folder: string): Promise<string[] | null> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw fileError(error, folder);
  }
}

/** What is known of a ground truth without reading it. */
export interface HandTruthFiles {
  readonly truth: HandTruth;
  readonly notices: readonly Notice[];
}

/**
 * The two annotation files of FreiHAND and HO-3D, and what it means that one is absent.
 *
 * @param repeats how many photographs in a row of whole passes each record belongs to.
 */
export async function handTruth(root: string, split: string, repeats = 1): Promise<HandTruthFiles> {
  const xyz = join(root, `${split}_xyz.json`);
  const verts = join(root, `${split}_verts.json`);
  const [hasXyz, hasVerts] = await Promise.all([isFile(xyz), isFile(verts)]);
  const notices: Notice[] = [];
  if (hasXyz !== hasVerts) {
    const [absent, what] = hasXyz ? [verts, 'vertices'] : [xyz, 'joints'];
    notices.push({
      code: 'ground-truth-incomplete',
      message: `the folder has no ${basename(absent)}, so ${what} are not scored`,
      remedy: `put it beside ${basename(hasXyz ? xyz : verts)} to score ${what} as well`,
    });
  }
  return {
    truth: {
      kind: 'hands',
      joints: hasXyz ? { file: xyz, read: () => readJoints(xyz, repeats) } : null,
      vertices: hasVerts ? { file: verts, repeats } : null,
    },
    notices,
  };
}

const POINTS: RecordLayout = { nesting: 'list', shape: ['any', 3], recordName: 'sample' };
const JOINTS: RecordLayout = { nesting: 'list', shape: [JOINT_COUNT, 3], recordName: 'sample' };

/** A megabyte or ten: read on this thread, while the large files are read on others. */
async function readJoints(path: string, repeats: number): Promise<Float64Array> {
  const parts: Float64Array[] = [];
  let length = 0;
  for await (const { values } of readNumberJson(path, JOINTS)) {
    parts.push(values);
    length += values.length;
  }
  const joints = new Float64Array(length * repeats);
  let at = 0;
  for (let pass = 0; pass < repeats; pass++) {
    for (const part of parts) {
      joints.set(part, at);
      at += part.length;
    }
  }
  return joints;
}

/** Whose axes the true hands of a folder have, by the first of them; `null` where there is none to be read. */
export async function axesOfTruth(root: string, split: string): Promise<Axes | null> {
  for (const name of ['xyz', 'verts']) {
    try {
      for await (const { values } of readNumberJson(join(root, `${split}_${name}.json`), POINTS)) {
        const z = values[2]!;
        if (z !== 0) return z > 0 ? 'opencv' : 'opengl';
        break;
      }
    } catch (error) {
      // What is wrong with the file is told where it is read to be scored.
      if (!(error instanceof UserError)) throw error;
    }
  }
  return null;
}

/** The annotation files of a ground truth. */
export function truthFiles(truth: HandTruth): string[] {
  return [truth.joints?.file, truth.vertices?.file].filter((file) => file !== undefined);
}

/** The first few of a list, and how many there are: for error messages. */
export function firstFew(names: readonly string[], shown = 5): string {
  if (names.length === 0) return 'nothing';
  return names.length <= shown
    ? names.join(', ')
    : `${names.slice(0, shown).join(', ')} … (${names.length} in all)`;
}
