/** `--limit` and `--samples`: some of a folder's samples, in the folder's order. */
import { SCORE_BATCH } from '../datasets/sample-batch.js';
import type { Selection } from '../datasets/types.js';
import { UserError } from '../errors.js';
import { readLines } from '../files/text-lines.js';
import { gatherArrays } from './gather-rows.js';
import type { PredictionSource } from './prediction-source.js';

/** What a user asked for; neither: all samples. */
export interface SelectionRequest {
  /** The first so many. */
  readonly limit?: number | undefined;
  /** A file with one id a line. */
  readonly samples?: string | undefined;
}

/**
 * @param ids the folder's samples, in its order.
 * @returns null for all of them.
 * @throws UserError where the file names a sample twice, or one that is not in the folder.
 */
export async function selectSamples(
  { limit, samples }: SelectionRequest,
  ids: readonly string[],
): Promise<Selection | null> {
  if (limit === undefined && samples === undefined) return null;
  const listed = samples === undefined ? null : await readSelection(samples, ids);
  const all = listed ?? Int32Array.from(ids, (_, index) => index);
  const selection = limit === undefined ? all : all.slice(0, limit);
  // A run on all of them is the run on the folder.
  return selection.length === ids.length ? null : selection;
}

async function readSelection(file: string, ids: readonly string[]): Promise<Selection> {
  const lines = await readLines(file);
  const wrong = (message: string, got: string): UserError =>
    new UserError({
      code: 'samples-file',
      message,
      file,
      expected: 'one id of the folder a line, each once',
      got,
      next: 'take the ids from the column id of per_sample.csv, or from samples.txt of a run directory',
    });
  const places = new Map(ids.map((id, index) => [id, index]));
  const chosen = new Set<number>();
  lines.forEach((id, line) => {
    if (id === '') return;
    const place = places.get(id);
    if (place === undefined) {
      throw wrong(
        `Line ${line + 1} names no sample of the folder`,
        `${JSON.stringify(id)}; the first of the folder is ${ids[0]}`,
      );
    }
    if (chosen.has(place))
      throw wrong(`Line ${line + 1} names a sample for the second time`, JSON.stringify(id));
    chosen.add(place);
  });
  if (chosen.size === 0) throw wrong('The list of samples is empty', 'no line with an id');
  return Int32Array.from(chosen).sort();
}

/** A source that holds the selected rows of another, which is in the folder's order. */
export function selectRows(source: PredictionSource, selection: Selection): PredictionSource {
  let read = 0;
  let held: Float64Array = new Float64Array();
  const readOn = async (): Promise<void> => {
    const count = Math.min(SCORE_BATCH, source.count - read);
    held = await source.vertices(read, count);
    read += count;
  };
  return {
    ...source,
    count: selection.length,
    ids: null,
    ...gatherArrays(source, selection),
    async vertices(first, count) {
      const width = source.vertexCount! * 3;
      const out = new Float64Array(count * width);
      for (let k = 0; k < count; k++) {
        const row = selection[first + k]!;
        // Batches are asked for in ascending order: a file is read once, from its start.
        while (read <= row) await readOn();
        const at = (row - (read - held.length / width)) * width;
        out.set(held.subarray(at, at + width), k * width);
      }
      return out;
    },
    async finish() {
      while (source.vertexCount !== null && read < source.count) await readOn();
      return source.finish();
    },
    close: () => source.close(),
  };
}
