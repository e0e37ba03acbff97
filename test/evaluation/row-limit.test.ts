/** Files of far more rows than the folder has samples are refused by what they begin with: what follows is not read. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beginReading } from '../../src/datasets/ground-truth/ground-truth.js';
import { openDataset } from '../../src/datasets/registry.js';
import type { UserError } from '../../src/errors.js';
import { rowLimit } from '../../src/evaluation/row-limit.js';
import { openPredictions } from '../../src/predictions/open-predictions.js';
import { cli, errorOf, FIXTURES, temporaryFolder } from '../support/cli.js';
import { npyBytes, numbersNpy } from '../support/tiny-npz.js';
import { zipDeflated } from '../support/tiny-zip.js';
import { rejection } from '../support/user-error.js';

/** Five samples of 3,960. */
const GOLDEN = join(FIXTURES, 'golden', 'freihand');
const MILLIONS = 4_000_000;

/** Without its elements: whoever goes on to read them finds the array cut short. */
const headerOf = (rows: number): Buffer => npyBytes('<f4', [rows, 21, 3], Buffer.alloc(4));
const hand = `[${Array.from({ length: 21 }, () => '[0,0,0]').join()}]`;
/** Cut off after 5,000 hands. */
const json = Buffer.from(`[[${Array.from({ length: 5000 }, () => hand).join()}`);

async function refusal(name: string, bytes: Buffer): Promise<UserError> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  const folder = await openDataset('freihand', GOLDEN, { split: 'evaluation' });
  const truth = beginReading(folder);
  try {
    const limit = rowLimit(folder, truth, path);
    return await rejection(openPredictions(path, folder.definition, undefined, limit));
  } finally {
    await truth?.close();
  }
}

it('meshes of 20 million vertices are refused', async () => {
  const vertices = npyBytes('<f8', [0, 20_000_000, 3], Buffer.alloc(0));
  expect(await refusal('vertices.npy', vertices)).toMatchObject({
    code: 'predictions-arrays',
    message: 'The meshes have more vertices than a hand',
    got: '(0, 20000000, 3)',
  });
});

describe('more predictions than samples', () => {
  it.each([
    ['joints.npy', headerOf(MILLIONS), '4000000 samples'],
    ['an.npz', zipDeflated([{ name: 'joints.npy', bytes: headerOf(MILLIONS) }]), '4000000 samples'],
    ['pred.json', json, 'at least 3968 samples'],
    ['pred.zip', zipDeflated([{ name: 'pred.json', bytes: json }]), 'at least 3968 samples'],
  ])('are refused before %s is read', async (name, bytes, got) => {
    expect(await refusal(name, bytes)).toMatchObject({
      code: 'predictions-count',
      expected: `5 samples, as in ${join(GOLDEN, 'evaluation_xyz.json')}`,
      got,
    });
  });

  it('are refused with ids from twice as many on; up to there the ids say what is wrong', async () => {
    const withIds = (rows: number): Buffer =>
      zipDeflated([
        { name: 'joints.npy', bytes: headerOf(rows) },
        { name: 'ids.npy', bytes: numbersNpy('<i4', [1], [0]) },
      ]);
    expect((await refusal('an.npz', withIds(MILLIONS))).code).toBe('predictions-count');
    expect((await refusal('an.npz', withIds(2 * 3960))).code).toBe('npy-truncated');
  });

  it('are refused for a submission by the size of the benchmark', async () => {
    const path = join(await temporaryFolder(), 'joints.npy');
    await writeFile(path, headerOf(MILLIONS));
    const result = await cli(['submission', '--from', path, '--dataset', 'freihand', '--json']);
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'submission-count', got: '4000000' });
  });
});
