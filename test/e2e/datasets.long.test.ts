/** `datasets list` and `datasets verify` with the built program. */
import { cp, mkdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATASET_IDS } from '../../src/datasets/registry.js';
import type { ErrorJson } from '../../src/errors.js';
import { cli, errorOf, temporaryFolder } from '../support/cli.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';

interface VerifiedJson {
  dataset: string;
  folder: string;
  counts: Record<string, number | null>;
  problems: ErrorJson[];
}

const columns = (text: string): number => Math.max(...text.split('\n').map((line) => [...line].length));

/** No configuration but the one of the test. */
const environment = (config: string, data = ''): NodeJS.ProcessEnv => ({
  XDG_CONFIG_HOME: config,
  HAMBA_EVAL_DATA: data,
});

describe('datasets verify', () => {
  it.each(DATASET_IDS)('finds a whole folder of %s in order, in 80 columns', async (id) => {
    const root = await demoFolder(id);
    const result = await cli(['datasets', 'verify', id, root]);
    expect(result.stdout).toContain('Everything that was looked at is in order.');
    expect(result.stdout).toContain('results on this folder are partial');
    expect(result.code).toBe(0);
    expect(columns(result.stdout)).toBeLessThanOrEqual(80);
  });

  it('names what is broken, exits with 3, and fits 80 columns', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    const meta = join(root, 'evaluation/DEMO1/meta/0000.pkl');
    const image = join(root, 'evaluation/DEMO2/rgb/0001.png');
    await truncate(meta, 50);
    await unlink(image);
    const ids = (await readFile(join(root, 'evaluation.txt'), 'utf8')).trim().split('\n');
    await writeFile(
      join(root, 'evaluation.txt'),
      [...ids.slice(0, 4), ids[7], ids[5], ids[6], ids[4]].join('\n'),
    );
    const text = await cli(['datasets', 'verify', 'ho3d-v2', root]);
    expect(text.code).toBe(3);
    expect(text.stdout).toContain('3 things are not in order.');
    // A path with spaces may be broken at one of them.
    const told = text.stdout.replace(/\s+/g, ' ');
    expect(told).toContain(meta);
    expect(told).toContain(image);
    expect(columns(text.stdout)).toBeLessThanOrEqual(80);

    const json = await cli(['datasets', 'verify', 'ho3d-v2', root, '--json']);
    expect(json.code).toBe(3);
    const verified = JSON.parse(json.stdout) as VerifiedJson;
    expect(verified).toMatchObject({ dataset: 'ho3d-v2', folder: root });
    expect(verified.problems.map(({ code, file }) => [code, file])).toEqual([
      ['pickle-truncated', meta],
      ['wrist-differs', join(root, 'evaluation_xyz.json')],
      ['image-missing', image],
    ]);
    expect(json.stdout).not.toContain('NaN');
  });

  it('finds nothing wrong with a folder of --json, and prints one document', async () => {
    const result = await cli(['datasets', 'verify', 'hint-ego4d', await demoFolder('hint-ego4d'), '--json']);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ problems: [], counts: { photographs: 8, labels: 8 } });
  });

  it('says what a folder of something else should be', async () => {
    const result = await cli(['datasets', 'verify', 'freihand', await demoFolder('ho3d-v2'), '--json']);
    // HO-3D's files have the same names; its photographs lie elsewhere.
    expect(result.code).not.toBe(0);
    const other = await cli(['datasets', 'verify', 'hint-visor', await demoFolder('ho3d-v2'), '--json']);
    expect(other.code).toBe(1);
    expect(errorOf(other).code).toBe('dataset-layout');
  });

  it('takes its folder from a flag before the variable before the file', async () => {
    const config = await temporaryFolder();
    await mkdir(join(config, 'hamba-eval'));
    const file = join(config, 'hamba-eval', 'config.json');
    const root = await demoFolder('freihand');
    const verify = (more: readonly string[], data?: string) =>
      cli(['datasets', 'verify', 'freihand', ...more, '--json'], { env: environment(config, data) });

    const nothing = await verify([]);
    expect(nothing.code).toBe(1);
    expect(errorOf(nothing)).toMatchObject({
      code: 'data-folder-unknown',
      expected: expect.stringContaining(file) as string,
    });

    await writeFile(file, JSON.stringify({ datasets: { freihand: root } }));
    const byFile = JSON.parse((await verify([])).stdout) as VerifiedJson;
    expect(byFile.folder).toBe(root);

    const all = join(await temporaryFolder(), 'all data');
    await cp(root, join(all, 'freihand'), { recursive: true });
    const byVariable = JSON.parse((await verify([], all)).stdout) as VerifiedJson;
    expect(byVariable.folder).toBe(join(all, 'freihand'));
    const byArgument = JSON.parse((await verify([root], all)).stdout) as VerifiedJson;
    expect(byArgument.folder).toBe(root);

    await writeFile(file, '{"datasets": {"freehand": "/x"}}');
    const misspelt = await verify([]);
    expect(misspelt.code).toBe(1);
    expect(errorOf(misspelt)).toMatchObject({
      code: 'config-invalid',
      file,
    });
  });
});

describe('datasets list', () => {
  it('says of every benchmark what it needs and where its folder is, in 80 columns', async () => {
    const config = await temporaryFolder();
    await mkdir(join(config, 'hamba-eval'));
    await writeFile(
      join(config, 'hamba-eval', 'config.json'),
      JSON.stringify({ datasets: { 'ho3d-v3': '/my data/ho3d' } }),
    );
    const env = environment(config);
    const text = await cli(['datasets', 'list'], { env });
    expect(text.code).toBe(0);
    for (const id of DATASET_IDS) expect(text.stdout).toContain(id);
    expect(text.stdout).toContain('/my data/ho3d (config file)');
    expect(text.stdout).toContain('3,960');
    expect(columns(text.stdout)).toBeLessThanOrEqual(80);

    const json = JSON.parse((await cli(['datasets', 'list', '--json'], { env })).stdout) as {
      id: string;
      samples: number;
      folder: string | null;
    }[];
    expect(json.map(({ id, samples, folder }) => [id, samples, folder])).toEqual([
      ['freihand', 3960, null],
      ['ho3d-v2', 11_524, null],
      ['ho3d-v3', 20_137, '/my data/ho3d'],
      ['hint-newdays', 1754, null],
      ['hint-visor', 1906, null],
      ['hint-ego4d', 1714, null],
    ]);
  });
});
