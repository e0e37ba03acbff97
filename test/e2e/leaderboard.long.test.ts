/** `leaderboard` as the built program prints it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, FIXTURES, temporaryFolder } from '../support/cli.js';

const golden = join(FIXTURES, 'golden', 'freihand');

interface Board {
  rows: { method: string; rank?: number; run?: string; notes?: string[]; metrics: Record<string, number> }[];
}

const parse = <T>(text: string): T => JSON.parse(text) as T;

describe('leaderboard', () => {
  it('prints published rows and where they are from, in 80 columns', async () => {
    const { code, stdout, stderr } = await cli(['leaderboard', 'ho3d-v2']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('arXiv 2407.09646, Table 2');
    expect(stdout).toMatch(/^ 1 {2}Hamba +NeurIPS 2024 +7\.5 +7\.7 +0\.648 +0\.982 +0\.850 +0\.846$/m);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('shows a run among them, not ranked where it is partial, and puts nothing else into csv and json', async () => {
    const run = join(await temporaryFolder(), 'mine');
    await cli([
      ...['run', '--dataset', 'freihand', '--data', golden],
      ...['--predictions', join(golden, 'pred.json'), '--out', run],
    ]);
    const metrics = parse<{ metrics: Record<string, number> }>(
      await readFile(join(run, 'metrics.json'), 'utf8'),
    );
    const table = await cli(['leaderboard', 'freihand', run]);
    expect(table.stdout).toMatch(/▸ mine .*\n {4}not ranked; partial 5 of 3,960/);
    const csv = await cli(['leaderboard', 'freihand', run, '--format', 'csv']);
    const [header, ...rows] = csv.stdout.trim().split('\n');
    expect(header).toMatch(/^method,paper_reference,venue,backbone,stacked,tta,pa_mpjpe_mm,/);
    expect(rows).toHaveLength(26);
    expect(rows.at(-1)).toContain(String(metrics.metrics.pa_mpjpe_mm));
    const json = await cli(['leaderboard', 'freihand', run, '--format', 'json', '--allow-mixed']);
    const own = parse<Board>(json.stdout).rows.find((row) => row.run === run)!;
    expect(own.rank).toBeGreaterThan(1);
    expect(own.notes).toEqual(['partial 5 of 3,960']);
    expect(own.metrics.pa_mpjpe_mm).toBe(metrics.metrics.pa_mpjpe_mm);
    const flag = await cli(['leaderboard', 'freihand', run, '--json', '--allow-mixed']);
    expect(parse(flag.stdout)).toEqual(parse(json.stdout));
  });

  it('reports published rows that contradict themselves, with exit code 3', async () => {
    const { code, stdout } = await cli(['leaderboard', 'ho3d-v2', '--lint']);
    expect(code).toBe(3);
    expect(stdout).toContain('I2L-MeshNet, ECCV 2020: PA-MPVPE 13.9 mm is 24 % apart');
    const fine = await cli(['leaderboard', 'freihand', '--lint', '--json']);
    expect(fine.code).toBe(0);
    expect(parse(fine.stdout)).toEqual({ dataset: 'freihand', rows: 25, findings: [] });
  });

  it('lints the runs that are named, and does not pass over one that is none', async () => {
    const run = join(await temporaryFolder(), 'mine');
    await cli([
      ...['run', '--dataset', 'freihand', '--data', golden],
      ...['--predictions', join(golden, 'pred.json'), '--out', run],
    ]);
    const own = await cli(['leaderboard', 'freihand', run, '--lint', '--json']);
    expect(parse<{ rows: number }>(own.stdout).rows).toBe(26);
    expect((await cli(['leaderboard', 'freihand', '/nowhere', '--lint'])).code).toBe(1);
  });

  it('refuses what is no run, and a dataset it does not know', async () => {
    const missing = await cli(['leaderboard', 'freihand', '/nowhere', '--json']);
    expect(missing.code).toBe(1);
    expect(parse(missing.stdout)).toMatchObject({ error: { code: 'run-directory-missing' } });
    expect((await cli(['leaderboard', 'ho3d'])).code).toBe(2);
    expect((await cli(['leaderboard', 'freihand', '--fromat', 'csv'])).code).toBe(2);
  });
});
