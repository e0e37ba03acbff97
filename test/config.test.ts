/** Where dataset folders are known from: a flag, the variable, the configuration file, in this order. */
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONFIG_FILE,
  DATA_VARIABLE,
  dataFolder,
  readConfiguration,
  requireDataFolder,
  type Configuration,
} from '../src/config.js';
import { DATASET_IDS } from '../src/datasets/registry.js';
import { temporaryFolder } from './support/cli.js';
import { failure } from './support/user-error.js';

const before = process.env[DATA_VARIABLE];
beforeEach(() => {
  delete process.env[DATA_VARIABLE];
});
afterEach(() => {
  if (before === undefined) delete process.env[DATA_VARIABLE];
  else process.env[DATA_VARIABLE] = before;
});

async function configured(text: string): Promise<{ directory: string; file: string }> {
  const directory = await temporaryFolder();
  const file = join(directory, CONFIG_FILE);
  await writeFile(file, text);
  return { directory, file };
}

const never = (): Configuration => {
  throw new Error('the configuration is not needed');
};

describe('the configuration file', () => {
  it('names folders and MANO', async () => {
    const { directory, file } = await configured(
      JSON.stringify({ datasets: { freihand: '/data/Frei HAND' }, mano: '/m.pkl' }),
    );
    expect(readConfiguration(directory)).toEqual({
      file,
      exists: true,
      datasets: { freihand: '/data/Frei HAND' },
      mano: '/m.pkl',
    });
  });

  it('means a MANO file beside itself by a relative path', async () => {
    const { directory } = await configured(JSON.stringify({ mano: 'mano/MANO_RIGHT.pkl' }));
    expect(readConfiguration(directory).mano).toBe(join(directory, 'mano', 'MANO_RIGHT.pkl'));
  });

  it('means the home of the user by ~, and nothing by the name of another', async () => {
    const { directory } = await configured(
      JSON.stringify({ datasets: { freihand: '~/FreiHAND', 'ho3d-v3': '~else/HO3D' }, mano: '~/m.pkl' }),
    );
    const { datasets, mano } = readConfiguration(directory);
    expect(datasets).toEqual({
      freihand: join(homedir(), 'FreiHAND'),
      'ho3d-v3': join(directory, '~else/HO3D'),
    });
    expect(mano).toBe(join(homedir(), 'm.pkl'));
  });

  it('may be saved with a byte order mark, but not as UTF-16', async () => {
    const text = '\ufeff{"mano": "/m.pkl"}';
    const { directory, file } = await configured(text);
    expect(readConfiguration(directory).mano).toBe('/m.pkl');
    await writeFile(file, text, 'utf16le');
    expect(failure(() => readConfiguration(directory)).got).toBe('UTF-16 text; save the file as UTF-8');
  });

  it('is not there where a home is no folder', () => {
    expect(readConfiguration('/dev/null/.config').exists).toBe(false);
  });

  it('need not be there, and may be empty of names', async () => {
    expect(readConfiguration('/no/such/folder')).toEqual({
      file: '/no/such/folder/config.json',
      exists: false,
      datasets: {},
      mano: null,
    });
    const { directory } = await configured('{}');
    expect(readConfiguration(directory)).toMatchObject({ exists: true, datasets: {}, mano: null });
  });

  it.each([
    ['half a file', '{"datasets": {', /JSON/],
    ['nothing', '', /JSON/],
    ['a list', '[]', /the whole/],
    ['a misspelt key', '{"dataset": {}}', /dataset/],
    ['a misspelt dataset', '{"datasets": {"freihnd": "/x"}}', /freihnd|datasets/],
    ['a folder that is none', '{"datasets": {"freihand": 3}}', /datasets\.freihand/],
    ['an empty folder', '{"datasets": {"freihand": ""}}', /datasets\.freihand/],
    ['a list of folders', '{"datasets": {"freihand": ["/x"]}}', /datasets\.freihand/],
    ['mano that is no path', '{"mano": true}', /mano/],
  ])('with %s is refused with its path, not passed over', async (_, text, got) => {
    const { directory, file } = await configured(text);
    const error = failure(() => readConfiguration(directory));
    expect(error).toMatchObject({ code: 'config-invalid', file });
    expect(error.got).toMatch(got);
    for (const id of DATASET_IDS) expect(error.next).toContain(id);
  });

  it('that is a folder is refused', async () => {
    const directory = await temporaryFolder();
    await mkdir(join(directory, CONFIG_FILE));
    expect(failure(() => readConfiguration(directory))).toMatchObject({ code: 'config-invalid' });
  });
});

describe('the folder of a dataset', () => {
  it('is the flag’s, whatever else there is, and nothing else is read', async () => {
    process.env[DATA_VARIABLE] = await temporaryFolder();
    expect(dataFolder('freihand', 'some where', never)).toEqual({ folder: 'some where', from: '--data' });
  });

  it('is the one of its id in the variable’s folder, before the file is read', async () => {
    const root = join(await temporaryFolder(), 'all of them');
    await mkdir(join(root, 'ho3d-v2'), { recursive: true });
    process.env[DATA_VARIABLE] = root;
    expect(dataFolder('ho3d-v2', undefined, never)).toEqual({
      folder: join(root, 'ho3d-v2'),
      from: DATA_VARIABLE,
    });
  });

  it('is the file’s where the variable is empty or its folder lacks this dataset', async () => {
    const { directory } = await configured('{"datasets": {"freihand": "/data/f"}}');
    const known = { folder: '/data/f', from: 'config file' };
    const configuration = () => readConfiguration(directory);
    expect(dataFolder('freihand', undefined, configuration)).toEqual(known);
    process.env[DATA_VARIABLE] = '';
    expect(dataFolder('freihand', undefined, configuration)).toEqual(known);
    process.env[DATA_VARIABLE] = await temporaryFolder();
    expect(dataFolder('freihand', undefined, configuration)).toEqual(known);
    // A file of that name is no folder.
    await writeFile(join(process.env[DATA_VARIABLE], 'freihand'), '');
    expect(dataFolder('freihand', undefined, configuration)).toEqual(known);
  });

  it('is relative to the file, wherever the program is started', async () => {
    const { directory } = await configured('{"datasets": {"freihand": "../my data/f"}}');
    expect(dataFolder('freihand', undefined, () => readConfiguration(directory))!.folder).toBe(
      join(directory, '../my data/f'),
    );
  });

  it('is asked for, with the three ways to name it', async () => {
    const { directory, file } = await configured('{}');
    const ask = (): unknown => requireDataFolder('hint-visor', undefined, () => readConfiguration(directory));
    const unset = failure(ask);
    expect(unset).toMatchObject({ code: 'data-folder-unknown', got: `${DATA_VARIABLE} is not set` });
    for (const way of ['--data', DATA_VARIABLE, file]) expect(unset.expected).toContain(way);
    process.env[DATA_VARIABLE] = directory;
    expect(failure(ask).got).toBe(`no folder ${join(directory, 'hint-visor')}`);
  });
});
