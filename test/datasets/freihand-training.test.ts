/** FreiHAND's training split: each hand before four backgrounds, annotated once. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freihand } from '../../src/datasets/freihand.js';
import { countMeshes } from '../../src/datasets/ground-truth/ground-truth.js';
import type { DatasetFolder } from '../../src/datasets/types.js';
import { confidenceIntervals } from '../../src/score/confidence.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';

const HANDS = 8;
const VERSIONS = ['gs', 'hom', 'sample', 'auto'] as const;
const XYZ = 'training_xyz.json';

const open = async (split: string, root?: string): Promise<DatasetFolder> =>
  freihand.open(root ?? (await demoFolder('freihand')), { split });

const numbersOf = async (folder: DatasetFolder): Promise<number[]> =>
  (await folder.samples()).map(({ id }) => Number(id));

async function jointsOf({ groundTruth }: DatasetFolder): Promise<Float64Array> {
  if (groundTruth.kind !== 'hands') throw new Error('FreiHAND has hands');
  return groundTruth.joints!.read();
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, k) => from + k);

describe('the training split of FreiHAND', () => {
  it('has all photographs in their own order, and the truth once for each background', async () => {
    const folder = await open('training');
    expect(await numbersOf(folder)).toEqual(upTo(4 * HANDS));
    expect(folder.benchmarkCount).toBe(130_240);
    expect(folder.protocol).toMatchObject({ sampleCount: 130_240 });
    expect(await folder.sampleIds(4 * HANDS)).toEqual((await folder.samples()).map(({ id }) => id));
    const joints = await jointsOf(folder);
    const once = JSON.parse(await readFile(join(folder.root, XYZ), 'utf8')) as number[][][];
    expect([...joints]).toEqual([once, once, once, once].flat(3));
    if (folder.groundTruth.kind === 'hands')
      expect(await countMeshes(folder.groundTruth.meshes!)).toBe(4 * HANDS);
  });

  it.each(VERSIONS.map((name, version) => [name, version] as const))(
    'has the version %s alone: photographs %i · hands onwards, the truth once',
    async (name, version) => {
      const folder = await open(`training-${name}`);
      expect(await numbersOf(folder)).toEqual(upTo(HANDS, version * HANDS));
      expect(folder.benchmarkCount).toBe(32_560);
      expect(await jointsOf(folder)).toHaveLength(HANDS * 63);
      expect(await folder.sampleIds(HANDS)).toEqual((await folder.samples()).map(({ id }) => id));
      expect(folder.sequenceOf).toBeNull();
    },
  );

  it('says by their names which files its truth would be in', async () => {
    expect((await open('training-gs')).groundTruth).toMatchObject({
      files: ['training_xyz.json', 'training_verts.json'],
    });
  });

  it('keeps the photographs of one hand together in intervals', async () => {
    const folder = await open('training');
    const ids = (await folder.samples()).map(({ id }) => id);
    const groups = ids.map(folder.sequenceOf!);
    expect(groups.slice(0, HANDS)).toEqual(ids.slice(0, HANDS));
    for (const version of [1, 2, 3])
      expect(groups.slice(version * HANDS, (version + 1) * HANDS)).toEqual(groups.slice(0, HANDS));
    // The same hand is as hard before every background: of 8 hands there is no more to know than of 8 photographs.
    const rows = ids.map((_, index) => ({
      state: 'scored' as const,
      metrics: { pa_mpjpe_mm: 5 + (index % HANDS) },
    }));
    type Rows = Parameters<typeof confidenceIntervals>[0];
    const whole = confidenceIntervals(rows as unknown as Rows, groups).pa_mpjpe_mm!;
    const once = confidenceIntervals(
      rows.slice(0, HANDS) as unknown as Rows,
      groups.slice(0, HANDS),
    ).pa_mpjpe_mm!;
    expect(whole.low).toBeCloseTo(once.low, 10);
    expect(whole.high).toBeCloseTo(once.high, 10);
  });

  it('leaves the evaluation split as it is', async () => {
    const folder = await open('evaluation');
    expect(await numbersOf(folder)).toEqual(upTo(8));
    expect(folder.protocol).toEqual({ ...freihand.protocol, boxes: 'image' });
    expect(folder.sequenceOf).toBeNull();
  });

  it('without annotations is laid out as the benchmark is, and says that it took it so', async () => {
    const root = await demoFolderCopy('freihand');
    await rm(join(root, XYZ));
    await rm(join(root, 'training_verts.json'));
    const gs = await open('training-gs', root);
    expect(gs.notices.map(({ code }) => code)).toEqual(['hands-assumed']);
    // Not a quarter of them: 32,560 photographs alone are the version gs, not four of 8,140 hands.
    expect(await numbersOf(gs)).toEqual(upTo(4 * HANDS));
    const hom = await open('training-hom', root);
    await expect(hom.samples()).rejects.toMatchObject({
      code: 'dataset-no-images',
      expected: expect.stringContaining('00032560.jpg') as string,
    });
  });

  it('is refused where the annotations are of fewer hands: versions would begin elsewhere', async () => {
    const root = await demoFolderCopy('freihand');
    const file = join(root, XYZ);
    const hands = JSON.parse(await readFile(file, 'utf8')) as unknown[];
    await writeFile(file, JSON.stringify(hands.slice(0, -1)));
    for (const split of ['training', 'training-gs', 'training-hom']) {
      const folder = await open(split, root);
      await expect(folder.samples()).rejects.toMatchObject({
        code: 'dataset-count-mismatch',
        message: '4 photographs have no place among 7 hands before 4 backgrounds',
      });
    }
  });

  it('names the photographs that are missing', async () => {
    const root = await demoFolderCopy('freihand');
    await rm(join(root, 'training/rgb/00000010.jpg'));
    const told: (readonly string[] | undefined)[] = [];
    const hom = await open('training-hom', root);
    await hom.samples((_, ids) => told.push(ids));
    expect(told).toEqual([['00000010']]);
    expect(await numbersOf(await open('training-gs', root))).toEqual(upTo(HANDS));
  });
});
