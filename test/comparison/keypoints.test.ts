/** HInt: PCK is taken joint by joint, and so is its difference. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/comparison/compare.js';
import { comparisonText } from '../../src/comparison/comparison-text.js';
import { hitsOf } from '../../src/comparison/keypoint-hits.js';
import { readRunScores, type RunScores } from '../../src/comparison/run-scores.js';
import { hintNewDays } from '../../src/datasets/hint.js';
import { run } from '../../src/evaluation/run.js';
import { KEYPOINT_METRIC_KEYS } from '../../src/metrics/index.js';
import { silentProgress } from '../../src/progress.js';
import { StoredRun } from '../../src/runs/stored-run.js';
import { Random } from '../../src/statistics/random.js';
import { TERMINAL } from '../../src/text/formats/terminal.js';
import { temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { numbersNpy } from '../support/tiny-npz.js';

const SEED = 77;

/** A run whose keypoints lie some share of the box beside the true ones. */
async function scored(spread: number, seed: number): Promise<RunScores> {
  const data = await demoFolder('hint-newdays');
  const { groundTruth } = await hintNewDays.open(data, { split: 'evaluation' });
  if (groundTruth.kind !== 'keypoints') throw new Error('HInt has keypoints');
  const labels = await groundTruth.read();
  const random = new Random(seed);
  const values = Array.from(
    labels.points,
    (value, k) => value + spread * random.normal() * labels.sides[Math.floor(k / 42)]!,
  );
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'keypoints_2d.npy'), numbersNpy('<f8', [labels.count, 21, 2], values));
  const out = join(folder, 'run');
  await run(
    {
      dataset: 'hint-newdays',
      data,
      split: 'evaluation',
      predictions: folder,
      out,
      workers: 1,
      existing: 'refuse',
    },
    { progress: silentProgress, signal: new AbortController().signal },
  );
  return readRunScores(await StoredRun.open(out));
}

/** Joint by joint over the labelled keypoints, then the mean over the joints that have any. */
function pck({ keypoints }: RunScores, metric: string, rows: readonly number[]): number {
  const { numerators, denominators } = hitsOf(keypoints!, metric, Int32Array.from(rows));
  const ratios = Array.from({ length: 21 }, (_, joint) => {
    const sum = (values: Float64Array): number =>
      values.reduce((total, value, i) => (i % 21 === joint ? total + value : total), 0);
    return sum(numerators) / sum(denominators);
  }).filter((ratio) => !Number.isNaN(ratio));
  return ratios.reduce((a, b) => a + b, 0) / ratios.length;
}

describe(`two runs of HInt (seed ${SEED})`, () => {
  it('differ by the difference of their figures, not of their samples’ shares', async () => {
    const [a, b] = [await scored(0.08, SEED), await scored(0.05, SEED + 1)];
    const rows = a.ids.map((_, row) => row);
    const { runs, paired } = compare([a, b]);
    expect(paired).toMatchObject({ samples: 8, units: 'groups' });
    const differences = KEYPOINT_METRIC_KEYS.map((key) => {
      // What the run directory keeps is enough to make the run's own figures again.
      expect(pck(a, key, rows)).toBeCloseTo(a.document.metrics[key]!, 12);
      expect(pck(b, key, rows)).toBeCloseTo(b.document.metrics[key]!, 12);
      const found = runs[1]!.differences[key]!;
      expect(found.difference).toBeCloseTo(pck(b, key, rows) - pck(a, key, rows), 12);
      return found.difference;
    });
    expect(Math.max(...differences)).toBeGreaterThan(0.05);
    const shares = (run: RunScores): number =>
      run.columns.get('pck_0_05_vis')!.reduce((x, y) => x + y, 0) / 8;
    expect(runs[1]!.differences.pck_0_05_vis!.difference).not.toBeCloseTo(shares(b) - shares(a), 4);
    expect(runs[1]!.joints.pck_0_05_all).toHaveLength(21);
    const text = comparisonText(compare([a, b]), TERMINAL, false);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text).toMatch(/^PCK@0\.05 occluded % ↑/m);
  });

  it('that are the same differ by 0', async () => {
    const a = await scored(0.08, SEED);
    for (const found of Object.values(compare([a, a]).runs[1]!.differences)) {
      expect(found).toMatchObject({ difference: 0, low: 0, high: 0, p: 1, equal: 1 });
    }
  });

  it('cannot be compared without per_keypoint.csv', async () => {
    const { path } = await scored(0.08, SEED);
    await rm(join(path, 'per_keypoint.csv'));
    await expect(readRunScores(await StoredRun.open(path))).rejects.toMatchObject({
      code: 'run-incomplete',
      file: join(path, 'per_keypoint.csv'),
    });
  });
});
