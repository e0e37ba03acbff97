/** One run as its steps see it: what is asked for, of which folder, under which rules, into which run directory. */
import { realpath, stat } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';
import { fingerprint } from '../datasets/fingerprint.js';
import type { DatasetFolder, Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { fileError } from '../formats/file-errors.js';
import type { ProviderChoice } from '../inference/providers.js';
import type { AnyProtocol, JointSource, Reflection } from '../metrics/index.js';
import { programInfo } from '../program.js';
import type { Progress } from '../progress.js';
import type { Outcome } from '../reporting/outcome.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import { readMetrics } from '../runs/read-metrics.js';
import { RUN_FILES, RunDirectory, type OpenedRun, type RunConfiguration } from '../runs/run-directory.js';
import type { FusionKind } from '../tta/fusion.js';
import type { Sweep } from '../tta/sweep.js';
import type { Selection, SelectionRequest } from './selection.js';

export interface RunRequest extends SelectionRequest {
  readonly dataset: string;
  readonly data: string;
  readonly split: string;
  /** Exactly one of the two. */
  readonly model?: string | undefined;
  readonly predictions?: string | undefined;
  /** `image`, `annotations` or HaMeR's metadata (.npz); default: the dataset's first. */
  readonly boxes?: string | undefined;
  /** Default: `reports/<dataset>-<name of the model or predictions>`. */
  readonly out?: string | undefined;
  /** Default: what the model is fixed to, or 4. */
  readonly batchSize: number | undefined;
  /** Scoring threads. */
  readonly workers: number;
  /** Whether the alignment may mirror a hand; default: as the official protocol has it. */
  readonly reflection?: Reflection | undefined;
  /** Execution provider; `auto` unless given. */
  readonly provider?: ProviderChoice | undefined;
  readonly device?: number | undefined;
  /** Run on the CPU where the provider asked for does not start. */
  readonly allowFallback?: boolean | undefined;
  /** Test-time augmentation; none unless given. */
  readonly tta?: TtaRequest | undefined;
  /** `model` unless given. */
  readonly jointsFrom?: JointSource | undefined;
  /** MANO_RIGHT.pkl; needed for models that give its parameters, and for joints regressed from vertices. */
  readonly mano?: string | undefined;
  /** A photograph that cannot be read: its sample is unscored with the reason, or (unless given) the run ends. */
  readonly skipUnreadable?: boolean | undefined;
  /** What becomes of another run in the output folder (see `RunDirectory.open`). */
  readonly existing: 'refuse' | 'replace' | 'replace-other';
}

export interface TtaRequest {
  /** Null where the passes of an earlier run are fused again. */
  readonly sweep: Sweep | null;
  readonly fusions: readonly FusionKind[];
  readonly keepPasses: boolean;
}

export interface RunContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Task {
  readonly request: RunRequest;
  readonly folder: DatasetFolder;
  readonly protocol: AnyProtocol;
  readonly context: RunContext;
  /** The checkpoint or prediction file, as the user named it. */
  readonly subject: string;
}

export function defaultRunDirectory(dataset: string, subject: string): string {
  const name = basename(subject, extname(subject)).replace(/[^\w.-]+/g, '_');
  return join('reports', `${dataset}-${name}`);
}

/**
 * Runs one step of a run. Where it fails, predictions that a checkpoint has
 * made stay; all else is removed, and a run it was to replace comes back.
 */
export async function guarded<T>(
  run: RunDirectory,
  context: RunContext,
  made: 'predicted' | 'imported',
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const interrupted = context.signal.aborted;
    if (made === 'predicted' && run.manifest.predictions !== undefined) {
      await run.finish(interrupted ? 'interrupted' : 'failed');
      context.progress.note(`The predictions are kept in ${run.path}; the same command goes on from them.`);
    } else if (interrupted && !(await run.replacesAnother())) await run.finish('interrupted');
    else await run.discard();
    throw error;
  }
}

/** What decides a result beside the folder and the protocol. */
export interface Particulars {
  /** The photographs, where they decide the result. */
  readonly samples: readonly Sample[] | null;
  /** `null`: all samples of the folder. */
  readonly selection: Selection | null;
  /** Whether predictions that an unfinished run has made may be used. */
  readonly resume: boolean;
  readonly configuration: RunConfiguration;
}

export async function openDirectory(task: Task, particulars: Particulars): Promise<OpenedRun> {
  const { request, folder, protocol, subject } = task;
  const { samples, selection, resume, configuration } = particulars;
  const path = request.out ?? defaultRunDirectory(request.dataset, subject);
  await refuseInputAsOutput(task, path);
  const program = programInfo();
  const { order } = folder;
  const dataset = { id: folder.definition.id, folder: folder.root, split: folder.split, order };
  return RunDirectory.open({
    path,
    configuration: {
      program: program.version,
      dataset: dataset.id,
      data: dataset.folder,
      split: dataset.split,
      fingerprint: await fingerprint(folder, samples),
      annotations_modified: await lastModified(folder.annotations),
      protocol,
      ...(selection === null ? {} : { selection: describeSelection(selection) }),
      ...configuration,
    },
    dataset,
    program,
    existing: request.existing,
    resume,
  });
}

/** The positions as ranges: `0-9,12`. */
function describeSelection(selection: Selection): string {
  const ranges: string[] = [];
  for (let from = 0; from < selection.length;) {
    let to = from;
    while (to + 1 < selection.length && selection[to + 1] === selection[to]! + 1) to++;
    ranges.push(to === from ? `${selection[from]}` : `${selection[from]}-${selection[to]}`);
    from = to + 1;
  }
  return ranges.join(',');
}

/** Replacing a run by what is read from it would lose both if it failed. */
async function refuseInputAsOutput({ request, subject }: Task, out: string): Promise<void> {
  if (request.existing === 'refuse' || request.predictions === undefined) return;
  const [input, output] = await Promise.all([realpath(subject), realpath(out).catch(() => null)]);
  if (output === null || (input !== output && !input.startsWith(output + sep))) return;
  throw new UserError({
    code: 'output-is-input',
    message: 'The predictions lie in the run directory that would be replaced',
    file: out,
    got: subject,
    next: 'name another folder with --out',
  });
}

/** The result that is there already. */
export async function reuse(task: Task, run: RunDirectory): Promise<Outcome> {
  return { ...outcome(task, run, await readMetrics(run)), reused: true };
}

export function outcome(task: Task, run: RunDirectory, document: MetricsDocument | null): Outcome {
  const { unpredicted } = run.manifest;
  return {
    run,
    title: task.folder.definition.title,
    subject: task.subject,
    document,
    unpredicted: unpredicted?.length ?? 0,
    reused: false,
  };
}

async function lastModified(files: readonly string[]): Promise<string | null> {
  if (files.length === 0) return null;
  const times = await Promise.all(
    files.map(async (file) => {
      try {
        return (await stat(file)).mtimeMs;
      } catch (error) {
        throw fileError(error, file);
      }
    }),
  );
  return new Date(times.reduce((latest, time) => Math.max(latest, time), 0)).toISOString();
}

/** Stands for the content in a configuration: its digest is known only once it has been read. */
export async function sizeAndTime(path: string): Promise<{ bytes: number; modified: string }> {
  const info = await stat(path);
  if (!info.isDirectory()) return { bytes: info.size, modified: info.mtime.toISOString() };
  const arrays = ['joints', 'vertices', 'keypoints_2d', 'ids'].map((name) => `${name}.npy`);
  const names = [RUN_FILES.joints, RUN_FILES.vertices, RUN_FILES.keypoints_2d, ...arrays];
  const files = await Promise.all(names.map((name) => stat(join(path, name)).catch(() => null)));
  const present = files.filter((file) => file !== null);
  return {
    bytes: present.reduce((total, file) => total + file.size, 0),
    modified: new Date(Math.max(0, ...present.map((file) => file.mtimeMs))).toISOString(),
  };
}
