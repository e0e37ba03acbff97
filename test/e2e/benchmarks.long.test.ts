/** `run` on whole folders of every benchmark, with the built program: predictions whose figures are known by hand. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorJson } from '../../src/errors.js';
import type { MetricsDocument } from '../../src/runs/metrics-document.js';
import { cli, errorOf, FIXTURES, temporaryFolder, type CliResult } from '../support/cli.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';
import { writeHamerMetadata } from '../support/demo-metadata.js';
import { npzOf, numbersNpy, unicodeNpy } from '../support/tiny-npz.js';
import { floats, integers, node, onnx, poolingModel } from '../support/tiny-onnx.js';

type Hands = number[][][];

const readHands = async (file: string): Promise<Hands> => JSON.parse(await readFile(file, 'utf8')) as Hands;

interface Bench {
  readonly data: string;
  readonly folder: string;
  readonly out: string;
  readonly run: (...more: string[]) => Promise<CliResult>;
}

async function bench(dataset: string, data: string): Promise<Bench> {
  const folder = await temporaryFolder();
  const out = join(folder, 'run');
  return {
    data,
    folder,
    out,
    run: (...more) => {
      const where = more.includes('--out') ? [] : ['--out', out];
      return cli(['run', '--dataset', dataset, '--data', data, '--json', ...where, ...more]);
    },
  };
}

interface RunJson extends Pick<MetricsDocument, 'metrics' | 'coverage' | 'unscored'> {
  readonly protocol: Record<string, unknown>;
  readonly reused: boolean;
}

function scored(result: CliResult, code = 0): RunJson {
  expect(result.stdout, result.stderr).toContain('"metrics"');
  expect(result.code).toBe(code);
  return JSON.parse(result.stdout) as RunJson;
}

function refused(result: CliResult): ErrorJson {
  expect(result.code, result.stdout).toBe(1);
  return errorOf(result);
}

const handsNpy = (hands: Hands): Buffer =>
  numbersNpy('<f8', [hands.length, hands[0]!.length, hands[0]![0]!.length], hands.flat(2));

/** A folder of .npy files: predictions in the benchmark's own order and axes. */
async function arrays(folder: string, files: Readonly<Record<string, Hands>>): Promise<string> {
  const path = join(folder, 'arrays');
  await mkdir(path);
  for (const [name, hands] of Object.entries(files))
    await writeFile(join(path, `${name}.npy`), handsNpy(hands));
  return path;
}

async function idsIn(out: string): Promise<string[]> {
  const lines = (await readFile(join(out, 'per_sample.csv'), 'utf8')).trim().split('\n').slice(1);
  return lines.map((line) => line.split(',')[1]!);
}

/** OpenPose joint of each HO-3D joint, and OpenGL's axes from OpenCV's: from the makers' documentation. */
const HO3D_ORDER = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20];
const turned = (hand: number[][]): number[][] => hand.map(([x, y, z]) => [x!, -y!, -z!]);
const minus = (a: number[], b: number[]): number[] => a.map((value, axis) => value - b[axis]!);

describe.each(['ho3d-v2', 'ho3d-v3'])('a checkpoint on %s', (dataset) => {
  /** A folder whose samples all show the first one's hand, each at its own wrist; and that hand in HO-3D's terms. */
  async function oneHand(): Promise<{ data: string; joints: number[][]; vertices: number[][] }> {
    const data = await demoFolderCopy(dataset);
    const [xyz, verts] = [join(data, 'evaluation_xyz.json'), join(data, 'evaluation_verts.json')];
    const [joints, vertices] = [await readHands(xyz), await readHands(verts)];
    const wrist = joints[0]![0]!;
    const at = (hand: number[][], place: number[]): number[][] =>
      hand.map((point) => minus(point, minus(wrist, place)));
    await writeFile(xyz, JSON.stringify(joints.map((hand) => at(joints[0]!, hand[0]!))));
    await writeFile(verts, JSON.stringify(joints.map((hand) => at(vertices[0]!, hand[0]!))));
    return { data, joints: joints[0]!, vertices: vertices[0]! };
  }

  it('that knows the hand but not its place is put at the published wrist, and then is right', async () => {
    const { data, joints, vertices } = await oneHand();
    const { run, folder, out } = await bench(dataset, data);
    const elsewhere = (hand: number[][]): number[] =>
      turned(hand).flatMap(([x, y, z]) => [x! + 0.3, y! - 0.2, z! + 5]);
    const openPose = HO3D_ORDER.map((_, joint) => joints[HO3D_ORDER.indexOf(joint)]!);
    const model = join(folder, 'constant.onnx');
    const outputs = [
      { name: 'joints', rows: 21, constant: elsewhere(openPose), gain: 0 },
      { name: 'vertices', rows: 778, constant: elsewhere(vertices), gain: 0 },
    ];
    await writeFile(model, poolingModel({ outputs }));
    const result = scored(await run('--model', model));
    // float32 at five metres: half a micrometre.
    for (const key of ['mpjpe_mm', 'mpvpe_mm', 'pa_mpjpe_mm', 'pa_mpvpe_mm']) {
      expect(result.metrics[key], key).toBeLessThan(1.5e-3);
    }
    expect(result.protocol).toMatchObject({ rootAlignment: 'published-root', boxes: 'annotations' });

    // The run directory keeps the arrays as predicted and the places: read again they score the same.
    const again = await bench(dataset, data);
    const repeated = scored(await again.run('--predictions', out));
    expect(repeated.metrics).toEqual(result.metrics);
    expect(repeated.protocol).toMatchObject({ rootAlignment: 'published-root' });

    // Some of them, by their ids.
    const some = await bench(dataset, data);
    const limited = scored(await some.run('--model', model, '--limit', '3'));
    expect(limited.metrics.mpjpe_mm).toBeLessThan(1.5e-3);
    const fed = await bench(dataset, data);
    const matched = scored(await fed.run('--predictions', some.out), 3);
    expect(matched.coverage).toMatchObject({ scored: 3, unscored: 5, folder: 8 });
    expect(matched.metrics.mpjpe_mm).toBeLessThan(1.5e-3);
  });
});

describe('HO-3D’s own evaluation', () => {
  it.each(['ho3d-v2', 'ho3d-v3'])(
    'is repeated to the sixth decimal for %s, and nothing is moved',
    async (dataset) => {
      const golden = join(FIXTURES, 'golden', 'ho3d');
      const { run, out } = await bench(dataset, golden);
      const result = scored(await run('--predictions', join(golden, 'pred.json')));
      expect(result.protocol).toMatchObject({ rootAlignment: 'none', boxes: null });
      const parse = (text: string): [string, number][] =>
        text
          .trim()
          .split('\n')
          .map((line) => line.split(': '))
          .map(([key, value]) => [key!, Number(value)]);
      const [ours, theirs] = await Promise.all(
        [out, golden].map(async (folder) => parse(await readFile(join(folder, 'scores.txt'), 'utf8'))),
      );
      expect(ours!.map(([key]) => key)).toEqual(theirs!.map(([key]) => key));
      ours!.forEach(([key, value], index) => expect(value, key).toBeCloseTo(theirs![index]![1], 5));
    },
  );
});

describe('predictions that are the truth', () => {
  it.each([
    ['freihand', 'evaluation', 8],
    ['freihand', 'training', 32],
    ['freihand', 'training-gs', 8],
    ['freihand', 'training-auto', 8],
    ['ho3d-v2', 'evaluation', 8],
    ['ho3d-v3', 'evaluation', 8],
  ])('score 0 mm on %s, %s', async (dataset, split, count) => {
    const { run, data, folder } = await bench(dataset, await demoFolder(dataset));
    const prefix = split.replace(/-.*/, '');
    const [xyz, verts] = [
      await readHands(join(data, `${prefix}_xyz.json`)),
      await readHands(join(data, `${prefix}_verts.json`)),
    ];
    const repeated = (hands: Hands): Hands =>
      Array.from({ length: count }, (_, k) => hands[k % hands.length]!);
    const predictions = await arrays(folder, { joints: repeated(xyz), vertices: repeated(verts) });
    const { metrics, coverage, protocol } = scored(await run('--split', split, '--predictions', predictions));
    expect(coverage).toMatchObject({ scored: count, unscored: 0, folder: count });
    for (const key of ['mpjpe_mm', 'mpvpe_mm']) expect(metrics[key], key).toBe(0);
    // The official alignment adds 1e-8 to each norm.
    for (const key of ['pa_mpjpe_mm', 'pa_mpvpe_mm']) expect(metrics[key], key).toBeLessThan(1e-5);
    expect(protocol.sampleCount).toBe(coverage.benchmark);
  });

  it.each([
    ['freihand', 'evaluation/rgb'],
    ['ho3d-v2', 'evaluation'],
    ['ho3d-v3', 'evaluation'],
  ])('score 0 mm on %s as HaMeR’s metadata have it', async (dataset, images) => {
    const root = await demoFolder(dataset);
    const { run, folder } = await bench(dataset, join(root, images));
    const [boxes] = await writeHamerMetadata(root, folder);
    const predictions = await arrays(folder, { joints: await readHands(join(root, 'evaluation_xyz.json')) });
    const { metrics, coverage } = scored(await run('--boxes', boxes!, '--predictions', predictions));
    // The layout's own file is written to 10 nm, the metadata are not rounded.
    expect(metrics.mpjpe_mm).toBeLessThan(2e-5);
    expect(metrics).not.toHaveProperty('mpvpe_mm');
    expect(coverage).toMatchObject({ scored: 8, folder: 8 });
  });

  it.each([
    ['hint-newdays', 'TEST_newdays_img'],
    ['hint-visor', 'TEST_epick_img'],
    ['hint-ego4d', 'TEST_ego4d_img'],
  ])(
    'are all correct on %s, and so they are by HaMeR’s metadata, left hands too',
    async (dataset, images) => {
      const root = await demoFolder(dataset);
      const names = (await readdir(join(root, images))).filter((name) => name.endsWith('.json')).sort();
      const keypoints = await Promise.all(
        names.map(async (name) => {
          const text = await readFile(join(root, images, name), 'utf8');
          return (JSON.parse(text) as [{ keypoints: number[][] }])[0].keypoints;
        }),
      );
      const official = await bench(dataset, root);
      const predictions = await arrays(official.folder, { keypoints_2d: keypoints });
      const { metrics } = scored(await official.run('--predictions', predictions));
      expect(Object.keys(metrics)).toHaveLength(9);
      expect(new Set(Object.values(metrics))).toEqual(new Set([1]));

      // Without the annotations beside the photographs.
      const photographs = join(official.folder, 'photographs');
      await cp(join(root, images), photographs, {
        recursive: true,
        filter: (file) => !file.endsWith('.json'),
      });
      const alone = await bench(dataset, photographs);
      const [boxes] = await writeHamerMetadata(root, alone.folder);
      const same = scored(await alone.run('--boxes', boxes!, '--predictions', predictions));
      expect(same.metrics).toEqual(metrics);
    },
  );
});

describe('a checkpoint on HInt', () => {
  it('is scored where its keypoints lie in the photograph, of left hands as of right ones', async () => {
    const data = await demoFolderCopy('hint-newdays');
    const folder = join(data, 'TEST_newdays_img');
    // In the crop of a right hand; a left hand is mirrored for the network.
    const inCrop = Array.from({ length: 21 }, (_, joint) => [0.02 * joint - 0.15, 0.25 - 0.01 * joint]);
    for (const name of (await readdir(folder)).filter((file) => file.endsWith('.json'))) {
      const file = join(folder, name);
      const [annotation] = JSON.parse(await readFile(file, 'utf8')) as [{ bbox: number[][] }];
      const [left, top, right, bottom] = annotation.bbox[0] as [number, number, number, number];
      const side = 2 * Math.max(right - left, bottom - top);
      const sign = name.endsWith('_l.json') ? -1 : 1;
      const keypoints = inCrop.map(([x, y]) => [
        (left + right) / 2 + sign * side * x!,
        (top + bottom) / 2 + side * y!,
      ]);
      await writeFile(file, JSON.stringify([{ ...annotation, keypoints }]));
    }
    const { run, folder: own } = await bench('hint-newdays', data);
    const model = join(own, 'constant.onnx');
    const constant = (rows: number, axes: number, values: readonly number[], name: string) => ({
      initializers: [floats(`${name}.constant`, [1, rows, axes], values)],
      nodes: [node('Add', ['nothing', `${name}.constant`], [name])],
    });
    const parts = [
      constant(21, 2, inCrop.flat(), 'pred_keypoints_2d'),
      constant(21, 3, new Array<number>(63).fill(0.1), 'pred_keypoints_3d'),
    ];
    const content = onnx({
      nodes: [
        node('ReduceMean', ['img'], ['mean'], { axes: [1, 2, 3], keepdims: 1 }),
        node('Reshape', ['mean', 'row'], ['flat']),
        node('Mul', ['flat', 'zero'], ['nothing']),
        ...parts.flatMap(({ nodes }) => nodes),
      ],
      initializers: [
        integers('row', [-1, 1, 1]),
        floats('zero', [1], [0]),
        ...parts.flatMap(({ initializers }) => initializers),
      ],
      inputs: [{ name: 'img', shape: ['N', 3, 256, 256] }],
      outputs: [
        { name: 'pred_keypoints_2d', shape: ['N', 21, 2] },
        { name: 'pred_keypoints_3d', shape: ['N', 21, 3] },
      ],
    });
    await writeFile(model, content);
    const { metrics, coverage } = scored(await run('--model', model));
    expect(coverage).toMatchObject({ scored: 8, unscored: 0 });
    expect(new Set(Object.values(metrics))).toEqual(new Set([1]));
  });

  it('without frames stops with their number and where Ego4D’s come from, before it predicts', async () => {
    const data = await demoFolderCopy('hint-ego4d');
    const folder = join(data, 'TEST_ego4d_img');
    for (const name of (await readdir(folder)).filter((file) => file.endsWith('.jpg'))) {
      await unlink(join(folder, name));
    }
    const { run, folder: own, out } = await bench('hint-ego4d', data);
    await writeFile(join(own, 'any.onnx'), poolingModel({ outputs: [{ name: 'joints', rows: 21 }] }));
    const error = refused(await run('--model', join(own, 'any.onnx')));
    expect(error).toMatchObject({ code: 'dataset-images-missing', file: folder });
    expect(error.message).toContain('8 of the 8');
    expect(error.next).toContain('https://ego4d-data.org');
    expect(existsSync(out)).toBe(false);
  });
});

describe('some of the samples', () => {
  const MODEL = {
    outputs: [
      { name: 'joints', rows: 21, constant: Array.from({ length: 63 }, (_, k) => 0.01 * Math.sin(k)) },
      { name: 'vertices', rows: 778, constant: Array.from({ length: 2334 }, (_, k) => 0.01 * Math.sin(k)) },
    ],
  };

  async function withModel(dataset = 'freihand'): Promise<Bench & { model: string }> {
    const made = await bench(dataset, await demoFolder(dataset));
    const model = join(made.folder, 'model.onnx');
    await writeFile(model, poolingModel(MODEL));
    return { ...made, model };
  }

  it('of a checkpoint are predicted alone, and the run knows itself again', async () => {
    const { run, model, out } = await withModel();
    const first = scored(await run('--model', model, '--limit', '3'));
    expect(first.coverage).toEqual({ scored: 3, unscored: 0, folder: 8, benchmark: 3960 });
    expect(await idsIn(out)).toEqual(['00000000', '00000001', '00000002']);
    expect(existsSync(join(out, 'scores.txt'))).toBe(false);
    const again = scored(await run('--model', model, '--limit', '3'));
    expect(again.reused).toBe(true);
    expect(again.metrics).toEqual(first.metrics);
    expect(refused(await run('--model', model, '--limit', '4')).next).toContain('--force');
    expect(refused(await run('--model', model)).next).toContain('--force');
  });

  it('are those of the whole run, sample by sample', async () => {
    const { run, model, out, folder } = await withModel('ho3d-v2');
    scored(await run('--model', model));
    const ids = await idsIn(out);
    const list = join(folder, 'some ids.txt');
    await writeFile(list, `${ids[6]}\r\n${ids[1]}\n\n`);
    const part = join(folder, 'part');
    const some = scored(await run('--model', model, '--samples', list, '--out', part));
    expect(some.coverage).toMatchObject({ scored: 2, unscored: 0, folder: 8 });
    expect(await idsIn(part)).toEqual([ids[1], ids[6]]);
    const rows = async (folder: string): Promise<string[]> =>
      (await readFile(join(folder, 'per_sample.csv'), 'utf8')).trim().split('\n').slice(1);
    const whole = await rows(out);
    const value = (line: string): string => line.split(',').slice(2).join();
    expect((await rows(part)).map(value)).toEqual([whole[1]!, whole[6]!].map(value));

    // The same samples out of the whole run's predictions.
    const picked = join(folder, 'picked');
    const imported = scored(await run('--predictions', out, '--samples', list, '--out', picked));
    expect(imported.metrics).toEqual(some.metrics);
    expect(await idsIn(picked)).toEqual([ids[1], ids[6]]);

    // What was picked knows which samples its rows are.
    const again = scored(
      await run('--predictions', picked, '--samples', list, '--out', join(folder, 'again')),
    );
    expect(again.metrics).toEqual(some.metrics);
    expect(again.coverage).toMatchObject({ scored: 2, unscored: 0, folder: 8 });
  });

  it('of one split are not taken for those of another', async () => {
    const { run, model, out, folder } = await withModel();
    scored(await run('--split', 'training-gs', '--model', model));
    const other = ['--predictions', out, '--out', join(folder, 'other')];
    expect(refused(await run(...other))).toMatchObject({
      code: 'run-other-split',
      expected: 'evaluation',
      got: 'training-gs',
    });
    scored(await run('--split', 'training-gs', ...other));
  });

  it('of all is the run on the folder', async () => {
    const { run, model, out } = await withModel();
    const whole = scored(await run('--model', model, '--limit', '99'));
    expect(whole.coverage).toMatchObject({ scored: 8, folder: 8 });
    expect(existsSync(join(out, 'scores.txt'))).toBe(true);
    expect(scored(await run('--model', model)).reused).toBe(true);
  });

  it.each(['pred.json', 'npz with ids', 'folder'])('of predictions are scored alone: %s', async (kind) => {
    const { run, data, folder, out } = await bench('freihand', await demoFolder('freihand'));
    const [joints, vertices] = [
      await readHands(join(data, 'evaluation_xyz.json')),
      await readHands(join(data, 'evaluation_verts.json')),
    ];
    // Only samples 2 and 5 are right.
    const moved = (hands: Hands): Hands =>
      hands.map((hand, sample) =>
        sample === 2 || sample === 5
          ? hand
          : hand.map((point) => point.map((value) => value + 0.01 * (sample + 1))),
      );
    let predictions = join(folder, kind);
    if (kind === 'pred.json') {
      await writeFile(predictions, JSON.stringify([moved(joints), moved(vertices)]));
    } else if (kind === 'folder') {
      predictions = await arrays(folder, { joints: moved(joints), vertices: moved(vertices) });
    } else {
      const order = [5, 0, 7, 2, 4];
      const pick = (hands: Hands): Hands => order.map((sample) => moved(hands)[sample]!);
      const archive = npzOf([
        ['joints', handsNpy(pick(joints))],
        ['vertices', handsNpy(pick(vertices))],
        ['ids', unicodeNpy(order.map((sample) => `${sample}`))],
      ]);
      await writeFile(predictions, archive);
    }
    const list = join(folder, 'list');
    await writeFile(list, '00000005\n00000002\n');
    const { metrics, coverage } = scored(await run('--predictions', predictions, '--samples', list));
    expect(coverage).toEqual({ scored: 2, unscored: 0, folder: 8, benchmark: 3960 });
    expect([metrics.mpjpe_mm, metrics.mpvpe_mm]).toEqual([0, 0]);
    expect(await idsIn(out)).toEqual(['00000002', '00000005']);

    const limited = scored(
      await run('--predictions', predictions, '--limit', '3', '--out', join(folder, 'three')),
      kind === 'npz with ids' ? 3 : 0,
    );
    expect(limited.coverage).toMatchObject(
      kind === 'npz with ids' ? { scored: 2, unscored: 1, folder: 8 } : { scored: 3, unscored: 0, folder: 8 },
    );
    // √3 · 10 and √3 · 20 mm, and 0; the npz lacks the second.
    const expected = kind === 'npz with ids' ? [17.320508, 0] : [17.320508, 34.641016, 0];
    const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length;
    expect(limited.metrics.mpjpe_mm).toBeCloseTo(mean, 5);
  });

  it.each([
    ['a stranger', '00000000\n00000099\n', 'Line 2 names no sample'],
    ['one twice', '00000001\n00000001\n', 'second time'],
    ['none', '\n', 'empty'],
  ])('are refused where the list names %s', async (_, text, message) => {
    const { run, model, out, folder } = await withModel();
    await writeFile(join(folder, 'list'), text);
    const error = refused(await run('--model', model, '--samples', join(folder, 'list')));
    expect(error).toMatchObject({ code: 'samples-file', file: join(folder, 'list') });
    expect(error.message).toContain(message);
    expect(existsSync(out)).toBe(false);
  });

  it.each(['0', '-1', 'many'])('are refused as --limit %s', async (limit) => {
    const { run, model } = await withModel();
    expect((await run('--model', model, `--limit=${limit}`)).code).toBe(2);
  });
});

describe('a broken folder', () => {
  const outputs = [
    { name: 'joints', rows: 21, constant: Array.from({ length: 63 }, (_, k) => 0.01 * Math.sin(k)) },
  ];

  async function broken(dataset: string, breakIt: (root: string) => Promise<void>): Promise<Bench> {
    const data = await demoFolderCopy(dataset);
    await breakIt(data);
    const made = await bench(dataset, data);
    const model = join(made.folder, 'model.onnx');
    await writeFile(model, poolingModel({ outputs }));
    return { ...made, run: (...more) => made.run('--model', model, ...more) };
  }

  it.each([
    ['freihand', 'evaluation/rgb/00000003.jpg'],
    ['ho3d-v2', 'evaluation/DEMO2/rgb/0001.png'],
    ['ho3d-v3', 'evaluation/DEMO2/rgb/0001.jpg'],
  ])('of %s stops before predicting, with the file; or leaves the sample unscored', async (dataset, name) => {
    const { run, out, data } = await broken(dataset, (root) => writeFile(join(root, name), '<svg/>'));
    expect(refused(await run())).toMatchObject({ code: 'image-format', file: join(data, name) });
    expect(existsSync(out)).toBe(false);
    const { coverage, unscored } = scored(await run('--skip-unreadable'), 3);
    expect(coverage).toMatchObject({ scored: 7, unscored: 1, folder: 8 });
    expect(unscored).toMatchObject([
      { id: dataset === 'freihand' ? '00000003' : 'DEMO2/0001', code: 'image-format' },
    ]);
  });

  it('with half a photograph names it, or leaves its sample unscored', async () => {
    const name = 'evaluation/rgb/00000003.jpg';
    const { run, data } = await broken('freihand', (root) => truncate(join(root, name), 3000));
    expect(refused(await run())).toMatchObject({ code: 'image-damaged', file: join(data, name) });
    const { unscored } = scored(await run('--skip-unreadable'), 3);
    expect(unscored).toMatchObject([{ id: '00000003', code: 'image-damaged' }]);
  });

  it('of HO-3D with a photograph missing names it, or leaves its sample unscored', async () => {
    const name = 'evaluation/DEMO2/rgb/0001.png';
    const { run, data } = await broken('ho3d-v2', (root) => unlink(join(root, name)));
    expect(refused(await run())).toMatchObject({ code: 'image-missing', file: join(data, name) });
    const { unscored } = scored(await run('--skip-unreadable'), 3);
    expect(unscored).toMatchObject([{ id: 'DEMO2/0001', code: 'image-missing' }]);
  });

  it('of FreiHAND with a photograph missing counts them, or leaves its sample unscored', async () => {
    const name = 'evaluation/rgb/00000003.jpg';
    const { run } = await broken('freihand', (root) => unlink(join(root, name)));
    expect(refused(await run()).got).toContain('missing 00000003.jpg');
    const { coverage, unscored } = scored(await run('--skip-unreadable'), 3);
    expect(coverage).toMatchObject({ scored: 7, unscored: 1, folder: 8 });
    expect(unscored).toMatchObject([{ id: '00000003', code: 'image-missing' }]);
  });

  it('of HO-3D with meta data cut stops with file and byte', async () => {
    const name = 'evaluation/DEMO2/meta/0001.pkl';
    const { run, data, out } = await broken('ho3d-v2', (root) => truncate(join(root, name), 60));
    expect(refused(await run())).toMatchObject({
      code: 'pickle-truncated',
      file: join(data, name),
      offset: expect.any(Number) as number,
    });
    expect(existsSync(out)).toBe(false);
  });

  it('whose boxes have changed is another run', async () => {
    const { run, data } = await broken('ho3d-v2', () => Promise.resolve());
    scored(await run());
    await cp(join(data, 'evaluation/DEMO1/meta/0001.pkl'), join(data, 'evaluation/DEMO1/meta/0000.pkl'));
    expect(refused(await run()).next).toContain('--force');
  });
});
