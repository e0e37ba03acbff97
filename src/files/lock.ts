/** One writer a file or folder: a file beside or in it names the process that writes. */
import { open, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import process from 'node:process';
import { UserError } from '../errors.js';
import { fileError } from './file-errors.js';
import { readText } from './open-file.js';

export interface Lock {
  /** The lock's own file. */
  readonly file: string;
  /** What one process alone may write, as the user named it. */
  readonly target: string;
  /** What that is: `run directory`. */
  readonly kind: string;
}

/** Held for the moment in which the lock of a process that is gone is taken over. */
export function takeoverFile(lock: string): string {
  return `${lock}.takeover`;
}

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
 * Takes a lock; one whose process is gone is taken over.
 *
 * @throws UserError where another live process, or one on another machine, holds it.
 */
export async function takeLock(lock: Lock): Promise<void> {
  const holder: Holder = {
    host: hostname(),
    pid: process.pid,
    processStart: await processStart(process.pid),
    since: new Date().toISOString(),
  };
  if (await createNew(lock.file, holder, lock)) return;
  await refuseLiveHolder(lock);
  await takeOver(lock, holder);
}

/** Does `work` while no other process does. */
export async function whileLocked<T>(lock: Lock, work: () => Promise<T>): Promise<T> {
  await takeLock(lock);
  try {
    return await work();
  } finally {
    await releaseLock(lock);
  }
}

/** One at a time: of two that find the same lock left behind, the second must not remove the first one's. */
async function takeOver(lock: Lock, holder: Holder): Promise<void> {
  const { file } = lock;
  const guard = takeoverFile(file);
  if ((await ageOf(guard)) > MAKING_MS) await rm(guard, { force: true });
  if (!(await createNew(guard, holder, lock))) throw inUse(lock, MEANWHILE);
  try {
    await refuseLiveHolder(lock);
    await rm(file, { force: true });
    if (!(await createNew(file, holder, lock))) throw inUse(lock, MEANWHILE);
  } finally {
    await rm(guard, { force: true });
  }
}

/** False where the file is there already. */
async function createNew(file: string, holder: Holder, { target }: Lock): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'wx');
    await handle.writeFile(`${JSON.stringify(holder)}\n`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A full disk has room for the name, but not for the content.
    if (handle !== undefined) await rm(file, { force: true });
    throw fileError(error, target, 'write');
  } finally {
    await handle?.close();
  }
}

export async function releaseLock({ file }: Lock): Promise<void> {
  await rm(file, { force: true });
}

async function refuseLiveHolder(lock: Lock): Promise<void> {
  const { file } = lock;
  let holder: Holder;
  try {
    holder = JSON.parse(await readText(file)) as Holder;
  } catch {
    // Being written at this moment; or gone meanwhile, or cut by a crash: nobody's.
    const age = await ageOf(file);
    if (age >= 0 && age <= MAKING_MS) throw inUse(lock, MEANWHILE);
    return;
  }
  const described = `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  if (holder.host !== hostname()) throw inUse(lock, described);
  if (!isAlive(holder.pid)) return;
  const start = await processStart(holder.pid);
  const isAnother = start !== null && holder.processStart !== null && start !== holder.processStart;
  if (!isAnother) throw inUse(lock, described);
}

/** Milliseconds; negative where the file is not there. */
async function ageOf(file: string): Promise<number> {
  const info = await stat(file).catch(() => null);
  return info === null ? -1 : Math.max(0, Date.now() - info.mtimeMs);
}

function inUse({ file, target, kind }: Lock, holder: string): UserError {
  return new UserError({
    code: 'output-in-use',
    message: `Another process is writing this ${kind}`,
    file: target,
    expected: 'one process at a time',
    got: holder,
    next: `wait for it or stop it, or name another ${kind} with --out; if it is gone for certain, remove ${file}`,
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
