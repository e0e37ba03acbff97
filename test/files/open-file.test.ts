import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openFile, openFileSync } from '../../src/files/open-file.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { requireModelFile } from '../../src/inference/model/model-file.js';
import { temporaryFolder } from '../support/cli.js';

it('refuses a pipe instead of waiting for who writes into it', async () => {
  const file = join(await temporaryFolder(), 'a pipe');
  execFileSync('mkfifo', [file]);
  const refused = { code: 'file-unreadable', file, got: 'a pipe' };
  await expect(openFile(file)).rejects.toMatchObject(refused);
  expect(() => openFileSync(file)).toThrow(expect.objectContaining(refused) as Error);
  await expect(readNpz(file)).rejects.toMatchObject(refused);
  await expect(requireModelFile(file)).rejects.toMatchObject({ code: 'model-no-file', got: 'a pipe' });
});
