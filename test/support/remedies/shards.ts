/** Errors about the parts of a run, and their remedies. */
import { appendFile, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cli } from '../cli.js';
import { predict, remedies, type Place } from './remedy.js';

const SHARDS = 2;

/** A run of two samples, in shards of one each; the folders of those that are asked for. */
async function shardsOf(place: Place, indices: readonly number[] = [1, 2]): Promise<string[]> {
  const made = indices.map((index) => join(place.folder, `shard-${index}`));
  for (const [at, out] of made.entries()) await cli(shard(place, indices[at]!, out));
  return made;
}

const shard = (place: Place, index: number, out: string, changed: Record<string, string> = {}): string[] => [
  ...predict(place, { 'batch-size': '1', shard: `${index}/${SHARDS}`, out, ...changed }),
];

const merge = ({ folder }: Place, ...shards: readonly string[]): string[] => [
  ...['merge', ...shards, '--out', join(folder, 'merged')],
];

export const ofShards = remedies([
  {
    code: 'shard-invalid',
    raise: (place) => predict(place, { shard: '2/1' }),
    next: 'count the shards from 1',
    follow: (place) => predict(place, { shard: '1/1' }),
  },
  {
    code: 'shard-too-many',
    raise: (place) => predict(place, { shard: '1/9', 'batch-size': '1' }),
    next: 'give --shard I/2, or fewer',
    follow: (place) => predict(place, { shard: '1/2', 'batch-size': '1' }),
  },
  {
    code: 'merge-gap',
    raise: async (place) => merge(place, ...(await shardsOf(place, [1]))),
    next: 'run them with the same command and --shard 2/2',
    follow: async (place) => merge(place, ...(await shardsOf(place))),
  },
  {
    code: 'merge-overlap',
    raise: async (place) => {
      const [one, two] = (await shardsOf(place)) as [string, string];
      await cp(two, join(place.folder, 'copy'), { recursive: true });
      return merge(place, one, two, join(place.folder, 'copy'));
    },
    next: 'leave one of them out',
    follow: async (place) => merge(place, ...(await shardsOf(place))),
  },
  {
    code: 'merge-no-shard',
    raise: async (place) => {
      const whole = join(place.folder, 'whole');
      await cli(predict(place, { out: whole }));
      return merge(place, ...(await shardsOf(place)), whole);
    },
    next: 'leave it out',
    follow: async (place) => merge(place, ...(await shardsOf(place))),
  },
  {
    code: 'merge-unlike',
    raise: async (place) => {
      const [one] = (await shardsOf(place, [1])) as [string];
      const other = join(place.folder, 'other');
      await cli(shard(place, 2, other, { limit: '3' }));
      return merge(place, one, other);
    },
    next: 'give the shards of one run',
    follow: async (place) => merge(place, ...(await shardsOf(place))),
  },
  {
    code: 'merge-other-dataset',
    raise: async (place) => {
      const data = join(place.folder, 'data');
      await cp(place.photographs, data, { recursive: true });
      await appendFile(join(data, 'evaluation/rgb/00000000.jpg'), 'more');
      return [...merge(place, ...(await shardsOf(place))), '--data', data];
    },
    next: 'give the folder with --data',
    follow: async (place) => [...merge(place, ...(await shardsOf(place))), '--data', place.photographs],
  },
  {
    code: 'merge-other-mano',
    raise: async (place) => {
      const shards = await shardsOf(place);
      for (const folder of shards) {
        const file = join(folder, 'run.json');
        const manifest = JSON.parse(await readFile(file, 'utf8')) as { configuration: object };
        const configuration = { ...manifest.configuration, joint_regressor: 'another' };
        await writeFile(file, JSON.stringify({ ...manifest, configuration }));
      }
      return merge(place, ...shards);
    },
    // The file that such a run was made with is nobody's: the shards are made again instead.
    next: 'give that file with --mano',
    follow: async (place) => {
      const again = ['a', 'b'].map((name) => join(place.folder, name)) as [string, string];
      await cli(shard(place, 1, again[0]));
      await cli(shard(place, 2, again[1]));
      return merge(place, ...again);
    },
  },
  {
    code: 'merge-unfinished',
    raise: async (place) => {
      const shards = (await shardsOf(place)) as [string, string];
      const file = join(shards[1], 'run.json');
      const manifest = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...manifest, state: 'interrupted' }));
      return merge(place, ...shards);
    },
    next: 'give the command that began it once more',
    follow: async (place) => merge(place, ...(await shardsOf(place))),
  },
  {
    code: 'run-is-shard',
    raise: async (place) => ['compare', ...(await shardsOf(place))],
    next: 'hamba-eval merge SHARD… --out DIR',
    follow: async (place) => {
      const out = join(place.folder, 'merged');
      await cli(merge(place, ...(await shardsOf(place))));
      return ['compare', out, out];
    },
  },
]);
