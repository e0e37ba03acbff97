/** Runs the built program as a user does, in a process of its own, and measures that process. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricsDocument } from '../src/runs/metrics-document.js';
import { ROOT } from './machine.js';

/** Names the file that usage.ts writes. */
export const USAGE_FILE_VARIABLE = 'HAMBA_EVAL_BENCH_USAGE';

export interface Usage {
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** Largest resident memory of the process, all its threads together. */
  readonly peakBytes: number;
}

export interface MeasuredRun extends Usage {
  /** From start to exit, Node's own start included. */
  readonly wallSeconds: number;
  readonly document: MetricsDocument;
}

export interface RunUnderMeasure {
  readonly dataset: string;
  readonly data: string;
  readonly predictions: string;
  readonly nodeFlags?: readonly string[];
}

/**
 * @throws Error where the program failed: a time without a result is no figure.
 */
export async function measuredRun(request: RunUnderMeasure): Promise<MeasuredRun> {
  const folder = mkdtempSync(join(tmpdir(), 'hamba-eval-bench-run-'));
  try {
    const { stdout, ...figures } = await measured([
      ...(request.nodeFlags ?? []),
      join(ROOT, 'bin/run.js'),
      ...['run', '--dataset', request.dataset, '--data', request.data],
      ...['--predictions', request.predictions, '--out', join(folder, 'run'), '--json'],
    ]);
    return { ...figures, document: JSON.parse(stdout) as MetricsDocument };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs Node with these arguments, and measures it. */
export async function measured(
  args: readonly string[],
): Promise<Usage & { readonly wallSeconds: number; readonly stdout: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'hamba-eval-bench-usage-'));
  try {
    const usageFile = join(folder, 'usage.json');
    const start = performance.now();
    const { code, stdout, stderr } = await finished(
      ['--import', new URL('./usage.js', import.meta.url).href, ...args],
      { [USAGE_FILE_VARIABLE]: usageFile },
    );
    const wallSeconds = (performance.now() - start) / 1000;
    if (code !== 0) throw new Error(`${args.join(' ')} ended with code ${code}\n${stdout}\n${stderr}`);
    return { wallSeconds, stdout, ...(JSON.parse(readFileSync(usageFile, 'utf8')) as Usage) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function finished(args: readonly string[], variables: Readonly<Record<string, string>>): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
