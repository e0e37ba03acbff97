/** One writer a run directory: `run.lock` names the process that holds it. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';

const LOCK_FILE = 'run.lock';
/** Held for the moment in which the lock of a process that is gone is taken over. */
const TAKEOVER_FILE = 'run.lock.takeover';
export const LOCK_FILES: readonly string[] = [LOCK_FILE, TAKEOVER_FILE];

/** Older than this, whoever was making the file is gone. */
const MAKING_MS = 10_000;

const MEANWHILE = 'another process that started at the same moment';

interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Tells the process from a later one with the same pid; `null` where the system does not say. */
  readonly processStart: string | null;
  readonly since: string;
}

/**
 * Takes the lock of a folder; a lock whose process is gone is taken over.
 *
 * @throws UserError where another live process, or one on another machine, holds it.
 */
export async function takeLock(folder: string): Promise<void> {
  const file = join(folder, LOCK_FILE);
  const holder: Holder = {
    host: hostname(),
    pid: process.pid,
    processStart: await processStart(process.pid),
    since: new Date().toISOString(),
  };
  if (await createNew(file, holder)) return;
  await refuseLiveHolder(folder, file);
  await takeOver(folder, file, holder);
}

/** One at a time: of two that find the same lock left behind, the second must not remove the first one's. */
async function takeOver(folder: string, file: string, holder: Holder): Promise<void> {
  const guard = join(folder, TAKEOVER_FILE);
  if ((await ageOf(guard)) > MAKING_MS) await rm(guard, { force: true });
  if (!(await createNew(guard, holder))) throw inUse(folder, file, MEANWHILE);
  try {
    await refuseLiveHolder(folder, file);
    await rm(file, { force: true });
    if (!(await createNew(file, holder))) throw inUse(folder, file, MEANWHILE);
  } finally {
    await rm(guard, { force: true });
  }
}

/** False where the file is there already. */
async function createNew(file: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(file, `${JSON.stringify(holder)}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError(error, file, 'write');
  }
}

export async function releaseLock(folder: string): Promise<void> {
  await rm(join(folder, LOCK_FILE), { force: true });
}

async function refuseLiveHolder(folder: string, file: string): Promise<void> {
  let holder: Holder;
  try {
    holder = JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    // Being written at this moment; or gone meanwhile, or cut by a crash: nobody's.
    const age = await ageOf(file);
    if (age >= 0 && age <= MAKING_MS) throw inUse(folder, file, MEANWHILE);
    return;
  }
  const described = `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  if (holder.host !== hostname()) throw inUse(folder, file, described);
  if (!isAlive(holder.pid)) return;
  const start = await processStart(holder.pid);
  const isAnother = start !== null && holder.processStart !== null && start !== holder.processStart;
  if (!isAnother) throw inUse(folder, file, described);
}

/** Milliseconds; negative where the file is not there. */
async function ageOf(file: string): Promise<number> {
  const info = await stat(file).catch(() => null);
  return info === null ? -1 : Math.max(0, Date.now() - info.mtimeMs);
}

function inUse(folder: string, file: string, holder: string): UserError {
  return new UserError({
    code: 'output-in-use',
    message: 'Another process is writing this run directory',
    file: folder,
    got: holder,
    next: `wait for it or stop it, or name another folder with --out; if it is gone for certain, remove ${file}`,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat (proc(5)): clock ticks from boot to the start of the process. */
async function processStart(pid: number): Promise<string | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
