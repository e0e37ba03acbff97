/** The rooms of src/ and who may import whom, as the table in CONTRIBUTING.md has it. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const MAP = fileURLToPath(new URL('../CONTRIBUTING.md', import.meta.url));

/** Rooms that compute: no command line, no printing. */
const PURE = ['hand', 'metrics', 'statistics', 'formats', 'diagnosis', 'imaging', 'tta'];

const MOST_FILES = 25;

/** Room → the rooms it may import from. */
function readMap(): Map<string, string[]> {
  const rows = readFileSync(MAP, 'utf8').matchAll(/^\| `([\w-]+)\/?` +\|[^|]*\|([^|]*)\|$/gm);
  return new Map(
    Array.from(rows, ([, room, allowed]) => [
      room!,
      allowed!
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ]),
  );
}

interface SourceFile {
  /** Below src/, with `/`. */
  readonly path: string;
  /** The folder in src/, or the file's own name. */
  readonly room: string;
  /** Files in src/ that it imports, below src/. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
  readonly text: string;
}

function roomOf(path: string): string {
  const [first, ...rest] = path.split('/');
  return rest.length === 0 ? first!.replace(/\.ts$/, '') : first!;
}

function sources(): SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((native) => {
      const path = native.split(sep).join('/');
      const text = readFileSync(join(SRC, native), 'utf8');
      const found = Array.from(
        text.matchAll(/^(?:import|export)\b[^;]*?from\s*'([^']+)'|import\(\s*'([^']+)'/gm),
        ([, from, loaded]) => (from ?? loaded)!,
      );
      const imports = found
        .filter((name) => name.startsWith('.'))
        .map((name) => posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts'));
      return {
        path,
        room: roomOf(path),
        imports,
        packages: found.filter((name) => !name.startsWith('.')),
        text,
      };
    });
}

/** A circle in a graph, as the names along it; null where there is none. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (node: string, way: readonly string[]): string[] | null => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    if (done.has(node)) return null;
    for (const next of graph.get(node) ?? []) {
      const found = visit(next, [...way, node]);
      if (found !== null) return found;
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const found = visit(node, []);
    if (found !== null) return found;
  }
  return null;
}

describe('the rooms of src/', () => {
  const files = sources();
  const map = readMap();

  it('are those of the map in CONTRIBUTING.md', () => {
    expect([...map.keys()].sort()).toEqual([...new Set(files.map(({ room }) => room))].sort());
  });

  it('import what the map allows, and all that it names', () => {
    const used = new Map([...map.keys()].map((room) => [room, new Set<string>()]));
    for (const { room, imports } of files) {
      for (const target of imports.map(roomOf)) {
        if (target !== room && target !== 'errors') used.get(room)?.add(target);
      }
    }
    const sorted = (entries: Iterable<readonly [string, Iterable<string>]>): Record<string, string[]> =>
      Object.fromEntries(Array.from(entries, ([room, names]) => [room, [...names].sort()]));
    expect(sorted(used)).toEqual(sorted(map));
  });

  it('make no circle, nor do the files', () => {
    expect(circle(map)).toBeNull();
    expect(circle(new Map(files.map(({ path, imports }) => [path, imports])))).toBeNull();
  });

  it('hold no more files flat than one can look over', () => {
    const counts = new Map<string, number>();
    for (const { path } of files) {
      const folder = dirname(path);
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([]);
  });

  it('that compute print nothing and know no command line', () => {
    const chatty = files
      .filter(({ room }) => PURE.includes(room))
      .filter(
        ({ text, packages }) =>
          /console\.|process\.std(out|err)/.test(text) ||
          packages.some((name) => name.startsWith('@oclif') || name === 'cli-progress'),
      )
      .map(({ path }) => path);
    expect(chatty).toEqual([]);
  });

  it('lie where imports find them', () => {
    const known = new Set(files.map(({ path }) => path));
    const lost = files.flatMap(({ path, imports }) =>
      imports.filter((target) => !known.has(target)).map((target) => `${path}: ${relative('.', target)}`),
    );
    expect(lost).toEqual([]);
  });
});
