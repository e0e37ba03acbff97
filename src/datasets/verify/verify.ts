/**
 * `datasets verify`: everything about a dataset folder that can be checked before hours of work are
 * spent on it. Looks at every photograph, every annotation, and whether they belong together. Here
 * is the order of the checks; the checks themselves are in the files verify-….ts beside.
 */
import { resolve } from 'node:path';
import type { ErrorJson } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { openDataset } from '../registry.js';
import type { Sample } from '../types.js';
import { checkCameras, checkCoverage, checkWrists } from './belonging.js';
import { tellPairing } from './pairs.js';
import { checkPhotographs } from './photographs.js';
import { collect, Problems } from './problems.js';
import { readTruth, tellDamage, truthCount } from './truth.js';

export interface VerifyRequest {
  readonly dataset: string;
  readonly data: string;
  readonly split: string;
  readonly boxes?: string | undefined;
}

export interface Verification {
  readonly dataset: string;
  readonly folder: string;
  readonly split: string;
  /** What was found in order; null where the folder has none of it, or it cannot be read. */
  readonly counts: {
    readonly photographs: number | null;
    readonly joints: number | null;
    readonly meshes: number | null;
    readonly labels: number | null;
    /** Samples of the whole benchmark. */
    readonly benchmark: number;
  };
  /** What a run on this folder would say beside its result. */
  readonly notices: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
  readonly problems: readonly ErrorJson[];
}

export async function verifyDataset(
  request: VerifyRequest,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<Verification> {
  const { dataset, split, boxes } = request;
  const folder = await openDataset(dataset, resolve(request.data), { split, boxes });
  const problems = new Problems();
  const samples = await collect(problems, [] as Sample[], () => folder.samples(problems.add));
  const truth = await readTruth(folder, problems, progress, signal);
  const count = truthCount(folder, truth, samples.length, problems);
  const ids =
    count === null ? null : await collect(problems, null, () => folder.sampleIds(count, problems.add));
  tellDamage(truth.damages, ids, problems);
  if (truth.pairing !== null && truth.hands?.count === truth.meshes)
    tellPairing(truth.pairing, truth.hands, ids, problems);
  // Of another number of hands nobody knows which is whose.
  const hands = truth.hands?.count === ids?.length ? truth.hands : null;
  if (ids !== null) {
    // Where there is not one, that has been told already.
    if (samples.length > 0) checkCoverage(folder, ids, samples, problems);
    if (hands !== null) checkWrists(samples, ids, hands, problems);
  }
  const sizes = await checkPhotographs(samples, problems, progress, signal);
  if (ids !== null && hands !== null) await checkCameras(folder, sizes, ids, hands, problems);
  return {
    dataset: folder.definition.id,
    folder: folder.root,
    split: folder.split,
    counts: {
      photographs: sizes.size,
      joints: truth.hands?.count ?? null,
      meshes: truth.meshes,
      labels: truth.labels,
      benchmark: folder.benchmarkCount,
    },
    notices: folder.notices,
    problems: problems.list,
  };
}
