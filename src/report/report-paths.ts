/**
 * Paths as a page shows them: it is passed on, and whose machine and folders it was made with is nobody's business.
 * run.json has them in full.
 */
import { basename, isAbsolute, parse, relative, resolve, sep } from 'node:path';
import process from 'node:process';

/** Below the folder the program was started in as from there; of any other path the last part. */
export function sharedPath(path: string, from = process.cwd()): string {
  const whole = resolve(from, path);
  const inside = relative(from, whole);
  const isAbove = inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  // From the root of the disk everything is below.
  return isAbove || from === parse(from).root ? basename(whole) : inside;
}

/** `text` with each of the paths, and what lies below them, as a page shows it. */
export function withSharedPaths(text: string, paths: readonly string[], from = process.cwd()): string {
  const known = [...new Set(paths.map((path) => resolve(from, path)))]
    .filter((path) => path !== from && basename(path) !== '')
    .sort((a, b) => b.length - a.length);
  const shared = known.reduce((all, path) => all.replaceAll(path, sharedPath(path, from)), text);
  return from === parse(from).root ? shared : shared.replaceAll(from + sep, '');
}

/** As many of the last parts of each path as tell it from the others; numbers where two are one path. */
export function uniqueNames(folders: readonly string[]): string[] {
  const paths = folders.map((folder) => resolve(folder).split(sep));
  const longest = Math.max(...paths.map((parts) => parts.length));
  for (let count = 1; count <= longest; count++) {
    const ends = paths.map((parts) => parts.slice(-count).join(sep));
    if (new Set(ends).size === ends.length) return ends;
  }
  return paths.map((parts, index) => `${parts.at(-1)!} (${index + 1})`);
}
