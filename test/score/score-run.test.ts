/** The sets of a sweep are scored against ground truth that is read once. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freihand } from '../../src/datasets/freihand.js';
import { GroundTruth } from '../../src/datasets/ground-truth/ground-truth.js';
import { hintNewDays } from '../../src/datasets/hint.js';
import type { KeypointLabels, Protocol } from '../../src/metrics/index.js';
import { SweepWriter } from '../../src/predict/sweep-writer.js';
import type { PredictionSource } from '../../src/predictions/prediction-source.js';
import { openRunPredictions } from '../../src/predictions/run-predictions.js';
import { silentProgress } from '../../src/progress.js';
import { ScorePool } from '../../src/score/score-pool.js';
import { scoreRun } from '../../src/score/score-run.js';
import { measureHands, measureSet, type MeasureRequest } from '../../src/score/measure-hands.js';
import { Random } from '../../src/statistics/random.js';
import { sweepPasses } from '../../src/tta/sweep.js';
import { temporaryFolder } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { writeFreihandFolder } from '../support/freihand-folder.js';
import { predictionSource } from '../support/prediction-source.js';
import { freshRun } from '../support/run-directory.js';

/** More than two batches. */
const COUNT = 150;

interface Bench {
  readonly root: string;
  readonly truth: GroundTruth;
  readonly request: (seed: number) => MeasureRequest;
}

/** What `use` does with a folder and a pool of two threads. */
async function withBench(
  selection: Int32Array | null,
  use: (bench: Bench) => Promise<void>,
  meshes = COUNT,
): Promise<void> {
  const root = await temporaryFolder();
  await writeFreihandFolder(root, { images: 0, xyz: COUNT, verts: meshes });
  const folder = await freihand.open(root, { split: 'evaluation' });
  if (folder.groundTruth.kind !== 'hands') throw new Error('FreiHAND has hands');
  const points = async (file: string): Promise<number[]> =>
    (JSON.parse(await readFile(join(root, file), 'utf8')) as number[][][]).flat(2);
  const [joints, vertices] = [await points('evaluation_xyz.json'), await points('evaluation_verts.json')];
  const truth = new GroundTruth(folder.groundTruth);
  const protocol = folder.protocol as Protocol;
  const pool = new ScorePool(2, protocol);
  const run = await freshRun();
  const request = (seed: number): MeasureRequest => ({
    folder,
    truth,
    source: noisy(joints, vertices, seed),
    selection,
    protocol,
    regressor: null,
    check: null,
    pool,
    progress: silentProgress,
    signal: new AbortController().signal,
  });
  try {
    await truth.keepMeshes(run.path);
    await use({ root, truth, request });
  } finally {
    await pool.close();
    await truth.close();
  }
}

/** The true hands with an error made from a seed; the third has none at all. */
function noisy(joints: readonly number[], vertices: readonly number[], seed: number): PredictionSource {
  const random = new Random(seed);
  const predicted = (values: readonly number[]): Float64Array =>
    Float64Array.from(values, (value) => value + 0.003 * random.normal());
  const own = predicted(joints).fill(Number.NaN, 2 * 63, 3 * 63);
  const meshes = predicted(vertices);
  const width = 778 * 3;
  return predictionSource({
    count: COUNT,
    joints: own,
    vertexCount: 778,
    vertices: (first, count) => Promise.resolve(meshes.slice(first * width, (first + count) * width)),
  });
}

describe.each([
  ['all samples', null],
  ['a selection', Int32Array.from([1, 2, 70, 71, 149])],
] as const)('sets of %s', (_, selection) => {
  it('are scored as each is on its own, with the meshes read from the file once', async () => {
    await withBench(selection, async ({ root, request }) => {
      const plain = await measureHands(request(1), null);
      // Whoever reads it once more finds nothing.
      await rm(join(root, 'evaluation_verts.json'));
      const again = await measureHands(request(1), null);
      expect(again.accumulator.result()).toEqual(plain.accumulator.result());
      expect(again.rows).toEqual(plain.rows);

      const { metrics, proper, scored, unscored } = plain.accumulator.result();
      expect(unscored).toBe(1);
      expect(scored).toBe((selection?.length ?? COUNT) - 1);
      const figures = { metrics: { ...metrics, ...proper }, coverage: { scored, unscored } };
      expect(metrics.pa_mpvpe_mm).toBeGreaterThan(1);
      expect(await measureSet(request(1), false)).toEqual({ ...figures, confidence: {} });
      expect(await measureSet(request(1), true)).toEqual({ ...figures, confidence: plain.confidence });
      const other = await measureSet(request(2), false);
      expect(other.metrics.pa_mpvpe_mm).not.toBe(metrics.pa_mpvpe_mm);
    });
  });
});

describe('true meshes', () => {
  it('are counted once', async () => {
    await withBench(null, async ({ root, truth }) => {
      expect(await truth.countMeshes()).toBe(COUNT);
      await rm(join(root, 'evaluation_verts.json'));
      expect(await truth.countMeshes()).toBe(COUNT);
    });
  });

  it.each([
    [COUNT - 1, `${COUNT - 1}`],
    [COUNT + 1, `at least ${COUNT + 1}`],
  ])('that are %i instead of 150 are told where they are kept, too', async (meshes, got) => {
    const measured = withBench(
      null,
      async ({ request }) => void (await measureHands(request(1), null)),
      meshes,
    );
    await expect(measured).rejects.toMatchObject({ code: 'dataset-count-mismatch', got });
  });
});

describe('the labels of keypoints', () => {
  it('are read once for all sets of a sweep', async () => {
    const opened = await hintNewDays.open(await demoFolder('hint-newdays'), { split: 'evaluation' });
    const { groundTruth } = opened;
    if (groundTruth.kind !== 'keypoints') throw new Error('HInt has keypoints');
    let reads = 0;
    const read = (): Promise<KeypointLabels> => {
      reads += 1;
      return groundTruth.read();
    };
    const folder = { ...opened, groundTruth: { ...groundTruth, read } };
    const { count, points } = await groundTruth.read();
    const ids = await folder.sampleIds(count);

    const run = await freshRun({ dataset: { id: 'hint-newdays', folder: folder.root, split: 'evaluation' } });
    const passes = sweepPasses({ rotations: [0, 90], scales: [1] });
    const writer = new SweepWriter(
      run,
      { passes, fusions: ['aligned-mean'], keepPasses: true },
      ids.map((id) => ({ id, mirrored: false })),
    );
    // Row by row, each sample twice.
    const keypoints = Float32Array.from({ length: count * 2 * 42 }, (_, k) => {
      const sample = Math.floor(k / 84);
      return points[sample * 42 + (k % 42)]!;
    });
    const rows = { first: 0, count: count * 2, invalid: [], invalidKeypoints: [] };
    await writer.add(rows, [['keypoints_2d', [21, 2], keypoints]]);
    await run.update({ ...(await writer.close()) });

    const source = await openRunPredictions(run, folder.definition, 'model', run.manifest.passes![0]);
    const context = { progress: silentProgress, signal: new AbortController().signal };
    const document = await scoreRun({
      ...{ folder, protocol: folder.protocol, workers: 1, meanError: true, context },
      ...{ run, sets: run, source, selection: null, regressor: null, check: null, truth: null },
    });
    await source.close();
    expect(reads).toBe(1);
    expect(document.metrics.pck_0_05_all).toBe(1);
    expect(Object.keys(document.tta!)).toEqual(['aligned-mean', 'mean-error']);
    expect(document.tta!['mean-error']).toEqual(document.metrics);
    expect(Object.keys(document.tta_confidence!)).toEqual(['aligned-mean']);
  });
});
