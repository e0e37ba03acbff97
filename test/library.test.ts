/** The package's entry as a program of one's own uses it: the example of docs/library.md, compiled and run. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from './support/cli.js';

const call = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const STRICT = ['--strict', '--noUncheckedIndexedAccess', '--module', 'nodenext', '--target', 'es2023'];

let home: string;

/** Compiles a program beside the package, as a user's own lies, and runs it there. */
async function runProgram(name: string, text: string): Promise<string[]> {
  await writeFile(join(home, `${name}.ts`), text);
  const flags = [
    ...STRICT,
    '--lib',
    'es2023,dom',
    '--types',
    'node',
    '--typeRoots',
    join(ROOT, 'node_modules/@types'),
  ];
  await call(process.execPath, [TSC, ...flags, `${name}.ts`], { cwd: home }).catch((error: unknown) => {
    throw new Error((error as { stdout: string }).stdout);
  });
  const { stdout } = await call(process.execPath, [`${name}.js`], { cwd: home });
  return stdout.trim().split('\n');
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'hamba-eval-library-'));
  await writeFile(join(home, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await mkdir(join(home, 'node_modules'));
  await symlink(ROOT, join(home, 'node_modules', 'hamba-eval'));
  const demo = await cli(['demo', '--training', '30', '--evaluation', '6'], { cwd: home });
  expect(demo.code).toBe(0);
});

afterAll(() => rm(home, { recursive: true, force: true }));

describe("the package's entry", () => {
  it('does what docs/library.md shows', { timeout: 180_000 }, async () => {
    const page = await readFile(join(ROOT, 'docs', 'library.md'), 'utf8');
    const [, example] = /```ts\n([\s\S]*?)```/.exec(page)!;
    const [error, difference, worst] = await runProgram('example', example!);
    const metrics = async (name: string): Promise<Record<string, number>> =>
      (
        JSON.parse(await readFile(join(home, 'runs', name, 'metrics.json'), 'utf8')) as {
          metrics: Record<string, number>;
        }
      ).metrics;
    const { pa_mpjpe_mm: expected } = await metrics('ridge');
    expect(Number(error)).toBe(expected);
    expect((await metrics('again')).pa_mpjpe_mm).toBe(expected);
    expect(Number(difference)).toBe(0);
    expect(worst).toMatch(/^\d{8}$/);
  });

  it(
    'says what is wrong as the commands do, and stops where it is told to',
    { timeout: 180_000 },
    async () => {
      const lines = await runProgram(
        'wrong',
        `import { compare, run, score, UserError } from 'hamba-eval';
       const of = (error: unknown): string => (error instanceof UserError ? error.code : String(error));
       const input = { dataset: 'freihand', data: 'reports/demo/dataset' };
       await score({ ...input, predictions: 'none.json' }).catch((error: unknown) => console.log(of(error)));
       await run({ ...input, dataset: 'freihands', model: 'x.onnx' }).catch((error: unknown) => console.log(of(error)));
       await compare(['reports/demo/ridge']).catch((error: unknown) => console.log(of(error)));
       const notes: string[] = [];
       const stage = { update: () => undefined, stop: () => undefined };
       const progress = {
         stage: (name: string) => (notes.push(name), stage),
         note: (text: string) => void notes.push(text),
         close: () => undefined,
       };
       const stopped = { signal: AbortSignal.abort(new Error('enough')), progress };
       const model = 'reports/demo/ridge.onnx';
       await run({ ...input, model, out: 'runs/stopped' }, stopped).catch((error: unknown) => console.log(of(error)));
       await run({ ...input, model, out: 'runs/told', limit: 2 }, { progress });
       console.log(notes.includes('score'));
      `,
      );
      expect(lines).toEqual(['predictions-missing', 'dataset-unknown', 'usage', 'Error: enough', 'true']);
    },
  );
});
