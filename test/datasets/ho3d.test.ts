/** HO-3D's sample list, meta data and photographs, on a whole folder that is broken in one place at a time. */
import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/datasets/fingerprint.js';
import { ho3dV2, ho3dV3 } from '../../src/datasets/ho3d.js';
import { recognisedAs } from '../../src/datasets/registry.js';
import type { UserError } from '../../src/errors.js';
import { writePickle } from '../../src/formats/pickle/pickle-writer.js';
import { JOINT_COUNT } from '../../src/hand/joints.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';

const SPLIT = { split: 'evaluation' };
const LIST = 'evaluation.txt';
const FIRST_META = 'evaluation/DEMO1/meta/0000.pkl';
const FIRST_IMAGE = 'evaluation/DEMO1/rgb/0000.png';

async function listOf(root: string): Promise<string[]> {
  return (await readFile(join(root, LIST), 'utf8')).trim().split('\n');
}

function meta(values: Partial<Record<string, Parameters<typeof writePickle>[0]>> = {}): Buffer {
  return writePickle({
    camMat: { shape: [3, 3], data: new Float64Array(9) },
    handBoundingBox: [100, 50, 160, 150],
    handJoints3D: { shape: [3], data: Float32Array.of(0.25, -0.5, -0.75) },
    ...(values as Record<string, Parameters<typeof writePickle>[0]>),
  });
}

describe('the samples of an HO-3D folder', () => {
  it('come in the order of the list, whatever the names', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    const reversed = (await listOf(root)).reverse();
    await writeFile(join(root, LIST), reversed.join('\n'));
    const folder = await ho3dV2.open(root, SPLIT);
    expect((await folder.samples()).map(({ id }) => id)).toEqual(reversed);
    expect(await folder.sampleIds(8)).toEqual(reversed);
  });

  it('have the middle of handBoundingBox as centre and 4/3 of its longer side', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    await writeFile(join(root, FIRST_META), meta());
    const [first] = await (await ho3dV2.open(root, SPLIT)).samples();
    expect(first!.box!.center).toEqual([130, 100]);
    expect(first!.box!.side).toBeCloseTo((100 * 4) / 3, 10);
    expect(first!.root).toEqual([0.25, -0.5, -0.75]);
    expect(first!.right).toBe(true);
  });

  it('have their true wrist as root, in OpenGL axes', async () => {
    const folder = await ho3dV2.open(await demoFolder('ho3d-v2'), SPLIT);
    const samples = await folder.samples();
    if (folder.groundTruth.kind !== 'hands') throw new Error('HO-3D has hands');
    const joints = await folder.groundTruth.joints!.read();
    samples.forEach(({ root }, sample) => {
      root!.forEach((value, axis) => expect(value).toBeCloseTo(joints[sample * 63 + axis]!, 6));
      expect(root![2]).toBeLessThan(0);
    });
  });

  it('take the first of 21 joints as the wrist, as training files have them', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    const joints = Float32Array.from({ length: JOINT_COUNT * 3 }, (_, k) => k / 8);
    await writeFile(
      join(root, FIRST_META),
      meta({ handJoints3D: { shape: [JOINT_COUNT, 3], data: joints } }),
    );
    const [first] = await (await ho3dV2.open(root, SPLIT)).samples();
    expect(first!.root).toEqual([0, 0.125, 0.25]);
  });

  it.each([
    ['ho3d-v2', 'png', 'jpg', ho3dV2],
    ['ho3d-v3', 'jpg', 'png', ho3dV3],
  ] as const)('of %s are .%s, or .%s where only that is there', async (id, own, other, dataset) => {
    const root = await demoFolderCopy(id);
    const photograph = join(root, 'evaluation/DEMO1/rgb/0000');
    const image = async (): Promise<string> => (await (await dataset.open(root, SPLIT)).samples())[0]!.image;
    expect(await image()).toBe(`${photograph}.${own}`);
    await rename(`${photograph}.${own}`, `${photograph}.${other}`);
    expect(await image()).toBe(`${photograph}.${other}`);
    await writeFile(`${photograph}.${own}`, '');
    expect(await image()).toBe(`${photograph}.${own}`);
  });

  it('are resampled by their sequence', async () => {
    const { sequenceOf } = await ho3dV2.open(await demoFolder('ho3d-v2'), SPLIT);
    expect(sequenceOf!('SM1/0000')).toBe('SM1');
    expect(sequenceOf!('MPM10/1200')).toBe('MPM10');
  });

  it('cannot be predicted without the list, but are numbered to be scored', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    await rm(join(root, LIST));
    const folder = await ho3dV2.open(root, SPLIT);
    await expect(folder.samples()).rejects.toMatchObject({
      code: 'sample-list-missing',
      file: join(root, LIST),
    });
    expect(await folder.sampleIds(3)).toEqual(['00000', '00001', '00002']);
    expect(folder.sequenceOf).toBeNull();
    expect(folder.notices.map(({ code }) => code)).toEqual(['sample-list-missing']);
  });
});

describe('a version of HO-3D', () => {
  const recognised = async (root: string): Promise<string[]> =>
    (await recognisedAs(root)).map(({ id }) => id);

  it.each([
    [11_524, 'ho3d-v2'],
    [20_137, 'ho3d-v3'],
  ])('is told by the length of its list, %i, whatever its photographs end in', async (count, id) => {
    for (const dataset of ['ho3d-v2', 'ho3d-v3']) {
      const root = await demoFolderCopy(dataset);
      const lines = Array.from({ length: count }, (_, k) => `DEMO1/${k.toString().padStart(4, '0')}`);
      await writeFile(join(root, LIST), lines.join('\n'));
      expect(await recognised(root)).toEqual([id]);
    }
  });

  it('is told by the photographs where the list is a part of one, and by nothing without them', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    expect(await recognised(root)).toEqual(['ho3d-v2']);
    await rename(join(root, FIRST_IMAGE), join(root, FIRST_IMAGE.replace('.png', '.jpg')));
    expect(await recognised(root)).toEqual(['ho3d-v3']);
    await rm(join(root, 'evaluation'), { recursive: true });
    expect(await recognised(root)).toEqual(['ho3d-v2', 'ho3d-v3']);
    await writeFile(join(root, LIST), 'no sample\n');
    expect(await recognised(root)).toEqual([]);
  });
});

describe('a sample list', () => {
  it('may have CRLF, a byte order mark and blank lines at its end', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    const ids = await listOf(root);
    await writeFile(join(root, LIST), `\ufeff${ids.join('\r\n')}\r\n\r\n\n`);
    const folder = await ho3dV2.open(root, SPLIT);
    expect(await folder.sampleIds(8)).toEqual(ids);
  });

  it.each([
    ['a path out of the folder', '../secret/0000'],
    ['two steps out', '../..'],
    ['an absolute path', '/etc/passwd'],
    ['a deeper path', 'a/b/c'],
    ['no sequence', '0000'],
    ['a backslash', 'DEMO1\\0000'],
    ['a blank line in the middle', ''],
  ])('with %s is refused by line', async (_, line) => {
    const root = await demoFolderCopy('ho3d-v2');
    const ids = await listOf(root);
    await writeFile(join(root, LIST), [...ids.slice(0, 2), line, ...ids.slice(2)].join('\n'));
    const folder = await ho3dV2.open(root, SPLIT);
    const refusal = {
      code: 'sample-list-line',
      file: join(root, LIST),
      message: 'Line 3 of the sample list is no sample',
      got: JSON.stringify(line),
    };
    await expect(folder.samples()).rejects.toMatchObject(refusal);
    await expect(folder.sampleIds(9)).rejects.toMatchObject(refusal);
  });

  it('that names a sample twice is refused with both lines', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    const ids = await listOf(root);
    await writeFile(join(root, LIST), [...ids, ids[1]].join('\n'));
    const folder = await ho3dV2.open(root, SPLIT);
    await expect(folder.sampleIds(8)).rejects.toMatchObject({
      code: 'sample-list-duplicate',
      got: `${ids[1]} on lines 2 and 9`,
    });
  });

  it('keeps the place of every other sample where one line is none, for whoever listens', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    const ids = await listOf(root);
    await writeFile(join(root, LIST), ids.map((id, line) => (line === 2 ? ids[1] : id)).join('\n'));
    const folder = await ho3dV2.open(root, SPLIT);
    const told: UserError[] = [];
    const known = await folder.sampleIds(8, (problem) => told.push(problem));
    expect(told.map(({ code }) => code)).toEqual(['sample-list-duplicate']);
    expect(known.map((id, line) => (line === 2 ? null : id))).toEqual(
      ids.map((id, line) => (line === 2 ? null : id)),
    );
    expect(ids).not.toContain(known[2]);
  });

  it('of another length than the ground truth is refused with both numbers', async () => {
    const folder = await ho3dV2.open(await demoFolder('ho3d-v2'), SPLIT);
    await expect(folder.sampleIds(9)).rejects.toMatchObject({
      code: 'dataset-count-mismatch',
      expected: '9 lines, one for each sample of the ground truth',
      got: '8 lines',
    });
  });
});

describe('the meta data of a sample', () => {
  it('that are absent or cut are named with their file and byte', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    const file = join(root, FIRST_META);
    await truncate(file, 60);
    await expect((await ho3dV2.open(root, SPLIT)).samples()).rejects.toMatchObject({
      code: 'pickle-truncated',
      file,
      offset: expect.any(Number) as number,
    });
    await rm(file);
    await expect((await ho3dV2.open(root, SPLIT)).samples()).rejects.toMatchObject({
      code: 'file-missing',
      file,
    });
  });

  it.each([
    ['a box without area', { handBoundingBox: [100, 50, 100, 150] }, 'box-invalid'],
    ['a box that is not finite', { handBoundingBox: [100, 50, Number.NaN, 150] }, 'box-invalid'],
    ['a box of 1e30 px', { handBoundingBox: [0, 0, 1e30, 1e30] }, 'box-invalid'],
    ['a box below a tenth of a pixel', { handBoundingBox: [100, 50, 100.01, 50.01] }, 'box-invalid'],
    ['three corners', { handBoundingBox: [100, 50, 160] }, 'pickle-shape'],
    ['a wrist that is not finite', { handJoints3D: [0, Number.NaN, 0] }, 'wrist-invalid'],
    ['20 joints', { handJoints3D: { shape: [20, 3], data: new Float32Array(60) } }, 'pickle-shape'],
  ])('with %s are told of, and the sample left out', async (_, values, code) => {
    const root = await demoFolderCopy('ho3d-v2');
    await writeFile(join(root, FIRST_META), meta(values));
    const folder = await ho3dV2.open(root, SPLIT);
    const told: [string, string | undefined, readonly string[] | undefined][] = [];
    const samples = await folder.samples((problem, ids) => told.push([problem.code, problem.file, ids]));
    expect(told).toEqual([[code, join(root, FIRST_META), ['DEMO1/0000']]]);
    expect(samples).toHaveLength(7);
    await expect(folder.samples()).rejects.toMatchObject({ code });
  });

  it('decide the fingerprint of the folder, as the photographs do', async () => {
    const root = await demoFolderCopy('ho3d-v2');
    const print = async (): Promise<string> => {
      const folder = await ho3dV2.open(root, SPLIT);
      return fingerprint(folder, await folder.samples());
    };
    const before = await print();
    expect(await print()).toBe(before);
    await writeFile(join(root, FIRST_META), meta());
    const moved = await print();
    expect(moved).not.toBe(before);
    await truncate(join(root, FIRST_IMAGE), 1000);
    expect(await print()).not.toBe(moved);
  });
});
