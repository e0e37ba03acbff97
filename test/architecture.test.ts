/** Who may import whom: the table that keeps each room understandable on its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** Rooms each room may import from, beside itself and src/errors.ts. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  hand: [],
  formats: [],
  imaging: [],
  statistics: [],
  metrics: ['hand'],
  tta: ['metrics', 'hand'],
  datasets: ['formats', 'hand', 'imaging', 'metrics'],
  inference: ['imaging', 'hand', 'formats'],
  diagnosis: ['metrics', 'hand'],
  runs: ['formats', 'metrics', 'datasets'],
  comparison: ['runs', 'metrics', 'statistics', 'hand', 'formats'],
  leaderboards: ['runs', 'datasets', 'metrics', 'reporting', 'formats'],
  submission: ['evaluation', 'runs', 'datasets', 'metrics', 'reporting', 'hand', 'formats'],
  reporting: ['comparison', 'runs', 'datasets', 'metrics', 'statistics', 'hand', 'formats'],
  demo: ['datasets', 'formats', 'hand', 'imaging', 'runs', 'statistics'],
  evaluation: [
    'comparison',
    'leaderboards',
    'datasets',
    'inference',
    'imaging',
    'metrics',
    'diagnosis',
    'runs',
    'reporting',
    'statistics',
    'tta',
    'hand',
    'formats',
  ],
  commands: [
    'comparison',
    'leaderboards',
    'submission',
    'evaluation',
    'inference',
    'datasets',
    'reporting',
    'demo',
    'runs',
    'metrics',
  ],
};

/** Rooms that compute: no command line, no printing. */
const PURE = ['hand', 'metrics', 'statistics', 'formats', 'diagnosis', 'imaging', 'tta'];

interface SourceFile {
  readonly path: string;
  readonly room: string;
  readonly imports: readonly string[];
  readonly text: string;
}

function sources(): SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(SRC, path), 'utf8');
      const imports = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1]!);
      const parts = path.split(sep);
      return { path, room: parts.length > 1 ? parts[0]! : '', imports, text };
    });
}

function roomOf(file: SourceFile, specifier: string): string {
  const target = relative(SRC, join(SRC, file.path, '..', specifier));
  const parts = target.split(sep);
  return parts.length > 1 ? parts[0]! : `src/${target}`;
}

describe('the rooms of src/', () => {
  const files = sources();

  it('are all in the table', () => {
    const rooms = [...new Set(files.map((file) => file.room).filter((room) => room !== ''))].sort();
    expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining(rooms));
  });

  it('import only what the table allows', () => {
    const broken: string[] = [];
    for (const file of files.filter(({ room }) => room !== '')) {
      for (const specifier of file.imports.filter((name) => name.startsWith('.'))) {
        const room = roomOf(file, specifier);
        const allowed =
          room === file.room ||
          room === 'src/errors.js' ||
          (room === 'src/progress.js' && ['evaluation', 'commands'].includes(file.room)) ||
          (['src/command.js', 'src/config.js', 'src/tta-flags.js'].includes(room) &&
            file.room === 'commands') ||
          (room === 'src/program.js' && ['evaluation', 'commands'].includes(file.room)) ||
          MAY_IMPORT[file.room]!.includes(room);
        if (!allowed) broken.push(`${file.path} imports ${specifier}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('that compute print nothing and know no command line', () => {
    const chatty = files
      .filter(({ room }) => PURE.includes(room))
      .filter(
        ({ text, imports }) =>
          /console\.|process\.std(out|err)/.test(text) ||
          imports.some((name) => name.startsWith('@oclif') || name === 'cli-progress'),
      )
      .map(({ path }) => path);
    expect(chatty).toEqual([]);
  });
});
