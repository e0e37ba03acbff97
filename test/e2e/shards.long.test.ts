/** `run --shard` and `merge`: the merged run is the whole run, byte for byte. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli, errorOf, FIXTURES, sharedFolder, temporaryFolder, type CliResult } from '../support/cli.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';
import { givenModel } from '../support/models.js';

const JOINTS = {
  name: 'joints',
  shape: [21, 3],
  constant: Float32Array.from({ length: 63 }, (_, k) => 0.02 * Math.sin(k)),
  gain: 0.05,
};
const VERTICES = {
  name: 'vertices',
  shape: [778, 3],
  constant: Float32Array.from({ length: 2334 }, (_, k) => 0.02 * Math.cos(k)),
  gain: 0.05,
};
const KEYPOINTS = {
  name: 'pred_keypoints_2d',
  shape: [21, 2],
  constant: Float32Array.from({ length: 42 }, (_, k) => 0.3 * Math.sin(k)),
  gain: 0.1,
};

const MANO = ['--mano', join(FIXTURES, 'mano', 'MANO_RIGHT.pkl')];

const shared = sharedFolder();
const model = join(shared, 'model.onnx');
beforeAll(() => writeFile(model, givenModel({ outputs: [JOINTS, VERTICES, KEYPOINTS] })));

type Run = (out: string, ...more: string[]) => Promise<CliResult>;

const runOn =
  (dataset: string, data: string, ...flags: string[]): Run =>
  (out, ...more) =>
    cli([
      'run',
      '--dataset',
      dataset,
      '--data',
      data,
      '--model',
      model,
      '--provider',
      'cpu',
      '--out',
      out,
      ...flags,
      ...more,
    ]);

async function shardsOf(run: Run, count: number, folder: string): Promise<string[]> {
  const outs = Array.from({ length: count }, (_, at) => join(folder, `shard ${at + 1}`));
  for (const [at, out] of outs.entries()) {
    const { code, stderr } = await run(out, '--shard', `${at + 1}/${count}`);
    expect([0, 3], stderr).toContain(code);
  }
  return outs;
}

/** Every file but what the clock and the machine have written. */
async function contentOf(run: string): Promise<Record<string, unknown>> {
  const files = (await readdir(run, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const content: Record<string, unknown> = {};
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    const bytes = await readFile(path);
    content[path.slice(run.length + 1)] =
      name === 'run.json' ? withoutClock(bytes.toString()) : bytes.toString('base64');
  }
  return content;
}

function withoutClock(text: string): unknown {
  const manifest = JSON.parse(text) as Record<string, unknown>;
  for (const key of ['times', 'host', 'timings', 'score_timings', 'origin']) delete manifest[key];
  return manifest;
}

describe('merged shards are the whole run', () => {
  it.each<[string, string, string[], number, string[]?]>([
    ['plain', 'freihand', ['--batch-size', '2'], 3],
    ['more in a batch than a shard needs', 'freihand', ['--batch-size', '8'], 1],
    ['with published wrists', 'ho3d-v2', ['--batch-size', '1'], 3],
    [
      'left hands, 2D',
      'hint-newdays',
      ['--batch-size', '2', '--rotations=-20,0', '--scales', '1', '--keep-passes'],
      3,
    ],
    [
      'fused and kept passes',
      'freihand',
      [
        '--batch-size',
        '4',
        '--rotations=-30,0,30',
        '--scales',
        '0.9,1',
        '--keep-passes',
        '--tta-fusion',
        'aligned-mean',
        '--tta-fusion',
        'derotated-mean',
        '--tta-fusion',
        'mean-error',
      ],
      2,
    ],
    ['some of the samples', 'freihand', ['--limit', '5', '--batch-size', '2'], 2],
    ['boxes of the true hands', 'freihand', ['--boxes', 'truth', '--batch-size', '2'], 2],
    [
      'joints formed from the mesh',
      'freihand',
      ['--joints-from', 'freihand', ...MANO, '--batch-size', '2'],
      2,
      MANO,
    ],
  ])('%s', async (_, dataset, flags, count, more = []) => {
    const folder = await temporaryFolder();
    const run = runOn(dataset, await demoFolder(dataset), ...flags);
    const whole = join(folder, 'whole');
    expect((await run(whole)).code).toBe(0);
    const shards = await shardsOf(run, count, folder);
    const out = join(folder, 'merged');
    const merged = await cli(['merge', ...shards.toReversed(), ...more, '--out', out]);
    expect(merged.code, merged.stderr).toBe(0);
    expect(await contentOf(out)).toEqual(await contentOf(whole));
    const again = await cli(['merge', ...shards, ...more, '--out', out, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ reused: true });
  });

  it('with photographs that cannot be read, and passes that fail', async () => {
    const folder = await temporaryFolder();
    const data = await demoFolderCopy('freihand');
    for (const photograph of ['00000002', '00000007'])
      await writeFile(join(data, `evaluation/rgb/${photograph}.jpg`), 'no picture');
    await rm(join(data, 'evaluation/rgb/00000005.jpg'));
    const run = runOn(
      'freihand',
      data,
      '--skip-unreadable',
      '--batch-size',
      '2',
      '--rotations=0,40',
      '--scales',
      '1',
      '--keep-passes',
    );
    const whole = join(folder, 'whole');
    expect((await run(whole)).code).toBe(3);
    const shards = await shardsOf(run, 4, folder);
    const out = join(folder, 'merged');
    expect((await cli(['merge', ...shards, '--out', out])).code).toBe(3);
    expect(await contentOf(out)).toEqual(await contentOf(whole));
  });

  it('also where one was interrupted and gone on with', async () => {
    const folder = await temporaryFolder();
    const run = runOn('freihand', await demoFolder('freihand'), '--batch-size', '1');
    const whole = join(folder, 'whole');
    expect((await run(whole)).code).toBe(0);
    const first = join(folder, 'shard 1');
    const args = ['run', '--dataset', 'freihand', '--data', await demoFolder('freihand'), '--model', model];
    const shard = [...args, '--provider', 'cpu', '--batch-size', '1', '--out', first, '--shard', '1/2'];
    const stopped = await cli(shard, { interruptAtFile: join(first, 'run.json') });
    expect([0, 130]).toContain(stopped.code);
    const shards = await shardsOf(run, 2, folder);
    const out = join(folder, 'merged');
    expect((await cli(['merge', ...shards, '--out', out])).code).toBe(0);
    expect(await contentOf(out)).toEqual(await contentOf(whole));
  });
});

describe('merge names', () => {
  const folder = sharedFolder();
  let shards: string[];
  let run: Run;
  beforeAll(async () => {
    const data = await demoFolder('freihand');
    run = runOn('freihand', data, '--batch-size', '2');
    shards = await shardsOf(run, 3, folder);
  });

  const refused = async (...args: string[]): Promise<unknown> =>
    errorOf(await cli(['merge', ...args, '--out', join(folder, 'none'), '--json']));

  it('shards that lack, are there twice, or are none', async () => {
    const [one, two, three] = shards as [string, string, string];
    expect(await refused(one, three)).toMatchObject({ code: 'merge-gap', got: 'none of 2/3' });
    const copy = join(folder, 'copy');
    await cp(two, copy, { recursive: true });
    expect(await refused(one, two, three, copy)).toMatchObject({ code: 'merge-overlap' });
    const whole = join(folder, 'whole');
    await run(whole);
    expect(await refused(one, two, whole)).toMatchObject({ code: 'merge-no-shard', file: whole });
    const into = errorOf(await cli(['merge', one, two, three, '--out', two, '--force', '--json']));
    expect(into).toMatchObject({ code: 'output-is-input' });
  });

  it('shards of another model, number, batch, or folder', async () => {
    const [one, two, three] = shards as [string, string, string];
    const other = join(folder, 'other');
    await runOn('freihand', await demoFolder('freihand'), '--batch-size', '1')(other, '--shard', '3/3');
    expect(await refused(one, two, other)).toMatchObject({ code: 'merge-unlike', file: other });
    const four = join(folder, 'four');
    await run(four, '--shard', '3/4');
    expect(await refused(one, two, four)).toMatchObject({ code: 'merge-unlike', got: 'shard "3/4"' });
    const elsewhere = await demoFolderCopy('freihand');
    await rm(join(elsewhere, 'evaluation/rgb/00000003.jpg'));
    const moved = errorOf(
      await cli(['merge', one, two, three, '--data', elsewhere, '--out', join(folder, 'none'), '--json']),
    );
    expect(['merge-other-dataset', 'dataset-images-missing']).toContain(moved.code);
  });

  it('an unfinished shard', async () => {
    const [one, two, three] = shards as [string, string, string];
    const broken = join(folder, 'unfinished');
    await cp(two, broken, { recursive: true });
    const manifest = JSON.parse(await readFile(join(broken, 'run.json'), 'utf8')) as Record<string, unknown>;
    await writeFile(join(broken, 'run.json'), JSON.stringify({ ...manifest, state: 'interrupted' }));
    expect(await refused(one, broken, three)).toMatchObject({ code: 'merge-unfinished', file: broken });
  });

  it('a shard where a scored run is wanted', async () => {
    const [one, two] = shards as [string, string];
    expect(errorOf(await cli(['compare', one, two, '--json']))).toMatchObject({ code: 'run-is-shard' });
  });
});

it('--shard is one of N, of no more parts than there are batches', async () => {
  const run = runOn('freihand', await demoFolder('freihand'));
  const out = join(await temporaryFolder(), 'run');
  expect(errorOf(await run(out, '--shard', '3/2', '--json'))).toMatchObject({ code: 'shard-invalid' });
  expect(errorOf(await run(out, '--shard', '1/9', '--batch-size', '4', '--json'))).toMatchObject({
    code: 'shard-too-many',
    next: 'give --shard I/2, or fewer',
  });
});
