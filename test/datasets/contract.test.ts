/** What every registered dataset must declare, checked for all of them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DATASET_IDS, datasetById } from '../../src/datasets/registry.js';
import { UserError } from '../../src/errors.js';
import { jointNames } from '../../src/hand/joints.js';
import { temporaryFolder } from '../support/cli.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe.each(DATASET_IDS)('the dataset %s', (id) => {
  const dataset = datasetById(id);

  it('declares itself under its id, with a protocol of its own', () => {
    expect(dataset.id).toBe(id);
    expect(dataset.protocol.dataset).toBe(id);
    expect(dataset.protocol.jointOrder).toBe(dataset.jointOrder);
    expect(dataset.protocol.axes).toBe(dataset.axes);
    expect(dataset.protocol.sampleCount).toBeGreaterThan(0);
    expect(dataset.splits).toContain('evaluation');
    expect(JSON.parse(JSON.stringify(dataset.protocol))).toEqual(dataset.protocol);
  });

  it('names 21 different joints', () => {
    expect(new Set(jointNames(dataset.jointOrder)).size).toBe(21);
  });

  it('has a card in docs/datasets that names the id', () => {
    const card = join(ROOT, 'docs', 'datasets', `${id}.md`);
    const family = join(ROOT, 'docs', 'datasets', `${id.replace(/-v\d$/, '')}.md`);
    const file = existsSync(card) ? card : family;
    expect(readFileSync(file, 'utf8')).toContain(`\`${id}\``);
  });

  it('refuses a folder that is not there, and one of something else, saying what it expects', async () => {
    for (const root of ['/no/such/folder', await temporaryFolder()]) {
      const error = await dataset.open(root, 'evaluation').then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(UserError);
      expect(error).toMatchObject({ file: root });
      expect((error as UserError).expected).toBeTruthy();
      expect((error as UserError).next).toBeTruthy();
    }
  });
});

describe('the registry', () => {
  it('says which datasets there are where an id is unknown', () => {
    expect(() => datasetById('freihnd')).toThrow(UserError);
    try {
      datasetById('freihnd');
    } catch (error) {
      expect((error as UserError).expected).toContain('freihand');
    }
  });
});
