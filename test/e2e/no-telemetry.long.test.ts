/** ONNX Runtime's telemetry is off: nothing that runs a model leaves anything in the user's folders. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { beforeEach, describe, expect, it } from 'vitest';
import { cli, temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { givenModel } from '../support/models.js';
import { runScript } from '../support/script.js';

const DIST = new URL('../../dist/', import.meta.url).href;
/** The user's own folders, by the variable that names each. */
const FOLDERS = ['HOME', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'TMPDIR'];

interface User {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whatever lies in the user's folders. */
  readonly left: () => Promise<string[]>;
}

/** A user whose folders are empty. */
async function newUser(): Promise<User> {
  const folder = await temporaryFolder();
  const home = join(folder, 'user');
  // A graphics driver keeps its shaders there, which says nothing to anybody.
  const env: NodeJS.ProcessEnv = { MESA_SHADER_CACHE_DISABLE: 'true', CUDA_CACHE_DISABLE: '1' };
  for (const name of FOLDERS) {
    env[name] = join(home, name);
    await mkdir(env[name], { recursive: true });
  }
  const left = async (): Promise<string[]> =>
    (await readdir(home, { recursive: true })).filter((path) => !FOLDERS.includes(path));
  return { folder, env, left };
}

/** Runs a model through the package's entry, in this thread or in one more. */
const CALLER = (thread: 'main' | 'worker', setsFirst: boolean, options: unknown): string => `
import { isMainThread, Worker } from 'node:worker_threads';
if (isMainThread && ${thread === 'worker'}) {
  if (${setsFirst}) process.env.ORT_DISABLE_TELEMETRY = '1';
  new Worker(new URL(import.meta.url));
} else {
  const { run } = await import('${DIST}library.js');
  await run(${JSON.stringify(options)}).then(() => console.log('done'), ({ code }) => console.log(code));
}`;

describe('running a model leaves nothing in the folders of the user', () => {
  let user: User;
  let options: { dataset: string; data: string; model: string; out: string };
  beforeEach(async () => {
    user = await newUser();
    const model = join(user.folder, 'model.onnx');
    const joints = { name: 'joints', shape: [21, 3], constant: new Array<number>(63).fill(0.01) };
    await writeFile(model, givenModel({ outputs: [joints] }));
    options = {
      dataset: 'freihand',
      data: await demoFolder('freihand'),
      model,
      out: join(user.folder, 'run'),
    };
  });

  it.each([undefined, '', '0'])('by run --model, where the variable is %j', async (ORT_DISABLE_TELEMETRY) => {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const { stdout } = await cli(['run', ...args], { env: { ...user.env, ORT_DISABLE_TELEMETRY } });
    expect(stdout).toContain('run directory');
    expect(await user.left()).toEqual([]);
  });

  it('by demo and by doctor', async () => {
    const { folder: cwd, env, left } = user;
    const size = ['--training', '20', '--evaluation', '4'];
    env.ORT_DISABLE_TELEMETRY = undefined;
    expect((await cli(['demo', '--out', 'demo', ...size], { cwd, env })).code).toBe(0);
    expect((await cli(['doctor'], { cwd, env })).code).toBe(0);
    expect(await left()).toEqual([]);
  });

  it.each([
    ['in the main thread', 'main', false, undefined, 'done'],
    ['in a thread, after the main one has set the variable', 'worker', true, undefined, 'done'],
    ['in a thread of a process that has set the variable', 'worker', false, '1', 'done'],
    ['in a thread of its own, which cannot set it: refused', 'worker', false, undefined, 'telemetry-on'],
  ] as const)('by the entry of the package %s', async (_, thread, setsFirst, value, said) => {
    const env = { ...process.env, ...user.env, ORT_DISABLE_TELEMETRY: value };
    const { stdout } = await runScript(CALLER(thread, setsFirst, options), env);
    expect(stdout.trim()).toBe(said);
    expect(await user.left()).toEqual([]);
  });
});
