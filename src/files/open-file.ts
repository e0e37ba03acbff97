/** Opens what is a file; a pipe, which nobody may ever write into, would be waited for without end. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  type ReadStream,
  type Stats,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { UserError } from '../errors.js';

/** A pipe is opened without waiting for who writes into it. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** What is neither a file nor a folder, with its article; else null. */
export function otherKind(info: Stats): string | null {
  if (info.isFile() || info.isDirectory()) return null;
  return info.isFIFO() ? 'a pipe' : info.isSocket() ? 'a socket' : 'a device';
}

/** @throws UserError for a pipe or a device; else what the system says */
export async function openFile(path: string): Promise<FileHandle> {
  const handle = await open(path, FLAGS);
  const got = otherKind(await handle.stat());
  if (got === null) return handle;
  await handle.close();
  throw noFile(path, got);
}

/** The same for a thread that does nothing else; returns a descriptor. */
export function openFileSync(path: string): number {
  const descriptor = openSync(path, FLAGS);
  const got = otherKind(fstatSync(descriptor));
  if (got === null) return descriptor;
  closeSync(descriptor);
  throw noFile(path, got);
}

function noFile(path: string, got: string): UserError {
  return new UserError({
    code: 'file-unreadable',
    message: 'The file cannot be read',
    file: path,
    expected: 'a file',
    got,
    next: 'put the file itself in its place',
  });
}

/** The bytes of a file, as `openFile` opens it; so are the three below. */
export async function readWhole(path: string): Promise<Buffer> {
  const handle = await openFile(path);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

export async function readText(path: string): Promise<string> {
  return (await readWhole(path)).toString('utf8');
}

export function readTextSync(path: string): string {
  const descriptor = openFileSync(path);
  try {
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** @param pieceBytes how many bytes are read at a time. */
export async function openStream(
  path: string,
  pieceBytes: number,
  signal?: AbortSignal,
): Promise<ReadStream> {
  const handle = await openFile(path);
  return handle.createReadStream({ highWaterMark: pieceBytes, ...(signal === undefined ? {} : { signal }) });
}
