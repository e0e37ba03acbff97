/** What every registered dataset must declare and do, checked for all of them, and a toy, on a whole folder. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countMeshes, countTruths } from '../../src/datasets/ground-truth/ground-truth.js';
import { staysInside } from '../../src/datasets/inside.js';
import { DATASET_IDS, datasetById, openDataset, recognisedAs } from '../../src/datasets/registry.js';
import { jointNames } from '../../src/hand/joints.js';
import { decodeImage } from '../../src/imaging/decode.js';
import { temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { registerToy, toy, toyHands, writeToyFolder } from '../support/toy-dataset.js';
import { failure, rejection } from '../support/user-error.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SPLIT = { split: 'evaluation' };

/** Samples of `folderOf`. */
const SAMPLES = 8;

/** A whole folder, of the demo where it has a layout: without one a dataset brings a folder of its own. */
async function folderOf(id: string): Promise<string> {
  if (id !== toy.id) return demoFolder(id);
  const root = await temporaryFolder();
  await writeToyFolder(root, toyHands(SAMPLES));
  return root;
}

registerToy();

describe.each([...DATASET_IDS, toy.id])('the dataset %s', (id) => {
  const dataset = datasetById(id);

  it('declares itself under its id, with a protocol of its own', () => {
    const { protocol } = dataset;
    expect(dataset.id).toBe(id);
    expect(protocol.dataset).toBe(id);
    expect(protocol.jointOrder).toBe(dataset.jointOrder);
    if (protocol.measure === 'hands-3d') expect(protocol.axes).toBe(dataset.axes);
    expect(protocol.sampleCount).toBeGreaterThan(0);
    expect(dataset.splits[0]).toBe('evaluation');
    expect(dataset.boxes.length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(protocol))).toEqual(protocol);
  });

  it('says what it is, where it comes from and which files are needed for what', () => {
    const { card } = dataset;
    expect(dataset.idForm).not.toBe('');
    expect(card.homepage).toMatch(/^https:\/\//);
    expect(card.licence).not.toBe('');
    for (const purpose of ['predict', 'score'] as const) {
      expect(card.files.some(({ neededTo }) => neededTo.includes(purpose))).toBe(true);
    }
  });

  it('names 21 different joints', () => {
    expect(new Set(jointNames(dataset.jointOrder)).size).toBe(21);
  });

  it.skipIf(id === toy.id)(
    'has a card in docs/datasets and a line in the README that say what it does',
    () => {
      const family = id.replace(/-(v\d|newdays|visor|ego4d)$/, '');
      const file = [id, family].map((name) => join(ROOT, 'docs', 'datasets', `${name}.md`)).find(existsSync);
      const text = readFileSync(file!, 'utf8');
      expect(text).toContain(`\`${id}\``);
      expect(text).toContain(dataset.protocol.sampleCount.toLocaleString('en-US'));
      expect(text).toContain(dataset.card.homepage);
      expect(text).toMatch(/version of this card/i);
      const lines = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n');
      const line = lines.find((row) => row.startsWith('|') && row.includes(`\`${id}\``));
      expect(line).toContain(dataset.protocol.sampleCount.toLocaleString('en-US'));
    },
  );

  it('refuses a folder that is not there, and one of something else, saying what it expects', async () => {
    for (const root of ['/no/such/folder', await temporaryFolder()]) {
      const error = await rejection(dataset.open(root, SPLIT));
      expect(error).toMatchObject({ file: root });
      expect(error.expected).toBeTruthy();
      expect(error.next).toBeTruthy();
      // A folder is a flag to some commands, an argument or a line of the configuration to others.
      expect(error.next).not.toContain('--');
    }
  });

  it('refuses a split and boxes that it does not have, and lists those it has', async () => {
    const root = await folderOf(id);
    expect(
      await rejection(Promise.resolve().then(() => openDataset(id, root, { split: 'nights' }))),
    ).toMatchObject({
      code: 'split-unknown',
      expected: dataset.splits.join(', '),
    });
    const error = await rejection(dataset.open(root, { ...SPLIT, boxes: 'detector' }));
    expect(error).toMatchObject({ code: 'boxes-unknown', got: 'detector' });
    for (const boxes of dataset.boxes) expect(error.expected).toContain(boxes);
  });

  it('lists the samples of a whole folder in one order, each with a photograph and a box that touches it', async () => {
    const root = await folderOf(id);
    const folder = await dataset.open(root, SPLIT);
    expect(folder.notices).toEqual([]);
    expect(folder.protocol).toMatchObject({ dataset: id, boxes: dataset.boxes[0] });
    expect(folder.benchmarkCount).toBe(dataset.protocol.sampleCount);
    const samples = await folder.samples();
    expect(samples).toHaveLength(SAMPLES);
    expect(new Set(samples.map((sample) => sample.id)).size).toBe(SAMPLES);
    expect(await folder.sampleIds(SAMPLES)).toEqual(samples.map((sample) => sample.id));
    for (const { id: name, image, box, root: wrist } of samples) {
      expect(staysInside(name)).toBe(true);
      expect(image.startsWith(root)).toBe(true);
      const { width, height } = await decodeImage(image);
      if (box !== null) {
        expect(box.side).toBeGreaterThan(10);
        expect(box.center[0]).toBeGreaterThan(0);
        expect(box.center[0]).toBeLessThan(width);
        expect(box.center[1]).toBeGreaterThan(0);
        expect(box.center[1]).toBeLessThan(height);
      }
      if (wrist !== null) expect(wrist.every(Number.isFinite)).toBe(true);
    }
    const again = await (await dataset.open(root, SPLIT)).samples();
    expect(again).toEqual(samples);
  });

  it('knows the truth of every sample, and names every file that decides a number', async () => {
    const folder = await dataset.open(await folderOf(id), SPLIT);
    expect(await countTruths(folder)).toBe(SAMPLES);
    const { groundTruth } = folder;
    if (groundTruth.kind === 'hands') {
      expect((await groundTruth.joints!.read()).every(Number.isFinite)).toBe(true);
      expect(await countMeshes(groundTruth.meshes!)).toBe(SAMPLES);
      expect(folder.annotations).toEqual(expect.arrayContaining([groundTruth.joints!.file]));
    } else {
      const { labelled, sides } = await groundTruth.read();
      expect(labelled.all.some((flag) => flag === 1)).toBe(true);
      expect(sides.every((side) => side > 0)).toBe(true);
    }
    expect(folder.annotations.length).toBeGreaterThan(0);
    for (const file of folder.annotations) expect(existsSync(file)).toBe(true);
  });

  it('is the only one that recognises its folder, and recognises no other', async () => {
    expect((await recognisedAs(await folderOf(id))).map((other) => other.id)).toEqual([id]);
    for (const root of ['/no/such/folder', await temporaryFolder()])
      expect(await dataset.recognises(root)).toBe(false);
  });

  it('takes the whole photograph where it is told to', async () => {
    if (!dataset.boxes.includes('image')) return;
    const folder = await dataset.open(await folderOf(id), { ...SPLIT, boxes: 'image' });
    expect(folder.protocol.boxes).toBe('image');
    expect((await folder.samples()).every(({ box }) => box === null)).toBe(true);
  });
});

describe('the registry', () => {
  it('says which datasets there are where an id is unknown', () => {
    expect(failure(() => datasetById('freihnd')).expected).toContain('freihand');
  });
});

describe('a path from an annotation file', () => {
  it.each(['SM1/0000', 'a b/ö.jpg', '...', 'a/..b'])('may be %j', (path) => {
    expect(staysInside(path)).toBe(true);
  });

  it.each(['', '/etc/passwd', '../x', 'a/../../x', 'a/..', './a', 'a//b', 'C:/x', 'c:x', 'a\\b', 'a\0b'])(
    'may not be %j',
    (path) => {
      expect(staysInside(path)).toBe(false);
    },
  );
});
