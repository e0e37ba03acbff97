/** `demo` of every benchmark. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DATASET_IDS } from '../../src/datasets/registry.js';
import { cli, temporaryFolder } from '../support/cli.js';

it.each(DATASET_IDS.filter((id) => id !== 'freihand'))(
  'makes and evaluates %s, whose folder is whole',
  async (id) => {
    const root = join(await temporaryFolder(), 'demo');
    const size = ['--training', '20', '--evaluation', '6'];
    const result = await cli(['demo', '--dataset', id, '--out', root, ...size, '--json']);
    expect(result.code, result.stderr).toBe(0);
    const headline = id.startsWith('hint') ? 'pck_0_05_all' : 'pa_mpjpe_mm';
    expect(JSON.parse(result.stdout)).toMatchObject({
      dataset: { id },
      coverage: { scored: 6, unscored: 0, folder: 6 },
      metrics: { [headline]: expect.any(Number) as number },
    });
    const verified = await cli(['datasets', 'verify', id, join(root, 'dataset'), '--json']);
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ dataset: id, problems: [] });
  },
);
