/**
 * `node .bench/bench/submission.js [--scored] [--samples N]`: writes a submission of HO-3D v3's size with the built
 * program and prints what that took. The predictions are synthetic. Every number of the zip is compared afterwards;
 * with `--scored` there is ground truth, and the zip is scored once more as the run was (5 GB of files).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NpyWriter } from '../src/formats/npy/npy.js';
import { RunDirectory } from '../src/runs/run-directory.js';
import type { Submission } from '../src/submission/submission.js';
import { folderRequest, HO3D_V3_SIZE } from './end-to-end.js';
import { ROOT } from './machine.js';
import { USAGE_FILE_VARIABLE, type Usage } from './measured-run.js';
import { syntheticFolder } from './synthetic-files.js';
import { SyntheticHands } from './synthetic-hands.js';

const { dataset } = HO3D_V3_SIZE;
const SHAPES = { joints: [21, 3], vertices: [778, 3] } as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { scored: { type: 'boolean', default: false }, samples: { type: 'string' } },
  });
  const samples = Number(values.samples ?? HO3D_V3_SIZE.samples);
  const folder = mkdtempSync(join(tmpdir(), 'hamba-eval-bench-submission-'));
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('SIGINT', () => {
    clean();
    process.exit(130);
  });
  try {
    const run = join(folder, 'run');
    if (values.scored) await scoredRun(folder, run, samples);
    else await predictedRun(folder, run, samples);
    measure(run, join(folder, 'usage.json'));
  } finally {
    clean();
  }
}

/** As `run --model` leaves it where there is no ground truth. */
async function predictedRun(folder: string, path: string, samples: number): Promise<void> {
  const { run } = await RunDirectory.open({
    path,
    configuration: {},
    dataset: { id: dataset, folder, split: 'evaluation' },
    program: { name: 'bench', version: '0' },
    existing: 'refuse',
    resume: false,
  });
  const { axes, jointOrder } = folderRequest(HO3D_V3_SIZE, samples);
  const hands = new SyntheticHands({ axes, jointOrder });
  const written = async (part: keyof typeof SHAPES) => {
    const shape = [samples, ...SHAPES[part]];
    const writer = await NpyWriter.create(run.file(part), { shape, dtype: '<f4' });
    for (let sample = 0; sample < samples; sample++) {
      await writer.writeRows(sample, Float32Array.from(hands[part](sample).prediction));
    }
    await writer.close();
    return {
      file: `predictions/${part}.npy`,
      dtype: 'float32' as const,
      shape,
      axes,
      units: 'm' as const,
      ...(part === 'joints' ? { joint_order: jointOrder } : {}),
    };
  };
  await run.update({ predictions: { joints: await written('joints'), vertices: await written('vertices') } });
  await run.finish('complete');
}

async function scoredRun(folder: string, path: string, samples: number): Promise<void> {
  const data = join(folder, 'data');
  const { predictions } = await syntheticFolder(data, folderRequest(HO3D_V3_SIZE, samples));
  const args = ['run', '--dataset', dataset, '--data', data, '--predictions', predictions, '--out', path];
  hambaEval(args, []);
  // The run holds them too, and the disk may be small.
  rmSync(predictions);
}

/** What the built program printed. */
function hambaEval(args: readonly string[], nodeFlags: readonly string[], variables = {}): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeFlags, join(ROOT, 'bin/run.js'), ...args, '--json'],
    { env: { ...process.env, ...variables }, encoding: 'utf8', maxBuffer: 2 ** 30 },
  );
  if (status !== 0) throw new Error(`hamba-eval ended with code ${status}\n${stdout}\n${stderr}`);
  process.stderr.write(stderr);
  return stdout;
}

function measure(run: string, usageFile: string): void {
  const start = performance.now();
  const stdout = hambaEval(
    ['submission', run, '--allow-partial'],
    ['--import', new URL('./usage.js', import.meta.url).href],
    { [USAGE_FILE_VARIABLE]: usageFile },
  );
  const seconds = (performance.now() - start) / 1000;
  const { samples, bytes, json_bytes: jsonBytes, check } = JSON.parse(stdout) as Submission;
  const { userSeconds, systemSeconds, peakBytes } = JSON.parse(readFileSync(usageFile, 'utf8')) as Usage;
  const megabytes = (count: number): string => `${(count / 1e6).toFixed(0)} MB`;
  process.stdout.write(
    [
      `${samples} samples: pred.json ${megabytes(jsonBytes)}, zip ${megabytes(bytes)}, checked by ${check.kind}`,
      `${seconds.toFixed(1)} s (${(userSeconds + systemSeconds).toFixed(1)} s of processor time), peak memory ${megabytes(peakBytes)}`,
      '',
    ].join('\n'),
  );
}

await main();
