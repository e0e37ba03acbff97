import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../src/runs/manifest.js';
import {
  arrayFile,
  arrayFiles,
  fusedSet,
  PLAIN_SET,
  PREDICTION_ARRAYS,
  passSet,
  setFolders,
} from '../../src/runs/prediction-sets.js';
import { FUSION_KINDS } from '../../src/tta/fusion.js';
import { temporaryFolder } from '../support/cli.js';

/** What run.json may say of where an array is. */
function isDescribable(file: string): boolean {
  const parsed = parseManifest({
    schema: 'hamba-eval/run@1',
    state: 'complete',
    configuration: {},
    dataset: { id: 'freihand', folder: '/data', split: 'evaluation' },
    predictions: { joints: { file, dtype: 'float32', shape: [1, 21, 3], units: 'm' } },
    program: { name: 'hamba-eval', version: '0' },
    host: { name: 'h', pid: 1 },
    times: { started: '2026-01-01T00:00:00Z' },
  });
  return 'manifest' in parsed;
}

describe('the names of arrays', () => {
  it('are below the set, and run.json takes them', () => {
    expect(arrayFile(PLAIN_SET, 'joints')).toBe('predictions/joints.npy');
    expect(arrayFile(fusedSet('aligned-mean'), 'vertices')).toBe(
      'predictions/fused/aligned-mean/vertices.npy',
    );
    expect(arrayFile(passSet(7), 'camera')).toBe('predictions/passes/007/camera.npy');
    for (const set of [PLAIN_SET, passSet(999), ...FUSION_KINDS.map(fusedSet)]) {
      expect(arrayFiles(set)).toEqual(PREDICTION_ARRAYS.map((array) => arrayFile(set, array)));
      expect(arrayFiles(set).every(isDescribable)).toBe(true);
    }
    expect(isDescribable('predictions/../run.json.npy')).toBe(false);
    expect(isDescribable('/etc/joints.npy')).toBe(false);
  });
});

describe('setFolders', () => {
  it('finds our sets, the deepest first, and nobody else’s', async () => {
    const run = await temporaryFolder();
    const ours = ['fused/aligned-mean', 'fused/derotated-mean', 'passes/000', 'passes/094'];
    const theirs = ['fused/my-mean', 'fused/aligned-mean-old', 'passes/7', 'passes/mine', 'other/000'];
    for (const folder of [...ours, ...theirs]) {
      await mkdir(join(run, 'predictions', folder), { recursive: true });
    }
    const found = await setFolders(run);
    expect([...found].sort()).toEqual(
      [...ours, 'fused', 'passes'].map((folder) => `predictions/${folder}`).sort(),
    );
    for (const parent of ['predictions/fused', 'predictions/passes']) {
      const below = found.filter((folder) => folder.startsWith(`${parent}/`));
      expect(Math.max(...below.map((folder) => found.indexOf(folder)))).toBeLessThan(found.indexOf(parent));
    }
  });

  it('finds nothing where there is none', async () => {
    expect(await setFolders(await temporaryFolder())).toEqual([]);
  });
});
