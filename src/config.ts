/**
 * Where dataset folders are, so that they need not be named every time: a flag wins over the
 * variable HAMBA_EVAL_DATA, which wins over config.json in oclif's config directory.
 *
 *     { "datasets": { "freihand": "/data/FreiHAND_pub_v2_eval" }, "mano": "/data/MANO_RIGHT.pkl" }
 *
 * A relative path in the file is relative to the file's folder, and ~ is the user's home, there and in the variable.
 */
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { DATASET_IDS } from './datasets/registry.js';
import { UserError } from './errors.js';
import { expandHome } from './files/home.js';
import { readTextSync } from './files/open-file.js';
import { parseJson } from './formats/json/json-text.js';

export const CONFIG_FILE = 'config.json';
/** A folder that holds one folder for each dataset, named by its id. */
export const DATA_VARIABLE = 'HAMBA_EVAL_DATA';

const configSchema = z.strictObject({
  datasets: z.partialRecord(z.enum(DATASET_IDS as [string, ...string[]]), z.string().min(1)).optional(),
  mano: z.string().min(1).optional(),
});

export interface Configuration {
  /** Path of the file, whether it is there or not. */
  readonly file: string;
  readonly exists: boolean;
  readonly datasets: Readonly<Partial<Record<string, string>>>;
  readonly mano: string | null;
}

/** Where a dataset's folder is known from. */
export interface DataFolder {
  readonly folder: string;
  readonly from: '--data' | typeof DATA_VARIABLE | 'config file';
}

/** @throws UserError where the file is there and is not as it should be: a misspelt key would be a silent default. */
export function readConfiguration(configDirectory: string): Configuration {
  const file = join(configDirectory, CONFIG_FILE);
  let text: string;
  try {
    text = readTextSync(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    // HOME may be no folder (/dev/null): then there is no such file.
    if (code === 'ENOENT' || code === 'ENOTDIR') return { file, exists: false, datasets: {}, mano: null };
    const next =
      'check its permissions, or let XDG_CONFIG_HOME name another folder; flags do without the file';
    throw wrong(file, message, error, next);
  }
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw wrong(file, (error as Error).message, error);
  }
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw wrong(file, `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
  }
  const { datasets = {}, mano } = parsed.data;
  const path = (named: string): string => resolve(dirname(file), expandHome(named));
  return {
    file,
    exists: true,
    // Wherever the program is started, the file means the same folders.
    datasets: Object.fromEntries(Object.entries(datasets).map(([id, folder]) => [id, path(folder!)])),
    mano: mano === undefined ? null : path(mano),
  };
}

/** The configuration where the work goes on without one that cannot be used: `tell` gets the reason. */
export function optionalConfiguration(
  configDirectory: string,
  tell: (problem: UserError) => void,
): Configuration {
  try {
    return readConfiguration(configDirectory);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    tell(error);
    return { file: join(configDirectory, CONFIG_FILE), exists: true, datasets: {}, mano: null };
  }
}

/** How a note tells of a configuration that is left out. */
export function leftOut({ message, file, got }: UserError): string {
  return `${message}, and is left out: ${file}: ${got}`;
}

function wrong(
  file: string,
  got: string,
  cause?: unknown,
  next = `mend the file, or move it away; dataset ids are ${DATASET_IDS.join(', ')}`,
): UserError {
  return new UserError({
    code: 'config-invalid',
    message: 'The configuration file cannot be used',
    file,
    expected: '{"datasets": {"freihand": "/path/to/folder", …}, "mano": "/path/to/MANO_RIGHT.pkl"}',
    got,
    next,
    cause,
  });
}

/** The folder of a dataset as the flag, the variable or the file names it; null where none does. */
export function dataFolder(
  dataset: string,
  flag: string | undefined,
  configuration: () => Configuration,
): DataFolder | null {
  if (flag !== undefined) return { folder: flag, from: '--data' };
  const root = dataRoot();
  if (root !== null) {
    const folder = join(root, dataset);
    if (isFolder(folder)) return { folder, from: DATA_VARIABLE };
  }
  const named = configuration().datasets[dataset];
  if (named === undefined) return null;
  return { folder: named, from: 'config file' };
}

/**
 * @param argument what the command calls the folder, if that is not a flag.
 * @throws UserError that names the three ways.
 */
export function requireDataFolder(
  dataset: string,
  flag: string | undefined,
  configuration: () => Configuration,
  argument?: string,
): string {
  const found = dataFolder(dataset, flag, configuration);
  if (found !== null) return found.folder;
  const root = dataRoot();
  throw new UserError({
    code: 'data-folder-unknown',
    message: `Nothing says where ${dataset} is`,
    expected: `${argument ?? '--data DIR'}, a folder ${dataset} in $${DATA_VARIABLE}, or "datasets" in ${configuration().file}`,
    got: root === null ? `${DATA_VARIABLE} is not set` : `no folder ${join(root, dataset)}`,
    next: `${argument === undefined ? 'name the folder with --data' : 'name the folder behind the dataset'}; 'hamba-eval datasets list' says what must be in it`,
  });
}

function dataRoot(): string | null {
  const { [DATA_VARIABLE]: root = '' } = process.env;
  return root === '' ? null : expandHome(root);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
