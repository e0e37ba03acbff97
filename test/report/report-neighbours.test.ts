import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { HINT_VISOR_PROTOCOL } from '../../src/metrics/index.js';
import { neighboursOf } from '../../src/report/report-neighbours.js';
import { METRICS_SCHEMA, type MetricsDocument } from '../../src/runs/metrics-document.js';
import { StoredRun } from '../../src/runs/stored-run.js';
import { freshRun } from '../support/run-directory.js';

const COVERAGE = { scored: 1906, unscored: 0, folder: 1906, benchmark: 1906 };

/** A finished run of HInt VISOR with this PCK@0.05 of all joints. */
async function runOf(share: number): Promise<StoredRun> {
  const dataset = { id: 'hint-visor', folder: '/data', split: 'evaluation' };
  const run = await freshRun({ state: 'complete', dataset, coverage: COVERAGE });
  const document: MetricsDocument = {
    schema: METRICS_SCHEMA,
    state: 'complete',
    dataset: { id: 'hint-visor', split: 'evaluation' },
    coverage: COVERAGE,
    protocol: HINT_VISOR_PROTOCOL,
    metrics: { pck_0_05_all: share },
    confidence: {},
    warnings: [],
    unscored: [],
  };
  await writeFile(run.file('metrics'), JSON.stringify(document));
  return StoredRun.open(run.path);
}

describe('the published results around a run', () => {
  it('are in percent for HInt, the run among them, as the other tables of the page are', async () => {
    const stored = await runOf(0.4361);
    const { columns, rows } = (await neighboursOf('hint-visor', 'evaluation', [
      { stored, shown: { name: 'mine' } },
    ]))!;
    expect(columns[0]).toBe('PCK@0.05 all, %');
    const first = rows.map(({ name, run, cells }) => [run === null ? name : 'the run', cells[0]]);
    expect(first.slice(0, 4)).toEqual([
      ['Hamba', '47.2'],
      ['HaMeR-170k', '44.4'],
      ['the run', '43.6'],
      ['HaMeR', '43.0'],
    ]);
    expect(rows.find(({ run }) => run !== null)!.cells[1]).toBe('–');
  });

  it('are those of the evaluation split alone', async () => {
    expect(await neighboursOf('hint-visor', 'training', [])).toBeNull();
  });
});
