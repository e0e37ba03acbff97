/** Turns what the operating system says about a file into a `UserError` that names the file. */
import { UserError } from '../errors.js';

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  EACCES: 'check the permissions of the file',
  EPERM: 'check the permissions of the file',
  EISDIR: 'give the path of a file, not of a folder',
  ENOSPC: 'free some disk space and run the same command again',
  EDQUOT: 'free some of your disk quota and run the same command again',
  EMFILE: 'raise the limit of open files (ulimit -n)',
};

/** `file-missing`, `file-unreadable` or `file-unwritable`; a `UserError` is handed through as it is. */
export function fileError(error: unknown, file: string, doing: 'read' | 'write' = 'read'): UserError {
  if (error instanceof UserError) return error;
  const system = error instanceof Error ? (error as NodeJS.ErrnoException) : undefined;
  const missing = system?.code === 'ENOENT' && doing === 'read';
  const next = system?.code === undefined ? undefined : ADVICE[system.code];
  return new UserError({
    code: missing ? 'file-missing' : doing === 'read' ? 'file-unreadable' : 'file-unwritable',
    message: missing
      ? 'The file does not exist'
      : `The file cannot be ${doing === 'read' ? 'read' : 'written'}`,
    file,
    got: system?.message ?? String(error),
    ...(next === undefined ? {} : { next }),
    cause: error,
  });
}
