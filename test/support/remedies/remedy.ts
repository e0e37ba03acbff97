/** A remedy: what raises an error, what its `next` says, and what that comes to. */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FIXTURES } from '../cli.js';
import { points } from '../freihand-folder.js';
import { givenModel, type GivenModel } from '../models.js';

/** What a case is given: a folder of its own, and what can be run. */
export interface Place {
  readonly folder: string;
  /** FreiHAND's annotations without photographs, and predictions of them. */
  readonly data: string;
  readonly predictions: string;
  /** Six photographs with their annotations, and a model of them. */
  readonly photographs: string;
  readonly model: string;
  /** Finished runs of the predictions: of all, and of three samples. */
  readonly run: string;
  readonly part: string;
}

export type Args = readonly string[];
export type Step = (place: Place) => Args | Promise<Args>;

export interface Remedy {
  readonly code: string;
  readonly raise: Step;
  /** Of the error's 'next'. */
  readonly next: string;
  readonly follow: Step;
  readonly env?: (place: Place) => NodeJS.ProcessEnv;
}

export const FIELD = join(FIXTURES, 'field');
export const MANO = join(FIXTURES, 'mano', 'MANO_RIGHT.pkl');
export const JOINTS = { name: 'joints', shape: [21, 3], constant: points(21, 0).flat(), gain: 0.3 };

export async function written(path: string, content: string | Uint8Array): Promise<string> {
  await writeFile(path, content);
  return path;
}

export const score = (
  { folder, data, predictions }: Place,
  changed: Record<string, string | null> = {},
): Args =>
  flags('run', {
    dataset: 'freihand',
    data,
    predictions,
    workers: '1',
    out: join(folder, 'run'),
    ...changed,
  });

export const predict = (
  { folder, photographs, model }: Place,
  changed: Record<string, string | null> = {},
): Args =>
  flags('run', {
    ...{ dataset: 'freihand', data: photographs, model, workers: '1', limit: '2', provider: 'cpu' },
    ...{ out: join(folder, 'run'), ...changed },
  });

/** Null leaves a flag out; an empty text is a flag without a value. */
export function flags(command: string, values: Record<string, string | null>): Args {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null);
  return [command, ...given.map(([name, value]) => (value === '' ? `--${name}` : `--${name}=${value}`))];
}

/** The official prediction file, changed. */
export async function changedPredictions(
  { folder, predictions }: Place,
  change: (lists: [number[][][], number[][][]]) => unknown,
): Promise<string> {
  const lists = JSON.parse(await readFile(predictions, 'utf8')) as [number[][][], number[][][]];
  return written(join(folder, 'pred.json'), JSON.stringify(change(lists)));
}

export const modelOf = async ({ folder }: Place, model: GivenModel): Promise<string> =>
  written(join(folder, 'model.onnx'), givenModel(model));

/** A copy of the photographs, the first of which is changed. */
export async function spoiltPhotographs(
  { folder, photographs }: Place,
  spoil: (photograph: string) => Promise<unknown>,
): Promise<string> {
  const data = join(folder, 'data');
  await cp(photographs, data, { recursive: true });
  const images = join(data, 'evaluation', 'rgb');
  await spoil(join(images, (await readdir(images)).sort()[0]!));
  return data;
}

export const remedies = (list: readonly Remedy[]): readonly Remedy[] => list;
