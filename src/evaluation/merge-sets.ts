/** The predictions of shards put behind each other, as the whole run would have written them. */
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { NpyReader } from '../formats/npy/npy.js';
import type { RunContext } from '../progress.js';
import type { ArrayDescription, Manifest, RunFolder } from '../runs/manifest.js';
import {
  fusedSet,
  passSet,
  PLAIN_SET,
  type PredictionArray,
  type SetFolder,
} from '../runs/prediction-sets.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { AS_PREDICTED, SetWriter, type DescribedArrays } from '../runs/set-writer.js';

/** Rows copied at a time. */
const ROWS = 512;

type MergedSets = Pick<
  Manifest,
  | 'predictions'
  | 'fused'
  | 'passes'
  | 'failed_passes'
  | 'mirrored'
  | 'unpredicted'
  | 'unpredicted_keypoints'
  | 'sweep'
  | 'decode'
  | 'timings'
>;

/**
 * @param shards in their order
 * @param counts samples of each
 * @returns what run.json says of the sets
 */
export async function mergeSets(
  shards: readonly RunFolder[],
  counts: readonly number[],
  run: RunDirectory,
  { progress, signal }: RunContext,
): Promise<MergedSets> {
  const manifests = shards.map(({ manifest }) => manifest);
  const [first] = manifests as [Manifest];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const sets = 1 + Object.keys(first.fused ?? {}).length + (first.passes?.length ?? 0);
  const stage = progress.stage('merge', sets, 'sets');
  let done = 0;
  const merge = async (
    set: SetFolder,
    of: (manifest: Manifest) => Readonly<Record<string, ArrayDescription>> | undefined,
  ): Promise<DescribedArrays> => {
    const described = await mergeSet(shards, counts, { run, set, total, of, signal });
    stage.update(++done);
    return described;
  };

  const predictions = await merge(PLAIN_SET, ({ predictions }) => predictions);
  const fused: NonNullable<Manifest['fused']> = {};
  for (const fusion of Object.keys(first.fused ?? {})) {
    const lists = manifests.map((manifest) => manifest.fused?.[fusion]);
    fused[fusion] = {
      predictions: await merge(fusedSet(fusion), (manifest) => manifest.fused?.[fusion]?.predictions),
      unpredicted: lists.flatMap((list) => list?.unpredicted ?? []),
      unpredicted_keypoints: lists.flatMap((list) => list?.unpredicted_keypoints ?? []),
    };
  }
  const passes: NonNullable<Manifest['passes']> = [];
  for (const pass of first.passes ?? []) {
    const of = (manifest: Manifest): Readonly<Record<string, ArrayDescription>> | undefined =>
      manifest.passes?.find(({ index }) => index === pass.index)?.predictions;
    passes.push({ ...pass, predictions: await merge(passSet(pass.index), of) });
  }
  stage.stop();
  let before = 0;
  const mirrored = manifests.flatMap((manifest, shard) => {
    const rows = manifest.mirrored?.map((row) => row + before) ?? [];
    before += counts[shard]!;
    return rows;
  });
  return {
    predictions,
    ...(first.fused === undefined ? {} : { fused }),
    ...(first.passes === undefined
      ? {}
      : { passes, failed_passes: manifests.flatMap(({ failed_passes = [] }) => failed_passes) }),
    ...(first.mirrored === undefined ? {} : { mirrored }),
    unpredicted: manifests.flatMap(({ unpredicted = [] }) => unpredicted),
    unpredicted_keypoints: manifests.flatMap(({ unpredicted_keypoints = [] }) => unpredicted_keypoints),
    ...(first.sweep === undefined ? {} : { sweep: first.sweep }),
    ...(first.decode === undefined ? {} : { decode: first.decode }),
    timings: summed(manifests.map(({ timings = {} }) => timings)),
  };
}

interface MergedSet {
  readonly run: RunDirectory;
  readonly set: SetFolder;
  readonly total: number;
  readonly of: (manifest: Manifest) => Readonly<Record<string, ArrayDescription>> | undefined;
  readonly signal: AbortSignal;
}

async function mergeSet(
  shards: readonly RunFolder[],
  counts: readonly number[],
  { run, set, total, of, signal }: MergedSet,
): Promise<DescribedArrays> {
  const writer = new SetWriter(run, set, total);
  try {
    const described = of(shards[0]!.manifest) ?? {};
    for (const [name, { shape, dtype }] of Object.entries(described) as [
      PredictionArray,
      ArrayDescription,
    ][]) {
      let first = 0;
      for (const [shard, folder] of shards.entries()) {
        const count = counts[shard]!;
        const wanted = [count, ...shape.slice(1)];
        const array = of(folder.manifest)?.[name];
        if (array?.dtype !== dtype || array.shape.join() !== wanted.join())
          throw otherArray(folder, set, name, wanted, array);
        await copyRows(join(folder.path, array.file), array, async (values, row) => {
          signal.throwIfAborted();
          await writer.write(name, shape.slice(1), first + row, values);
        });
        first += count;
      }
    }
    const axes = described.roots?.axes;
    const roots = axes === undefined || axes === 'image' ? AS_PREDICTED.roots : axes;
    return await writer.close({ ...AS_PREDICTED, roots });
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function copyRows(
  file: string,
  { dtype, shape }: ArrayDescription,
  write: (values: Float32Array | Float64Array, row: number) => Promise<void>,
): Promise<void> {
  const reader = await NpyReader.open(file);
  try {
    const [rows = 0] = shape;
    for (let row = 0; row < rows; row += ROWS) {
      const end = Math.min(rows, row + ROWS);
      await write(
        dtype === 'float32' ? await reader.readRowsFloat32(row, end) : await reader.readRows(row, end),
        row,
      );
    }
  } finally {
    await reader.close();
  }
}

function otherArray(
  { path }: RunFolder,
  set: SetFolder,
  name: string,
  expected: readonly number[],
  got: ArrayDescription | undefined,
): UserError {
  return new UserError({
    code: 'merge-arrays',
    message: `The array ${name} of ${set} is not like that of the other shards`,
    file: path,
    expected: `(${expected.join(', ')})`,
    got: got === undefined ? 'none' : `${got.dtype} (${got.shape.join(', ')})`,
    next: 'make that shard again with --force',
  });
}

function summed(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const one of all)
    for (const [stage, value] of Object.entries(one)) sums[stage] = (sums[stage] ?? 0) + value;
  return sums;
}
