/** Predictions brought into the order of the folder's samples, and cut down to those that are asked for. */
import type { DatasetFolder, Selection } from '../datasets/types.js';
import { matchByIds } from './match-ids.js';
import type { PredictionSource } from './prediction-source.js';
import { selectRows } from './selection.js';

export interface OrderedSource {
  /** One row a sample that is asked for, in the folder's order. */
  readonly source: PredictionSource;
  /** The samples of those rows. */
  readonly ids: readonly string[];
  /** Rows without a prediction. */
  readonly absent: ReadonlySet<number>;
  /** Samples in the folder, asked for or not. */
  readonly folderCount: number;
}

/**
 * Predictions with ids are matched by them, and so is a run of a folder in another order; all others are in the
 * folder's order already, one a sample.
 *
 * @param folderCount how many samples the ground truth is about.
 * @param selection the samples that are asked for; `null` for all.
 */
export async function inFolderOrder(
  source: PredictionSource,
  folder: DatasetFolder,
  folderCount: number,
  selection: Selection | null,
): Promise<OrderedSource> {
  // A list that does not fit is found here, before hours of work.
  const ids = await folder.sampleIds(folderCount);
  const named = source.ids ?? otherOrder(source, ids);
  const matched = named === null ? null : matchByIds({ ...source, ids: named }, ids);
  const whole = matched ?? source;
  const absent = matched?.absent ?? new Set<number>();
  if (selection === null) return { source: whole, ids, absent, folderCount };
  return {
    source: selectRows(whole, selection),
    ids: Array.from(selection, (index) => ids[index]!),
    absent: new Set([...selection.keys()].filter((row) => absent.has(selection[row]!))),
    folderCount,
  };
}

/**
 * The samples of a run's rows where its folder had them in another order than this one: the official layout and
 * HaMeR's metadata have one each. Null where the order is the same, where nothing says it, and where this folder
 * knows its samples by other names altogether (HO-3D without its list has numbers).
 *
 * @param ids the folder's samples, in its order.
 */
export function otherOrder(
  { listed }: Pick<PredictionSource, 'listed'>,
  ids: readonly string[],
): readonly string[] | null {
  if (listed === undefined || listed.every((id, row) => id === ids[row])) return null;
  const known = new Set(ids);
  return listed.some((id) => known.has(id)) ? listed : null;
}
