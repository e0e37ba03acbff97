import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { freihand } from '../../src/datasets/freihand.js';
import { SweepWriter } from '../../src/predict/sweep-writer.js';
import type { PredictionSource } from '../../src/predictions/prediction-source.js';
import { silentProgress } from '../../src/progress.js';
import type { RunDirectory } from '../../src/runs/run-directory.js';
import { scoreSets, ttaParts, ttaWarnings, type SetScore } from '../../src/score/score-sets.js';
import { sweepPasses } from '../../src/tta/sweep.js';
import { freshRun } from '../support/run-directory.js';

const PASSES = sweepPasses({ rotations: [0, 90], scales: [1, 1.1] });

/** Pass k has k + 1 in the x of its first joint. */
async function swept(fused: boolean): Promise<RunDirectory> {
  const run = await freshRun();
  const fusions = fused ? (['aligned-mean'] as const) : [];
  const writer = new SweepWriter(run, { passes: PASSES, fusions, keepPasses: true }, [
    { id: 'a', mirrored: false },
  ]);
  const joints = Float32Array.from({ length: 4 * 63 }, (_, k) =>
    k % 63 === 0 ? k / 63 + 1 : (k % 63) ** 0.5,
  );
  const rows = { first: 0, count: 4, invalid: [], invalidKeypoints: [] };
  await writer.add(rows, [['joints', [21, 3], joints]]);
  await run.update({ ...(await writer.close()) });
  return run;
}

function request(run: RunDirectory, measure: (source: PredictionSource) => SetScore, meanError = true) {
  return scoreSets({
    from: run,
    run,
    dataset: freihand,
    meanError,
    progress: silentProgress,
    measure: (source) => Promise.resolve(measure(source)),
  });
}
const score = (metrics: Record<string, number>, unscored = 0): SetScore => ({
  metrics,
  confidence: {},
  coverage: { scored: 1 - unscored, unscored },
});
const first = (source: PredictionSource): number => source.joints![0]!;

describe('scoreSets', () => {
  it('says how many samples each fusion covers, and warns where that is fewer than without', async () => {
    const run = await swept(true);
    const result = await request(run, (source) => score({ f5: 0.5 }, first(source) === 3 ? 1 : 0));
    expect(result!.coverage).toEqual({
      'aligned-mean': { scored: 1, unscored: 0 },
      'mean-error': { scored: 0, unscored: 1 },
    });
    const [warning, ...others] = ttaWarnings(result, 0);
    expect(others).toEqual([]);
    expect(warning!.code).toBe('tta-unscored');
    expect(warning!.message).toContain('mean-error lacks 1 sample that');
    expect(ttaWarnings(result, 1)).toEqual([]);
    expect(ttaWarnings(null, 0)).toEqual([]);
    expect(ttaParts(result)).toMatchObject({ tta: result!.metrics, tta_coverage: result!.coverage });
    expect(ttaParts(null)).toEqual({});
  });

  it('is nothing where there is the plain set alone', async () => {
    expect(await request(await freshRun(), () => score({}))).toBeNull();
  });

  it('scores each fusion and each pass, and takes their mean', async () => {
    const run = await swept(true);
    const seen: number[] = [];
    const result = await request(run, (source) => {
      seen.push(first(source));
      return score({ pa_mpjpe_mm: first(source), f5: 0.5 });
    });
    expect(seen.slice(1)).toEqual([1, 2, 3, 4]);
    expect(result!.metrics['mean-error']).toEqual({ pa_mpjpe_mm: 2.5, f5: 0.5 });
    expect(Object.keys(result!.metrics)).toEqual(['aligned-mean', 'mean-error']);
    const table = await readFile(run.file('passes'), 'utf8');
    expect(table).toBe(
      [
        'pass,name,rotation_deg,scale,pa_mpjpe_mm,f5',
        '0,rot0_scale1,0,1,1,0.5',
        '1,rot90_scale1,90,1,2,0.5',
        '2,rot0_scale1.1,0,1.1,3,0.5',
        '3,rot90_scale1.1,90,1.1,4,0.5',
        '',
      ].join('\n'),
    );
  });

  it('asks for intervals of fusions, and not of passes', async () => {
    const run = await swept(true);
    const asked: boolean[] = [];
    await scoreSets({
      from: run,
      run,
      dataset: freihand,
      meanError: true,
      progress: silentProgress,
      measure: (_, withIntervals) => {
        asked.push(withIntervals);
        return Promise.resolve(score({ f5: 0.5 }));
      },
    });
    expect(asked).toEqual([true, false, false, false, false]);
  });

  it('has no mean unless asked for, but the table', async () => {
    const run = await swept(false);
    expect(await request(run, () => score({ pa_mpjpe_mm: 1 }), false)).toBeNull();
    expect(await readFile(run.file('heatMap'), 'utf8')).toContain('PA-MPJPE');
  });

  it('has no mean of a metric that a pass lacks', async () => {
    const run = await swept(false);
    const result = await request(run, (source) =>
      score(first(source) === 3 ? { f5: 0.25 } : { pa_mpjpe_mm: 1, f5: 0.75 }),
    );
    expect(result!.metrics['mean-error']).toEqual({ f5: 0.625 });
    expect(await readFile(run.file('passes'), 'utf8')).toContain('2,rot0_scale1.1,0,1.1,,0.25');
  });

  it('pictures what the passes have', async () => {
    const run = await swept(false);
    await request(run, () => score({ pa_mpvpe_mm: 1 }));
    expect(await readFile(run.file('heatMap'), 'utf8')).toContain('PA-MPVPE');
    const empty = await swept(false);
    expect((await request(empty, () => score({})))!.metrics['mean-error']).toEqual({});
    await expect(readFile(empty.file('heatMap'))).rejects.toThrow('ENOENT');
  });
});
