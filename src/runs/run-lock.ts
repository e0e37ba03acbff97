/** One writer a run directory: `run.lock` names the process that holds it. */
import { open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { UserError } from '../errors.js';
import { fileError } from '../formats/file-errors.js';

export const LOCK_FILE = 'run.lock';

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
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(`${JSON.stringify(holder)}\n`);
      await handle.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(error, file, 'write');
    }
    await refuseLiveHolder(folder, file);
    await rm(file, { force: true });
  }
  throw inUse(folder, file, 'another process that started at the same moment');
}

export async function releaseLock(folder: string): Promise<void> {
  await rm(join(folder, LOCK_FILE), { force: true });
}

async function refuseLiveHolder(folder: string, file: string): Promise<void> {
  let holder: Holder;
  try {
    holder = JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    // Gone meanwhile, or cut by a crash: nobody's.
    return;
  }
  const described = `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  if (holder.host !== hostname()) throw inUse(folder, file, described);
  if (!isAlive(holder.pid)) return;
  const start = await processStart(holder.pid);
  const isAnother = start !== null && holder.processStart !== null && start !== holder.processStart;
  if (!isAnother) throw inUse(folder, file, described);
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
