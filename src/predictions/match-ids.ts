/** Predictions that name their samples, brought into the benchmark's order. Matching is by id, never by position. */
import { DATASETS } from '../datasets/registry.js';
import { UserError } from '../errors.js';
import { gatherArrays } from './gather-rows.js';
import type { PredictionSource } from './prediction-source.js';

function writeIds(): string {
  const forms = new Set(DATASETS.map(({ idForm }) => idForm));
  return `write the ids of the dataset: ${[...forms].join(', ')}`;
}

/** A source in the benchmark's order; samples that nobody predicted are rows of NaN. */
export interface MatchedSource extends PredictionSource {
  /** Positions in the benchmark's order that have no prediction. */
  readonly absent: ReadonlySet<number>;
}

/**
 * @param sampleIds the folder's samples, in its order.
 * @throws UserError where an id appears twice or is none of the folder's.
 */
export function matchByIds(source: PredictionSource, sampleIds: readonly string[]): MatchedSource {
  const rowOf = new Map<string, number>();
  source.ids!.forEach((id, row) => {
    const key = plainId(id);
    const other = rowOf.get(key);
    if (other !== undefined) throw idError(source, 'names a sample twice', [other, row]);
    rowOf.set(key, row);
  });
  const rows = Int32Array.from(sampleIds, (id) => {
    const key = plainId(id);
    const row = rowOf.get(key);
    rowOf.delete(key);
    return row ?? -1;
  });
  for (const [, row] of rowOf) {
    const suffix = photographSuffix(source.ids![row]!, sampleIds);
    throw idError(
      source,
      'names a sample that is not in the folder',
      [row],
      suffix === null ? writeIds() : `write the ids without ${suffix}`,
    );
  }
  const absent = new Set<number>();
  rows.forEach((row, index) => {
    if (row === -1) absent.add(index);
  });
  return {
    ...source,
    count: sampleIds.length,
    ...gatherArrays(source, rows),
    absent,
    async vertices(first, count) {
      const width = source.vertexCount! * 3;
      const out = new Float64Array(count * width).fill(Number.NaN);
      for (let index = 0; index < count;) {
        const start = rows[first + index]!;
        let length = 1;
        // Neighbours in the file are read together; in most files all are.
        while (index + length < count && start >= 0 && rows[first + index + length] === start + length)
          length++;
        if (start >= 0) out.set(await source.vertices(start, length), index * width);
        index += length;
      }
      return out;
    },
    finish: () => source.finish(),
    close: () => source.close(),
  };
}

/** `12` and `00000012` are the same sample; everything else is compared as it is. */
export function plainId(id: string): string {
  return /^\d+$/.test(id) ? id.replace(/^0+(?=\d)/, '') : id;
}

/** The suffix without which `id` would be one of the folder's; not taken off silently, since ids may have dots. */
function photographSuffix(id: string, sampleIds: readonly string[]): string | null {
  const suffix = /\.(?:jpe?g|png)$/i.exec(id)?.[0];
  if (suffix === undefined) return null;
  const key = plainId(id.slice(0, -suffix.length));
  return sampleIds.some((known) => plainId(known) === key) ? suffix : null;
}

function idError(
  source: PredictionSource,
  what: string,
  rows: readonly number[],
  next = writeIds(),
): UserError {
  return new UserError({
    code: 'predictions-ids',
    message: `'ids' ${what}`,
    file: source.origin.path,
    expected: 'each id of the folder at most once',
    got: rows.map((row) => `${JSON.stringify(source.ids![row]!)} in row ${row}`).join(' and '),
    next,
  });
}
