/** Errors about run directories, and their remedies. */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cli } from '../cli.js';
import { written, score, predict, flags, FIELD, remedies } from './remedy.js';

export const ofRuns = remedies([
  {
    code: 'run-directory-missing',
    raise: ({ run, folder }) => ['compare', run, join(folder, 'nowhere')],
    next: 'make one with hamba-eval run',
    follow: async (place) => {
      await cli(score(place, { out: join(place.folder, 'nowhere') }));
      return ['compare', place.run, join(place.folder, 'nowhere')];
    },
  },
  {
    code: 'runs-unlike',
    raise: ({ run, part }) => ['compare', run, part],
    next: 'or add --allow-mixed',
    follow: ({ run, part }) => ['compare', run, part, '--allow-mixed'],
  },
  {
    code: 'rule-invalid',
    raise: ({ run }) => ['compare', run, run, '--fail-if-worse', 'pa_mpjpe_mm:much'],
    next: "give the amount in the metric's unit: mm for keys that end in _mm",
    follow: ({ run }) => ['compare', run, run, '--fail-if-worse', 'pa_mpjpe_mm:0.1'],
  },
  {
    code: 'submission-count',
    raise: ({ run, folder }) => ['submission', run, '--out', join(folder, 'pred.zip')],
    next: '--allow-partial writes a zip for a folder of your own',
    follow: ({ run, folder }) => ['submission', run, '--out', join(folder, 'pred.zip'), '--allow-partial'],
  },
  {
    code: 'submission-exists',
    raise: async ({ run, folder }) => {
      await writeFile(join(folder, 'pred.zip'), 'mine');
      return ['submission', run, '--out', join(folder, 'pred.zip'), '--allow-partial'];
    },
    next: 'name another file with --out',
    follow: ({ run, folder }) => ['submission', run, '--out', join(folder, 'other.zip'), '--allow-partial'],
  },
  {
    code: 'submission-fusion',
    raise: ({ run, folder }) => [
      ...['submission', run, '--out', join(folder, 'pred.zip'), '--allow-partial'],
      ...['--tta-fusion', 'aligned-mean'],
    ],
    next: 'leave --tta-fusion out for the un-augmented predictions',
    follow: ({ run, folder }) => ['submission', run, '--out', join(folder, 'pred.zip'), '--allow-partial'],
  },
  {
    code: 'report-in-the-way',
    raise: async ({ run, folder }) => [
      ...['report', run, '--samples', '0', '--out'],
      await written(join(folder, 'notes.html'), 'mine'),
    ],
    next: 'name another file with --out',
    follow: ({ run, folder }) => ['report', run, '--samples', '0', '--out', join(folder, 'report.html')],
  },
  {
    code: 'report-other-dataset',
    raise: async ({ run, folder }) => {
      const hint = join(FIELD, '02-hint-keypoints-not-diagnosed');
      const given = {
        dataset: 'hint-newdays',
        data: join(hint, 'hint'),
        predictions: join(hint, 'good.npz'),
      };
      await cli(flags('run', { ...given, out: join(folder, 'hint') }));
      return ['report', run, join(folder, 'hint'), '--samples', '0', '--out', join(folder, 'report.html')];
    },
    next: 'make one report for each dataset',
    follow: ({ folder }) => [
      ...['report', join(folder, 'hint'), '--samples', '0'],
      ...['--out', join(folder, 'report.html')],
    ],
  },
  {
    code: 'passes-not-kept',
    raise: (place) => score(place, { predictions: place.run, 'tta-fusion': 'aligned-mean' }),
    next: 'predict once more with --tta graphormer --keep-passes',
    follow: async (place) => {
      const swept = join(place.folder, 'swept');
      await cli(predict(place, { out: swept, limit: null, tta: 'graphormer', 'keep-passes': '' }));
      const { photographs: data } = place;
      return score(place, { data, predictions: swept, 'tta-fusion': 'aligned-mean' });
    },
  },
  {
    code: 'run-other-split',
    raise: async (place) => {
      const predictions = join(place.folder, 'other');
      await cli(predict(place, { split: 'training-gs', limit: null, out: predictions }));
      return score(place, { data: place.photographs, predictions });
    },
    next: 'add --split training-gs',
    follow: (place) =>
      score(place, {
        ...{ data: place.photographs, predictions: join(place.folder, 'other') },
        split: 'training-gs',
      }),
  },
  {
    code: 'run-directories-collide',
    raise: async ({ folder, data, predictions }) => {
      for (const name of ['x', 'y']) await cp(predictions, join(folder, name, 'pred.json'));
      const both = ['x', 'y'].map((name) => join(folder, name, 'pred.json'));
      return [...flags('compare', { dataset: 'freihand', data }), ...both];
    },
    next: 'run one of them with hamba-eval run --out first, and give that run directory in its place',
    follow: async (place) => {
      const out = join(place.folder, 'first');
      await cli(score(place, { predictions: join(place.folder, 'x', 'pred.json'), out }));
      return ['compare', out, place.run];
    },
  },
]);
