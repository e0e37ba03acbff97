/** Every table of a run directory comes back as it was written, and a damaged one is refused with its line. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FREIHAND_PROTOCOL } from '../../../src/metrics/index.js';
import { METRICS_SCHEMA } from '../../../src/runs/metrics-document.js';
import type { RunDirectory } from '../../../src/runs/run-directory.js';
import { StoredRun } from '../../../src/runs/stored-run.js';
import { writeCurveTable } from '../../../src/runs/tables/curve-table.js';
import { writeJointTable } from '../../../src/runs/tables/joint-table.js';
import { writeKeypointTable, type KeypointTable } from '../../../src/runs/tables/keypoint-table.js';
import { writeMetricTable } from '../../../src/runs/tables/metric-table.js';
import { writePassTable } from '../../../src/runs/tables/pass-table.js';
import { readSampleList, writeSampleList } from '../../../src/runs/tables/sample-list.js';
import { writeSampleTable, type SampleTable } from '../../../src/runs/tables/sample-table.js';
import { csvRecords } from '../../../src/text/csv-reader.js';
import { freshRun } from '../../support/run-directory.js';

const IDS = ['SM1/0000', 'with, comma', 'said "so"'];

const SAMPLES: SampleTable = {
  ids: IDS,
  indices: [0, 4, 7],
  scored: Uint8Array.of(1, 0, 1),
  reasons: ['', 'predicted joints hold NaN, "so"\nand nothing else', ''],
  sequences: ['SM1', 'a', 'a'],
  columns: new Map([
    ['pa_mpjpe_mm', Float64Array.of(0.1 + 0.2, NaN, 1e-7)],
    ['auc_j', Float64Array.of(0, NaN, 1)],
    ['joints_reflected', Float64Array.of(1, NaN, 0)],
  ]),
};

const stored = (run: RunDirectory): Promise<StoredRun> => StoredRun.open(run.path);
const linesOf = async (run: RunDirectory, name: Parameters<RunDirectory['file']>[0]): Promise<string[]> =>
  (await readFile(run.file(name), 'utf8')).split('\n');

describe('per_sample.csv', () => {
  it('comes back as it was written', async () => {
    const run = await freshRun();
    await writeSampleTable(run, SAMPLES);
    expect(await (await stored(run)).samples()).toEqual(SAMPLES);
    const independent = { ...SAMPLES, sequences: null, columns: new Map() };
    await writeSampleTable(run, independent);
    expect(await (await stored(run)).samples()).toEqual(independent);
  });

  it('has the reason in the row of an unscored sample, and no figure', async () => {
    const run = await freshRun();
    await writeSampleTable(run, { ...SAMPLES, reasons: ['', 'no labels', ''] });
    expect(await linesOf(run, 'perSample')).toEqual([
      'index,id,state,reason,sequence,pa_mpjpe_mm,auc_j,joints_reflected',
      '0,SM1/0000,scored,,SM1,0.30000000000000004,0,1',
      '4,"with, comma",unscored,no labels,a,,,',
      '7,"said ""so""",scored,,a,1e-7,1,0',
      '',
    ]);
  });

  it('is read as far as it is wanted, and a column that is not there is missed', async () => {
    const run = await freshRun();
    await writeSampleTable(run, SAMPLES);
    await writeFile(
      run.file('perSample'),
      (await readFile(run.file('perSample'), 'utf8')).replace('1e-7', 'x'),
    );
    const read = await stored(run);
    expect([...(await read.samples(['auc_j'])).columns.keys()]).toEqual(['auc_j']);
    await expect(read.samples(['auc_j', 'f5'])).rejects.toMatchObject({
      code: 'run-damaged',
      expected: 'a column f5',
    });
    // The reason of the second sample spans two lines.
    await expect(read.samples()).rejects.toMatchObject({
      code: 'run-damaged',
      message: expect.stringContaining('line 5') as string,
      file: run.file('perSample'),
    });
  });

  it('has every sample once', async () => {
    const run = await freshRun();
    await writeSampleTable(run, { ...SAMPLES, ids: ['a', 'b', 'a'], reasons: ['', '', ''] });
    await expect((await stored(run)).samples()).rejects.toMatchObject({
      code: 'run-damaged',
      message: expect.stringContaining('line 4') as string,
      got: 'a for the second time',
    });
  });
});

describe('per_joint.csv', () => {
  it('comes back as it was written', async () => {
    const run = await freshRun();
    const joints = {
      joints: [0, 4],
      names: ['wrist', 'thumb_4'],
      columns: new Map([
        ['samples', Float64Array.of(12, 11)],
        ['pa_mpjpe_mm', Float64Array.of(1 / 3, NaN)],
      ]),
    };
    await writeJointTable(run, joints);
    expect(await linesOf(run, 'perJoint')).toEqual([
      'joint,name,samples,pa_mpjpe_mm',
      '0,wrist,12,0.3333333333333333',
      '4,thumb_4,11,',
      '',
    ]);
    expect(await (await stored(run)).joints()).toEqual(joints);
  });
});

describe('pck_curves.csv', () => {
  it('comes back as it was written, and is null where there is none', async () => {
    const run = await freshRun();
    expect(await (await stored(run)).curves()).toBeNull();
    const curves = {
      scale: 'threshold_mm',
      thresholds: [0, 0.5050505050505051, 50],
      curves: new Map([
        ['xyz', Float64Array.of(0, 0.25, 1)],
        ['mesh_al', Float64Array.of(0, 1 / 3, 1)],
      ]),
    };
    await writeCurveTable(run, curves);
    expect((await linesOf(run, 'pckCurves'))[0]).toBe('threshold_mm,xyz,mesh_al');
    expect(await (await stored(run)).curves()).toEqual(curves);
  });
});

/** Three samples: all joints of the first, none of the second, one of the third, which is beyond every threshold. */
function keypoints(withSubsets: boolean): KeypointTable {
  const within = new Float64Array(63).fill(Infinity);
  const all = new Uint8Array(63);
  for (let joint = 0; joint < 21; joint++) {
    within[joint] = joint / 200;
    all[joint] = 1;
  }
  all[42 + 20] = 1;
  const vis = withSubsets ? all.map((label, k) => (k % 2 === 0 ? label : 0)) : null;
  const occ = withSubsets ? all.map((label, k) => (k % 2 === 0 ? 0 : label)) : null;
  return { within, labelled: { all, vis, occ } };
}

describe('per_keypoint.csv', () => {
  it.each([true, false])('comes back as it was written, visibility known: %s', async (withSubsets) => {
    const run = await freshRun();
    await writeKeypointTable(run, IDS, keypoints(withSubsets));
    const lines = await linesOf(run, 'perKeypoint');
    expect(lines).toHaveLength(1 + 22 + 1);
    expect(lines[0]).toBe(
      `id,joint,name,within,labelled_all${withSubsets ? ',labelled_vis,labelled_occ' : ''}`,
    );
    expect(lines[22]).toBe(`"said ""so""",20,pinky_4,,1${withSubsets ? ',1,0' : ''}`);
    expect(await (await stored(run)).keypoints(IDS)).toEqual(keypoints(withSubsets));
  });

  it.each([
    ['SM1/0000,3,', 'another,3,', 'an id of per_sample.csv', 'another'],
    ['SM1/0000,3,', 'SM1/0000,21,', 'a joint from 0 to 20', '21'],
    ['SM1/0000,3,', 'SM1/0000,1.5,', 'a joint from 0 to 20', '1.5'],
    ['SM1/0000,3,', 'SM1/0000,three,', 'a number in joint', 'three'],
  ])('is refused with %j as %j', async (was, is, expected, got) => {
    const run = await freshRun();
    await writeKeypointTable(run, IDS, keypoints(true));
    const file = run.file('perKeypoint');
    await writeFile(file, (await readFile(file, 'utf8')).replace(was, is));
    await expect((await stored(run)).keypoints(IDS)).rejects.toMatchObject({
      code: 'run-damaged',
      message: expect.stringContaining('line 5') as string,
      file,
      expected,
      got,
    });
  });

  it('is missed where it is not there', async () => {
    const run = await stored(await freshRun());
    const error = { code: 'run-incomplete', file: run.file('perKeypoint') };
    await expect(run.keypoints(IDS)).rejects.toMatchObject(error);
  });
});

describe('tta_passes.csv', () => {
  it('comes back as it was written; a metric that a pass lacks has no key', async () => {
    const run = await freshRun();
    const passes = [
      { index: 0, name: 'rot0_scale1', rotation_deg: 0, scale: 1, metrics: { pa_mpjpe_mm: 1.5 } },
      {
        index: 1,
        name: 'rot-10_scale1.1',
        rotation_deg: -10,
        scale: 1.1,
        metrics: { f5: 0, pa_mpjpe_mm: 2 },
      },
      { index: 2, name: 'rot10_scale1.1', rotation_deg: 10, scale: 1.1, metrics: {} },
    ];
    await writePassTable(run, passes);
    expect((await linesOf(run, 'passes'))[0]).toBe('pass,name,rotation_deg,scale,pa_mpjpe_mm,f5');
    expect(await (await stored(run)).passes()).toEqual(passes);
  });
});

describe('samples.txt', () => {
  it('comes back as it was written', async () => {
    const run = await freshRun();
    await writeSampleList(run, IDS);
    expect(await readFile(run.file('samples'), 'utf8')).toBe(`${IDS.join('\n')}\n`);
    expect(await readSampleList(run)).toEqual(IDS);
  });

  it('is missed only where the rows are a selection', async () => {
    const run = await freshRun();
    expect(await readSampleList(run)).toBeNull();
    await run.update({ selected: true });
    await expect(readSampleList(run)).rejects.toMatchObject({ code: 'file-missing' });
  });
});

describe('metrics.csv', () => {
  it('holds full precision under the keys of metrics.json', async () => {
    const run = await freshRun();
    const metrics = { pa_mpjpe_mm: 0.1 + 0.2, f5: 1 };
    await writeMetricTable(run, {
      schema: METRICS_SCHEMA,
      state: 'complete',
      dataset: { id: 'freihand', split: 'evaluation' },
      coverage: { scored: 3960, unscored: 0, folder: 3960, benchmark: 3960 },
      protocol: FREIHAND_PROTOCOL,
      metrics,
      confidence: { pa_mpjpe_mm: { low: 5.7, high: 5.9, level: 0.95 } },
      warnings: [],
      unscored: [],
    });
    const text = await readFile(run.file('metricsCsv'), 'utf8');
    expect(text).toBe('metric,value,low,high,level\npa_mpjpe_mm,0.30000000000000004,5.7,5.9,0.95\nf5,1,,,\n');
    const read = csvRecords(text).map(({ metric, value }) => [metric, Number(value)]);
    expect(Object.fromEntries(read)).toEqual(metrics);
  });
});

describe('a table', () => {
  it('is read when it is asked for, and not before', async () => {
    const run = await freshRun();
    await writeSampleTable(run, SAMPLES);
    const read = await stored(run);
    await rm(run.file('perSample'));
    await expect(read.samples()).rejects.toMatchObject({ code: 'file-missing' });
  });
});
