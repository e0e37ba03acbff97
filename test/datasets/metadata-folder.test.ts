/** HaMeR's evaluation metadata as the dataset itself and as the source of boxes. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/datasets/registry.js';
import type { DatasetFolder, HandTruth, KeypointTruth } from '../../src/datasets/types.js';
import type { UserError } from '../../src/errors.js';
import { temporaryFolder } from '../support/cli.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';
import { writeHamerMetadata } from '../support/demo-metadata.js';
import { npzOf, numbersNpy, unicodeNpy } from '../support/tiny-npz.js';

const SPLIT = 'evaluation';
/** Each benchmark's photographs below a demo folder, as the metadata's names are relative to them. */
const IMAGE_FOLDERS = [
  ['freihand', 'evaluation/rgb'],
  ['ho3d-v2', 'evaluation'],
  ['ho3d-v3', 'evaluation'],
  ['hint-newdays', 'TEST_newdays_img'],
  ['hint-visor', 'TEST_epick_img'],
  ['hint-ego4d', 'TEST_ego4d_img'],
] as const;

interface Both {
  /** The official layout. */
  readonly official: DatasetFolder;
  /** The photographs alone, with the metadata. */
  readonly alone: DatasetFolder;
  readonly files: readonly string[];
}

async function both(dataset: string, images: string): Promise<Both> {
  const root = await demoFolder(dataset);
  const folder = await temporaryFolder();
  const files = await writeHamerMetadata(root, folder);
  const photographs = join(folder, 'photographs');
  await cp(join(root, images), photographs, {
    recursive: true,
    filter: (file) => !/\.(?:json|pkl)$/.test(file),
  });
  return {
    official: await openDataset(dataset, root, { split: SPLIT }),
    alone: await openDataset(dataset, photographs, { split: SPLIT, boxes: files[0]! }),
    files,
  };
}

const hands = (folder: DatasetFolder): HandTruth => folder.groundTruth as HandTruth;
const keypoints = (folder: DatasetFolder): KeypointTruth => folder.groundTruth as KeypointTruth;

interface Row {
  name: string;
  center?: readonly [number, number];
  size?: readonly [number, number];
  right?: number;
}

function metadataBytes(rows: readonly Row[]): Buffer {
  const numbers = (shape: readonly number[], values: readonly number[]) =>
    numbersNpy('<f8', [rows.length, ...shape], values);
  return npzOf([
    ['imgname', unicodeNpy(rows.map(({ name }) => name))],
    [
      'center',
      numbers(
        [2],
        rows.flatMap(({ center }) => center ?? [50, 60]),
      ),
    ],
    [
      'scale',
      numbers(
        [2],
        rows.flatMap(({ size }) => size ?? [90, 30]),
      ),
    ],
    [
      'right',
      numbers(
        [],
        rows.map(({ right }) => right ?? 1),
      ),
    ],
  ]);
}

async function withMetadata(dataset: string, root: string, rows: readonly Row[]): Promise<DatasetFolder> {
  const file = join(await temporaryFolder(), 'some.npz');
  await writeFile(file, metadataBytes(rows));
  return openDataset(dataset, root, { split: SPLIT, boxes: file });
}

describe.each(IMAGE_FOLDERS)('the metadata of %s, its photographs in %s', (dataset, images) => {
  it('are a dataset of the same samples, boxes and hands as the official layout', async () => {
    const { official, alone } = await both(dataset, images);
    const [there, here] = [await official.samples(), await alone.samples()];
    expect(here.map(({ id, right }) => [id, right])).toEqual(there.map(({ id, right }) => [id, right]));
    here.forEach(({ box, image, root }, index) => {
      expect(basename(image)).toBe(basename(there[index]!.image));
      expect(root).toBeNull();
      const known = there[index]!.box ?? { center: [112, 112], side: 224 };
      expect(box!.center[0]).toBeCloseTo(known.center[0], 9);
      expect(box!.center[1]).toBeCloseTo(known.center[1], 9);
      expect(box!.side).toBeCloseTo(known.side, 9);
    });
    expect(await alone.sampleIds(here.length)).toEqual(here.map(({ id }) => id));
    expect(alone.protocol.boxes).toBe('npz');
    expect(alone.benchmarkCount).toBe(official.benchmarkCount);
    expect(alone.notices).toEqual([]);
  });

  it('hold the ground truth in the order and axes of the benchmark', async () => {
    const { official, alone } = await both(dataset, images);
    if (official.groundTruth.kind === 'hands') {
      const [there, here] = [await hands(official).joints!.read(), await hands(alone).joints!.read()];
      expect(here).toHaveLength(there.length);
      // The layout's own file is written to 10 nm.
      expect(Math.max(...here.map((value, k) => Math.abs(value - there[k]!)))).toBeLessThan(1e-8);
      expect(hands(alone).meshes).toBeNull();
      return;
    }
    const [there, here] = [await keypoints(official).read(), await keypoints(alone).read()];
    expect(here.count).toBe(there.count);
    expect(here.labelled).toEqual(there.labelled);
    expect(here.points).toEqual(there.points);
    here.sides.forEach((side, index) => expect(side).toBeCloseTo(there.sides[index]!, 9));
  });

  it('are the source of boxes for the official layout', async () => {
    const root = await demoFolder(dataset);
    const [file] = await writeHamerMetadata(root, await temporaryFolder());
    const official = await openDataset(dataset, root, { split: SPLIT });
    const boxed = await openDataset(dataset, root, { split: SPLIT, boxes: file });
    const [there, here] = [await official.samples(), await boxed.samples()];
    expect(boxed.protocol.boxes).toBe('npz');
    expect(boxed.annotations).toContain(file);
    expect(boxed.notices).toEqual([]);
    expect(here.map(({ id, root: wrist }) => [id, wrist])).toEqual(
      there.map(({ id, root: wrist }) => [id, wrist]),
    );
    here.forEach(({ box }, index) => {
      expect(box!.side).toBeCloseTo(there[index]!.box?.side ?? 224, 9);
    });
  });
});

describe('the metadata of HInt', () => {
  it('lack the split into visible and occluded where the files beside are absent, and say so', async () => {
    const { files } = await both('hint-newdays', 'TEST_newdays_img');
    await rm(files.find((file) => file.endsWith('_occ.npz'))!);
    const photographs = join(await temporaryFolder(), 'photographs');
    await mkdir(photographs);
    const alone = await openDataset('hint-newdays', photographs, { split: SPLIT, boxes: files[0] });
    expect(alone.notices.map(({ code }) => code)).toEqual(['subsets-missing']);
    const { labelled } = await keypoints(alone).read();
    expect(labelled.occ).toBeNull();
    expect(labelled.vis).not.toBeNull();
  });

  it.each(['vis', 'occ'])('are refused where the part _%s is given for the whole', async (subset) => {
    const { files } = await both('hint-newdays', 'TEST_newdays_img');
    const part = files.find((file) => file.endsWith(`_${subset}.npz`))!;
    await expect(
      openDataset('hint-newdays', await demoFolder('hint-newdays'), { split: SPLIT, boxes: part }),
    ).rejects.toMatchObject({
      code: 'boxes-subset',
      file: part,
      next: expect.stringContaining('_all.npz') as string,
    });
  });

  it('have boxes that differ from the annotations by more than a pixel said, with the worst', async () => {
    const root = await demoFolderCopy('hint-newdays');
    const [file] = await writeHamerMetadata(root, await temporaryFolder());
    const json = join(root, 'TEST_newdays_img', 'demo_00003_l.json');
    const [annotation] = JSON.parse(await readFile(json, 'utf8')) as [{ bbox: [number[]] }];
    const [left, top, right, bottom] = annotation.bbox[0];
    const moved = async (by: number): Promise<DatasetFolder> => {
      const bbox = [[left! + by, top, right! + by, bottom]];
      await writeFile(json, JSON.stringify([{ ...annotation, bbox }]));
      return openDataset('hint-newdays', root, { split: SPLIT, boxes: file });
    };
    expect((await moved(0.9)).notices).toEqual([]);
    const { notices } = await moved(7);
    expect(notices.map(({ code }) => code)).toEqual(['boxes-differ']);
    expect(notices[0]!.message).toContain('1 of 8 samples, by 7.0 px');
    expect(notices[0]!.message).toContain('demo_00003_l');
  });

  it('are compared though an annotation cannot be read; that is told when samples are asked for', async () => {
    const root = await demoFolderCopy('hint-newdays');
    const [file] = await writeHamerMetadata(root, await temporaryFolder());
    await writeFile(join(root, 'TEST_newdays_img', 'demo_00003_l.json'), '');
    const folder = await openDataset('hint-newdays', root, { split: SPLIT, boxes: file });
    await expect(folder.samples()).rejects.toMatchObject({ code: 'annotation-invalid' });
  });
});

describe('metadata that do not fit the folder', () => {
  const NAMES = Array.from({ length: 8 }, (_, index) => `0000000${index}.jpg`);
  const rows = (names: readonly string[]): Row[] => names.map((name) => ({ name }));

  it('match by the name of the photograph, not by position', async () => {
    const folder = await withMetadata(
      'freihand',
      await demoFolder('freihand'),
      NAMES.map((name, index) => ({ name, center: [index, 2 * index] as const })).reverse(),
    );
    const samples = await folder.samples();
    expect(samples.map(({ box }) => box)).toEqual(
      NAMES.map((_, index) => ({ center: [index, 2 * index], side: 120 })),
    );
  });

  it.each([
    ['no box', NAMES.slice(0, 6), ['00000006', '00000007']],
    ['several boxes', [...NAMES, NAMES[2]!], ['00000002']],
  ])('with %s for a photograph are refused by name', async (what, names, ids) => {
    const folder = await withMetadata('freihand', await demoFolder('freihand'), rows(names));
    const told: [UserError, readonly string[] | undefined][] = [];
    const samples = await folder.samples((problem, about) => told.push([problem, about]));
    expect(told).toHaveLength(1);
    expect(told[0]![0]).toMatchObject({
      code: 'boxes-unmatched',
      message: `The metadata has ${what} for ${ids.length} of the 8 photographs`,
    });
    expect(told[0]![1]).toEqual(ids);
    expect(samples.map(({ id }) => id)).toEqual(
      NAMES.map((name) => name.slice(0, 8)).filter((id) => !ids.includes(id)),
    );
    await expect(folder.samples()).rejects.toMatchObject({ code: 'boxes-unmatched' });
  });

  it('give no box from a row that cannot be used', async () => {
    const broken = rows(NAMES).map((row, index) =>
      index === 4 ? { ...row, center: [Number.NaN, 3] as const } : row,
    );
    const folder = await withMetadata('freihand', await demoFolder('freihand'), broken);
    const told: [string, readonly string[] | undefined][] = [];
    const samples = await folder.samples(({ code }, about) => told.push([code, about]));
    expect(told).toEqual([['metadata-center', ['00000004']]]);
    expect(samples.map(({ id }) => id)).not.toContain('00000004');
    expect(samples.every(({ box }) => box!.center.every(Number.isFinite))).toBe(true);
  });

  it('are no dataset of the training split', async () => {
    const file = join(await temporaryFolder(), 'freihand_val.npz');
    await writeFile(file, metadataBytes(rows(NAMES)));
    const photographs = join(await demoFolder('freihand'), 'evaluation/rgb');
    await expect(
      openDataset('freihand', photographs, { split: 'training-gs', boxes: file }),
    ).rejects.toMatchObject({ code: 'dataset-layout' });
  });
});

describe('metadata alone', () => {
  it('tell several hands of one photograph apart, left from right', async () => {
    const root = await temporaryFolder();
    const folder = await withMetadata('freihand', root, [
      { name: 'a/1.jpg', right: 1 },
      { name: 'a/1.jpg', right: 0, size: [30, 90] },
    ]);
    expect(await folder.samples()).toEqual([
      {
        id: '1',
        image: join(root, 'a/1.jpg'),
        box: { center: [50, 60], side: 120 },
        right: true,
        root: null,
      },
      {
        id: '1#2',
        image: join(root, 'a/1.jpg'),
        box: { center: [50, 60], side: 90 },
        right: false,
        root: null,
      },
    ]);
    expect(hands(folder).joints).toBeNull();
  });

  it('with a path out of the folder are told of, and lead nowhere', async () => {
    const root = await temporaryFolder();
    const folder = await withMetadata('freihand', root, [{ name: '../1.jpg' }, { name: '2.jpg' }]);
    const told: string[] = [];
    const samples = await folder.samples(({ code }) => told.push(code));
    expect(told).toEqual(['metadata-image-name']);
    expect(samples.map(({ id }) => id)).toEqual(['2']);
  });
});
