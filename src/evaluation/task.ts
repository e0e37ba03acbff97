/** One run as its steps see it: what is asked for, of which folder, under which rules, into which run directory. */
import { realpath, stat } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';
import { fingerprint } from '../datasets/fingerprint.js';
import type { DatasetFolder, Sample, Selection } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { fileError } from '../files/file-errors.js';
import type { ProviderChoice } from '../inference/session/providers.js';
import type { AnyProtocol, JointSource, Reflection } from '../metrics/index.js';
import type { PointFusionName } from '../predict/sweep-writer.js';
import type { JointRegressor } from '../predictions/joint-regressor.js';
import type { SelectionRequest } from '../predictions/selection.js';
import { programInfo } from '../program.js';
import type { RunContext } from '../progress.js';
import type { RunConfiguration } from '../runs/manifest.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import { readMetrics } from '../runs/metrics-file.js';
import { readJournal } from '../runs/progress-journal.js';
import { toRanges } from '../runs/ranges.js';
import { RunDirectory, type OpenedRun } from '../runs/run-directory.js';
import type { Shard } from '../runs/shard.js';
import type { ScoreRunRequest } from '../score/score-run.js';
import { grouped } from '../text/text.js';
import type { FusionKind } from '../tta/fusion.js';
import type { Sweep } from '../tta/sweep.js';
import type { Outcome } from './outcome.js';

/** What both kinds of run are told. */
interface CommonRequest extends SelectionRequest {
  readonly dataset: string;
  readonly data: string;
  readonly split: string;
  /** `image`, `annotations` or HaMeR's metadata (.npz); default: the dataset's first. */
  readonly boxes?: string | undefined;
  /** Default: `reports/<dataset>-<name of the model or predictions>`. */
  readonly out?: string | undefined;
  /** Scoring threads. */
  readonly workers: number;
  /** Whether the alignment may mirror a hand; default: as the official protocol has it. */
  readonly reflection?: Reflection | undefined;
  /** `model` unless given. */
  readonly jointsFrom?: JointSource | undefined;
  /**
   * MANO_RIGHT.pkl; needed for models that give its parameters, and for joints regressed from vertices; where it is
   * at hand, predicted joints are compared with predicted vertices.
   */
  readonly mano?: string | undefined;
  /** `mano` is what the configuration names: unusable, it must not end a run that does not need it. */
  readonly manoIsDefault?: boolean | undefined;
  /** What becomes of another run in the output folder (see `RunDirectory.open`). */
  readonly existing: 'refuse' | 'replace' | 'replace-other';
}

/** A checkpoint predicts, and its predictions are scored. */
export interface ModelRequest extends CommonRequest {
  /** An ONNX file. */
  readonly model: string;
  readonly predictions?: undefined;
  /** Default: what the model is fixed to, or 4. */
  readonly batchSize?: number | undefined;
  /** Execution provider; `auto` unless given. */
  readonly provider?: ProviderChoice | undefined;
  readonly device?: number | undefined;
  /** Run on the CPU where the provider asked for does not start. */
  readonly allowFallback?: boolean | undefined;
  /** Test-time augmentation; none unless given. */
  readonly tta?: SweepTta | undefined;
  /** A photograph that cannot be read: its sample is unscored with the reason, or (unless given) the run ends. */
  readonly skipUnreadable?: boolean | undefined;
  /** Predict a part of the samples alone, to be merged with the others. */
  readonly shard?: Shard | undefined;
}

/** Predictions that are there already are scored. */
export interface PredictionsRequest extends CommonRequest {
  readonly model?: undefined;
  /** A prediction file, a folder of arrays or a run directory. */
  readonly predictions: string;
  /** How the passes that a run directory has kept are fused again. */
  readonly tta?: KeptTta | undefined;
}

export type RunRequest = ModelRequest | PredictionsRequest;

interface Fusing {
  readonly fusions: readonly FusionKind[];
  readonly keepPasses: boolean;
}

/** Test-time augmentation of a checkpoint. */
export interface SweepTta extends Fusing {
  readonly sweep: Sweep;
}

/** The passes that an earlier run has kept. */
export interface KeptTta extends Fusing {
  readonly sweep: null;
}

type ScoringTask = Pick<ScoreRunRequest, 'folder' | 'protocol' | 'workers' | 'meanError' | 'context'>;

export interface Task<Request extends RunRequest = RunRequest> {
  readonly request: Request;
  readonly folder: DatasetFolder;
  readonly protocol: AnyProtocol;
  readonly context: RunContext;
  /** The checkpoint or prediction file, as the user named it. */
  readonly subject: string;
}

export function defaultRunDirectory(dataset: string, subject: string, shard?: Shard): string {
  const name = basename(subject, extname(subject)).replace(/[^\w.-]+/g, '_');
  const part = shard === undefined ? '' : `-shard-${shard.index}-of-${shard.count}`;
  return join('reports', `${dataset}-${name}${part}`);
}

function shardOf(request: RunRequest): Shard | undefined {
  return request.model === undefined ? undefined : request.shard;
}

/**
 * Runs one step of a run. Where it fails, what a checkpoint has predicted
 * stays, unless a run it was to replace can come back for it; all else is removed.
 */
export async function guarded<T>(
  { request, context }: Task,
  run: RunDirectory,
  made: 'predicted' | 'imported',
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    try {
      await endFailed({ request, context }, run, made);
    } catch (ending) {
      // Where the disk is full, how the run ended cannot be written either; what comes first is why.
      if (!(ending instanceof UserError)) throw ending;
    } finally {
      await run.release();
    }
    throw error;
  }
}

async function endFailed(
  { request, context }: Pick<Task, 'request' | 'context'>,
  run: RunDirectory,
  made: 'predicted' | 'imported',
): Promise<void> {
  const interrupted = context.signal.aborted;
  const kept = made === 'predicted' ? await keptPredictions(run) : null;
  if (kept !== null) {
    await run.finish(interrupted ? 'interrupted' : 'failed');
    const without = request.existing === 'replace' ? ' without --force' : '';
    context.progress.note(`${kept} kept in ${run.path}; the same command${without} goes on from there.`);
  } else if (interrupted && !(await run.replacesAnother())) await run.finish('interrupted');
  else await run.discard();
}

/** What an unfinished run has to go on from, as the subject of a sentence; null where there is nothing. */
async function keptPredictions(run: RunDirectory): Promise<string | null> {
  if (run.manifest.predictions !== undefined) return 'The predictions are';
  const journal = (await run.replacesAnother()) ? null : await readJournal(run.path);
  if (journal === null) return null;
  // One that cannot be read is told of when it is needed.
  return 'problem' in journal
    ? 'What is predicted is'
    : `The predictions of ${grouped(journal.done)} of ${grouped(journal.samples)} images are`;
}

/** What decides a result beside the folder and the protocol. */
export interface DirectoryRequest {
  /** The photographs, where they decide the result. */
  readonly samples: readonly Sample[] | null;
  /** `null`: all samples of the folder. */
  readonly selection: Selection | null;
  /** Whether predictions that an unfinished run has made may be used. */
  readonly resume: boolean;
  readonly configuration: RunConfiguration;
}

export async function openDirectory(task: Task, decides: DirectoryRequest): Promise<OpenedRun> {
  const { request, folder, protocol, subject } = task;
  const { samples, selection, resume, configuration } = decides;
  const path = request.out ?? defaultRunDirectory(request.dataset, subject, shardOf(request));
  await refuseInputAsOutput(task, path);
  const program = programInfo();
  const { order } = folder;
  const dataset = { id: folder.definition.id, folder: folder.root, split: folder.split, order };
  const all: RunConfiguration = {
    program: program.version,
    dataset: dataset.id,
    data: dataset.folder,
    split: dataset.split,
    fingerprint: await fingerprint(folder, samples),
    annotations_modified: await lastModified(folder.annotations),
    protocol: { ...protocol },
    ...(selection === null ? {} : { selection: toRanges(selection) }),
    ...configuration,
  };
  // Up to the photograph that ended a run, skipping those that cannot be read changes nothing.
  const { skip_unreadable: skips, ...strict } = all;
  const opened = await RunDirectory.open({
    path,
    configuration: all,
    dataset,
    program,
    existing: request.existing,
    resume,
    resumeAlso: skips === undefined ? undefined : strict,
  });
  if (opened.onCopy) {
    task.context.progress.note(
      'The dataset lies elsewhere, or has other times, than when the run began; its annotations are the same, byte for byte.',
    );
  }
  return opened;
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

/** What scoring needs of a task. */
export function scoring({ request, folder, protocol, context }: Task): ScoringTask {
  const meanError = request.tta?.fusions.includes('mean-error') ?? false;
  return { folder, protocol, workers: request.workers, meanError, context };
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

/** Another regressor makes other joints. */
export function regressorOf(regressor: JointRegressor | null): { joint_regressor?: string } {
  const sha256 = regressor?.manoSha256 ?? null;
  return sha256 === null ? {} : { joint_regressor: sha256 };
}

/** The fusions that have points; mean-error has figures alone. */
export function pointFusions({ fusions }: Fusing): PointFusionName[] {
  return fusions.filter((fusion) => fusion !== 'mean-error');
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
