/**
 * `node .bench/bench/submission.js [SAMPLES]`: writes a submission of HO-3D v3's size with the built program and prints
 * what that took. The predictions are synthetic, and there is no ground truth: every number is compared afterwards.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ho3dV3 } from '../src/datasets/ho3d.js';
import { NpyWriter } from '../src/formats/npy.js';
import { RunDirectory } from '../src/runs/run-directory.js';
import type { Submission } from '../src/submission/submission.js';
import { ROOT } from './machine.js';
import { USAGE_FILE_VARIABLE, type Usage } from './measured-run.js';
import { SyntheticHands } from './synthetic-hands.js';

const SHAPES = { joints: [21, 3], vertices: [778, 3] } as const;

async function main(): Promise<void> {
  const { id, axes, jointOrder, protocol } = ho3dV3;
  const samples = Number(process.argv[2] ?? protocol.sampleCount);
  const folder = mkdtempSync(join(tmpdir(), 'hamba-eval-bench-submission-'));
  process.once('SIGINT', () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
  try {
    const path = join(folder, 'run');
    const { run } = await RunDirectory.open({
      path,
      configuration: {},
      dataset: { id, folder, split: 'evaluation' },
      program: { name: 'bench', version: '0' },
      existing: 'refuse',
      resume: false,
    });
    const hands = new SyntheticHands({ axes, jointOrder });
    for (const part of ['joints', 'vertices'] as const) {
      const shape = [samples, ...SHAPES[part]];
      const writer = await NpyWriter.create(run.file(part), { shape, dtype: '<f4' });
      for (let sample = 0; sample < samples; sample++) {
        await writer.writeRows(sample, Float32Array.from(hands[part](sample).prediction));
      }
      await writer.close();
    }
    const described = (part: keyof typeof SHAPES) => ({
      file: `predictions/${part}.npy`,
      dtype: 'float32' as const,
      shape: [samples, ...SHAPES[part]],
      axes,
      units: 'm' as const,
    });
    await run.update({
      predictions: {
        joints: { ...described('joints'), joint_order: jointOrder },
        vertices: described('vertices'),
      },
    });
    await run.finish('complete');
    measure(path, join(folder, 'usage.json'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(run: string, usageFile: string): void {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--import',
      new URL('./usage.js', import.meta.url).href,
      join(ROOT, 'bin/run.js'),
      ...['submission', run, '--allow-partial', '--json'],
    ],
    {
      env: { ...process.env, [USAGE_FILE_VARIABLE]: usageFile },
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    },
  );
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`hamba-eval ended with code ${status}\n${stdout}\n${stderr}`);
  const { samples, bytes, json_bytes: jsonBytes } = JSON.parse(stdout) as Submission;
  const { userSeconds, systemSeconds, peakBytes } = JSON.parse(readFileSync(usageFile, 'utf8')) as Usage;
  const megabytes = (count: number): string => `${(count / 1e6).toFixed(0)} MB`;
  process.stdout.write(
    [
      stderr.trimEnd(),
      `${samples} samples: pred.json ${megabytes(jsonBytes)}, zip ${megabytes(bytes)}`,
      `${seconds.toFixed(1)} s (${(userSeconds + systemSeconds).toFixed(1)} s of processor time), peak memory ${megabytes(peakBytes)}`,
      '',
    ].join('\n'),
  );
}

await main();
