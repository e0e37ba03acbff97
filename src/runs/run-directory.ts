/**
 * The run directory: the one place where predict, score and everything later
 * meet. Nothing in it is ever half-written under its final name, and nothing
 * that this program did not write is ever removed from it.
 */
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../errors.js';
import { partialName, writeFileAtomic } from './atomic-file.js';
import { parseManifest, RUN_SCHEMA, type Manifest } from './manifest.js';

/** Every file name this program writes into a run directory; `--force` removes these and no other. */
export const RUN_FILES = {
  manifest: 'run.json',
  metrics: 'metrics.json',
  officialScores: 'scores.txt',
  metricsCsv: 'metrics.csv',
  perSample: 'per_sample.csv',
  perJoint: 'per_joint.csv',
  pckCurves: 'pck_curves.csv',
  joints: 'predictions/joints.npy',
  vertices: 'predictions/vertices.npy',
} as const;

export type RunConfiguration = Readonly<Record<string, unknown>>;

export interface OpenRunOptions {
  readonly path: string;
  readonly configuration: RunConfiguration;
  readonly dataset: { readonly id: string; readonly folder: string; readonly split: string };
  readonly program: { readonly name: string; readonly version: string; readonly commit?: string };
  readonly force: boolean;
}

/** Either a directory of one's own to fill, or the finished result of the same run. */
export type OpenedRun =
  | { readonly state: 'fresh'; readonly run: RunDirectory }
  | { readonly state: 'finished'; readonly run: RunDirectory };

export class RunDirectory {
  readonly path: string;
  private current: Manifest;

  private constructor(path: string, manifest: Manifest) {
    this.path = path;
    this.current = manifest;
  }

  get manifest(): Manifest {
    return this.current;
  }

  file(name: keyof typeof RUN_FILES): string {
    return join(this.path, RUN_FILES[name]);
  }

  /** Merges `change` into run.json, atomically. */
  async update(change: Partial<Manifest>): Promise<void> {
    this.current = { ...this.current, ...change };
    await writeFileAtomic(this.file('manifest'), toJsonText(this.current));
  }

  async writeText(name: keyof typeof RUN_FILES, text: string): Promise<void> {
    await writeFileAtomic(this.file(name), text);
  }

  async finish(state: Exclude<Manifest['state'], 'running'>): Promise<void> {
    const finished = new Date();
    const seconds = (finished.getTime() - Date.parse(this.current.times.started)) / 1000;
    await this.update({
      state,
      times: { ...this.current.times, finished: finished.toISOString(), seconds },
    });
  }

  /** Removes everything of this run: nothing of it is worth keeping, and nothing of it must look finished. */
  async discard(): Promise<void> {
    await removeOurFiles(this.path);
    try {
      await rmdir(this.path);
    } catch {
      // Somebody else's file is in there: it stays.
    }
  }

  /** Opens a finished or unfinished run for reading. */
  static async read(path: string): Promise<RunDirectory> {
    return new RunDirectory(path, await readManifest(path));
  }

  /**
   * Makes `path` a run directory for `configuration`.
   *
   * @throws UserError where the folder holds something else, another run, an
   * unfinished one, or one that another live process is writing.
   */
  static async open(options: OpenRunOptions): Promise<OpenedRun> {
    const { path, force } = options;
    const entries = await listFolder(path);
    if (entries.includes(RUN_FILES.manifest)) {
      const existing = await readManifest(path);
      refuseLiveWriter(path, existing);
      const difference = differingKeys(existing.configuration, options.configuration);
      if (!force) {
        if (existing.state === 'complete' && difference.length === 0) {
          return { state: 'finished', run: new RunDirectory(path, existing) };
        }
        throw existing.state === 'complete'
          ? otherRun(path, existing.configuration, options.configuration, difference)
          : unfinishedRun(path, existing);
      }
      await removeOurFiles(path);
    } else if (entries.length > 0) {
      throw new UserError({
        code: 'output-not-a-run',
        message: 'The output folder holds files that are not a run of hamba-eval',
        file: path,
        expected: 'an empty or new folder, or a run directory with run.json',
        got: entries.slice(0, 5).join(', ') + (entries.length > 5 ? ', …' : ''),
        next: 'name another folder with --out; --force replaces only folders that hold a run.json of ours',
      });
    }
    await mkdir(join(path, 'predictions'), { recursive: true });
    const manifest: Manifest = {
      schema: RUN_SCHEMA,
      state: 'running',
      dataset: { ...options.dataset },
      configuration: { ...options.configuration },
      program: { ...options.program, node: process.versions.node },
      host: { name: hostname(), pid: process.pid, platform: `${process.platform}-${process.arch}` },
      times: { started: new Date().toISOString() },
    };
    const run = new RunDirectory(path, manifest);
    await run.update({});
    return { state: 'fresh', run };
  }
}

/** Stable text of a JSON document of ours. */
export function toJsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new UserError({
      code: 'output-unusable',
      message: 'The output folder cannot be used',
      file: path,
      expected: 'a folder that can be written, or a name that does not exist yet',
      got: code === 'ENOTDIR' ? 'a file' : (error as Error).message,
      next: 'name another folder with --out',
      cause: error,
    });
  }
}

async function readManifest(path: string): Promise<Manifest> {
  const file = join(path, RUN_FILES.manifest);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError({
      code: 'run-directory-missing',
      message: 'This is not a run directory',
      file: path,
      expected: 'a folder with a run.json written by hamba-eval run',
      got: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no run.json' : (error as Error).message,
      next: 'make one with hamba-eval run',
      cause: error,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadableManifest(file, (error as Error).message);
  }
  const parsed = parseManifest(value);
  if ('problem' in parsed) throw unreadableManifest(file, parsed.problem);
  return parsed.manifest;
}

function unreadableManifest(file: string, problem: string): UserError {
  return new UserError({
    code: 'run-manifest-unreadable',
    message: 'run.json is not a manifest of this version of hamba-eval',
    file,
    expected: `a document with "schema": "${RUN_SCHEMA}"`,
    got: problem,
    next: 'name another folder with --out, or run it again with the version that wrote it',
  });
}

/** Two writers in one folder would leave files of both: refused even with --force. */
function refuseLiveWriter(path: string, manifest: Manifest): void {
  const { name, pid } = manifest.host;
  if (manifest.state !== 'running' || name !== hostname() || pid === process.pid || !isAlive(pid)) return;
  throw new UserError({
    code: 'output-in-use',
    message: 'Another process is writing this run directory',
    file: path,
    got: `process ${pid}, started ${manifest.times.started}`,
    next: 'wait for it or stop it, or name another folder with --out',
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function unfinishedRun(path: string, manifest: Manifest): UserError {
  return new UserError({
    code: 'output-unfinished-run',
    message: 'The output folder holds a run that did not finish',
    file: path,
    got: `state '${manifest.state}', started ${manifest.times.started}`,
    next: 'add --force to start it over, or name another folder with --out',
  });
}

function otherRun(path: string, old: RunConfiguration, wanted: RunConfiguration, keys: string[]): UserError {
  const [first = ''] = keys;
  const show = (configuration: RunConfiguration): string => {
    const value = configuration[first];
    const { path: named } = (value ?? {}) as { path?: string };
    return `${first} ${named ?? JSON.stringify(value) ?? 'absent'}`;
  };
  const others = keys.length > 1 ? ` (${keys.slice(1).join(', ')} differ too)` : '';
  const sameName = show(wanted) === show(old);
  return new UserError({
    code: 'output-other-run',
    message: 'The output folder already holds another run',
    file: path,
    expected: show(wanted) + others,
    got: sameName ? `a run made before that changed: ${show(old)}` : show(old),
    next: 'name another folder with --out, or add --force to replace that run',
  });
}

function differingKeys(a: RunConfiguration, b: RunConfiguration): string[] {
  const plain = (value: unknown): unknown =>
    value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (key) => !isDeepStrictEqual(plain(a[key]), plain(b[key])),
  );
}

/** The manifest goes last: a folder that lost its files halfway is still recognised as ours. */
async function removeOurFiles(path: string): Promise<void> {
  const names = Object.values(RUN_FILES).filter((name) => name !== RUN_FILES.manifest);
  for (const name of [...names, RUN_FILES.manifest]) {
    await rm(join(path, name), { force: true });
    await rm(partialName(join(path, name)), { force: true });
  }
  try {
    await rmdir(join(path, 'predictions'));
  } catch {
    // Somebody else's file is in there: it stays.
  }
}
