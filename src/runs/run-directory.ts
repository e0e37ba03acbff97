/**
 * The run directory: the one place where predict, score and everything later
 * meet. Nothing in it is ever half-written under its final name, and nothing
 * that this program did not write is ever removed from it.
 */
import { mkdir, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../errors.js';
import { fileError } from '../formats/file-errors.js';
import { partialName, writeFileAtomic } from './atomic-file.js';
import { parseManifest, RUN_SCHEMA, type Manifest } from './manifest.js';
import {
  arrayFile,
  arrayFiles,
  PLAIN_SET,
  setFolders,
  type PredictionArray,
  type SetFolder,
} from './prediction-sets.js';
import { LOCK_FILE, releaseLock, takeLock } from './run-lock.js';

/** Every file name this program writes into a run directory; `--force` removes these and no other. */
export const RUN_FILES = {
  manifest: 'run.json',
  metrics: 'metrics.json',
  officialScores: 'scores.txt',
  metricsCsv: 'metrics.csv',
  perSample: 'per_sample.csv',
  perJoint: 'per_joint.csv',
  perKeypoint: 'per_keypoint.csv',
  pckCurves: 'pck_curves.csv',
  samples: 'samples.txt',
  passes: 'tta_passes.csv',
  heatMap: 'tta_heatmap.svg',
  report: 'report.html',
  joints: 'predictions/joints.npy',
  vertices: 'predictions/vertices.npy',
  keypoints_2d: 'predictions/keypoints_2d.npy',
} as const;

export type RunConfiguration = Readonly<Record<string, unknown>>;

export interface OpenRunOptions {
  readonly path: string;
  readonly configuration: RunConfiguration;
  readonly dataset: Manifest['dataset'];
  readonly program: { readonly name: string; readonly version: string; readonly commit?: string };
  /**
   * What becomes of another run in the folder: it is refused; replaced (`--force`);
   * or replaced unless it is this very run, finished (a folder of the program's own).
   */
  readonly existing: 'refuse' | 'replace' | 'replace-other';
  /** Whether predictions that an unfinished run of the same configuration has made may be used. */
  readonly resume: boolean;
}

export interface OpenedRun {
  /** A directory to fill, one whose predictions are made, or the finished result of the same run. */
  readonly state: 'fresh' | 'predicted' | 'finished';
  readonly run: RunDirectory;
}

/** Where the files of a replaced run wait until the new one is finished. */
const PREVIOUS = '.previous';

export class RunDirectory {
  readonly path: string;
  private current: Manifest;
  /** Whether the folder itself was made for this run. */
  private readonly madeFolder: boolean;

  private constructor(path: string, manifest: Manifest, madeFolder = false) {
    this.path = path;
    this.current = manifest;
    this.madeFolder = madeFolder;
  }

  get manifest(): Manifest {
    return this.current;
  }

  file(name: keyof typeof RUN_FILES): string {
    return join(this.path, RUN_FILES[name]);
  }

  /** Makes the folder of a prediction set where it is not there; returns the path of an array in it. */
  async arrayPath(set: SetFolder, array: PredictionArray): Promise<string> {
    await makeFolder(join(this.path, set));
    return join(this.path, arrayFile(set, array));
  }

  /** Merges `change` into run.json, atomically. */
  async update(change: Partial<Manifest>): Promise<void> {
    this.current = { ...this.current, ...change };
    await writeFileAtomic(this.file('manifest'), toJsonText(this.current));
  }

  async writeText(name: keyof typeof RUN_FILES, text: string): Promise<void> {
    await writeFileAtomic(this.file(name), text);
  }

  /** Ends the run in a state that stays; what it replaced is gone from now on. */
  async finish(state: Exclude<Manifest['state'], 'running'>): Promise<void> {
    const finished = new Date();
    const seconds = (finished.getTime() - Date.parse(this.current.times.started)) / 1000;
    await this.update({
      state,
      times: { ...this.current.times, finished: finished.toISOString(), seconds },
    });
    await removeOurFiles(join(this.path, PREVIOUS));
    await removeEmpty(join(this.path, PREVIOUS));
    await releaseLock(this.path);
  }

  /**
   * Ends the run without a trace: nothing of it is worth keeping, and nothing of
   * it must look finished. A run it was to replace is put back.
   */
  async discard(): Promise<void> {
    await removeOurFiles(this.path);
    await moveOurFiles(join(this.path, PREVIOUS), this.path);
    await removeEmpty(join(this.path, PREVIOUS));
    await releaseLock(this.path);
    if (this.madeFolder) await removeEmpty(this.path);
  }

  /** Whether `discard` would bring an earlier run back. */
  async replacesAnother(): Promise<boolean> {
    return (await listFolder(this.path)).includes(PREVIOUS);
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
    const { path } = options;
    // Looked at before anything is written: a finished run may lie where nobody may write.
    const finished = await finishedRun(options);
    if (finished !== null) return { state: 'finished', run: new RunDirectory(path, finished) };
    const madeFolder = await makeFolder(path);
    await takeLock(path);
    try {
      return await RunDirectory.openLocked(options, madeFolder);
    } catch (error) {
      await releaseLock(path);
      if (madeFolder) await removeEmpty(path);
      throw error;
    }
  }

  private static async openLocked(options: OpenRunOptions, madeFolder: boolean): Promise<OpenedRun> {
    const { path } = options;
    const entries = (await listFolder(path)).filter((name) => name !== LOCK_FILE && name !== PREVIOUS);
    if (entries.includes(RUN_FILES.manifest)) {
      const existing = await readManifest(path);
      const difference = differingKeys(existing.configuration, options.configuration);
      const isSame = difference.length === 0;
      const isPredicted = existing.predictions !== undefined;
      if (options.existing !== 'replace') {
        if (isSame && isPredicted && options.resume && existing.state !== 'complete') {
          const run = new RunDirectory(path, existing);
          await run.update({ state: 'running' });
          return { state: 'predicted', run };
        }
        // Any other unfinished run is started over: it has no predictions, or copies of those it is to read again.
        const isWorthless = isSame && existing.state !== 'complete';
        if (options.existing === 'refuse' && !isWorthless) {
          throw otherRun(path, existing.configuration, options.configuration, difference);
        }
      }
      await setAside(path, existing);
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
    await makeFolder(join(path, 'predictions'));
    const manifest: Manifest = {
      schema: RUN_SCHEMA,
      state: 'running',
      dataset: { ...options.dataset },
      configuration: { ...options.configuration },
      program: { ...options.program, node: process.versions.node },
      host: { name: hostname(), pid: process.pid, platform: `${process.platform}-${process.arch}` },
      times: { started: new Date().toISOString() },
    };
    const run = new RunDirectory(path, manifest, madeFolder);
    await run.update({});
    return { state: 'fresh', run };
  }
}

/** The manifest of the very run that is asked for, where it is finished and may be used. */
async function finishedRun(options: OpenRunOptions): Promise<Manifest | null> {
  if (options.existing === 'replace') return null;
  if (!(await listFolder(options.path)).includes(RUN_FILES.manifest)) return null;
  const existing = await readManifest(options.path);
  const isSame = differingKeys(existing.configuration, options.configuration).length === 0;
  return existing.state === 'complete' && isSame ? existing : null;
}

/** Moves the files of the run in the folder out of the way, to come back if the new one fails. */
async function setAside(path: string, existing: Manifest): Promise<void> {
  const previous = join(path, PREVIOUS);
  // A crash left both: what was set aside is the older, finished one.
  if ((await listFolder(path)).includes(PREVIOUS) || existing.state !== 'complete') {
    await removeOurFiles(path);
    return;
  }
  await makeFolder(previous);
  await moveOurFiles(path, previous);
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
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new UserError({
    code: 'output-unusable',
    message: 'The output folder cannot be used',
    file: path,
    expected: 'a folder that can be written, or a name that does not exist yet',
    got: code === 'ENOTDIR' || code === 'EEXIST' ? 'a file' : message,
    next: 'name another folder with --out',
    cause: error,
  });
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

function otherRun(path: string, old: RunConfiguration, wanted: RunConfiguration, keys: string[]): UserError {
  const [first = ''] = keys;
  const others = keys.length > 1 ? ` (${keys.slice(1).join(', ')} differ too)` : '';
  const [wantedValue, oldValue] = describeDifference(first, wanted[first], old[first]);
  return new UserError({
    code: 'output-other-run',
    message: 'The output folder already holds another run',
    file: path,
    expected: wantedValue + others,
    got: wantedValue === oldValue ? `a run made before that changed: ${oldValue}` : oldValue,
    next: 'name another folder with --out, or add --force to replace that run',
  });
}

/** Both values of a key in few words: a path where there is one, else the first field that differs. */
function describeDifference(key: string, wanted: unknown, old: unknown): [string, string] {
  if (isRecord(wanted) && isRecord(old)) {
    if (typeof wanted.path === 'string' && typeof old.path === 'string') {
      return [`${key} ${wanted.path}`, `${key} ${old.path}`];
    }
    const [field] = differingKeys(old, wanted);
    if (field !== undefined) return describeDifference(`${key}.${field}`, wanted[field], old[field]);
  }
  const show = (value: unknown): string => `${key} ${JSON.stringify(value) ?? 'absent'}`;
  return [show(wanted), show(old)];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function differingKeys(a: RunConfiguration, b: RunConfiguration): string[] {
  const plain = (value: unknown): unknown =>
    value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (key) => !isDeepStrictEqual(plain(a[key]), plain(b[key])),
  );
}

/** The manifest goes last: a folder that lost its files halfway is still recognised as ours. */
const RESULT_FILES = Object.values(RUN_FILES).filter(
  (name) => name !== RUN_FILES.manifest && !name.startsWith('predictions/'),
);

/** Every file of ours that may be in a run directory, the manifest last; folders of sets from the deepest up. */
async function ourFiles(path: string): Promise<{ files: string[]; folders: string[] }> {
  const folders = await setFolders(path);
  const arrays = [PLAIN_SET, ...folders].flatMap(arrayFiles);
  return { files: [...RESULT_FILES, ...arrays, RUN_FILES.manifest], folders: [...folders, PLAIN_SET] };
}

async function removeOurFiles(path: string): Promise<void> {
  const { files, folders } = await ourFiles(path);
  for (const name of files) {
    await rm(join(path, name), { force: true });
    await rm(partialName(join(path, name)), { force: true });
  }
  for (const folder of folders) await removeEmpty(join(path, folder));
}

async function moveOurFiles(from: string, to: string): Promise<void> {
  if ((await listFolder(from)).length === 0) return;
  const { files, folders } = await ourFiles(from);
  const present = await Promise.all(folders.map((folder) => listFolder(join(from, folder))));
  for (const [index, folder] of folders.entries()) {
    if (present[index]!.length > 0) await makeFolder(join(to, folder));
  }
  for (const name of files) {
    try {
      await rename(join(from, name), join(to, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(error, join(to, name), 'write');
    }
  }
  for (const folder of folders) await removeEmpty(join(from, folder));
}

/** Removes a folder unless somebody's file is in it. */
async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch {
    // Not empty, or not there: both are as they should be.
  }
}

/**
 * Makes a folder and those above it; says whether it was not there before.
 * Not mkdir's own `recursive`: that never ends where a parent exists in which
 * nothing can be made (/proc).
 */
export async function makeFolder(path: string): Promise<boolean> {
  const folder = resolve(path);
  for (let attempt = 0; ; attempt++) {
    try {
      await mkdir(folder);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return false;
      const parent = dirname(folder);
      if (code !== 'ENOENT' || attempt > 0 || parent === folder) throw unusable(path, error);
      await makeFolder(parent);
    }
  }
}
