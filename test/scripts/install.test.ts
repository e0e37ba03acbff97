/** What `npm ci` does in a checkout. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CUDA } from '../../src/inference/session/providers/cuda.js';
import { cli, temporaryFolder } from '../support/cli.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Without the variables by which npm tells its settings to what it runs, such as these tests: they would be settings again. */
const ENV: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_')),
);

/** A folder with these files of the checkout. */
async function folderWith(...names: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of names) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  return folder;
}

describe('npm ci in a checkout', () => {
  it('installs what the build takes, also under NODE_ENV=production, without a warning', async () => {
    const cwd = await folderWith('package.json', 'package-lock.json', '.npmrc');
    const { stdout, stderr } = await run('npm', ['ci', '--dry-run', '--offline', '--ignore-scripts'], {
      cwd,
      env: { ...ENV, NODE_ENV: 'production' },
    });
    expect(stdout).toContain('add typescript ');
    expect(stderr).not.toContain('warn');
  });

  it('runs no script of a package: the one of onnxruntime-node would download CUDA libraries', async () => {
    const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    const scripts = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(scripts.map(([name]) => name)).toEqual([]);
  });
});

it('a checkout that is not built says so in one sentence', async () => {
  const folder = await folderWith('bin');
  const { code, stderr } = await cli(['doctor'], { bin: join(folder, 'bin', 'run.js') });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^Error: hamba-eval is not wholly installed\n {2}got .*\n {2}next .*npm run build.*\n$/,
  );
});

const fetchesLibraries = process.platform === 'linux' && process.arch === 'x64';

it.runIf(fetchesLibraries)('the advice on CUDA names the proxy variable that its script reads', async () => {
  const [, variable] = /(\w+_PROXY)=/.exec(CUDA.advice())!;
  const asked: string[] = [];
  const proxy = createServer().on('connect', ({ url }, socket) => {
    asked.push(url!);
    socket.destroy();
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  // In a copy, so that nothing can come into the packages of this checkout.
  const folder = await folderWith('node_modules/onnxruntime-node/script');
  await run(process.execPath, [join(folder, 'node_modules/onnxruntime-node/script/install.js')], {
    timeout: 30_000,
    env: {
      ...ENV,
      NODE_PATH: join(ROOT, 'node_modules'),
      ONNXRUNTIME_NODE_INSTALL: 'cuda12',
      [variable!]: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    },
  }).catch(() => undefined);
  proxy.close();
  expect(asked[0]).toBe('api.nuget.org:443');
});
