/** HInt's photographs and annotations, on a whole folder that is broken in one place at a time. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hintEgo4d, hintNewDays, hintVisor } from '../../src/datasets/hint.js';
import { recognisedAs } from '../../src/datasets/registry.js';
import type { DatasetFolder } from '../../src/datasets/types.js';
import type { UserError } from '../../src/errors.js';
import type { KeypointLabels } from '../../src/metrics/index.js';
import { temporaryFolder } from '../support/cli.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';

const SPLIT = { split: 'evaluation' };
const IMAGES = 'TEST_newdays_img';
const FIRST = 'demo_00000_r';

interface Hand {
  bbox: unknown;
  keypoints: unknown[];
  occlusion: unknown[];
}

const hand = (changes: Partial<Hand> = {}): Hand => ({
  bbox: [[100, 50, 160, 150]],
  keypoints: Array.from({ length: 21 }, (_, joint) => [100 + joint, 50 + 2 * joint]),
  occlusion: Array.from({ length: 21 }, () => 0),
  ...changes,
});

/** A folder of one hand, annotated as said; there is no photograph. */
async function folderOf(annotation: unknown, name = 'one_r.json'): Promise<DatasetFolder> {
  const root = await temporaryFolder();
  await writeFile(join(root, name), typeof annotation === 'string' ? annotation : JSON.stringify(annotation));
  return hintNewDays.open(root, SPLIT);
}

function labelsOf({ groundTruth }: DatasetFolder): Promise<KeypointLabels> {
  if (groundTruth.kind !== 'keypoints') throw new Error('HInt has keypoints');
  return groundTruth.read();
}

describe('the samples of a HInt folder', () => {
  it('come in the order of their names, and say by them which hand it is', async () => {
    const samples = await (await hintNewDays.open(await demoFolder('hint-newdays'), SPLIT)).samples();
    const ids = samples.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(samples.map(({ id, right }) => [id.slice(-2), right])).toEqual(
      Array.from({ length: 4 }, () => [
        ['_r', true],
        ['_l', false],
      ]).flat(),
    );
  });

  it('have the middle of bbox as centre and twice its longer side', async () => {
    const root = await demoFolderCopy('hint-newdays');
    await writeFile(join(root, IMAGES, `${FIRST}.json`), JSON.stringify([hand()]));
    const [first] = await (await hintNewDays.open(root, SPLIT)).samples();
    expect(first!.box).toEqual({ center: [130, 100], side: 200 });
  });

  it('are the same whether the folder or the one around it is given', async () => {
    const root = await demoFolder('hint-newdays');
    const outer = await (await hintNewDays.open(root, SPLIT)).samples();
    const inner = await (await hintNewDays.open(join(root, IMAGES), SPLIT)).samples();
    expect(outer).toHaveLength(8);
    expect(inner).toEqual(outer);
  });

  it('are not those of another part of HInt', async () => {
    const root = await demoFolder('hint-newdays');
    await expect(hintVisor.open(root, SPLIT)).rejects.toMatchObject({ code: 'dataset-layout', file: root });
  });

  it('are known for those of one part by the name of their folder, or by their own', async () => {
    const recognised = async (folder: string): Promise<string[]> =>
      (await recognisedAs(folder)).map(({ id }) => id);
    const root = await demoFolderCopy('hint-newdays');
    expect(await recognised(join(root, IMAGES))).toEqual(['hint-newdays']);
    const elsewhere = join(root, 'elsewhere');
    await rename(join(root, IMAGES), elsewhere);
    expect(await recognised(elsewhere)).toEqual([]);
    await rename(join(elsewhere, `${FIRST}.json`), join(elsewhere, 'EK_0012_P03_10_frame_0000012345_l.json'));
    expect(await recognised(elsewhere)).toEqual(['hint-visor']);
  });

  it('are not made of what a Mac leaves beside its files', async () => {
    const root = await demoFolderCopy('hint-newdays');
    await writeFile(join(root, IMAGES, `._${FIRST}.json`), 'Mac OS X');
    expect(await (await hintNewDays.open(root, SPLIT)).samples()).toHaveLength(8);
  });

  it.each([
    ['ND_abc_def_frame012_r', 'abc_def'],
    ['EK_0012_P03_10_frame_0000012345_l', 'P03_10'],
    ['0a02a1ed-a327-4753-b270-e95298984b96_3_12_r', '0a02a1ed-a327-4753-b270-e95298984b96'],
    ['something_r', 'something_r'],
  ])('are resampled by the video: %s is of %s', async (id, video) => {
    const { sequenceOf } = await hintNewDays.open(await demoFolder('hint-newdays'), SPLIT);
    expect(sequenceOf!(id)).toBe(video);
  });

  it.each([
    ['hint-newdays', 'unpack', hintNewDays],
    ['hint-ego4d', 'https://ego4d-data.org', hintEgo4d],
  ] as const)('of %s without photographs are counted, with what to do', async (id, remedy, dataset) => {
    const root = await demoFolderCopy(id);
    const folder = join(root, id === 'hint-ego4d' ? 'TEST_ego4d_img' : IMAGES);
    await rm(join(folder, `${FIRST}.jpg`));
    await rm(join(folder, 'demo_00001_l.jpg'));
    const opened = await dataset.open(root, SPLIT);
    const told: [UserError, readonly string[] | undefined][] = [];
    await opened.samples((problem, ids) => told.push([problem, ids]));
    expect(told).toHaveLength(1);
    const [problem, ids] = told[0]!;
    expect(problem).toMatchObject({ code: 'dataset-images-missing', file: folder });
    expect(problem.message).toMatch(/^2 of the 8 annotations/);
    expect(problem.next).toContain(remedy);
    expect(ids).toEqual([FIRST, 'demo_00001_l']);
    // Labels need no photographs.
    expect((await labelsOf(opened)).count).toBe(8);
  });
});

describe('an annotation of HInt', () => {
  it('without a hand in its name is refused, not taken for a right hand', async () => {
    const root = await demoFolderCopy('hint-newdays');
    const folder = join(root, IMAGES);
    await rename(join(folder, `${FIRST}.json`), join(folder, 'demo_00000.json'));
    await rename(join(folder, `${FIRST}.jpg`), join(folder, 'demo_00000.jpg'));
    const opened = await hintNewDays.open(root, SPLIT);
    await expect(opened.samples()).rejects.toMatchObject({
      code: 'hand-unknown',
      file: join(folder, 'demo_00000.json'),
    });
  });

  it('labels what is not null, as visible or as occluded', async () => {
    const keypoints = hand().keypoints.map((point, joint) =>
      joint === 3 ? [null, null] : joint === 4 ? [null, 7] : point,
    );
    const occlusion = Array.from({ length: 21 }, (_, joint) => (joint === 5 ? 1 : joint === 6));
    const labels = await labelsOf(await folderOf([hand({ keypoints, occlusion })]));
    const joints = (flags: Uint8Array | null): number[] =>
      [...flags!].flatMap((flag, joint) => (flag === 1 ? [joint] : []));
    const all = Array.from({ length: 21 }, (_, joint) => joint).filter((joint) => joint !== 3 && joint !== 4);
    expect(joints(labels.labelled.all)).toEqual(all);
    expect(joints(labels.labelled.occ)).toEqual([5, 6]);
    expect(joints(labels.labelled.vis)).toEqual(all.filter((joint) => joint !== 5 && joint !== 6));
    expect([...labels.points.subarray(10, 12)]).toEqual([105, 60]);
    expect([...labels.sides]).toEqual([100]);
  });

  it.each([
    ['two hands in one list', [hand(), hand()], /array/i],
    ['an empty list', [], /array/i],
    ['no list', hand(), /array/i],
    ['20 keypoints', [hand({ keypoints: hand().keypoints.slice(1) })], /keypoints/],
    ['22 occlusions', [hand({ occlusion: Array.from({ length: 22 }, () => 0) })], /occlusion/],
    ['a box without width', [hand({ bbox: [[100, 50, 100, 150]] })], /without area/],
    ['a box from right to left', [hand({ bbox: [[160, 50, 100, 150]] })], /without area/],
    ['a box of 1e30 px', [hand({ bbox: [[0, 0, 1e30, 1e30]] })], /1e\+30.*within 100,000 px/],
    ['a box without corners', [hand({ bbox: [] })], /bbox/],
    ['text for a number', [hand({ keypoints: hand().keypoints.map(() => ['1', '2']) })], /keypoints/],
    ['nothing in it', '', /an empty file/],
    ['NaN', JSON.stringify([hand()]).replace('[100,50]', '[NaN,50]'), /NaN|token/],
    ['half of it', '[{"bbox": [[1, 2', /JSON/],
  ])('with %s is refused with its file', async (_, annotation, got) => {
    const folder = await folderOf(annotation);
    const told: [string | undefined, readonly string[] | undefined][] = [];
    await folder.samples((problem, ids) => {
      if (problem.code === 'annotation-invalid') {
        told.push([problem.file, ids]);
        expect(problem.got).toMatch(got);
      }
    });
    expect(told.map(([file, ids]) => [basename(file!), ids])).toEqual([['one_r.json', ['one_r']]]);
    await expect(labelsOf(folder)).rejects.toMatchObject({ code: 'annotation-invalid' });
  });

  it('is read once, whoever asks', async () => {
    const root = await demoFolderCopy('hint-newdays');
    const folder = await hintNewDays.open(root, SPLIT);
    const first = await labelsOf(folder);
    const file = join(root, IMAGES, `${FIRST}.json`);
    await writeFile(file, '');
    expect(await labelsOf(folder)).toEqual(first);
  });
});
