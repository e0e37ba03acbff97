/** A run directory as it is read: each of its documents once, and refused where it is not what was written. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FREIHAND_PROTOCOL } from '../../src/metrics/index.js';
import { METRICS_SCHEMA, type MetricsDocument } from '../../src/runs/metrics-document.js';
import { readMetrics, writeMetrics } from '../../src/runs/metrics-file.js';
import type { RunDirectory } from '../../src/runs/run-directory.js';
import { StoredRun } from '../../src/runs/stored-run.js';
import { temporaryFolder } from '../support/cli.js';
import { freshRun } from '../support/run-directory.js';

const DOCUMENT: MetricsDocument = {
  schema: METRICS_SCHEMA,
  state: 'complete',
  dataset: { id: 'freihand', split: 'evaluation' },
  coverage: { scored: 3959, unscored: 1, folder: 3960, benchmark: 3960 },
  protocol: FREIHAND_PROTOCOL,
  metrics: { pa_mpjpe_mm: 0.1 + 0.2 },
  confidence: { pa_mpjpe_mm: { low: 0.2, high: 0.4, level: 0.95 } },
  tta: { 'aligned-mean': { pa_mpjpe_mm: 0.25 } },
  tta_sweep: { passes: 2, rotations_deg: [0, 90], scales: [1] },
  tta_coverage: { 'aligned-mean': { scored: 3959, unscored: 1 } },
  tta_confidence: { 'aligned-mean': {} },
  warnings: [{ code: 'c', message: 'm', remedy: 'r' }],
  unscored: [{ id: '00000003', code: 'no-prediction', reason: 'there is no prediction for it' }],
};

async function scoredRun(): Promise<RunDirectory> {
  const run = await freshRun({ state: 'complete', coverage: DOCUMENT.coverage });
  await writeMetrics(run, DOCUMENT);
  return run;
}

describe('a stored run', () => {
  it('reads run.json and metrics.json once', async () => {
    const run = await scoredRun();
    const stored = await StoredRun.open(run.path);
    await rm(run.file('manifest'));
    expect(stored.manifest).toMatchObject({ state: 'complete' });
    expect(await stored.metrics()).toEqual(DOCUMENT);
    await rm(run.file('metrics'));
    expect(await stored.scored('compare')).toBe(await stored.metrics());
  });

  it('gives metrics.json back as it was written, to the order of its keys', async () => {
    const run = await scoredRun();
    const text = await readFile(run.file('metrics'), 'utf8');
    await writeMetrics(run, (await readMetrics(run))!);
    expect(await readFile(run.file('metrics'), 'utf8')).toBe(text);
  });

  it('takes a metrics.json of another protocol, and with further keys', async () => {
    const run = await scoredRun();
    const value = { ...DOCUMENT, protocol: { measure: 'hands-3d', version: 9 }, later: 1 };
    await writeFile(run.file('metrics'), JSON.stringify(value));
    expect(await readMetrics(run)).toEqual(value);
  });

  it.each([
    [{ schema: 'hamba-eval/metrics@9' }, 'schema "hamba-eval/metrics@9"'],
    [{ schema: undefined }, 'schema absent'],
    [{ coverage: { ...DOCUMENT.coverage, scored: -1 } }, 'coverage.scored: '],
    [{ protocol: { measure: 'faces' } }, 'protocol.measure: '],
    [{ protocol: { ...DOCUMENT.protocol, jointOrder: 'x' } }, 'protocol.jointOrder: '],
    [
      { protocol: { ...DOCUMENT.protocol, aucThresholdsMm: { from: '0' } } },
      'protocol.aucThresholdsMm.from: ',
    ],
    [{ metrics: { pa_mpjpe_mm: '6.3' } }, 'metrics.pa_mpjpe_mm: '],
    [{ metrics: { pa_mpjpe_mm: null } }, 'metrics.pa_mpjpe_mm: '],
    [{ metrics: undefined }, 'metrics: '],
    [{ confidence: { pa_mpjpe_mm: { low: 1 } } }, 'confidence.pa_mpjpe_mm.high: '],
    [{ tta: { 'aligned-mean': 1 } }, 'tta.aligned-mean: '],
    [{ warnings: 'none' }, 'warnings: '],
    [{ unscored: [{ id: 'a' }] }, 'unscored.0.code: '],
  ])('refuses a metrics.json with %j', async (change, got) => {
    const run = await scoredRun();
    await writeFile(run.file('metrics'), JSON.stringify({ ...DOCUMENT, ...change }));
    await expect((await StoredRun.open(run.path)).metrics()).rejects.toMatchObject({
      code: 'run-damaged',
      file: run.file('metrics'),
      got: expect.stringContaining(got) as string,
    });
  });

  it('has no result where it predicted alone, is unfinished, or lost it', async () => {
    const predicted = await freshRun({ state: 'complete' });
    const stored = await StoredRun.open(predicted.path);
    expect(await stored.metrics()).toBeNull();
    await expect(stored.scored('rank')).rejects.toMatchObject({
      code: 'run-unscored',
      message: expect.stringMatching(/nothing to rank$/) as string,
    });
    const unfinished = await StoredRun.open((await freshRun()).path);
    await expect(unfinished.metrics()).rejects.toMatchObject({ code: 'run-unfinished' });
    const lost = await freshRun({ state: 'complete', coverage: DOCUMENT.coverage });
    await expect((await StoredRun.open(lost.path)).metrics()).rejects.toMatchObject({ code: 'run-damaged' });
  });

  it('is none where there is no run.json, or one of something else', async () => {
    const path = await temporaryFolder();
    await expect(StoredRun.open(path)).rejects.toMatchObject({ code: 'run-directory-missing' });
    for (const text of ['{', 'null', '{"schema": "hamba-eval/run@2"}']) {
      await writeFile(join(path, 'run.json'), text);
      await expect(StoredRun.open(path)).rejects.toMatchObject({ code: 'run-manifest-unreadable' });
    }
  });
});
