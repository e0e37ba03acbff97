/** Paths from annotation files stay inside the data folder; checked as text, since datasets are often symlinked. */
import { join } from 'node:path';

/** Whether a relative path with `/` names something below the folder it is relative to. */
export function staysInside(path: string): boolean {
  if (path === '' || path.startsWith('/') || /^[a-z]:/i.test(path) || /[\\\0]/.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** @throws RangeError where the path leads outside: whoever reads a file checks it first, with a message of his own. */
export function inside(root: string, path: string): string {
  if (!staysInside(path)) throw new RangeError(`not a path inside the data folder: ${path}`);
  return join(root, path);
}
