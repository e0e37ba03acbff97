/** Errors of scoring predictions, and their remedies. */
import { cp, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { written, score, changedPredictions, MANO, remedies } from './remedy.js';

export const ofScoring = remedies([
  {
    code: 'dataset-folder-missing',
    raise: (place) => score(place, { data: join(place.folder, 'nowhere') }),
    next: 'give the folder that holds the annotation files',
    follow: (place) => score(place),
  },
  {
    code: 'data-folder-unknown',
    raise: (place) => score(place, { data: null }),
    next: 'name the folder with --data',
    follow: (place) => score(place),
  },
  {
    code: 'dataset-layout',
    raise: (place) => score(place, { data: place.folder }),
    next: 'give the folder that FreiHAND_pub_v2_eval.zip unpacks to',
    follow: (place) => score(place),
  },
  {
    code: 'config-invalid',
    env: ({ folder }) => ({ XDG_CONFIG_HOME: folder }),
    raise: async (place) => {
      await mkdir(join(place.folder, 'hamba-eval'));
      await writeFile(join(place.folder, 'hamba-eval', 'config.json'), '{"datasets": ');
      return score(place, { data: null });
    },
    next: 'mend the file',
    follow: async (place) => {
      const named = JSON.stringify({ datasets: { freihand: place.data } });
      await writeFile(join(place.folder, 'hamba-eval', 'config.json'), named);
      return score(place, { data: null });
    },
  },
  {
    code: 'predictions-count',
    raise: async (place) => {
      const predictions = await changedPredictions(place, (lists) => lists.map((list) => list.slice(0, 3)));
      return score(place, { predictions });
    },
    next: 'predict every sample of the folder',
    follow: (place) => score(place),
  },
  {
    code: 'predictions-arrays',
    raise: async (place) => {
      const change = ([xyz]: [number[][][], unknown]): unknown => ({
        joints: xyz.map((hand) => hand.slice(1)),
      });
      return score(place, { predictions: await changedPredictions(place, change) });
    },
    next: 'save joints as (N, 21, 3)',
    follow: async (place) =>
      score(place, { predictions: await changedPredictions(place, ([joints]) => ({ joints })) }),
  },
  {
    code: 'predictions-ids',
    raise: async (place) => {
      const change = ([joints]: [number[][][], unknown]): unknown => ({ joints, ids: joints.map(() => '3') });
      return score(place, { predictions: await changedPredictions(place, change) });
    },
    next: 'write the ids of the dataset: FreiHAND 00000012 or 12',
    follow: async (place) => {
      const change = ([joints]: [number[][][], unknown]): unknown => ({
        joints,
        ids: joints.map((_, row) => String(row)),
      });
      return score(place, { predictions: await changedPredictions(place, change) });
    },
  },
  {
    code: 'json-truncated',
    raise: async (place) => {
      const predictions = join(place.folder, 'cut.json');
      await cp(place.predictions, predictions);
      await truncate(predictions, 2000);
      return score(place, { predictions });
    },
    next: 'copy or download the file again',
    follow: (place) => score(place),
  },
  {
    code: 'nothing-to-score',
    raise: async (place) =>
      score(place, { predictions: await written(join(place.folder, 'none.json'), '[[], []]') }),
    next: 'write the file again, with one entry per sample in both lists',
    follow: (place) => score(place),
  },
  {
    code: 'output-other-run',
    raise: (place) => score(place, { out: place.run, reflection: 'forbidden' }),
    next: 'name another folder with --out',
    follow: (place) => score(place, { reflection: 'forbidden' }),
  },
  {
    code: 'output-other-run',
    raise: async (place) => {
      await cp(place.run, join(place.folder, 'run'), { recursive: true });
      return score(place, { reflection: 'forbidden' });
    },
    next: 'or add --force to replace that run',
    follow: (place) => score(place, { reflection: 'forbidden', force: '' }),
  },
  {
    code: 'output-not-a-run',
    raise: async (place) => {
      await writeFile(join(place.folder, 'notes.txt'), 'mine');
      return score(place, { out: place.folder, force: '' });
    },
    next: 'name another folder with --out',
    follow: (place) => score(place),
  },
  {
    code: 'output-is-input',
    raise: (place) => score(place, { predictions: place.run, out: place.run, force: '' }),
    next: 'name another folder with --out',
    follow: (place) => score(place, { predictions: place.run }),
  },
  {
    code: 'samples-file',
    raise: async (place) =>
      score(place, { samples: await written(join(place.folder, 'list.txt'), '00000000\nstranger\n') }),
    next: 'or from samples.txt of a run directory',
    follow: (place) => score(place, { samples: join(place.run, 'samples.txt') }),
  },
  {
    code: 'output-unusable',
    raise: async (place) => score(place, { out: await written(join(place.folder, 'run'), 'a file') }),
    next: 'name another folder with --out',
    follow: (place) => score(place, { out: join(place.folder, 'other') }),
  },
  {
    code: 'file-lfs-pointer',
    raise: async (place) => {
      const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n';
      return score(place, { predictions: await written(join(place.folder, 'pred.json'), pointer) });
    },
    next: 'fetch the file itself',
    follow: async (place) => {
      await cp(place.predictions, join(place.folder, 'pred.json'));
      return score(place, { predictions: join(place.folder, 'pred.json') });
    },
  },
  {
    code: 'mano-file-needed',
    raise: (place) => score(place, { 'joints-from': 'freihand' }),
    next: 'name the file with --mano',
    follow: (place) => score(place, { 'joints-from': 'freihand', mano: MANO }),
  },
  {
    code: 'joints-from-unavailable',
    raise: (place) => score(place, { 'joints-from': 'smplx', mano: MANO }),
    next: 'or take --joints-from freihand, which is exact from vertices',
    follow: (place) => score(place, { 'joints-from': 'freihand', mano: MANO }),
  },
]);
