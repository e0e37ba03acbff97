/** docs/recipes.md, done: every command of the page, in its order, on small checkpoints and made-up datasets. */
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli, FIXTURES, sharedFolder } from './support/cli.js';
import { demoFolder } from './support/demo-folder.js';
import { writeHamerMetadata } from './support/demo-metadata.js';

const ROOT = new URL('..', import.meta.url).pathname;
const page = await readFile(join(ROOT, 'docs', 'recipes.md'), 'utf8');
const commands = [...page.matchAll(/^ {4}hamba-eval (.+)$/gm)].map(([, command]) => command!);

/** Where the page has the checkpoints, and which small ones stand for them. */
const CHECKPOINTS: Readonly<Record<string, string>> = {
  'ckpts/hamba_freihand/checkpoints/hamba_freihand.ckpt': 'hamba-tiny',
  '_DATA/hamer_ckpts/checkpoints/hamer.ckpt': 'hamer-tiny',
  'pretrained_models/wilor_final.ckpt': 'wilor-tiny',
  'anyhand_hamer/checkpoint.ckpt': 'hamer-tiny',
  'anyhand_wilor/checkpoint.ckpt': 'wilor-tiny',
};
const DATASETS: Readonly<Record<string, string>> = {
  FreiHAND: 'freihand',
  HO3D_v2: 'ho3d-v2',
  HInt: 'hint-newdays',
};

const cwd = sharedFolder();

beforeAll(async () => {
  for (const [checkpoint, tiny] of Object.entries(CHECKPOINTS)) {
    const folder = join(FIXTURES, 'network', tiny);
    await mkdir(join(cwd, dirname(checkpoint)), { recursive: true });
    await cp(join(folder, 'model.ckpt'), join(cwd, checkpoint));
    const yaml = join(cwd, dirname(checkpoint), 'model_config.yaml');
    // The options of a small network are not the released one's.
    await cp(join(folder, 'config.json'), yaml);
  }
  for (const [name, id] of Object.entries(DATASETS)) {
    await symlink(await demoFolder(id), join(cwd, name));
    await writeHamerMetadata(join(cwd, name), cwd);
  }
  await cp(join(FIXTURES, 'mano', 'MANO_RIGHT.pkl'), join(cwd, 'MANO_RIGHT.pkl'));
});

describe('docs/recipes.md', () => {
  it('has commands for each of the networks', () => {
    expect(commands.filter((command) => command.startsWith('model build'))).toHaveLength(5);
    expect(commands.filter((command) => command.startsWith('run')).length).toBeGreaterThan(5);
  });

  it.each(commands)('%s', async (command) => {
    const { code, stderr } = await cli(command.split(' '), { cwd });
    expect(code, stderr).toBe(0);
  });
});
