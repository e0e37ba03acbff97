/** `run`: predict with a checkpoint and score, or score a prediction file. */
import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
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
import { checkCounts } from './ground-truth.js';
import { openModel, predict, type OpenedModel } from './predict.js';
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
  readonly force: boolean;
}

export interface RunContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What a result's protocol says of the boxes where no dataset gave any: side = the longer side of the photograph. */
const WHOLE_IMAGE = 'image';

/** @throws UserError for everything that is wrong with the input; Interrupted through the signal's reason. */
export async function run(request: RunRequest, context: RunContext): Promise<Outcome> {
  const definition = datasetById(request.dataset);
  const folder = await definition.open(resolve(request.data), request.split);
  return request.model === undefined
    ? scorePredictions(request, folder, context)
    : evaluateModel(request, request.model, folder, context);
}

export function defaultRunDirectory(dataset: string, subject: string): string {
  const name = basename(subject, extname(subject)).replace(/[^\w.-]+/g, '_');
  return join('reports', `${dataset}-${name}`);
}

async function evaluateModel(
  request: RunRequest,
  modelPath: string,
  folder: DatasetFolder,
  context: RunContext,
): Promise<Outcome> {
  const samples = await folder.samples();
  await checkCounts(folder, samples.length);
  const protocol: Protocol = { ...protocolOf(request, folder), boxes: WHOLE_IMAGE };
  const model = await openModel(modelPath, request.batchSize);
  try {
    const configuration = {
      ...sharedConfiguration(request, folder, protocol, await fingerprint(folder, samples)),
      model: { path: resolve(modelPath), sha256: model.sha256, contract: model.contract },
      provider: model.session.providerUsed,
      batch_size: model.batchSize,
    };
    const opened = await openDirectory(request, modelPath, folder, configuration);
    if (opened.state === 'finished') return reuse(opened.run, folder, modelPath);
    const { run } = opened;
    await guarded(run, context.progress, () => predictInto(run, model, samples, context));
    if (folder.groundTruth.joints === null && folder.groundTruth.vertices === null) {
      await run.finish('complete');
      return outcome(run, folder, modelPath, null);
    }
    const document = await guarded(run, context.progress, () =>
      withSource(openRunPredictions(run, folder.definition, 'model'), (source) =>
        scoreInto(run, request, folder, source, protocol, context),
      ),
    );
    return outcome(run, folder, modelPath, document);
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
  await run.update({ ...(await predict({ samples, model, run, ...context })) });
}

async function scorePredictions(
  request: RunRequest,
  folder: DatasetFolder,
  context: RunContext,
): Promise<Outcome> {
  const path = request.predictions!;
  const { joints, vertices } = folder.groundTruth;
  if (joints === null && vertices === null) {
    throw new UserError({
      code: 'ground-truth-missing',
      message: 'There is no ground truth in this folder to score predictions against',
      file: folder.root,
      expected: `${request.split}_xyz.json and ${request.split}_verts.json`,
      got: 'neither',
      next: 'give the folder that holds them with --data',
    });
  }
  const protocol = protocolOf(request, folder);
  const source = await openPredictions(path, folder.definition);
  try {
    const configuration = {
      ...sharedConfiguration(request, folder, protocol, await fingerprint(folder, null)),
      predictions: { kind: source.origin.kind, path: resolve(path), ...(await sizeAndTime(path)) },
    };
    const opened = await openDirectory(request, path, folder, configuration);
    if (opened.state === 'finished') return reuse(opened.run, folder, path);
    const document = await guarded(opened.run, context.progress, () =>
      scoreInto(opened.run, request, folder, source, protocol, context),
    );
    return outcome(opened.run, folder, path, document);
  } finally {
    await source.close();
  }
}

async function scoreInto(
  run: RunDirectory,
  request: RunRequest,
  folder: DatasetFolder,
  source: PredictionSource,
  protocol: Protocol,
  context: RunContext,
): Promise<MetricsDocument> {
  const document = await score({ run, folder, source, protocol, workers: request.workers, ...context });
  await run.finish('complete');
  return document;
}

/**
 * Runs one step of a run. Where it fails, what is finished stays and what is
 * not is removed; the manifest says which of the two happened.
 */
async function guarded<T>(run: RunDirectory, progress: Progress, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const interrupted = error instanceof Error && error.name === 'Interrupted';
    if (interrupted) await run.finish('interrupted');
    else if (run.manifest.predictions !== undefined) {
      await run.finish('failed');
      progress.note(`The predictions are kept; score them with --predictions ${run.path} and another --out.`);
    } else await run.discard();
    throw error;
  }
}

function protocolOf({ reflection }: RunRequest, { definition }: DatasetFolder): Protocol {
  return reflection === undefined ? definition.protocol : { ...definition.protocol, reflection };
}

function sharedConfiguration(
  request: RunRequest,
  folder: DatasetFolder,
  protocol: Protocol,
  print: string,
): RunConfiguration {
  return {
    dataset: folder.definition.id,
    data: folder.root,
    split: request.split,
    fingerprint: print,
    protocol,
  };
}

async function openDirectory(
  request: RunRequest,
  subject: string,
  folder: DatasetFolder,
  configuration: RunConfiguration,
): Promise<OpenedRun> {
  return RunDirectory.open({
    path: request.out ?? defaultRunDirectory(request.dataset, subject),
    configuration,
    dataset: { id: folder.definition.id, folder: folder.root, split: request.split },
    program: programInfo(),
    force: request.force,
  });
}

async function reuse(run: RunDirectory, folder: DatasetFolder, subject: string): Promise<Outcome> {
  const document = run.manifest.coverage === undefined ? null : await readDocument(run);
  return { ...outcome(run, folder, subject, document), reused: true };
}

async function readDocument(run: RunDirectory): Promise<MetricsDocument> {
  return JSON.parse(await readFile(run.file('metrics'), 'utf8')) as MetricsDocument;
}

function outcome(
  run: RunDirectory,
  folder: DatasetFolder,
  subject: string,
  document: MetricsDocument | null,
): Outcome {
  const { unpredicted } = run.manifest;
  return {
    run,
    title: folder.definition.title,
    subject,
    document,
    unpredicted: Array.isArray(unpredicted) ? unpredicted.length : 0,
    reused: false,
  };
}

async function withSource<T>(
  opening: Promise<PredictionSource>,
  use: (source: PredictionSource) => Promise<T>,
): Promise<T> {
  const source = await opening;
  try {
    return await use(source);
  } finally {
    await source.close();
  }
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
