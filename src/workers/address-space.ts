/** Address space, which batch systems limit (`ulimit -v`). V8 ends the whole process where a thread's does not fit. */
import { readFileSync } from 'node:fs';
import { UserError } from '../errors.js';

/** What a thread takes: V8 reserves 512 MiB for code, most of which never becomes memory. */
const THREAD_BYTES = 700e6;

/** Threads that may not have taken theirs yet, and what will be in use once they have. */
const starting = new Set<object>();
let promised = 0;

/**
 * Sets room for a thread aside, until `roomIsTaken`.
 *
 * @returns what is wrong where there is none; null where there is, or where the system does not say.
 */
export function promiseRoom(owner: object, thread: string): UserError | null {
  const { limit, used } = addressSpace();
  const taken = starting.size === 0 ? used : Math.max(used, promised);
  if (limit - taken >= THREAD_BYTES) {
    starting.add(owner);
    promised = taken + THREAD_BYTES;
    return null;
  }
  return new UserError({
    code: 'address-space',
    message: `There is no address space for one more thread (${thread})`,
    expected: `${megabytes(THREAD_BYTES)}, most of which never becomes memory`,
    got: `${megabytes(limit - taken)} left of the ${megabytes(limit)} that ulimit -v allows`,
    next: 'lift the limit (ulimit -v unlimited; a batch system has an option for virtual memory); --workers 1 starts the fewest threads',
  });
}

/** The thread runs, or has ended before. */
export function roomIsTaken(owner: object): void {
  starting.delete(owner);
}

function addressSpace(): { limit: number; used: number } {
  try {
    const [, limit] = /^Max address space +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    const [, used] = /^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return { limit: Number(limit ?? Infinity), used: Number(used ?? 0) * 1024 };
  } catch {
    return { limit: Infinity, used: 0 };
  }
}

const megabytes = (bytes: number): string => `${Math.round(Math.max(0, bytes) / 1e6)} MB`;
