/** The dataset folder a report's runs were made on, if it is still there and still the same. */
import { fingerprint } from '../datasets/fingerprint.js';
import { openDataset } from '../datasets/registry.js';
import type { DatasetFolder, Sample } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { ReadRun } from './report-runs.js';

export interface ReportFolder {
  readonly folder: DatasetFolder;
  /** The samples whose photographs are there and as they should be, by id. */
  readonly samples: ReadonlyMap<string, Sample>;
  /** Position of each sample in the folder. */
  readonly places: ReadonlyMap<string, number>;
  /** One a run: whether it was made on this very folder. */
  readonly isOf: readonly boolean[];
}

export interface FolderRequest {
  /** The dataset folder, in place of the one that run.json names. */
  readonly data?: string | undefined;
  /** Where boxes came from an evaluation file of HaMeR's: that file, which run.json does not name. */
  readonly boxes?: string | undefined;
}

/** The folder, or `null`; what is wrong with it is told to `missing`. */
export async function openReportFolder(
  runs: readonly ReadRun[],
  request: FolderRequest,
  missing: string[],
): Promise<ReportFolder | null> {
  const [{ stored: first }] = runs as readonly [ReadRun];
  const { dataset } = first.manifest;
  const root = request.data ?? dataset.folder;
  try {
    const folder = await openDataset(dataset.id, root, {
      split: dataset.split,
      boxes: request.boxes ?? first.boxes,
    });
    const { samples, places } = await samplesOf(folder, runs, missing);
    const isOf: boolean[] = [];
    for (const run of runs) isOf.push(await isMadeOn(folder, samples, run));
    const strangers = runs.filter((_, index) => !isOf[index]).map(({ shown }) => shown.name);
    if (strangers.length > 0) {
      missing.push(
        `photographs, true hands and 3D views of ${strangers.join(', ')}: ${root} is not the folder it was when ${strangers.length === 1 ? 'that run was' : 'those runs were'} made (its fingerprint differs)`,
      );
    }
    return isOf.includes(true) ? { folder, samples, places, isOf } : null;
  } catch (error) {
    missing.push(`photographs, true hands and 3D views, for want of the dataset folder: ${reasonOf(error)}`);
    return null;
  }
}

/** A user's error as a clause; any other is a bug and is thrown on. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof UserError)) throw error;
  const { message, file, got } = error;
  return [message, ...(file === undefined ? [] : [`(${file})`]), ...(got === undefined ? [] : [`: ${got}`])]
    .join(' ')
    .replace(' :', ':');
}

async function samplesOf(
  folder: DatasetFolder,
  runs: readonly ReadRun[],
  missing: string[],
): Promise<{ samples: Map<string, Sample>; places: Map<string, number> }> {
  const problems: UserError[] = [];
  let list: Sample[] = [];
  try {
    list = await folder.samples((problem) => problems.push(problem));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error);
  }
  if (problems.length > 0) {
    const more = problems.length > 1 ? `; and ${problems.length - 1} more` : '';
    missing.push(`photographs that are not there or not whole: ${reasonOf(problems[0])}${more}`);
  }
  const count = Math.max(...runs.map(({ stored }) => stored.manifest.coverage?.folder ?? 0));
  const ids = await folder.sampleIds(count);
  return {
    samples: new Map(list.map((sample) => [sample.id, sample])),
    places: new Map(ids.map((id, index) => [id, index])),
  };
}

/** A run of a checkpoint has the photographs in its fingerprint, that of a prediction file has not. */
async function isMadeOn(
  folder: DatasetFolder,
  samples: ReadonlyMap<string, Sample>,
  { stored, scores }: ReadRun,
): Promise<boolean> {
  const { configuration } = stored.manifest;
  const known = configuration.fingerprint;
  if (configuration.model === undefined) return known === (await fingerprint(folder, null));
  const own = scores.ids.map((id) => samples.get(id));
  if (own.some((sample) => sample === undefined)) return false;
  return known === (await fingerprint(folder, own as Sample[]));
}
