/** Address space, which batch systems limit (`ulimit -v`). V8 ends the whole process where a thread's does not fit. */
import { readFileSync } from 'node:fs';
import { UserError } from '../errors.js';

/** What a thread takes: V8 reserves 512 MiB for code, most of which never becomes memory. */
const THREAD_BYTES = 700e6;
/** What decoding takes on libuv's four threads: a stack and a heap for each. */
const DECODING_BYTES = 500e6;

/** The code of the error below: nothing is wrong with what was to be read. */
export const ADDRESS_SPACE = 'address-space';

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
  const fewest = '; --workers 1 starts the fewest threads';
  return noRoom(`for one more thread (${thread})`, THREAD_BYTES, { left: limit - taken, limit }, fewest);
}

/** @throws UserError where photographs could not be decoded: the library ends the whole process then. */
export function requireDecodingRoom(): void {
  const { limit, used } = addressSpace();
  if (limit - used >= DECODING_BYTES) return;
  throw noRoom('to decode photographs', DECODING_BYTES, { left: limit - used, limit });
}

function noRoom(
  purpose: string,
  needed: number,
  { left, limit }: { readonly left: number; readonly limit: number },
  more = '',
): UserError {
  return new UserError({
    code: 'address-space',
    message: `There is no address space ${purpose}`,
    expected: `${megabytes(needed)}, most of which never becomes memory`,
    got: `${megabytes(left)} left of the ${megabytes(limit)} that ulimit -v allows`,
    next: `lift the limit (ulimit -v unlimited; a batch system has an option for virtual memory)${more}`,
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
