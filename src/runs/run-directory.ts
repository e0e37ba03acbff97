/**
 * The run directory as it is written: the one place where predict, score and everything later
 * meet. Nothing in it is ever half-written under its final name, and nothing
 * that this program did not write is ever removed from it.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { UserError } from '../errors.js';
import { writeFileAtomic, writeFileDurably } from '../files/atomic-file.js';
import { listFolder, makeFolder, removeEmpty } from '../files/folders.js';
import { releaseLock, takeLock, takeoverFile, type Lock } from '../files/lock.js';
import { jsonText } from '../formats/json/json-text.js';
import {
  readManifest,
  readReplaceable,
  RUN_SCHEMA,
  type Manifest,
  type RunConfiguration,
  type RunFolder,
} from './manifest.js';
import { arrayFile, PLAIN_SET, type PredictionArray, type SetFolder } from './prediction-sets.js';
import { hasJournal, removeJournal } from './progress-journal.js';
import { differences, isOnCopy, otherRun } from './run-configuration.js';
import { removePredictions, RUN_FILES, type RunFile } from './run-files.js';
import { bringBack, dropAside, mendAside, PREVIOUS, setAside } from './set-aside.js';

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
  /** Another configuration whose unfinished predictions may be gone on with as well. */
  readonly resumeAlso?: RunConfiguration | undefined;
}

export interface OpenedRun {
  /**
   * A directory to fill, one whose predictions are begun (its journal says how far they are) or made, or the
   * finished result of the same run.
   */
  readonly state: 'fresh' | 'begun' | 'predicted' | 'finished';
  readonly run: RunDirectory;
  /** Whether the run was begun on the same dataset at another place or time. */
  readonly onCopy: boolean;
}

const LOCK_FILE = 'run.lock';
const LOCK_FILES: readonly string[] = [LOCK_FILE, takeoverFile(LOCK_FILE)];

export class RunDirectory implements RunFolder {
  readonly path: string;
  #current: Manifest;
  /** Whether the folder itself was made for this run. */
  readonly #madeFolder: boolean;
  #isLocked = true;
  readonly #opened = performance.now();
  /** Seconds of work before it was opened. */
  readonly #secondsBefore: number;

  private constructor(path: string, manifest: Manifest, madeFolder = false) {
    this.path = path;
    this.#current = manifest;
    this.#madeFolder = madeFolder;
    this.#secondsBefore = manifest.times.seconds ?? 0;
  }

  get manifest(): Manifest {
    return this.#current;
  }

  file(name: RunFile): string {
    return join(this.path, RUN_FILES[name]);
  }

  /** Makes the folder of a prediction set where it is not there; returns the path of an array in it. */
  async arrayPath(set: SetFolder, array: PredictionArray): Promise<string> {
    await makeFolder(join(this.path, set));
    return join(this.path, arrayFile(set, array));
  }

  /** Merges `change`, and how long the work has taken so far, into run.json, atomically. */
  async update(change: Partial<Manifest>): Promise<void> {
    const seconds = this.#secondsBefore + Math.round(performance.now() - this.#opened) / 1000;
    const merged = { ...this.#current, ...change };
    this.#current = { ...merged, times: { ...merged.times, seconds } };
    await writeFileDurably(this.file('manifest'), jsonText(this.#current));
  }

  async writeText(name: RunFile, text: string): Promise<void> {
    await writeFileAtomic(this.file(name), text);
  }

  /** Ends the run in a state that stays; where it is complete, what it replaced is gone from now on. */
  async finish(state: Exclude<Manifest['state'], 'running'>): Promise<void> {
    await this.update({ state, times: { ...this.#current.times, finished: new Date().toISOString() } });
    if (state === 'complete') await dropAside(this.path);
    await this.release();
  }

  /**
   * Ends the run without a trace: nothing of it is worth keeping, and nothing of
   * it must look finished. A run it was to replace is put back.
   */
  async discard(): Promise<void> {
    await bringBack(this.path);
    await this.release();
    if (this.#madeFolder) await removeEmpty(this.path);
  }

  /** Lets other processes write the folder; `finish` and `discard` do that too. */
  async release(): Promise<void> {
    if (!this.#isLocked) return;
    this.#isLocked = false;
    await releaseLock(lockOf(this.path));
  }

  /** Removes what an earlier sitting has predicted; the run goes on as a fresh one. */
  async startOver(): Promise<void> {
    await removePredictions(this.path);
    await makeFolder(join(this.path, PLAIN_SET));
  }

  /** Whether `discard` would bring an earlier run back. */
  async replacesAnother(): Promise<boolean> {
    return (await listFolder(this.path)).includes(PREVIOUS);
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
    if (finished !== null) return RunDirectory.#finished(finished, options);
    const madeFolder = await makeFolder(path);
    await takeLock(lockOf(path));
    try {
      const opened = await RunDirectory.#openLocked(options, madeFolder);
      if (opened.state === 'finished') await opened.run.release();
      return opened;
    } catch (error) {
      await releaseLock(lockOf(path));
      if (madeFolder) await removeEmpty(path);
      throw error;
    }
  }

  static async #openLocked(options: OpenRunOptions, madeFolder: boolean): Promise<OpenedRun> {
    const { path } = options;
    await mendAside(path, (run) => options.existing !== 'replace' && isThisRun(run, options));
    const entries = (await listFolder(path)).filter(
      (name) => name !== PREVIOUS && !LOCK_FILES.includes(name),
    );
    if (entries.includes(RUN_FILES.manifest)) {
      const existing = await readExisting(options);
      if (existing !== null && options.existing !== 'replace') {
        if (isFinished(existing, options)) return RunDirectory.#finished(existing, options);
        const isUnfinished =
          (isThisRun(existing, options) || isAlso(existing, options)) && existing.state !== 'complete';
        const resumed = isUnfinished && options.resume ? await RunDirectory.#resume(existing, options) : null;
        if (resumed !== null) return resumed;
        // Any other unfinished run is started over: it has no predictions, or copies of those it is to read again.
        if (options.existing === 'refuse' && !isUnfinished) {
          throw otherRun(path, existing.configuration, options.configuration);
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
    await makeFolder(join(path, PLAIN_SET));
    const manifest: Manifest = {
      schema: RUN_SCHEMA,
      state: 'running',
      dataset: { ...options.dataset },
      configuration: { ...options.configuration },
      ...thisProcess(options),
      times: { started: new Date().toISOString() },
    };
    const run = new RunDirectory(path, manifest, madeFolder);
    await run.update({});
    return { state: 'fresh', run, onCopy: false };
  }

  static #finished(existing: Manifest, { path, configuration }: OpenRunOptions): OpenedRun {
    const onCopy = isOnCopy(existing.configuration, configuration);
    return { state: 'finished', run: new RunDirectory(path, existing), onCopy };
  }

  /** Goes on with an unfinished run; null where it has left nothing to go on from. */
  static async #resume(existing: Manifest, options: OpenRunOptions): Promise<OpenedRun | null> {
    const { path } = options;
    const isPredicted = existing.predictions !== undefined;
    if (!isPredicted && !(await hasJournal(path))) return null;
    const onCopy = isOnCopy(existing.configuration, options.configuration);
    const run = new RunDirectory(path, existing);
    const { resumed = [] } = existing.times;
    await run.update({
      state: 'running',
      dataset: { ...options.dataset },
      configuration: { ...options.configuration },
      ...thisProcess(options),
      times: { ...existing.times, finished: undefined, resumed: [...resumed, new Date().toISOString()] },
    });
    if (isPredicted) await removeJournal(path);
    return { state: isPredicted ? 'predicted' : 'begun', run, onCopy };
  }
}

function lockOf(path: string): Lock {
  return { file: join(path, LOCK_FILE), target: path, kind: 'run directory' };
}

/** Of what an unfinished run may be gone on with beside its own configuration. */
function isAlso({ configuration }: Manifest, { resumeAlso }: OpenRunOptions): boolean {
  return resumeAlso !== undefined && differences(configuration, resumeAlso).length === 0;
}

function thisProcess({ program }: OpenRunOptions): Pick<Manifest, 'program' | 'host'> {
  return {
    program: { ...program, node: process.versions.node },
    host: { name: hostname(), pid: process.pid, platform: `${process.platform}-${process.arch}` },
  };
}

/** The manifest of the very run that is asked for, where it is finished and may be used. */
async function finishedRun(options: OpenRunOptions): Promise<Manifest | null> {
  if (options.existing === 'replace') return null;
  const names = await listFolder(options.path);
  if (!names.includes(RUN_FILES.manifest) || names.includes(PREVIOUS)) return null;
  const existing = await readExisting(options);
  return existing !== null && isFinished(existing, options) ? existing : null;
}

/** Null for a damaged run that is to be replaced. */
function readExisting({ path, existing }: OpenRunOptions): Promise<Manifest | null> {
  return existing === 'refuse' ? readManifest(path) : readReplaceable(path);
}

function isFinished(run: Manifest, options: OpenRunOptions): boolean {
  return run.state === 'complete' && isThisRun(run, options);
}

function isThisRun({ configuration }: Manifest, options: OpenRunOptions): boolean {
  return differences(configuration, options.configuration).length === 0;
}
