/** Lists of names beside arrays: `imgnames.txt`, one a line, or `names.json`, a list of texts. */
import { extname, join } from 'node:path';
import { fileNames } from '../../datasets/folder.js';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { readText } from '../../files/open-file.js';
import { readLines } from '../../files/text-lines.js';
import { parseJson } from '../../formats/json/json-text.js';
import { mayNameRows, type StoredArray } from './named-arrays.js';

export interface NameList {
  /** Named by its file. */
  readonly array: StoredArray;
  readonly values: readonly string[];
}

const READERS: Readonly<Record<string, (file: string) => Promise<readonly string[]>>> = {
  '.txt': readLines,
  '.json': readJsonTexts,
};

export async function nameLists(folder: string): Promise<NameList[]> {
  return Promise.all((await listFiles(folder)).map((name) => readList(folder, name)));
}

/** The files in a folder whose names say that they hold names. */
export async function listFiles(folder: string): Promise<string[]> {
  const names = (await fileNames(folder)) ?? [];
  return names.filter((name) => {
    const extension = extname(name);
    return READERS[extension] !== undefined && mayNameRows(name.slice(0, -extension.length));
  });
}

async function readList(folder: string, name: string): Promise<NameList> {
  const file = join(folder, name);
  const values = await READERS[extname(name)]!(file);
  return { array: { name, shape: [values.length], type: 'texts', holds: 'texts' }, values };
}

async function readJsonTexts(file: string): Promise<readonly string[]> {
  const text = await readText(file).catch((error: unknown) => {
    throw fileError(error, file);
  });
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw noTexts(file, (error as Error).message);
  }
  const isTexts =
    Array.isArray(value) && value.every((one) => typeof one === 'string' || Number.isInteger(one));
  if (!isTexts) throw noTexts(file, 'something else');
  return (value as unknown[]).map(String);
}

function noTexts(file: string, got: string): UserError {
  return new UserError({
    code: 'predictions-names',
    message: 'The list of names beside the arrays cannot be read',
    file,
    expected: 'a JSON list of names, one a row',
    got,
    next: 'write it with json.dump(names, file), or take the file out of the folder where it is something else',
  });
}
