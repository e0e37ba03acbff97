/** A run that is replaced waits in a folder of its own until the new one is finished. */
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { listFolder, makeFolder, removeEmpty } from '../files/folders.js';
import { readManifest, type Manifest } from './manifest.js';
import { moveOurFiles, removeOurFiles, RUN_FILES } from './run-files.js';

export const PREVIOUS = '.previous';

/** Moves the files of the run in the folder out of the way, to come back if the new one fails. */
export async function setAside(path: string, existing: Manifest | null): Promise<void> {
  const isWorthKeeping = existing === null || existing.state === 'complete';
  // A crash left both: what was set aside is the older, finished one.
  if (!isWorthKeeping || (await listFolder(path)).includes(PREVIOUS)) {
    await removeOurFiles(path);
    return;
  }
  await makeFolder(join(path, PREVIOUS));
  await moveOurFiles(path, join(path, PREVIOUS));
}

/** The new run is gone: the one before it stands in its place again. */
export async function bringBack(path: string): Promise<void> {
  await removeOurFiles(path);
  await moveBack(path);
}

/** The new run is finished. */
export async function dropAside(path: string): Promise<void> {
  await removeOurFiles(join(path, PREVIOUS));
  await removeEmpty(join(path, PREVIOUS));
}

/**
 * Ends what a crash has cut: a run is on its way aside or back, or it is not needed any more.
 *
 * @param isAsked whether a run is the one that is asked for: it comes back in place of an unfinished one.
 */
export async function mendAside(path: string, isAsked: (run: Manifest) => boolean): Promise<void> {
  const aside = await listFolder(join(path, PREVIOUS));
  if (aside.length === 0) return removeEmpty(join(path, PREVIOUS));
  const isThere = (await listFolder(path)).includes(RUN_FILES.manifest);
  // The manifest is the last to go, and the last to come.
  if (!isThere || !aside.includes(RUN_FILES.manifest)) return moveBack(path);
  const [current, older] = await Promise.all([manifestOf(path), manifestOf(join(path, PREVIOUS))]);
  if (current?.state === 'complete') await dropAside(path);
  else if (older !== null && isAsked(older)) await bringBack(path);
}

async function moveBack(path: string): Promise<void> {
  await moveOurFiles(join(path, PREVIOUS), path);
  await removeEmpty(join(path, PREVIOUS));
}

/** Null for what cannot be read, which is not the run that is asked for. */
async function manifestOf(path: string): Promise<Manifest | null> {
  try {
    return await readManifest(path);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
