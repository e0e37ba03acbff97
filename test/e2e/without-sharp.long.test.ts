/** A machine that sharp has no binary for: what needs photographs says so, all else works. */
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli, errorOf, sharedFolder, type CliResult } from '../support/cli.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const home = sharedFolder();
const bin = join(home, 'program', 'bin', 'run.js');
const data = join('reports', 'demo', 'dataset');
const ridge = join('reports', 'demo', 'ridge');
const model = `${ridge}.onnx`;

/** The program where npm has installed all packages but those of sharp's binary. */
async function installWithoutBinary(): Promise<void> {
  const program = join(home, 'program');
  for (const name of ['bin', 'dist', 'package.json', 'node_modules/sharp', 'node_modules/@img/colour']) {
    await cp(join(ROOT, name), join(program, name), { recursive: true });
  }
  const modules = join(ROOT, 'node_modules');
  for (const name of await readdir(modules)) {
    if (name !== 'sharp' && name !== '@img')
      await symlink(join(modules, name), join(program, 'node_modules', name));
  }
}

const without = (...args: string[]): Promise<CliResult> =>
  cli(args, { bin, cwd: home, env: { XDG_CONFIG_HOME: home, HAMBA_EVAL_DATA: '' } });

beforeAll(async () => {
  await installWithoutBinary();
  await mkdir(join(home, 'reports'));
  expect((await cli(['demo', '--training', '20', '--evaluation', '4'], { cwd: home })).code).toBe(0);
});

describe('without the binary of sharp', () => {
  it.each([
    ['run', '--dataset', 'freihand', '--data', data, '--predictions', ridge, '--out', 'scored'],
    ['compare', ridge, ridge],
    ['leaderboard', 'freihand', ridge],
    ['submission', ridge, '--allow-partial', '--out', 'pred.zip'],
    ['report', ridge, '--no-images', '--out', 'plain.html'],
    ['datasets', 'list'],
  ])('%s works', async (...args) => {
    const { code, stderr } = await without(...args);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('sharp');
  });

  it('report leaves the photographs out and says why', async () => {
    const { code, stdout } = await without('report', ridge, '--out', 'photographs.html');
    expect(code).toBe(0);
    expect(stdout.match(/library\s+sharp\s+does\s+not\s+start/g)).toHaveLength(1);
  });

  it.each([
    ['run', '--dataset', 'freihand', '--data', data, '--model', model, '--out', 'predicted'],
    ['demo', '--out', 'another'],
  ])('%s, which decodes or writes photographs, says what is missing and how it comes', async (...args) => {
    const result = await without(...args, '--json');
    expect(result.code).toBe(1);
    const { code, got, next } = errorOf(result);
    expect(code).toBe('sharp-unavailable');
    expect(got).toContain('Could not load the "sharp" module');
    expect(next).toContain('npm install');
    expect(await readdir(home)).not.toContain('predicted');
  });

  it.each([
    ['doctor', ['doctor', '--json'], ['sharp']],
    ['datasets verify', ['datasets', 'verify', 'freihand', data, '--json'], ['sharp-unavailable']],
  ])('%s says it among what else it finds', async (_, args, names) => {
    const { code, stdout } = await without(...args);
    expect(code).toBe(3);
    const { checks, problems } = JSON.parse(stdout) as {
      checks?: { name: string }[];
      problems?: { code: string }[];
    };
    expect((checks ?? problems)!.map((found) => ('name' in found ? found.name : found.code))).toEqual(names);
  });
});
