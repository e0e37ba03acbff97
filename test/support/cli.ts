/** Runs the built program as a user does, and keeps what it printed. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, onTestFinished } from 'vitest';
import type { ErrorJson } from '../../src/errors.js';

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export const FIXTURES: string = fileURLToPath(new URL('../fixtures', import.meta.url));

/** What a scored run leaves, sorted. */
export const RUN_DIRECTORY: readonly string[] = [
  'joint_errors.npy',
  'metrics.csv',
  'metrics.json',
  'pck_curves.csv',
  'per_joint.csv',
  'per_sample.csv',
  'predictions',
  'predictions/joints.npy',
  'predictions/vertices.npy',
  'run.json',
  'samples.txt',
  'scores.txt',
];

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Another build than that of this checkout: its bin/run.js. */
  readonly bin?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Sends SIGINT as soon as this file is there. */
  readonly interruptAtFile?: string;
  /** Sends `signal` as soon as `when` says so. */
  readonly interrupt?: { readonly signal: NodeJS.Signals; readonly when: () => boolean };
}

export function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--throw-deprecation', options.bin ?? BIN, ...args], {
      cwd: options.cwd ?? tmpdir(),
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    const { interruptAtFile: file } = options;
    const atFile = file === undefined ? null : ({ signal: 'SIGINT', when: () => existsSync(file) } as const);
    const interrupt = options.interrupt ?? atFile;
    const watch = setInterval(() => {
      if (interrupt?.when() !== true) return;
      clearInterval(watch);
      child.kill(interrupt.signal);
    }, 10);
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(watch);
      resolve({ code, stdout, stderr });
    });
  });
}

/** What a command with `--json` says is wrong. */
export function errorOf({ stdout }: CliResult): ErrorJson {
  return (JSON.parse(stdout) as { error: ErrorJson }).error;
}

const PREFIX = join(tmpdir(), 'hamba-eval test ');

/** A folder of the test's own, removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(PREFIX);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder that the tests of a file share, removed after them. */
export function sharedFolder(): string {
  const folder = mkdtempSync(PREFIX);
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
