/** What a figure was measured on and with: without it a figure says nothing. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: the built benchmark runs from .bench/bench. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Machine {
  readonly cpu: string;
  /** Hardware threads this process may use. */
  readonly cores: number;
  readonly memory_bytes: number;
  readonly os: string;
}

export interface Versions {
  readonly node: string;
  readonly program: string;
  /** `+changes` where the checkout had uncommitted ones; absent outside a checkout. */
  readonly commit?: string;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    os: `${osName() ?? type()} (${type()} ${release()}, ${process.arch})`,
  };
}

export function versions(): Versions {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const found = commit();
  return {
    node: process.versions.node,
    program: version,
    ...(found === null ? {} : { commit: found }),
  };
}

function commit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed =
      git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'bin', 'package.json') !== '';
    return git('rev-parse', '--short=12', 'HEAD') + (changed ? '+changes' : '');
  } catch {
    return null;
  }
}

/** A distribution's own name, where there is one. */
function osName(): string | null {
  try {
    return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
