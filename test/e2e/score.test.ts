/** `run --predictions` with the built program, against the official evaluator's own output. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, errorOf, FIXTURES, RUN_DIRECTORY, temporaryFolder, type CliResult } from '../support/cli.js';

const HO3D_ORDER = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3, 4, 8, 12, 16, 20];

const golden = (name: string): string => join(FIXTURES, 'golden', name);

function scorePrediction(data: string, predictions: string, ...more: string[]): Promise<CliResult> {
  return cli(['run', '--dataset', 'freihand', '--data', data, '--predictions', predictions, ...more]);
}

function parseScores(text: string): Map<string, number> {
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(': '))
      .map(([key, value]) => [key!, Number(value)]),
  );
}

/** The rows of a csv without quoted cells. */
function readTable(text: string): Record<string, string>[] {
  const [header = '', ...lines] = text.trim().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, index) => [names[index]!, cell])));
}

interface RunJson {
  run: string;
  state: string;
  coverage: object;
  metrics: Record<string, number>;
  unscored: { id: string; reason: string }[];
}

const parse = <T>(text: string): T => JSON.parse(text) as T;

describe('run --predictions', () => {
  it.each(['freihand', 'freihand-zeros', 'freihand-other-topology'])(
    'prints the scores of the official evaluator: %s',
    async (name) => {
      const out = join(await temporaryFolder(), 'run');
      const result = await scorePrediction(golden(name), join(golden(name), 'pred.json'), '--out', out);
      expect(result.stderr).not.toContain('Error');
      expect(result.code).toBe(0);
      const ours = parseScores(await readFile(join(out, 'scores.txt'), 'utf8'));
      const theirs = parseScores(await readFile(join(golden(name), 'scores.txt'), 'utf8'));
      expect([...ours.keys()]).toEqual([...theirs.keys()]);
      for (const [key, value] of theirs)
        expect(Math.abs(ours.get(key)! - value), key).toBeLessThanOrEqual(1e-6);
    },
  );

  it('leaves the run directory of the contract and one JSON document on stdout', async () => {
    const out = join(await temporaryFolder(), 'run');
    const data = golden('freihand');
    const result = await scorePrediction(data, join(data, 'pred.json'), '--out', out, '--json');
    expect(result.code).toBe(0);
    const document = parse<RunJson>(result.stdout);
    expect(document).toMatchObject({
      run: out,
      reused: false,
      schema: 'hamba-eval/metrics@1',
      state: 'complete',
      dataset: { id: 'freihand', split: 'evaluation' },
      coverage: { scored: 5, unscored: 0, folder: 5, benchmark: 3960 },
      unscored: [],
    });
    const files = (await readdir(out, { recursive: true })).sort();
    expect(files).toEqual(RUN_DIRECTORY);
    const manifest = parse<Record<string, unknown>>(await readFile(join(out, 'run.json'), 'utf8'));
    expect(manifest).toMatchObject({ state: 'complete', coverage: document.coverage });
    const csv = await readFile(join(out, 'metrics.csv'), 'utf8');
    for (const [key, value] of Object.entries(document.metrics)) expect(csv).toContain(`${key},${value},`);
    const samples = (await readFile(join(out, 'per_sample.csv'), 'utf8')).trim().split('\n');
    expect(samples).toHaveLength(6);
    expect(samples[4]).toMatch(/^3,00000003,scored,,/);
  });

  it('says partial, and never names a small folder a benchmark number', async () => {
    const out = join(await temporaryFolder(), 'run');
    const result = await scorePrediction(
      golden('freihand'),
      join(golden('freihand'), 'pred.json'),
      '--out',
      out,
    );
    expect(result.stdout).toContain('partial 5 of 3,960 samples');
    for (const line of result.stdout.split('\n')) {
      if (!line.includes(out)) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it.each([
    ['in HO-3D joint order', 'joint-order', (hand: number[][]) => HO3D_ORDER.map((k) => hand[k]!)],
    ['in millimetres', 'predictions-units', (hand: number[][]) => hand.map((p) => p.map((c) => 1000 * c))],
  ])('warns of predictions %s, in the table, the result and the log', async (_, code, change) => {
    const folder = await temporaryFolder();
    const file = join(folder, 'pred.json');
    const [joints, vertices] = parse<[number[][][], number[][][]]>(
      await readFile(join(golden('freihand'), 'pred.json'), 'utf8'),
    );
    const meshes = code === 'joint-order' ? vertices : vertices.map(change);
    await writeFile(file, JSON.stringify([joints.map(change), meshes]));
    const out = join(folder, 'run');
    const result = await scorePrediction(golden('freihand'), file, '--out', out);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain(`warning (${code})`);
    const { warnings } = parse<{ warnings: { code: string; message: string; remedy: string }[] }>(
      await readFile(join(out, 'metrics.json'), 'utf8'),
    );
    const warning = warnings.find((candidate) => candidate.code === code);
    expect(warning?.remedy).toBeTruthy();
    // Wrapped in the table: its first words are enough.
    expect(result.stdout.toLowerCase()).toContain(warning!.message.slice(0, 50).toLowerCase());
  });

  it("writes the official script's curves and per-sample values", async () => {
    const out = join(await temporaryFolder(), 'run');
    const data = golden('freihand');
    await scorePrediction(data, join(data, 'pred.json'), '--out', out);

    const table = readTable(await readFile(join(out, 'pck_curves.csv'), 'utf8'));
    const curves = parse<Record<string, [number[], number[]]>>(
      await readFile(join(data, 'pck_data.json'), 'utf8'),
    );
    for (const [name, [thresholds, shares]] of Object.entries(curves)) {
      expect(table).toHaveLength(thresholds.length);
      table.forEach((row, index) => {
        expect(Math.abs(Number(row.threshold_mm) - 10 * thresholds[index]!)).toBeLessThan(1e-12);
        expect(Math.abs(Number(row[name]) - shares[index]!), `${name} ${index}`).toBeLessThan(1e-12);
      });
    }

    const samples = readTable(await readFile(join(out, 'per_sample.csv'), 'utf8'));
    const keys = {
      mpjpe: 'mpjpe_mm',
      pa_mpjpe: 'pa_mpjpe_mm',
      mpvpe: 'mpvpe_mm',
      pa_mpvpe: 'pa_mpvpe_mm',
      f_5: 'f5',
      f_al_5: 'f5_aligned',
      f_15: 'f15',
      f_al_15: 'f15_aligned',
    };
    const official = parse<Record<string, number>[]>(await readFile(join(data, 'per_sample.json'), 'utf8'));
    official.forEach((sample, index) => {
      for (const [theirs, ours] of Object.entries(keys)) {
        const expected = sample[theirs]! * (ours.endsWith('_mm') ? 1000 : 1);
        const difference = Math.abs(Number(samples[index]![ours]) - expected);
        expect(difference, `${ours} of ${index}`).toBeLessThanOrEqual(1e-9 * Math.abs(expected));
      }
    });
  });

  it('says that the official figures of another topology are wrong, and gives the right ones', async () => {
    const out = join(await temporaryFolder(), 'run');
    const data = golden('freihand-other-topology');
    const result = await scorePrediction(data, join(data, 'pred.json'), '--out', out);
    expect(result.stdout).toContain('The predicted meshes have another number of vertices');
    const { metrics } = parse<RunJson>(await readFile(join(out, 'metrics.json'), 'utf8'));
    const official = parseScores(await readFile(join(out, 'scores.txt'), 'utf8'));
    expect(official.get('mesh_mean3d')).toBe(-100);
    expect(metrics).not.toHaveProperty('mpvpe_mm');
    expect(metrics.f5_aligned).toBeGreaterThan(10 * official.get('f_al_score_5')!);
  });

  it('shows the figures of a proper rotation beside, and scores by them when told to', async () => {
    const out = join(await temporaryFolder(), 'run');
    const data = golden('freihand');
    const official = await scorePrediction(data, join(data, 'pred.json'), '--out', out);
    expect(official.stdout).toContain('no reflection (det +1): MPJPE 9.07 mm, MPVPE 7.75 mm');

    const more = ['--reflection', 'forbidden', '--out', `${out}-proper`, '--json'];
    const proper = await scorePrediction(data, join(data, 'pred.json'), ...more);
    const { metrics } = parse<RunJson>(proper.stdout);
    const beside = parse<RunJson>(await readFile(join(out, 'metrics.json'), 'utf8')).metrics;
    expect(metrics.pa_mpjpe_mm).toBe(beside.pa_mpjpe_proper_mm);
    expect(metrics.f5_aligned).toBe(beside.f5_aligned_proper);
    expect(JSON.parse(proper.stdout)).toMatchObject({ protocol: { reflection: 'forbidden' } });
    const mixed = ['--reflection', 'forbidden', '--out', out, '--json'];
    const refused = await scorePrediction(data, join(data, 'pred.json'), ...mixed);
    expect(errorOf(refused)).toMatchObject({
      code: 'output-other-run',
      expected: 'protocol.reflection "forbidden"',
      got: 'protocol.reflection "allowed"',
    });
    expect(existsSync(join(`${out}-proper`, 'scores.txt'))).toBe(false);
  });

  it.each(['ho3d', 'ho3d-zeros'])("prints the scores of HO-3D's evaluator: %s", async (name) => {
    const out = join(await temporaryFolder(), 'run');
    const result = await cli([
      ...['run', '--dataset', 'ho3d-v2', '--data', golden(name)],
      ...['--predictions', join(golden(name), 'pred.json'), '--out', out],
    ]);
    expect(result.code).toBe(0);
    const ours = parseScores(await readFile(join(out, 'scores.txt'), 'utf8'));
    const theirs = parseScores(await readFile(join(golden(name), 'scores.txt'), 'utf8'));
    expect([...ours.keys()]).toEqual([...theirs.keys()]);
    for (const [key, value] of theirs)
      expect(Math.abs(ours.get(key)! - value), key).toBeLessThanOrEqual(1e-6);
    expect(result.stdout).toContain('The sample list evaluation.txt is absent');
  });

  it('names HO-3D samples by its list and resamples whole sequences', async () => {
    const data = await temporaryFolder();
    await cp(golden('ho3d'), data, { recursive: true });
    await writeFile(join(data, 'evaluation.txt'), 'SM1/0000\nSM1/0001\nMPM10/0000\nMPM10/0001\nMPM10/0002\n');
    const run = (out: string): Promise<CliResult> =>
      cli([
        ...['run', '--dataset', 'ho3d-v3', '--data', data, '--predictions', join(data, 'pred.json')],
        ...['--out', join(data, out), '--json'],
      ]);
    const result = await run('run');
    expect(result.code).toBe(0);
    expect(result.stdout).not.toContain('sample-list-missing');
    expect(await readFile(join(data, 'run/per_sample.csv'), 'utf8')).toContain('2,MPM10/0000,scored');

    await writeFile(join(data, 'evaluation.txt'), 'SM1/0000\nSM1/0001\nMPM10/0000\nSM1/0000\nMPM10/0001\n');
    const twice = await run('twice');
    expect(errorOf(twice)).toMatchObject({
      code: 'sample-list-duplicate',
      got: 'SM1/0000 on lines 1 and 4',
    });

    await writeFile(join(data, 'evaluation.txt'), 'SM1/0000\nSM1/0001\nMPM10/0000\n');
    const short = await run('short');
    expect(short.code).toBe(1);
    expect(errorOf(short)).toMatchObject({
      code: 'dataset-count-mismatch',
      file: join(data, 'evaluation.txt'),
      got: '3 lines',
    });
  });

  it('does not depend on the number of threads', async () => {
    const folder = await temporaryFolder();
    const data = golden('freihand');
    for (const workers of ['1', '3', '5000']) {
      const out = join(folder, workers);
      const result = await scorePrediction(data, join(data, 'pred.json'), '--out', out, '--workers', workers);
      expect(result.code).toBe(0);
      expect(result.stderr.includes('--workers 5000 is brought down to')).toBe(workers === '5000');
    }
    for (const file of ['metrics.json', 'per_sample.csv', 'per_joint.csv', 'predictions/vertices.npy']) {
      expect(await readFile(join(folder, '1', file)), file).toEqual(await readFile(join(folder, '3', file)));
    }
  });

  it('prints a finished run again, refuses another one, and replaces it with --force', async () => {
    const out = join(await temporaryFolder(), 'run');
    const first = golden('freihand');
    const second = golden('freihand-zeros');
    await scorePrediction(first, join(first, 'pred.json'), '--out', out);
    await writeFile(join(out, 'notes.txt'), 'mine');
    const before = await readFile(join(out, 'metrics.json'), 'utf8');

    const again = await scorePrediction(first, join(first, 'pred.json'), '--out', out);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('finished earlier');

    const other = await scorePrediction(second, join(second, 'pred.json'), '--out', out);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('already holds another run');
    expect(await readFile(join(out, 'metrics.json'), 'utf8')).toBe(before);

    const forced = await scorePrediction(second, join(second, 'pred.json'), '--out', out, '--force');
    expect(forced.code).toBe(0);
    expect(await readFile(join(out, 'notes.txt'), 'utf8')).toBe('mine');
    expect(await readFile(join(out, 'metrics.json'), 'utf8')).not.toBe(before);
  });

  it('loses nothing where the run that was to replace another fails', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'run');
    const data = golden('freihand');
    await scorePrediction(data, join(data, 'pred.json'), '--out', out);
    const before = await readFile(join(out, 'metrics.json'), 'utf8');
    const cut = join(folder, 'cut.json');
    await cp(join(data, 'pred.json'), cut);
    await truncate(cut, 100_000);

    expect((await scorePrediction(data, cut, '--out', out, '--force')).code).toBe(1);
    expect(await readFile(join(out, 'metrics.json'), 'utf8')).toBe(before);
    expect((await readdir(out, { recursive: true })).sort()).toEqual(RUN_DIRECTORY);

    const itself = await scorePrediction(data, out, '--out', out, '--force', '--json');
    expect(errorOf(itself).code).toBe('output-is-input');
    expect((await readdir(out, { recursive: true })).sort()).toEqual(RUN_DIRECTORY);
  });

  it('does not take a changed ground truth for the one that was scored', async () => {
    const data = await temporaryFolder();
    await cp(golden('freihand'), data, { recursive: true });
    const out = join(data, 'run');
    await scorePrediction(data, join(data, 'pred.json'), '--out', out);
    await utimes(join(data, 'evaluation_verts.json'), new Date(), new Date('2030-01-01'));
    const again = await scorePrediction(data, join(data, 'pred.json'), '--out', out, '--json');
    expect(errorOf(again)).toMatchObject({ code: 'output-other-run' });
  });

  it('says that the annotation files disagree, where the predictions fit one of them', async () => {
    const data = await temporaryFolder();
    await cp(golden('freihand'), data, { recursive: true });
    const meshes = parse<unknown[]>(await readFile(join(data, 'evaluation_verts.json'), 'utf8'));
    await writeFile(join(data, 'evaluation_verts.json'), JSON.stringify(meshes.slice(0, 4)));
    const result = await scorePrediction(data, join(data, 'pred.json'), '--out', join(data, 'run'), '--json');
    expect(errorOf(result)).toMatchObject({
      code: 'dataset-count-mismatch',
      file: join(data, 'evaluation_verts.json'),
      got: '4',
    });
  });

  it('refuses to score nothing', async () => {
    const data = await temporaryFolder();
    await writeFile(join(data, 'evaluation_xyz.json'), '[]');
    await writeFile(join(data, 'evaluation_verts.json'), '[]');
    await writeFile(join(data, 'pred.json'), '[[], []]');
    const result = await scorePrediction(data, join(data, 'pred.json'), '--out', join(data, 'run'), '--json');
    expect(result.code).toBe(1);
    expect(errorOf(result).code).toBe('nothing-to-score');
    expect(existsSync(join(data, 'run'))).toBe(false);
  });

  it("refuses a folder of somebody else's files, also with --force", async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, 'thesis.tex'), 'precious');
    const result = await scorePrediction(
      golden('freihand'),
      join(golden('freihand'), 'pred.json'),
      '--out',
      out,
      '--force',
      '--json',
    );
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'output-not-a-run', file: out });
    expect(await readdir(out)).toEqual(['thesis.tex']);
  });

  it('names file and byte where a prediction file is cut, and leaves nothing', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'pred.json');
    await cp(join(golden('freihand'), 'pred.json'), file);
    await truncate(file, 100_000);
    const out = join(folder, 'run');
    const result = await scorePrediction(golden('freihand'), file, '--out', out, '--json');
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({
      code: 'json-truncated',
      file,
      offset: 100_000,
    });
    expect(existsSync(out)).toBe(false);
  });

  it('says which of ground truth and predictions has how many samples', async () => {
    const out = join(await temporaryFolder(), 'run');
    const result = await scorePrediction(
      golden('freihand-zeros'),
      join(golden('freihand'), 'pred.json'),
      '--out',
      out,
      '--json',
    );
    expect(result.code).toBe(1);
    const error = errorOf(result);
    expect(error.code).toBe('predictions-count');
    expect(error.expected).toContain('2 samples');
    expect(error.got).toContain('5 samples');
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    ['no folder', '/no/such/folder', 'dataset-folder-missing'],
    ['a folder of something else', FIXTURES, 'dataset-layout'],
  ])('explains %s', async (_, data, code) => {
    const result = await scorePrediction(data, join(golden('freihand'), 'pred.json'), '--json');
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code, file: data });
  });

  it('scores joints alone where the folder has no meshes', async () => {
    const data = await temporaryFolder();
    await mkdir(data, { recursive: true });
    await cp(join(golden('freihand'), 'evaluation_xyz.json'), join(data, 'evaluation_xyz.json'));
    const out = join(data, 'run');
    const result = await scorePrediction(data, join(golden('freihand'), 'pred.json'), '--out', out, '--json');
    expect(result.code).toBe(0);
    const { metrics } = parse<RunJson>(result.stdout);
    expect(metrics.pa_mpjpe_mm).toBeCloseTo(6.25642, 5);
    expect(Object.keys(metrics)).not.toContain('pa_mpvpe_mm');
    expect(existsSync(join(out, 'scores.txt'))).toBe(false);
  });

  it('turns a wrong flag into a usage error with exit code 2', async () => {
    const result = await cli(['run', '--dataset', 'freihand', '--data', '.', '--json']);
    expect(result.code).toBe(2);
    expect(errorOf(result).code).toBe('usage');
  });
});
