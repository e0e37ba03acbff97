/** The packed program, installed into an empty folder elsewhere, as a user has it. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const env = { ...process.env, NO_COLOR: '1', ONNXRUNTIME_NODE_INSTALL: 'skip' };

/** What a user writes who scores a hand in a program of his own. */
const CALLER = `
import { evaluateSample, FREIHAND_PROTOCOL, type SampleResult } from 'hamba-eval/metrics';

const joints = Float64Array.from({ length: 63 }, (_, k) => Math.sin(k * 1.7) / 10);
const moved = joints.map((value) => 2 * value + 0.1);
const result: SampleResult = evaluateSample(
  { prediction: { joints: moved }, groundTruth: { joints } },
  FREIHAND_PROTOCOL,
);
if (result.state !== 'scored') throw new Error(result.message);
console.log(JSON.stringify(result.metrics));
`;

describe('the packed program', () => {
  it('runs the demo and exports its metrics, typed', async () => {
    const folder = await temporaryFolder();
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT, env });
    const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
    const home = join(folder, 'elsewhere');
    await mkdir(home);
    await writeFile(
      join(home, 'package.json'),
      JSON.stringify({ name: 'elsewhere', private: true, type: 'module' }),
    );
    await run('npm', ['install', '--no-audit', '--no-fund', join(folder, tarball!)], { cwd: home, env });

    const demo = await run('npx', ['hamba-eval', 'demo', '--training', '20', '--evaluation', '4', '--json'], {
      cwd: home,
      env,
    });
    expect(JSON.parse(demo.stdout)).toMatchObject({
      run: join('reports', 'demo', 'ridge'),
      coverage: { scored: 4, benchmark: 3960 },
    });

    await writeFile(join(home, 'caller.ts'), CALLER);
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--lib', 'es2023,dom'];
    await run(process.execPath, [tsc, ...flags, 'caller.ts'], { cwd: home, env });
    const { stdout } = await run(process.execPath, ['caller.js'], { cwd: home, env });
    const metrics = JSON.parse(stdout) as { pa_mpjpe_mm: number; mpjpe_mm: number };
    expect(metrics.pa_mpjpe_mm).toBeLessThan(1e-4);
    expect(metrics.mpjpe_mm).toBeGreaterThan(50);
  });
});
