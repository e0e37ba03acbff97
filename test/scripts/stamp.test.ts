/** The stamp of a build says whether dist/ was made from the sources as they are. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const stamp = (folder: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(folder, 'scripts/stamp.mjs'), ...args], { encoding: 'utf8' });

/** A tree with one source, as the build leaves it. */
async function builtTree(): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of ['scripts', 'tsconfig.json', 'tsconfig.build.json']) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  }
  await mkdir(join(folder, 'src/room'), { recursive: true });
  await writeFile(join(folder, 'src/room/a.ts'), 'export const a = 1;\n');
  await mkdir(join(folder, 'dist'));
  expect(stamp(folder)).toMatchObject({ status: 0, stderr: '' });
  return folder;
}

it('knows a build whose sources are the same, whatever their times', async () => {
  const folder = await builtTree();
  await utimes(join(folder, 'src/room/a.ts'), new Date(), new Date(Date.now() + 60_000));
  expect(stamp(folder, '--check')).toMatchObject({ status: 0, stderr: '', stdout: '' });
  // No checkout: run.json names no commit.
  expect(JSON.parse(await readFile(join(folder, 'dist/build.json'), 'utf8'))).not.toHaveProperty('commit');
});

it.each<[string, (folder: string) => Promise<void>]>([
  ['a source changed', (folder) => writeFile(join(folder, 'src/room/a.ts'), 'export const a = 2;\n')],
  ['a source was added', (folder) => writeFile(join(folder, 'src/b.ts'), '')],
  ['a source was deleted', (folder) => rm(join(folder, 'src/room/a.ts'))],
  ['a source was renamed', (folder) => rename(join(folder, 'src/room/a.ts'), join(folder, 'src/room/b.ts'))],
  ['a setting of the compiler changed', (folder) => writeFile(join(folder, 'tsconfig.build.json'), '{}')],
])('refuses a build after which %s', async (_, change) => {
  const folder = await builtTree();
  await change(folder);
  const { status, stderr } = stamp(folder, '--check');
  expect(status).toBe(1);
  expect(stderr).toContain("dist/ is not a build of these sources: run 'npm run build' first");
});

it('refuses a build that never came to its end', async () => {
  const folder = await builtTree();
  await rm(join(folder, 'dist/build.json'));
  const { status, stderr } = stamp(folder, '--check');
  expect(status).toBe(1);
  expect(stderr).toContain("dist/ is missing: run 'npm run build' first");
});
