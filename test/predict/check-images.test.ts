import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freihand } from '../../src/datasets/freihand.js';
import { checkImages } from '../../src/predict/check-images.js';
import { temporaryFolder } from '../support/cli.js';
import { writeFreihandFolder } from '../support/freihand-folder.js';

const never = new AbortController().signal;

describe('a first look at the photographs', () => {
  it('finds the one that is none, wherever it is in the list', async () => {
    const root = await temporaryFolder();
    await writeFreihandFolder(root, { images: 40 });
    const samples = await (await freihand.open(root, { split: 'evaluation' })).samples();
    await expect(checkImages(samples, never)).resolves.toBeUndefined();

    const last = join(root, 'evaluation/rgb/00000039.jpg');
    await writeFile(last, 'a text');
    await expect(checkImages(samples, never)).rejects.toMatchObject({ file: last });
    await writeFile(last, '');
    await expect(checkImages(samples, never)).rejects.toMatchObject({ file: last });
    await rm(last);
    await expect(checkImages(samples, never)).rejects.toMatchObject({ file: last });
    // A pipe that nobody writes into would be waited for without end.
    execFileSync('mkfifo', [last]);
    const pipe = { code: 'image-unreadable', file: last, got: 'a pipe' };
    await expect(checkImages(samples, never)).rejects.toMatchObject(pipe);
  });

  it('stops when it is told to', async () => {
    const root = await temporaryFolder();
    await writeFreihandFolder(root, { images: 1 });
    const samples = await (await freihand.open(root, { split: 'evaluation' })).samples();
    await expect(checkImages(samples, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
