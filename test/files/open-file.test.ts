import { execFileSync } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONFIG_FILE, readConfiguration } from '../../src/config.js';
import { openFile, openFileSync, openStream, readTextSync } from '../../src/files/open-file.js';
import { readLines } from '../../src/files/text-lines.js';
import { readNpz } from '../../src/formats/npy/npz.js';
import { NpyReader } from '../../src/formats/npy/npy.js';
import { requireModelFile } from '../../src/inference/model/model-file.js';
import { selectSamples } from '../../src/predictions/selection.js';
import { readManifest } from '../../src/runs/manifest.js';
import { CsvTable } from '../../src/runs/tables/csv-table.js';
import { readJointErrors } from '../../src/runs/tables/joint-errors.js';
import { temporaryFolder } from '../support/cli.js';

async function pipe(name = 'a pipe'): Promise<string> {
  const file = join(await temporaryFolder(), name);
  execFileSync('mkfifo', [file]);
  return file;
}

describe('a pipe in the place of a file', () => {
  const readers: readonly (readonly [string, (file: string) => unknown])[] = [
    ['openFile', openFile],
    ['openFileSync', openFileSync],
    ['readTextSync', readTextSync],
    ['openStream', (file) => openStream(file, 1024)],
    ['an npz', readNpz],
    ['an npy', (file) => NpyReader.open(file)],
    ['an npy in a worker', (file) => NpyReader.openSync(file)],
    ['a list', readLines],
    ['--samples', (samples) => selectSamples({ samples }, ['a', 'b'])],
    ['a csv of a run', (file) => CsvTable.read(file, () => ({ texts: [], numbers: [] }))],
    ['joint errors of a run', readJointErrors],
  ];
  it.each(readers)('is refused, not waited for: %s', async (_, read) => {
    const file = await pipe();
    const reading = async (): Promise<unknown> => await read(file);
    await expect(reading()).rejects.toMatchObject({ code: 'file-unreadable', file, got: 'a pipe' });
  });

  it('is refused as the manifest of a run and as the configuration', async () => {
    const file = await pipe('run.json');
    const folder = join(file, '..');
    await expect(readManifest(folder)).rejects.toMatchObject({ file, got: 'a pipe' });
    await rename(file, join(folder, CONFIG_FILE));
    expect(() => readConfiguration(folder)).toThrow(
      expect.objectContaining({ file: join(folder, CONFIG_FILE), got: 'a pipe' }) as Error,
    );
  });

  it('is no model', async () => {
    await expect(requireModelFile(await pipe())).rejects.toMatchObject({
      code: 'model-no-file',
      got: 'a pipe',
    });
  });
});

describe('a list of lines', () => {
  it('may have a byte order mark, line ends of Windows and blank lines', async () => {
    const file = join(await temporaryFolder(), 'list.txt');
    await writeFile(file, '\ufeffSM1/0000\r\n\r\n SM1/0001 \r\n\n');
    expect(await readLines(file)).toEqual(['SM1/0000', '', 'SM1/0001']);
  });

  it.each([
    ['UTF-16 text', '\ufeffSM1/0000\n'],
    ['zero bytes: UTF-16 text, or no text at all', 'SM1/0000\n'],
  ])('names %s', async (got, text) => {
    const folder = await temporaryFolder();
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'list.txt');
    await writeFile(file, text, 'utf16le');
    await expect(readLines(file)).rejects.toMatchObject({ code: 'file-encoding', file, got });
  });
});
