/** Looking into a dataset folder: what is there, and clear words for what is not. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../errors.js';
import { fileError } from '../formats/file-errors.js';
import type { GroundTruthFiles, Notice } from './types.js';

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
    next: 'give the folder that holds the annotation files with --data',
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

/** The two annotation files of FreiHAND and HO-3D, and what it means that one is absent. */
export async function groundTruthFiles(
  root: string,
  split: string,
): Promise<{ groundTruth: GroundTruthFiles; notices: Notice[] }> {
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
  return { groundTruth: { joints: hasXyz ? xyz : null, vertices: hasVerts ? verts : null }, notices };
}

export function presentFiles({ joints, vertices }: GroundTruthFiles): string[] {
  return [joints, vertices].filter((file) => file !== null);
}

/** The first few of a list, and how many there are: for error messages. */
export function firstFew(names: readonly string[], shown = 5): string {
  if (names.length === 0) return 'nothing';
  return names.length <= shown
    ? names.join(', ')
    : `${names.slice(0, shown).join(', ')} … (${names.length} in all)`;
}
