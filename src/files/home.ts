/** The user's home folder, which need not be known: a container may run under a number that no list of users has. */
import { devNull, homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** Sets what the system would look up and not find, before anybody asks for it: the answer would be an exception. */
export function outliveUnknownUser(): void {
  // Nothing can ever lie there; empty, the folder for temporary files would stand in, where anybody may have left something.
  if (homeOrNone() === '') process.env.HOME = devNull;
  try {
    userInfo();
  } catch {
    process.env.SHELL ??= '';
  }
}

function homeOrNone(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** A path as a shell would read it, for those that no shell has seen: without a known home, as it stands. */
export function expandHome(path: string): string {
  const home = homedir();
  return home !== devNull && /^~(?=$|[/\\])/.test(path) ? join(home, path.slice(1)) : path;
}
