/** `merge`: the shards of a run become the run, and are scored. */
import { resolve } from 'node:path';
import { fingerprint } from '../datasets/fingerprint.js';
import { hasTruth } from '../datasets/ground-truth/ground-truth.js';
import { openDataset } from '../datasets/registry.js';
import type { DatasetFolder } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { AnyProtocol } from '../metrics/index.js';
import { programInfo } from '../program.js';
import type { RunContext } from '../progress.js';
import type { RunConfiguration } from '../runs/manifest.js';
import { fromRanges } from '../runs/ranges.js';
import { differences } from '../runs/run-configuration.js';
import { RunDirectory } from '../runs/run-directory.js';
import { parseShard, shardText, type Shard } from '../runs/shard.js';
import { StoredRun } from '../runs/stored-run.js';
import { readSampleList, writeSampleList } from '../runs/tables/sample-list.js';
import { scorePredicted, toleratedBy } from './evaluate-model.js';
import { mergeSets } from './merge-sets.js';
import { openJointCheck, openJointRegressor } from './open-joint-regressor.js';
import type { Outcome } from './outcome.js';
import { guarded, outcome, regressorOf, reuse, type ModelRequest, type Task } from './task.js';

export interface MergeRequest extends Pick<ModelRequest, 'workers' | 'existing' | 'mano' | 'manoIsDefault'> {
  readonly shards: readonly string[];
  readonly out: string;
  /** The dataset's folder, where it lies elsewhere now than the shards say. */
  readonly data?: string | undefined;
  /** HaMeR's metadata, where boxes came from it: run.json does not name the file. */
  readonly boxes?: string | undefined;
}

interface OpenedShard {
  readonly run: StoredRun;
  readonly shard: Shard;
  readonly ids: readonly string[];
}

/** @throws UserError where shards lack, are there twice, are not finished or are not of one run. */
export async function mergeRuns(request: MergeRequest, context: RunContext): Promise<Outcome> {
  const shards = await openShards(request.shards);
  refuseInputAsOutput(shards, request.out);
  const [{ run: first }] = shards as [OpenedShard];
  const configuration = withoutShard(first);
  const folder = await openFolder(first, request, context);
  const ids = shards.flatMap((shard) => shard.ids);
  const selection =
    configuration.selection === undefined ? null : Int32Array.from(fromRanges(configuration.selection));
  const task = taskOf(first, configuration, folder, request, context);
  const regressor = await openJointRegressor(task);
  requireRegressor(first, regressorOf(regressor));
  const check = await openJointCheck(task, partsOf(first));

  const { id, folder: root, split, order } = first.manifest.dataset;
  const opened = await RunDirectory.open({
    path: request.out,
    configuration,
    dataset: { id, folder: root, split, ...(order === undefined ? {} : { order }) },
    program: programInfo(),
    existing: request.existing,
    resume: true,
    resumeAlso: undefined,
  });
  if (opened.state === 'finished') return reuse(task, opened.run);
  const { run } = opened;
  if (opened.state !== 'predicted') {
    await guarded(task, run, 'imported', async () => {
      if (opened.state === 'begun') await run.startOver();
      const merged = await mergeSets(
        shards.map((shard) => shard.run),
        shards.map((shard) => shard.ids.length),
        run,
        context,
      );
      await writeSampleList(run, ids);
      await run.update({ ...merged, selected: selection !== null });
    });
  }
  if (hasTruth(folder)) return scorePredicted(task, run, { selection, regressor, check });
  await guarded(task, run, 'predicted', () => run.finish('complete'));
  return outcome(task, run, null);
}

/** The configuration of the whole run. */
function withoutShard({ manifest }: StoredRun): RunConfiguration {
  return Object.fromEntries(Object.entries(manifest.configuration).filter(([key]) => key !== 'shard'));
}

async function openShards(paths: readonly string[]): Promise<OpenedShard[]> {
  const shards = await Promise.all(
    paths.map(async (path): Promise<OpenedShard> => {
      const run = await StoredRun.open(path);
      const { configuration, state } = run.manifest;
      if (configuration.shard === undefined) throw noShard(path);
      if (state !== 'complete') throw unfinished(run, configuration.shard);
      const shard = parseShard(configuration.shard);
      return { run, shard, ids: (await readSampleList(run)) ?? [] };
    }),
  );
  shards.sort((a, b) => a.shard.index - b.shard.index);
  const [first] = shards;
  if (first === undefined) throw noShard('');
  for (const other of shards.slice(1)) requireSameRun(first, other);
  const { count } = first.shard;
  shards.forEach(({ shard, run }, at) => {
    const before = shards[at - 1];
    if (before?.shard.index === shard.index) throw twice(before.run, run, shard);
  });
  const there = new Set(shards.map(({ shard }) => shard.index));
  const lacking = Array.from({ length: count }, (_, at) => at + 1).filter((index) => !there.has(index));
  if (lacking.length > 0) throw gap(lacking, count);
  return shards;
}

function requireSameRun(first: OpenedShard, other: OpenedShard): void {
  const isOneCut = first.shard.count === other.shard.count;
  const keys = isOneCut ? differences(withoutShard(first.run), withoutShard(other.run)) : ['shard'];
  const [key] = keys;
  if (key === undefined) return;
  const show = (run: OpenedShard): string =>
    `${key} ${JSON.stringify(run.run.manifest.configuration[key]) ?? 'absent'}`;
  throw new UserError({
    code: 'merge-unlike',
    message: `The shards are not of one run: they differ in ${keys.join(', ')}`,
    file: other.run.path,
    expected: `as ${first.run.path}: ${show(first)}`,
    got: show(other),
    next: 'give the shards of one run: same model, flags, dataset and number of shards',
  });
}

/** The dataset as the shards had it. */
async function openFolder(
  { path, manifest, boxes }: StoredRun,
  request: MergeRequest,
  context: RunContext,
): Promise<DatasetFolder> {
  const { id, folder: root, split } = manifest.dataset;
  const folder = await openDataset(id, resolve(request.data ?? root), {
    split,
    boxes: request.boxes ?? boxes,
  });
  const skips = manifest.configuration.skip_unreadable === true;
  const samples = await folder.samples(skips ? toleratedBy(context) : undefined);
  const { selection } = manifest.configuration;
  const chosen =
    selection === undefined ? samples : [...fromRanges(selection)].map((index) => samples[index]!);
  const now = await fingerprint(folder, chosen);
  if (now === manifest.configuration.fingerprint) return folder;
  throw new UserError({
    code: 'merge-other-dataset',
    message: 'The dataset folder is not the one that the shards were made on',
    file: folder.root,
    expected: `fingerprint ${manifest.configuration.fingerprint}, as ${path}`,
    got: `fingerprint ${now}`,
    next: 'give the folder with --data, and the --boxes FILE.npz that the shards were made with',
  });
}

/** Another MANO file would form other joints than those of the whole run. */
function requireRegressor(
  { path, manifest }: StoredRun,
  { joint_regressor: got }: { joint_regressor?: string },
): void {
  const { joint_regressor: expected } = manifest.configuration;
  if (expected === got) return;
  throw new UserError({
    code: 'merge-other-mano',
    message: 'The MANO file is not the one that the shards were made with',
    file: path,
    expected: `SHA-256 ${String(expected)}`,
    got: `SHA-256 ${String(got)}`,
    next: 'give that file with --mano',
  });
}

function taskOf(
  { manifest }: StoredRun,
  configuration: RunConfiguration,
  folder: DatasetFolder,
  { out, workers, existing, mano, manoIsDefault }: MergeRequest,
  context: RunContext,
): Task<ModelRequest> {
  const protocol = configuration.protocol as unknown as AnyProtocol;
  const model = configuration.model?.path ?? '';
  const { tta } = configuration as { tta?: ModelRequest['tta'] };
  const jointsFrom = protocol.measure === 'hands-3d' ? protocol.jointSource : undefined;
  const { id, split } = manifest.dataset;
  const request = {
    dataset: id,
    data: folder.root,
    split,
    out,
    workers,
    existing,
    mano,
    manoIsDefault,
    model,
    tta,
    jointsFrom,
  };
  return { request, folder, protocol, context, subject: model };
}

function partsOf({ manifest }: StoredRun): { vertexCount: number | null; hasJoints: boolean } {
  const { predictions = {} } = manifest;
  return {
    vertexCount: predictions.vertices?.shape[1] ?? null,
    hasJoints: predictions.joints !== undefined,
  };
}

function refuseInputAsOutput(shards: readonly OpenedShard[], out: string): void {
  if (shards.every(({ run }) => resolve(run.path) !== resolve(out))) return;
  throw new UserError({
    code: 'output-is-input',
    message: 'The output folder is one of the shards',
    file: out,
    expected: 'a new folder',
    got: out,
    next: 'name another folder with --out',
  });
}

function noShard(path: string): UserError {
  return new UserError({
    code: 'merge-no-shard',
    message: 'This run is no shard: it was made without --shard',
    file: path,
    expected: 'run directories made with run --shard I/N',
    got: 'a run of all samples',
    next: 'leave it out; what it has needs no merging',
  });
}

function unfinished({ path, manifest }: StoredRun, shard: string): UserError {
  return new UserError({
    code: 'merge-unfinished',
    message: `Shard ${shard} is not finished`,
    file: path,
    expected: "state 'complete'",
    got: `state '${manifest.state}'`,
    next: 'give the command that began it once more; it goes on where it can',
  });
}

function twice(one: StoredRun, other: StoredRun, shard: Shard): UserError {
  return new UserError({
    code: 'merge-overlap',
    message: `Shard ${shardText(shard)} is there twice`,
    file: other.path,
    expected: 'each shard once',
    got: `${one.path} and ${other.path}`,
    next: 'leave one of them out',
  });
}

function gap(lacking: readonly number[], count: number): UserError {
  return new UserError({
    code: 'merge-gap',
    message: `${lacking.length} of ${count} shards lack`,
    expected: `all of 1/${count} to ${count}/${count}`,
    got: `none of ${lacking.map((index) => `${index}/${count}`).join(', ')}`,
    next: `run them with the same command and --shard ${lacking[0]}/${count}, or name their folders too`,
  });
}
