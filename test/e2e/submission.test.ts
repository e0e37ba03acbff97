/** `submission` with the built program: out of a run, back into one. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPredictionZip } from '../../src/formats/zip/zip.js';
import { Random } from '../../src/statistics/random.js';
import { cli, errorOf, FIXTURES, temporaryFolder, type CliResult } from '../support/cli.js';
import { npyBytes } from '../support/tiny-npz.js';

const golden = (name: string): string => join(FIXTURES, 'golden', name);
/** OpenPose → HO-3D: wrist; index, middle, pinky, ring, thumb; their tips, the thumb's first. */
const HO3D_ORDER = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20];

const parse = <T>(text: string): T => JSON.parse(text) as T;

interface Written {
  submission: string;
  samples: number;
  placement: string;
  bytes: number;
  json_bytes: number;
  check: {
    kind: string;
    agrees: boolean;
    because?: string;
    largest_difference_m?: number;
    metrics?: { metric: string; run: number; submission: number; agrees: boolean }[];
  };
}

type Hands = [number[][][], number[][][]];

async function predictionsOf(zip: string): Promise<Hands> {
  const parts: Buffer[] = [];
  for await (const part of (await openPredictionZip(zip)).stream) parts.push(part as Buffer);
  return parse<Hands>(Buffer.concat(parts).toString());
}

/** A finished run of a golden case. */
async function makeRun(
  dataset: string,
  name: string,
  predictions = join(golden(name), 'pred.json'),
): Promise<string> {
  const out = join(await temporaryFolder(), 'run');
  const data = golden(name);
  const { code } = await cli([
    'run',
    '--dataset',
    dataset,
    '--data',
    data,
    '--predictions',
    predictions,
    '--out',
    out,
  ]);
  expect(code).toBe(0);
  return out;
}

const submit = (...args: string[]): Promise<CliResult> => cli(['submission', ...args, '--json']);

async function metricsOf(run: string): Promise<Record<string, number>> {
  return parse<{ metrics: Record<string, number> }>(await readFile(join(run, 'metrics.json'), 'utf8'))
    .metrics;
}

describe('submission', () => {
  it.each([
    ['freihand', 'freihand'],
    ['ho3d-v2', 'ho3d'],
  ])('of %s scores what the run scored, to the rounding', async (dataset, name) => {
    const run = await makeRun(dataset, name);
    const result = await submit(run, '--allow-partial');
    expect(result.code, result.stderr).toBe(0);
    const written = parse<Written>(result.stdout);
    expect(written).toMatchObject({
      submission: join(run, 'pred.zip'),
      dataset,
      samples: 5,
      decimals: 6,
      placement: 'as-predicted',
      check: { kind: 'scores', agrees: true, tolerance: { mm: 0.001, share: 0.001 } },
    });
    // What the command said of itself, done by hand once more.
    const again = await makeRun(dataset, name, written.submission);
    const [before, after] = [await metricsOf(run), await metricsOf(again)];
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const [key, value] of Object.entries(before)) {
      expect(Math.abs(after[key]! - value), key).toBeLessThanOrEqual(0.001);
    }
    const given = parse<Hands>(await readFile(join(golden(name), 'pred.json'), 'utf8'));
    const packed = await predictionsOf(written.submission);
    expect(packed).toEqual(
      given.map((list) => list.map((hand) => hand.map((point) => point.map((x) => Number(x.toFixed(6)))))),
    );
    // Nothing is left beside it.
    expect((await readdir(run)).filter((file) => /partial|check/.test(file))).toEqual([]);
  });

  it('says in 80 columns what it wrote, what it compared, and where the servers stand', async () => {
    const run = await makeRun('ho3d-v2', 'ho3d');
    const { code, stdout } = await cli(['submission', run, '--allow-partial', '--out', join(run, 'x.zip')]);
    expect(code).toBe(0);
    expect(stdout).toContain('partial 5 of 11,524 samples');
    expect(stdout).toContain('HO-3D joint order, OpenGL axes');
    expect(stdout).toMatch(/PA-MPJPE mm +6\.2\d+ +6\.2\d+ +0\.0000\d/);
    expect(stdout).toMatch(/All 20 metrics of the zip are the run's to within what 6 decimals allow/);
    expect(stdout.replace(/\s+/g, ' ')).toContain('public since November 2024');
    for (const line of stdout.split('\n')) {
      if (!line.includes(run)) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  it('refuses a part of the benchmark, another file in its place, and HInt', async () => {
    const run = await makeRun('freihand', 'freihand');
    expect(errorOf(await submit(run))).toMatchObject({ code: 'submission-count', got: '5' });
    expect(existsSync(join(run, 'pred.zip'))).toBe(false);
    expect((await submit(run, '--allow-partial')).code).toBe(0);
    expect(errorOf(await submit(run, '--allow-partial'))).toMatchObject({ code: 'submission-exists' });
    expect((await submit(run, '--allow-partial', '--force', '--decimals', '5')).code).toBe(0);
    // What is no archive is not replaced by one.
    const result = join(run, 'metrics.json');
    const before = await readFile(result);
    const other = await submit(run, '--allow-partial', '--force', '--out', result);
    expect(errorOf(other)).toMatchObject({ code: 'submission-exists', next: 'name another file with --out' });
    expect(await readFile(result)).toEqual(before);
    const hint = await submit('--from', 'pred.json', '--dataset', 'hint-visor');
    expect(errorOf(hint)).toMatchObject({ code: 'submission-no-format' });
    const unfused = await submit(run, '--tta-fusion', 'aligned-mean', '--allow-partial', '--force');
    expect(unfused.code).toBe(1);
    expect(unfused.stderr).not.toContain('deprecated');
    // The flag's first name.
    const renamed = await submit(run, '--fusion', 'aligned-mean', '--allow-partial', '--force');
    expect({ ...renamed, stderr: '' }).toEqual({ ...unfused, stderr: '' });
    expect(renamed.stderr).toMatch(/"--fusion" flag has been deprecated. Use "--tta-fusion"/);
  });

  it('refuses a sample without a prediction, and names it', async () => {
    const folder = await temporaryFolder();
    const [joints, vertices] = parse<Hands>(await readFile(join(golden('freihand'), 'pred.json'), 'utf8'));
    joints[3]![7]![1] = NaN;
    const bytes = (list: number[][][]): Buffer =>
      npyBytes('<f8', [5, list[0]!.length, 3], Buffer.from(Float64Array.from(list.flat(2)).buffer));
    await mkdir(join(folder, 'preds'));
    await writeFile(join(folder, 'preds', 'joints.npy'), bytes(joints));
    await writeFile(join(folder, 'preds', 'vertices.npy'), bytes(vertices));
    const run = join(folder, 'run');
    const args = ['run', '--dataset', 'freihand', '--data', golden('freihand')];
    expect((await cli([...args, '--predictions', join(folder, 'preds'), '--out', run])).code).toBe(3);
    const error = errorOf(await submit(run, '--allow-partial'));
    expect(error).toMatchObject({ code: 'submission-unscored', message: 'One sample has no prediction' });
    expect(error.got).toContain('00000003 (');
    expect((await readdir(run)).some((name) => name.startsWith('pred.zip'))).toBe(false);
  });

  it("brings a checkpoint's own arrays into the challenge's joint order, axes and place, one fusion or none", async () => {
    const run = join(await temporaryFolder(), 'run');
    const random = new Random(5);
    const hands = (points: number): Float32Array<ArrayBuffer> =>
      Float32Array.from({ length: 2 * points * 3 }, () => 0.1 * random.normal());
    const roots = Float64Array.of(0.01, 0.02, 0.5, -0.03, 0.04, 0.7);
    const sets = {
      plain: { joints: hands(21), vertices: hands(778) },
      fused: { joints: hands(21), vertices: hands(778) },
    };
    const described = async (
      folder: string,
      name: string,
      numbers: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>,
      row: number[],
    ) => {
      await mkdir(join(run, folder), { recursive: true });
      const dtype = numbers instanceof Float32Array ? '<f4' : '<f8';
      const file = `${folder}/${name}.npy`;
      await writeFile(join(run, file), npyBytes(dtype, [2, ...row], Buffer.from(numbers.buffer)));
      return {
        ...{ file, dtype: dtype === '<f4' ? 'float32' : 'float64', shape: [2, ...row] },
        ...{ axes: 'opencv', units: 'm', ...(name === 'joints' ? { joint_order: 'openpose' } : {}) },
      };
    };
    const predictions = {
      joints: await described('predictions', 'joints', sets.plain.joints, [21, 3]),
      vertices: await described('predictions', 'vertices', sets.plain.vertices, [778, 3]),
      roots: await described('predictions', 'roots', roots, [3]),
    };
    const folder = 'predictions/fused/aligned-mean';
    const fused = {
      joints: await described(folder, 'joints', sets.fused.joints, [21, 3]),
      vertices: await described(folder, 'vertices', sets.fused.vertices, [778, 3]),
    };
    const manifest = {
      ...{ schema: 'hamba-eval/run@1', state: 'complete', configuration: { model: {} }, predictions },
      fused: { 'aligned-mean': { predictions: fused, unpredicted: [] } },
      dataset: { id: 'ho3d-v3', folder: '/gone', split: 'evaluation' },
      ...{ program: { name: 'hamba-eval', version: '0' }, host: { name: 'h', pid: 1 } },
      times: { started: '2026-01-01T00:00:00.000Z' },
    };
    await writeFile(join(run, 'run.json'), JSON.stringify(manifest));
    for (const [name, { joints, vertices }] of Object.entries(sets)) {
      const fusion = name === 'fused' ? ['--tta-fusion', 'aligned-mean'] : [];
      const result = await submit(run, '--allow-partial', '--force', ...fusion);
      expect(result.code, result.stdout).toBe(0);
      const written = parse<Written>(result.stdout);
      expect(written).toMatchObject({ placement: 'published-root', joint_order: 'ho3d', axes: 'opengl' });
      const expected = [joints, vertices].map((points, list) =>
        [0, 1].map((hand) => {
          const order = list === 0 ? HO3D_ORDER : Array.from({ length: 778 }, (_, k) => k);
          return order.map((k) =>
            [0, 1, 2].map((axis) => {
              const wrist = joints[hand * 63 + axis]!;
              const value = points[(hand * order.length + k) * 3 + axis]! - wrist + roots[hand * 3 + axis]!;
              return axis === 0 ? value : -value;
            }),
          );
        }),
      );
      const packed = await predictionsOf(written.submission);
      const flat = expected.flat(3);
      const apart = packed.flat(3).map((value, index) => Math.abs(value - flat[index]!));
      expect(apart).toHaveLength(flat.length);
      expect(Math.max(...apart)).toBeLessThanOrEqual(0.501e-6);
    }
  });

  it('compares every number where the folder is gone', async () => {
    const run = await makeRun('freihand', 'freihand');
    const manifest = parse<{ dataset: { folder: string } }>(await readFile(join(run, 'run.json'), 'utf8'));
    manifest.dataset.folder = '/gone';
    await writeFile(join(run, 'run.json'), JSON.stringify(manifest));
    const { check } = parse<Written>((await submit(run, '--allow-partial')).stdout);
    expect(check).toMatchObject({ kind: 'numbers', agrees: true });
    expect(check.because).toContain('/gone');
    expect(check.largest_difference_m).toBeGreaterThan(0);
    expect(check.largest_difference_m).toBeLessThanOrEqual(0.5e-6 * (1 + 1e-6));
  });

  it('ends with 3 where the zip does not score what the run scored', async () => {
    const run = await makeRun('freihand', 'freihand');
    const metrics = parse<{ metrics: Record<string, number> }>(
      await readFile(join(run, 'metrics.json'), 'utf8'),
    );
    metrics.metrics.pa_mpjpe_mm! += 0.1;
    await writeFile(join(run, 'metrics.json'), JSON.stringify(metrics));
    const result = await cli(['submission', run, '--allow-partial']);
    expect(result.code).toBe(3);
    expect(result.stdout.replace(/\s+/g, ' ')).toContain("1 of 18 metrics of the zip are not the run's");
    expect(result.stdout).toContain('The check failed');
  });

  describe('--from', () => {
    it('packs and validates what somebody else has made', async () => {
      const folder = await temporaryFolder();
      const out = join(folder, 'deep', 'mine.zip');
      const file = join(golden('freihand'), 'pred.json');
      const result = await submit('--from', file, '--dataset', 'freihand', '--out', out, '--allow-partial');
      expect(result.code, result.stdout).toBe(0);
      expect(parse<Written>(result.stdout)).toMatchObject({
        submission: out,
        check: { kind: 'numbers', agrees: true },
      });
      expect(await predictionsOf(out)).toHaveLength(2);
    });

    it('refuses OpenCV axes for HO-3D and other meshes, and warns of millimetres', async () => {
      const folder = await temporaryFolder();
      const file = join(golden('ho3d'), 'pred.json');
      const change = async (name: string, of: (x: number, axis: number) => number): Promise<string> => {
        const lists = parse<Hands>(await readFile(file, 'utf8'));
        const changed = lists.map((list) => list.map((hand) => hand.map((point) => point.map(of))));
        await writeFile(join(folder, name), JSON.stringify(changed));
        return join(folder, name);
      };
      const from = (path: string, dataset: string): Promise<CliResult> =>
        submit('--from', path, '--dataset', dataset, '--out', join(folder, 'x.zip'), '--allow-partial');
      const opencv = await change('opencv.json', (x, axis) => (axis === 0 ? x : -x));
      expect(errorOf(await from(opencv, 'ho3d-v2')).code).toBe('submission-axes');
      const other = join(golden('freihand-other-topology'), 'pred.json');
      expect(errorOf(await from(other, 'freihand')).code).toBe('submission-shapes');
      expect(existsSync(join(folder, 'x.zip'))).toBe(false);
      const millimetres = await change('mm.json', (x) => 1000 * x);
      const text = await cli([
        ...['submission', '--from', millimetres, '--dataset', 'ho3d-v2', '--allow-partial'],
        ...['--out', join(folder, 'x.zip')],
      ]);
      expect(text.stdout.replace(/\s+/g, ' ')).toContain('Submissions are in metres: check the unit');
    });

    it('never replaces the file it reads', async () => {
      const folder = await temporaryFolder();
      const file = join(folder, 'pred.zip');
      await writeFile(file, await readFile(join(golden('freihand'), 'pred.json')));
      const result = await submit('--from', file, '--dataset', 'freihand', '--allow-partial', '--force');
      expect(errorOf(result)).toMatchObject({ code: 'submission-exists' });
      expect(await readFile(file)).toEqual(await readFile(join(golden('freihand'), 'pred.json')));
    });
  });

  it('leaves nothing where it is interrupted', async () => {
    const folder = await temporaryFolder();
    const hands = 2000;
    const row = (points: number): string => `[${Array<string>(points).fill('[0.1,0.2,-0.3]').join(',')}]`;
    const list = (points: number): string => `[${Array<string>(hands).fill(row(points)).join(',')}]`;
    await writeFile(join(folder, 'pred.json'), `[${list(21)},${list(778)}]`);
    const out = join(folder, 'out', 'mine.zip');
    const args = [
      '--from',
      join(folder, 'pred.json'),
      '--dataset',
      'ho3d-v2',
      '--out',
      out,
      '--allow-partial',
    ];
    const { code } = await cli(['submission', ...args], { interruptAtFile: `${out}.partial` });
    expect(code).toBe(130);
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });

  it('needs one thing to pack', async () => {
    expect((await cli(['submission'])).code).toBe(2);
    expect((await cli(['submission', 'run', '--from', 'x', '--dataset', 'freihand'])).code).toBe(2);
  });
});
