/** Errors about submissions, fused sets and what belongs to a dataset, and their remedies. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cli, FIXTURES } from '../cli.js';
import { demoFolderCopy } from '../demo-folder.js';
import { writeBlobFolder, writeMomentModel } from '../sweeps.js';
import { npyBytes } from '../tiny-npz.js';
import { flags, type Args, type Place, remedies } from './remedy.js';

const golden = (name: string): string => join(FIXTURES, 'golden', name);

type Hands = [number[][][], number[][][]];

async function handsOf(name: string): Promise<Hands> {
  return JSON.parse(await readFile(join(golden(name), 'pred.json'), 'utf8')) as Hands;
}

const pack = ({ folder }: Place, from: string, dataset: string): Args =>
  flags('submission', { from, dataset, out: join(folder, 'pred.zip'), 'allow-partial': '' });

/** Joints and meshes as arrays in a folder. */
async function arrays(folder: string, hands: Hands): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, list] of [
    ['joints', hands[0]],
    ['vertices', hands[1]],
  ] as const) {
    const values = Float64Array.from(list.flat(2));
    const bytes = npyBytes('<f8', [list.length, list[0]!.length, 3], Buffer.from(values.buffer));
    await writeFile(join(folder, `${name}.npy`), bytes);
  }
  return folder;
}

/** A run of arrays, which may leave samples unscored. */
async function runOf({ folder, data }: Place, hands: Hands, name: string): Promise<string> {
  const out = join(folder, name);
  const predictions = await arrays(join(folder, `${name}-arrays`), hands);
  await cli([...flags('run', { dataset: 'freihand', data, predictions, out, workers: '1' })]);
  return out;
}

const SWEEP = { rotations: '0,30', scales: '1' };

/** A sweep of three samples, with its passes kept. */
async function sweep(place: Place, name: string, more: Record<string, string> = {}): Promise<string> {
  const data = join(place.folder, 'blobs');
  await writeBlobFolder(data, 3);
  const out = join(place.folder, name);
  await cli(sweepArgs(place, name, { 'tta-fusion': 'aligned-mean', 'keep-passes': '', ...more }));
  return out;
}

function sweepArgs({ folder }: Place, name: string, more: Record<string, string>): Args {
  return flags('run', {
    ...{ dataset: 'freihand', data: join(folder, 'blobs'), model: join(folder, 'moments', 'moments.onnx') },
    ...{ workers: '1', out: join(folder, name), ...SWEEP, ...more },
  });
}

const fused = (place: Place): Args => [
  'compare',
  join(place.folder, 'a'),
  join(place.folder, 'b'),
  '--tta-fusion',
  'aligned-mean',
];

export const ofSets = remedies([
  {
    code: 'submission-axes',
    raise: async (place) => {
      const hands = await handsOf('ho3d');
      const turned = hands.map((list) => list.map((hand) => hand.map(([x, y, z]) => [x!, -y!, -z!])));
      await writeFile(join(place.folder, 'pred.json'), JSON.stringify(turned));
      return pack(place, join(place.folder, 'pred.json'), 'ho3d-v2');
    },
    next: 'negate y and z of every point',
    follow: async (place) => {
      const file = join(place.folder, 'pred.json');
      const hands = JSON.parse(await readFile(file, 'utf8')) as Hands;
      const back = hands.map((list) => list.map((hand) => hand.map(([x, y, z]) => [x!, -y!, -z!])));
      await writeFile(file, JSON.stringify(back));
      return pack(place, file, 'ho3d-v2');
    },
  },
  {
    code: 'submission-shapes',
    raise: (place) => pack(place, join(golden('freihand-other-topology'), 'pred.json'), 'freihand'),
    next: 'predict both',
    follow: (place) => pack(place, join(golden('freihand'), 'pred.json'), 'freihand'),
  },
  {
    code: 'submission-unscored',
    raise: async (place) => {
      const hands = await handsOf('freihand');
      hands[0][3]![7]![1] = NaN;
      const run = await runOf(place, hands, 'holes');
      return flags('submission', { out: join(place.folder, 'a.zip'), 'allow-partial': '' }).concat(run);
    },
    next: 'predict those samples, then write the submission again',
    follow: async (place) => {
      const run = await runOf(place, await handsOf('freihand'), 'filled');
      return flags('submission', { out: join(place.folder, 'a.zip'), 'allow-partial': '' }).concat(run);
    },
  },
  {
    code: 'fusion-missing',
    raise: async (place) => {
      await writeMoments(place);
      await sweep(place, 'a');
      await cli(sweepArgs(place, 'b', { 'tta-fusion': 'mean-error', 'keep-passes': '' }));
      return fused(place);
    },
    next: 'of passes that are kept with run --predictions RUN_DIR --tta-fusion aligned-mean',
    follow: async (place) => {
      const kept = join(place.folder, 'b');
      const out = join(place.folder, 'fused');
      const given = { dataset: 'freihand', data: join(place.folder, 'blobs'), predictions: kept, out };
      await cli(flags('run', { ...given, workers: '1', 'tta-fusion': 'aligned-mean' }));
      return ['compare', join(place.folder, 'a'), out, '--tta-fusion', 'aligned-mean'];
    },
  },
  {
    code: 'fusion-other-figures',
    raise: async (place) => {
      await writeMoments(place);
      await sweep(place, 'a');
      await sweep(place, 'b');
      const file = join(place.folder, 'blobs', 'evaluation_xyz.json');
      const truth = JSON.parse(await readFile(file, 'utf8')) as number[][][];
      truth[0]![3]![0]! += 0.01;
      await writeFile(file, JSON.stringify(truth));
      return [...fused(place), '--dataset', 'freihand', '--data', join(place.folder, 'blobs')];
    },
    next: 'make the run again with --force',
    follow: async (place) => {
      const fusion = { 'tta-fusion': 'aligned-mean', 'keep-passes': '', force: '' };
      await cli(sweepArgs(place, 'a', fusion));
      await cli(sweepArgs(place, 'b', fusion));
      return fused(place);
    },
  },
  {
    code: 'run-array-shape',
    raise: async (place) => {
      const out = join(place.folder, 'whole');
      await cp(place.run, out, { recursive: true });
      await cp(join(place.part, 'predictions', 'joints.npy'), join(out, 'predictions', 'joints.npy'));
      return again(place, out);
    },
    next: 'make that run again with --force',
    follow: async (place) => {
      const out = join(place.folder, 'whole');
      const { data, predictions } = place;
      await cli(flags('run', { dataset: 'freihand', data, predictions, out, workers: '1', force: '' }));
      return again(place, out);
    },
  },
  {
    code: 'wrist-differs',
    raise: async ({ folder }) => {
      const root = await demoFolderCopy('ho3d-v2');
      const list = join(root, 'evaluation.txt');
      const ids = (await readFile(list, 'utf8')).trim().split('\n');
      await cp(list, join(folder, 'evaluation.txt'));
      await writeFile(join(folder, 'root'), root);
      await writeFile(list, [...ids.slice(0, 4), ids[7], ids[5], ids[6], ids[4]].join('\n'));
      return ['datasets', 'verify', 'ho3d-v2', root];
    },
    next: 'take the sample list, the meta data and the ground truth of one version, in their own order',
    follow: async ({ folder }) => {
      const root = await readFile(join(folder, 'root'), 'utf8');
      await cp(join(folder, 'evaluation.txt'), join(root, 'evaluation.txt'));
      return ['datasets', 'verify', 'ho3d-v2', root];
    },
  },
]);

const again = ({ folder, data }: Place, predictions: string): Args =>
  flags('run', { dataset: 'freihand', data, predictions, out: join(folder, 'again'), workers: '1' });

async function writeMoments({ folder }: Place): Promise<void> {
  await writeMomentModel(join(folder, 'moments'));
}
