/** What every command tells of itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, temporaryFolder } from '../support/cli.js';

const COMMANDS = ['run', 'demo', 'compare', 'submission', 'leaderboard', 'merge', 'report', 'doctor'];
const TOPIC_COMMANDS = ['datasets list', 'datasets verify'];

describe('hamba-eval', () => {
  it('lists its commands', async () => {
    const { stdout, code } = await cli(['--help']);
    expect(code).toBe(0);
    const listed = [...stdout.split('COMMANDS')[1]!.matchAll(/^ {2}(\w+) /gm)].map((match) => match[1]!);
    expect(listed.sort()).toEqual([...COMMANDS, 'autocomplete', 'help'].sort());
  });

  it.each([...COMMANDS, ...TOPIC_COMMANDS])(
    'explains %s, with an example that starts with it, in 80 columns',
    async (command) => {
      const { stdout, code } = await cli([...command.split(' '), '--help']);
      expect(code).toBe(0);
      const [, examples = ''] = stdout.split('EXAMPLES');
      expect(examples).toContain(`$ hamba-eval ${command}`);
      expect(stdout).toContain('--json');
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    },
  );

  it('completes its commands and flags in a shell', async () => {
    const folder = await temporaryFolder();
    expect((await cli(['autocomplete', 'bash'], { env: { XDG_CACHE_HOME: folder } })).code).toBe(0);
    const file = join(folder, 'hamba-eval', 'autocomplete', 'functions', 'bash', 'hamba-eval.bash');
    const functions = readFileSync(file, 'utf8');
    for (const word of [...COMMANDS, 'datasets:verify', '--keep-passes']) expect(functions).toContain(word);
  });

  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect((await cli(['--version'])).stdout).toContain(`hamba-eval/${version}`);
  });

  it('turns an unknown command into exit code 2', async () => {
    const { stderr, code } = await cli(['rum']);
    expect(code).toBe(2);
    expect(stderr).toContain('rum');
    expect((await cli(['rum\u001b[31m'])).stderr).toContain('rum\\x1b[31m');
    const { stdout } = await cli(['rum', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage' } });
  });

  it('has up-to-date third-party notices', async () => {
    const { execFileSync } = await import('node:child_process');
    const script = new URL('../../scripts/third-party.mjs', import.meta.url).pathname;
    expect(() => execFileSync(process.execPath, [script, '--check'])).not.toThrow();
  });
});
