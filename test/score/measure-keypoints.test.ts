/** HInt's PCK by the whole program, on predictions whose figures are known by hand. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hintNewDays } from '../../src/datasets/hint.js';
import { run } from '../../src/evaluation/run.js';
import type { KeypointLabels } from '../../src/metrics/index.js';
import { silentProgress } from '../../src/progress.js';
import type { MetricsDocument } from '../../src/runs/metrics-document.js';
import { temporaryFolder } from '../support/cli.js';
import { demoFolder, demoFolderCopy } from '../support/demo-folder.js';
import { npzOf, numbersNpy, unicodeNpy } from '../support/tiny-npz.js';

const KEYS = ['all', 'vis', 'occ'].flatMap((subset) =>
  ['0_05', '0_1', '0_15'].map((threshold) => `pck_${threshold}_${subset}`),
);
const everywhere = (value: number): Record<string, number> =>
  Object.fromEntries(KEYS.map((key) => [key, value]));

interface Bench {
  readonly data: string;
  readonly ids: readonly string[];
  readonly labels: KeypointLabels;
}

async function bench(folder?: string): Promise<Bench> {
  const data = folder ?? (await demoFolder('hint-newdays'));
  const opened = await hintNewDays.open(data, { split: 'evaluation' });
  const { groundTruth } = opened;
  if (groundTruth.kind !== 'keypoints') throw new Error('HInt has keypoints');
  const labels = await groundTruth.read();
  return { data, ids: await opened.sampleIds(labels.count), labels };
}

/** The true points, each moved along x by so many sides of its box. */
function shifted({ points, sides }: KeypointLabels, by: number): number[] {
  return Array.from(points, (value, k) => value + (k % 2 === 0 ? by * sides[Math.floor(k / 42)]! : 0));
}

interface Scored {
  readonly document: MetricsDocument;
  readonly out: string;
}

async function score(data: string, predictions: string, more: object = {}): Promise<Scored> {
  const out = join(await temporaryFolder(), 'run');
  const { document } = await run(
    {
      dataset: 'hint-newdays',
      data,
      split: 'evaluation',
      predictions,
      out,
      workers: 1,
      existing: 'refuse',
      ...more,
    },
    { progress: silentProgress, signal: new AbortController().signal },
  );
  return { document: document!, out };
}

async function scoreArrays(values: readonly number[], folder?: string): Promise<Scored> {
  const { data } = await bench(folder);
  const predictions = await temporaryFolder();
  const npy = numbersNpy('<f8', [values.length / 42, 21, 2], values);
  await writeFile(join(predictions, 'keypoints_2d.npy'), npy);
  return score(data, predictions);
}

describe('keypoints in the photograph', () => {
  it('that are the true ones are all correct', async () => {
    const { labels } = await bench();
    const { document, out } = await scoreArrays(shifted(labels, 0));
    expect(document.metrics).toEqual(everywhere(1));
    expect(document.coverage).toEqual({ scored: 8, unscored: 0, folder: 8, benchmark: 1754 });
    expect(document.protocol.boxes).toBeNull();
    expect(await readdir(out)).not.toContain('scores.txt');
  });

  it('that lie a tenth of the side beside are beyond 0.05 and within 0.15', async () => {
    const { labels } = await bench();
    // A hair less than the threshold, which itself no double sum reaches exactly.
    const { document } = await scoreArrays(shifted(labels, 0.1 - 1e-9));
    for (const subset of ['all', 'vis', 'occ']) {
      expect(document.metrics).toMatchObject({
        [`pck_0_05_${subset}`]: 0,
        [`pck_0_1_${subset}`]: 1,
        [`pck_0_15_${subset}`]: 1,
      });
    }
  });

  it('that lie exactly on a threshold are within it', async () => {
    // Whole numbers: a box of 200 px, points moved by 20.
    const data = await temporaryFolder();
    const keypoints = Array.from({ length: 21 }, (_, joint) => [10 * joint, 5]);
    const annotation = { bbox: [[0, 0, 200, 100]], keypoints, occlusion: new Array(21).fill(0) };
    await writeFile(join(data, 'one_l.json'), JSON.stringify([annotation]));
    const predictions = await temporaryFolder();
    const values = keypoints.flatMap(([x, y]) => [x! + 20, y!]);
    await writeFile(join(predictions, 'keypoints_2d.npy'), numbersNpy('<f8', [1, 21, 2], values));
    const { document } = await score(data, predictions);
    expect(document.metrics).toEqual({
      pck_0_05_all: 0,
      pck_0_1_all: 1,
      pck_0_15_all: 1,
      pck_0_05_vis: 0,
      pck_0_1_vis: 1,
      pck_0_15_vis: 1,
    });
  });

  it('are matched by ids, and a sample without any is unscored with the reason', async () => {
    const { data, ids, labels } = await bench();
    const order = [7, 2, 0, 5, 1, 6, 3];
    const values = shifted(labels, 0);
    const rows = order.flatMap((sample) => values.slice(sample * 42, (sample + 1) * 42));
    const file = join(await temporaryFolder(), 'some.npz');
    const archive = npzOf([
      ['keypoints_2d', numbersNpy('<f8', [order.length, 21, 2], rows)],
      ['ids', unicodeNpy(order.map((sample) => ids[sample]!))],
    ]);
    await writeFile(file, archive);
    const { document, out } = await score(data, file);
    expect(document.metrics.pck_0_05_all).toBe(1);
    expect(document.coverage).toMatchObject({ scored: 7, unscored: 1, folder: 8 });
    expect(document.unscored).toEqual([
      { id: ids[4], code: 'no-prediction', reason: 'there is no prediction for it' },
    ]);
    const table = (await readFile(join(out, 'per_sample.csv'), 'utf8')).trim().split('\n');
    expect(table.map((line) => line.split(',')[1])).toEqual(['id', ...ids]);
  });

  it('that are not finite leave their sample unscored and no NaN in the result', async () => {
    const { labels, ids } = await bench();
    const values = shifted(labels, 0);
    values[3 * 42 + 5] = Number.NaN;
    const { document } = await scoreArrays(values);
    expect(document.unscored.map(({ id, code }) => [id, code])).toEqual([[ids[3], 'prediction-not-finite']]);
    expect(document.metrics).toEqual(everywhere(1));
  });

  it('of a hand without labels leave it unscored', async () => {
    const data = await demoFolderCopy('hint-newdays');
    const file = join(data, 'TEST_newdays_img', 'demo_00002_r.json');
    const [annotation] = JSON.parse(await readFile(file, 'utf8')) as [{ keypoints: unknown[] }];
    const keypoints = annotation.keypoints.map(() => [null, null]);
    await writeFile(file, JSON.stringify([{ ...annotation, keypoints }]));
    const { labels } = await bench(data);
    const values = shifted(labels, 0).map((value) => (Number.isNaN(value) ? 0 : value));
    const { document } = await scoreArrays(values, data);
    expect(document.unscored.map(({ id, code }) => [id, code])).toEqual([['demo_00002_r', 'no-labels']]);
    expect(document.metrics.pck_0_05_all).toBe(1);
  });

  it('of another number than the labels are refused', async () => {
    const { labels } = await bench();
    await expect(scoreArrays(shifted(labels, 0).slice(42))).rejects.toMatchObject({
      code: 'predictions-count',
      expected: expect.stringContaining('8 samples') as string,
      got: '7 samples',
    });
  });

  it.each([
    ['a pred.json', 'pred.json', JSON.stringify([[new Array(21).fill([0, 0, 1])], []])],
    [
      'joints in space',
      'pred.npz',
      npzOf([['joints', numbersNpy('<f8', [1, 21, 3], new Array(63).fill(1))]]),
    ],
  ])('are not to be had from %s', async (_, name, content) => {
    const { data } = await bench();
    const file = join(await temporaryFolder(), name);
    await writeFile(file, content);
    await expect(score(data, file)).rejects.toMatchObject({
      code: 'predictions-arrays',
      file,
      expected: expect.stringContaining('keypoints_2d') as string,
    });
  });

  it('of some samples are scored alone, in the order of the folder', async () => {
    const { data, ids, labels } = await bench();
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'keypoints_2d.npy'), numbersNpy('<f8', [8, 21, 2], shifted(labels, 0)));
    await writeFile(join(folder, 'chosen.txt'), `${ids[6]}\n${ids[1]}\n`);
    const { document, out } = await score(data, folder, { samples: join(folder, 'chosen.txt') });
    expect(document.coverage).toEqual({ scored: 2, unscored: 0, folder: 8, benchmark: 1754 });
    const table = (await readFile(join(out, 'per_sample.csv'), 'utf8')).trim().split('\n').slice(1);
    expect(table.map((line) => line.split(',').slice(0, 3))).toEqual([
      ['1', ids[1], 'scored'],
      ['6', ids[6], 'scored'],
    ]);
  });
});
