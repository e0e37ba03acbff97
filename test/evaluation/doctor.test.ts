import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { examine } from '../../src/evaluation/doctor.js';
import { FIXTURES, temporaryFolder } from '../support/cli.js';

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

  it('reads the MANO file', async () => {
    const mano = join(FIXTURES, 'mano', 'MANO_RIGHT.pkl');
    const { checks } = await examine({ config: CONFIG, folders: [], mano });
    expect(checks).toHaveLength(1);
    expect(checks[0]).toMatchObject({ name: 'MANO file', ok: true, advice: null });
    expect(checks[0]!.detail).toMatch(/sha256 [0-9a-f]{12}…/);
  });
});
