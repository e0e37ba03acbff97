import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATASET_IDS, datasetById } from '../../src/datasets/registry.js';
import { examine, type Check } from '../../src/doctor/doctor.js';
import { UserError } from '../../src/errors.js';
import { FIXTURES, temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';

const CONFIG = { file: '/home/me/config.json', exists: true, problem: null };
const GOLDEN = join(FIXTURES, 'golden', 'freihand');

describe('examine', () => {
  it('looks at every file that is named, and says what to do', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'empty'));
    const problem = new UserError({
      code: 'config-invalid',
      message: 'The file is wrong',
      got: 'x',
      next: 'mend it',
    });
    const { checks, config } = await examine({
      config: { ...CONFIG, problem },
      folders: [
        { dataset: 'freihand', folder: GOLDEN, from: 'config file' },
        { dataset: 'freihand', folder: join(folder, 'empty'), from: 'config file' },
        { dataset: 'ho3d-v2', folder: join(folder, 'missing'), from: 'HAMBA_EVAL_DATA' },
      ],
      mano: join(folder, 'MANO_RIGHT.pkl'),
    });
    expect(config).toEqual({ file: CONFIG.file, exists: true });
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['configuration', false],
      ['freihand', true],
      ['freihand', false],
      ['ho3d-v2', false],
      ['MANO file', false],
    ]);
    expect(checks[0]).toMatchObject({ detail: 'The file is wrong; got x', advice: 'mend it' });
    expect(checks[1]!.detail).toContain(`${GOLDEN} (config file)`);
    for (const { ok, advice, detail } of checks.slice(2)) {
      expect(ok).toBe(false);
      expect(detail).toContain(folder);
      expect(advice).toBeTruthy();
    }
  });

  /** What is said of the same folder under the names of several datasets. */
  const named = async (datasets: readonly string[], folder: string): Promise<readonly Check[]> => {
    const folders = datasets.map((dataset) => ({ dataset, folder, from: 'config file' as const }));
    return (await examine({ config: CONFIG, folders, mano: null })).checks;
  };

  it.each(DATASET_IDS)('finds the folder of %s under its own id alone', async (id) => {
    const folder = await demoFolder(id);
    const checks = await named(DATASET_IDS, folder);
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual(DATASET_IDS.map((name) => [name, name === id]));
    for (const { name, ok, detail, advice } of checks) {
      if (ok) continue;
      const { title } = datasetById(name);
      expect(detail).toBe(`The folder is not ${title}'s; ${folder}; got one of ${datasetById(id).title}`);
      expect(advice).toBe(`name it ${id} (config file), and the folder of ${title} ${name}`);
    }
  });

  it('tells ground truth alone by its axes, and lets pass what nothing tells', async () => {
    const onlyTruth = async (dataset: string): Promise<string> => {
      const root = await temporaryFolder();
      for (const kind of ['xyz', 'verts']) {
        const name = `evaluation_${kind}.json`;
        await cp(join(await demoFolder(dataset), name), join(root, name));
      }
      return root;
    };
    const [freihand] = await named(['ho3d-v3'], await onlyTruth('freihand'));
    expect(freihand).toMatchObject({
      ok: false,
      advice: 'name it freihand (config file), and the folder of HO-3D v3 ho3d-v3',
    });
    const [other, v2, v3] = await named(['freihand', 'ho3d-v2', 'ho3d-v3'], await onlyTruth('ho3d-v2'));
    expect(other).toMatchObject({
      ok: false,
      advice: 'name it ho3d-v2 or ho3d-v3 (config file), and the folder of FreiHAND freihand',
    });
    // The versions differ in nothing but their number of samples, for which the whole file would have to be read.
    expect([v2!.ok, v3!.ok]).toEqual([true, true]);
  });

  it('reads the MANO file', async () => {
    const mano = join(FIXTURES, 'mano', 'MANO_RIGHT.pkl');
    const { checks } = await examine({ config: CONFIG, folders: [], mano });
    expect(checks).toHaveLength(1);
    expect(checks[0]).toMatchObject({ name: 'MANO file', ok: true, advice: null });
    expect(checks[0]!.detail).toMatch(/sha256 [0-9a-f]{12}…/);
  });
});
