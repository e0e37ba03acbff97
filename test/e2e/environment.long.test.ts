/** What a machine may lack, and how files come out of an editor: an optional thing never stops the work. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli, errorOf, FIXTURES, sharedFolder, temporaryFolder } from '../support/cli.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const DATA = join(FIXTURES, 'golden', 'freihand');
const SCORE = ['run', '--dataset', 'freihand', '--predictions', join(DATA, 'pred.json')];

/** Node on a machine that has no entry for the user, as in a container under a number of its own. */
const UNKNOWN_USER = `
const os = require('node:os');
const missing = (call) => {
  throw Object.assign(new Error('A system error occurred: ' + call + ' returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
};
os.homedir = () => process.env.HOME ?? missing('uv_os_homedir');
os.userInfo = () => missing('uv_os_get_passwd');
require('node:module').syncBuiltinESMExports();
`;

describe('a user without an entry and without HOME', () => {
  const folder = sharedFolder();
  const preload = join(folder, 'unknown-user.cjs');
  const names = ['HOME', 'SHELL', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME', 'HAMBA_EVAL_DATA'];
  const env = {
    ...Object.fromEntries(names.map((name) => [name, undefined])),
    NODE_OPTIONS: `--require "${preload}"`,
  };
  beforeAll(() => writeFile(preload, UNKNOWN_USER));

  it.each([
    ['scores', [...SCORE, '--data', DATA, '--out', join(folder, 'run')]],
    ['lists', ['datasets', 'list']],
    ['explains itself', ['--help']],
    ['looks at the machine', ['doctor']],
  ])('%s', async (_, args) => {
    const { code, stderr } = await cli(args, { env });
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('ENOENT');
  });

  it('reads ~ as it stands', async () => {
    const error = errorOf(await cli([...SCORE, '--data=~/data', '--json'], { env, cwd: folder }));
    expect(error).toMatchObject({ code: 'dataset-folder-missing', file: join(folder, '~/data') });
  });
});

describe('a home that cannot be looked into', () => {
  /** What the permissions of a folder do to others is done here to everybody, root too. */
  async function closedHome(): Promise<NodeJS.ProcessEnv> {
    const loop = join(await temporaryFolder(), 'loop');
    await symlink(loop, loop);
    return {
      HOME: loop,
      XDG_CONFIG_HOME: loop,
      XDG_DATA_HOME: loop,
      XDG_CACHE_HOME: loop,
      HAMBA_EVAL_DATA: '',
    };
  }

  it('is a note where the folder of the dataset is named, and nothing where no configuration is read', async () => {
    const env = await closedHome();
    const out = join(await temporaryFolder(), 'run');
    const scored = await cli([...SCORE, '--data', DATA, '--out', out], { env });
    expect(scored.code, scored.stderr).toBe(0);
    expect(scored.stderr.match(/ELOOP/g)).toHaveLength(1);
    expect(scored.stderr).toContain('The configuration file cannot be used, and is left out');
    expect((await cli(['datasets', 'list'], { env })).code).toBe(0);
    expect(await cli(['leaderboard', 'freihand'], { env })).toMatchObject({ code: 0, stderr: '' });
  });

  it('is an error where the configuration would have to name the folder, with a way on', async () => {
    const env = await closedHome();
    const error = errorOf(await cli([...SCORE, '--json'], { env }));
    expect(error.code).toBe('config-invalid');
    expect(error.next).toContain('XDG_CONFIG_HOME');
    env.XDG_CONFIG_HOME = await temporaryFolder();
    expect(errorOf(await cli([...SCORE, '--json'], { env })).code).toBe('data-folder-unknown');
  });

  it('keeps no words for completion, with a way on', async () => {
    const env = await closedHome();
    const refused = await cli(['autocomplete', 'bash'], { env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('next      let HAMBA_EVAL_CACHE_DIR name a folder of yours');
    env.HAMBA_EVAL_CACHE_DIR = await temporaryFolder();
    const kept = await cli(['autocomplete', 'bash'], { env });
    expect(kept.code, kept.stderr).toBe(0);
  });
});

it('a full disk behind the output is an error that leads on', async () => {
  const command = `"${process.execPath}" "${BIN}" leaderboard freihand > /dev/full`;
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said = text(child.stderr);
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(1);
  expect(await said).toContain('next      free some disk space, or send it elsewhere');
});

it('~ is the home in HAMBA_EVAL_DATA and behind the = of a flag', async () => {
  const HOME = await temporaryFolder();
  await mkdir(join(HOME, 'all'));
  await symlink(DATA, join(HOME, 'all', 'freihand'));
  const out = '--out=~/runs';
  const named = await cli([...SCORE, out], { env: { HOME, HAMBA_EVAL_DATA: '~/all' }, cwd: HOME });
  expect(named.code, named.stderr).toBe(0);
  expect((await readdir(HOME)).sort()).toEqual(['all', 'runs']);
});

describe('a byte order mark', () => {
  async function markAll(folder: string): Promise<number> {
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'));
    for (const name of files) {
      const file = join(folder, name);
      await writeFile(file, `\ufeff${await readFile(file, 'utf8')}`);
    }
    return files.length;
  }

  it.each(['freihand', 'hint-newdays', 'ho3d-v3'])(
    'before every JSON file of %s changes nothing',
    async (dataset) => {
      const data = await demoFolderCopy(dataset);
      const verify = async (folder: string): Promise<unknown> => {
        const { stdout } = await cli(['datasets', 'verify', dataset, folder, '--json']);
        return { ...(JSON.parse(stdout) as object), folder: '' };
      };
      const before = await verify(await demoFolder(dataset));
      expect(await markAll(data)).toBeGreaterThan(1);
      expect(await verify(data)).toEqual(before);
    },
  );

  it('before the JSON files of a run changes nothing', async () => {
    const run = join(await temporaryFolder(), 'run');
    await cli([...SCORE, '--data', DATA, '--out', run]);
    expect(await markAll(run)).toBe(2);
    const { code, stderr } = await cli(['compare', run, run]);
    expect(code, stderr).toBe(0);
  });
});

describe('a reader that is gone leaves the exit code as it is', () => {
  it.each([
    [0, ['leaderboard', 'freihand']],
    [0, ['datasets', 'list', '--json']],
    [0, ['--help']],
    [1, ['compare', 'nothing', 'here', '--json']],
    [2, ['run', '--dataset', 'freihand', '--json']],
  ])('%i of %j', async (code, args) => {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.destroy();
    expect(await once(child, 'close')).toEqual([code, null]);
  });
});
