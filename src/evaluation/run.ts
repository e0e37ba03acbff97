/** `run`: predict with a checkpoint and score, or score a prediction file. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, resolve, sep } from 'node:path';
import { fingerprint } from '../datasets/fingerprint.js';
import { datasetById } from '../datasets/registry.js';
import type { DatasetFolder, Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { Protocol, Reflection } from '../metrics/index.js';
import { programInfo } from '../program.js';
import type { Progress } from '../progress.js';
import type { Outcome } from '../reporting/outcome.js';
import type { MetricsDocument } from '../runs/metrics-document.js';
import { RUN_FILES, RunDirectory, type OpenedRun, type RunConfiguration } from '../runs/run-directory.js';
import { openRunPredictions } from './array-predictions.js';
import { checkImages } from './check-images.js';
import { checkCounts, GroundTruth } from './ground-truth.js';
import type { OpenedModel } from './predict.js';
import { openPredictions } from './open-predictions.js';
import type { PredictionSource } from './prediction-source.js';
import { score } from './score.js';

export interface RunRequest {
  readonly dataset: string;
  readonly data: string;
  readonly split: string;
  /** Exactly one of the two. */
  readonly model?: string | undefined;
  readonly predictions?: string | undefined;
  /** Default: `reports/<dataset>-<name of the model or predictions>`. */
  readonly out?: string | undefined;
  /** Default: what the model is fixed to, or 4. */
  readonly batchSize: number | undefined;
  /** Scoring threads. */
  readonly workers: number;
  /** Whether the alignment may mirror a hand; default: as the official protocol has it. */
  readonly reflection?: Reflection | undefined;
  /** What becomes of another run in the output folder (see `RunDirectory.open`). */
  readonly existing: 'refuse' | 'replace' | 'replace-other';
}

export interface RunContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What a result's protocol says of the boxes where no dataset gave any: side = the longer side of the photograph. */
const WHOLE_IMAGE = 'image';

/** One run as its steps see it. */
interface Task {
  readonly request: RunRequest;
  readonly folder: DatasetFolder;
  readonly protocol: Protocol;
  readonly context: RunContext;
  /** The checkpoint or prediction file, as the user named it. */
  readonly subject: string;
}

/** @throws UserError for everything that is wrong with the input; Interrupted through the signal's reason. */
export async function run(request: RunRequest, context: RunContext): Promise<Outcome> {
  const definition = datasetById(request.dataset);
  const folder = await definition.open(resolve(request.data), request.split);
  const protocol = {
    ...definition.protocol,
    reflection: request.reflection ?? definition.protocol.reflection,
  };
  const task = { request, folder, protocol, context };
  return request.model === undefined
    ? scorePredictions({ ...task, subject: request.predictions! })
    : evaluateModel({ ...task, subject: request.model, protocol: { ...protocol, boxes: WHOLE_IMAGE } });
}

export function defaultRunDirectory(dataset: string, subject: string): string {
  const name = basename(subject, extname(subject)).replace(/[^\w.-]+/g, '_');
  return join('reports', `${dataset}-${name}`);
}

async function evaluateModel(task: Task): Promise<Outcome> {
  const { request, folder, context, subject } = task;
  const samples = await folder.samples();
  await checkCounts(folder, samples.length, context.signal);
  await checkImages(samples, context.signal);
  // Loaded here, so that who scores a file does not wait for ONNX Runtime.
  const { openModel } = await import('./predict.js');
  const model = await openModel(subject, request.batchSize);
  try {
    context.signal.throwIfAborted();
    const opened = await openDirectory(task, samples, true, {
      model: { path: resolve(subject), sha256: model.sha256, contract: model.contract },
      provider: model.session.providerUsed,
      batch_size: model.batchSize,
    });
    if (opened.state === 'finished') return reuse(task, opened.run);
    const { run } = opened;
    if (opened.state === 'fresh')
      await guarded(run, context, 'predicted', () => predictInto(run, model, samples, context));
    else context.progress.note('The predictions of an earlier, unfinished run are there and are scored.');
    if (folder.groundTruth.joints === null && folder.groundTruth.vertices === null) {
      await run.finish('complete');
      return outcome(task, run, null);
    }
    const document = await guarded(run, context, 'predicted', async () => {
      const source = await openRunPredictions(run, folder.definition, 'model');
      try {
        return await scoreInto(task, run, source, new GroundTruth(folder));
      } finally {
        await source.close();
      }
    });
    return outcome(task, run, document);
  } finally {
    await model.session.close();
  }
}

async function predictInto(
  run: RunDirectory,
  model: OpenedModel,
  samples: readonly Sample[],
  context: RunContext,
): Promise<void> {
  const { predict } = await import('./predict.js');
  await run.update({ ...(await predict({ samples, model, run, ...context })) });
}

async function scorePredictions(task: Task): Promise<Outcome> {
  const { folder, context, subject } = task;
  requireGroundTruth(folder);
  const truth = new GroundTruth(folder);
  try {
    const source = await openPredictions(subject, folder.definition, context.signal);
    try {
      context.signal.throwIfAborted();
      const opened = await openDirectory(task, null, false, {
        predictions: { kind: source.origin.kind, path: resolve(subject), ...(await sizeAndTime(subject)) },
      });
      if (opened.state === 'finished') return await reuse(task, opened.run);
      const { run } = opened;
      const document = await guarded(run, context, 'imported', () => scoreInto(task, run, source, truth));
      return outcome(task, run, document);
    } finally {
      await source.close();
    }
  } finally {
    await truth.close();
  }
}

function requireGroundTruth({ groundTruth, root, split }: DatasetFolder): void {
  if (groundTruth.joints !== null || groundTruth.vertices !== null) return;
  throw new UserError({
    code: 'ground-truth-missing',
    message: 'There is no ground truth in this folder to score predictions against',
    file: root,
    expected: `${split}_xyz.json and ${split}_verts.json`,
    got: 'neither',
    next: 'give the folder that holds them with --data',
  });
}

async function scoreInto(
  { request, folder, protocol, context }: Task,
  run: RunDirectory,
  source: PredictionSource,
  truth: GroundTruth,
): Promise<MetricsDocument> {
  try {
    const { workers } = request;
    const document = await score({ run, folder, truth, source, protocol, workers, ...context });
    await run.finish('complete');
    return document;
  } finally {
    await truth.close();
  }
}

/**
 * Runs one step of a run. Where it fails, predictions that a checkpoint has
 * made stay; all else is removed, and a run it was to replace comes back.
 */
async function guarded<T>(
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

/** @param samples the photographs, where they decide the result. */
async function openDirectory(
  task: Task,
  samples: readonly Sample[] | null,
  resume: boolean,
  particulars: RunConfiguration,
): Promise<OpenedRun> {
  const { request, folder, protocol, subject } = task;
  const path = request.out ?? defaultRunDirectory(request.dataset, subject);
  await refuseInputAsOutput(task, path);
  const program = programInfo();
  const dataset = { id: folder.definition.id, folder: folder.root, split: folder.split };
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
      ...particulars,
    },
    dataset,
    program,
    existing: request.existing,
    resume,
  });
}

async function reuse(task: Task, run: RunDirectory): Promise<Outcome> {
  const document = run.manifest.coverage === undefined ? null : await readDocument(run);
  return { ...outcome(task, run, document), reused: true };
}

async function readDocument(run: RunDirectory): Promise<MetricsDocument> {
  const file = run.file('metrics');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as MetricsDocument;
  } catch (error) {
    throw new UserError({
      code: 'run-damaged',
      message: 'The run is finished, but its result cannot be read',
      file,
      expected: 'the metrics.json that was written with it',
      got: (error as Error).message,
      next: 'add --force to run it again, or name another folder with --out',
      cause: error,
    });
  }
}

function outcome(task: Task, run: RunDirectory, document: MetricsDocument | null): Outcome {
  const { unpredicted } = run.manifest;
  return {
    run,
    title: task.folder.definition.title,
    subject: task.subject,
    document,
    unpredicted: Array.isArray(unpredicted) ? unpredicted.length : 0,
    reused: false,
  };
}

async function lastModified(files: readonly string[]): Promise<string | null> {
  if (files.length === 0) return null;
  const times = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));
  return new Date(Math.max(...times)).toISOString();
}

/** Stands for the content in a configuration: its digest is known only once it has been read. */
async function sizeAndTime(path: string): Promise<{ bytes: number; modified: string }> {
  const info = await stat(path);
  if (!info.isDirectory()) return { bytes: info.size, modified: info.mtime.toISOString() };
  const names = [RUN_FILES.joints, RUN_FILES.vertices, 'joints.npy', 'vertices.npy', 'ids.npy'];
  const files = await Promise.all(names.map((name) => stat(join(path, name)).catch(() => null)));
  const present = files.filter((file) => file !== null);
  return {
    bytes: present.reduce((total, file) => total + file.size, 0),
    modified: new Date(Math.max(0, ...present.map((file) => file.mtimeMs))).toISOString(),
  };
}
