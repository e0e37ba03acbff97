import type { DatasetDefinition } from '../../datasets/types.js';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { openStream } from '../../files/open-file.js';
import { readNumberObject, type ObjectEntry } from '../../formats/json/number-object.js';
import { arraySource } from '../array-source.js';
import { shapeText, type ArrayRows } from '../point-rows.js';
import type { PredictionOrigin } from '../prediction-source.js';
import { scoredArrays } from '../scored-arrays.js';
import { ScratchNumbers } from '../scratch-numbers.js';
import { namedArrays, namesPoints, type ArrayStore, type StoredArray } from './named-arrays.js';
import type { PredictionFormat } from './prediction-format.js';

/** A JSON object of arrays, `{"xyz": …, "verts": …}`, or of samples, `{"00000012": …}`. */
export const JSON_OBJECT: PredictionFormat = {
  kind: 'json-object',
  title: 'a JSON object of arrays or of samples',
  help: 'a JSON object of arrays or of samples',
  recognises: ({ start }) => /^(?:\xef\xbb\xbf)?\s*\{/.test(start.toString('latin1')),
  open: (origin, dataset, { signal, requireRows }) =>
    arraySource(origin, dataset, async (held) => {
      const scratch = await ScratchNumbers.create();
      held.add(() => scratch.close());
      const values = await readValues(origin.path, scratch, signal);
      const isArrays = values.some(({ path }) => path.length === 1 && namesPoints(path[0]!));
      const store = isArrays
        ? arrayStore(origin, values, scratch)
        : sampleStore(origin, dataset, values, scratch);
      return namedArrays(origin, dataset, store, held, requireRows);
    }),
};

/** A value and where its numbers begin. */
interface Value extends ObjectEntry {
  readonly first: number;
}

async function readValues(path: string, scratch: ScratchNumbers, signal?: AbortSignal): Promise<Value[]> {
  const values: Value[] = [];
  let first = 0;
  const bytes = await openStream(path, 2 ** 18).catch((error: unknown) => {
    throw fileError(error, path);
  });
  try {
    for await (const piece of readNumberObject(bytes, path)) {
      signal?.throwIfAborted();
      if ('numbers' in piece) await scratch.append(piece.numbers);
      else {
        values.push({ ...piece.entry, first });
        first = scratch.length;
      }
    }
  } finally {
    bytes.destroy();
  }
  return values;
}

function arrayStore(
  { path: file }: PredictionOrigin,
  values: readonly Value[],
  scratch: ScratchNumbers,
): ArrayStore {
  const byName = new Map<string, Value>();
  for (const value of values) {
    const name = value.path.join('.');
    if (byName.has(name)) throw twice(file, name);
    byName.set(name, value);
  }
  return {
    arrays: [...byName].map(([name, value]) => stored(name, value)),
    open: (name) => {
      const { shape, first } = byName.get(name)!;
      const rowLength = numbersIn(shape.slice(1));
      return Promise.resolve({
        ...{ file, shape, rows: shape[0] ?? 1 },
        readRows: (from, end) => scratch.read(first + from * rowLength, (end - from) * rowLength),
        close: () => Promise.resolve(),
      });
    },
    texts: async (name) => {
      const { texts, shape, first } = byName.get(name)!;
      return texts ?? Array.from(await scratch.read(first, numbersIn(shape)), String);
    },
  };
}

function sampleStore(
  { path: file }: PredictionOrigin,
  { protocol }: DatasetDefinition,
  values: readonly Value[],
  scratch: ScratchNumbers,
): ArrayStore {
  const samples = new Map<string, Map<string, Value>>();
  const points = scoredArrays(protocol).names[0]!;
  for (const value of values) {
    const [sample, name = points] = value.path;
    // `null`, where there is no prediction, or something about the file.
    if (value.path.length === 1 && !isNumbers(value)) continue;
    const parts = samples.get(sample!) ?? new Map<string, Value>();
    if (parts.has(name)) throw twice(file, value.path.join(', '));
    samples.set(sample!, parts.set(name, value));
  }
  const names = [...samples.keys()];
  const [first = new Map<string, Value>()] = samples.values();
  return {
    arrays:
      names.length === 0
        ? values.map((value) => stored(value.path.join('.'), value))
        : [...first].map(([name, value]) => stacked(name, value, names.length)),
    open: (name) => {
      const { shape } = first.get(name)!;
      const rowLength = numbersIn(shape);
      const rows: ArrayRows = {
        ...{ file, shape: [names.length, ...shape], rows: names.length },
        async readRows(from, end) {
          const out = new Float64Array((end - from) * rowLength);
          for (let row = from; row < end; row++) {
            const value = samples.get(names[row]!)!.get(name);
            if (value?.shape.join() !== shape.join()) throw otherShape(file, names[row]!, name, shape, value);
            out.set(await scratch.read(value.first, rowLength), (row - from) * rowLength);
          }
          return out;
        },
        close: () => Promise.resolve(),
      };
      return Promise.resolve(rows);
    },
    texts: () => Promise.resolve([]),
    entries: { label: 'the keys', values: names, isRequired: true },
  };
}

function isNumbers({ holds }: Value): boolean {
  return holds === 'numbers' || holds === 'integers';
}

function stacked(name: string, value: Value, rows: number): StoredArray {
  const shape = [rows, ...value.shape];
  const [type, holds] = isNumbers(value)
    ? (['numbers', 'numbers'] as const)
    : (['a sample', 'unknown'] as const);
  return { name, shape, type, holds };
}

function stored(name: string, { shape, holds }: Value): StoredArray {
  if (holds === 'other') return { name, shape, type: 'something else', holds: 'unknown' };
  return { name, shape, type: holds, holds };
}

function numbersIn(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function twice(file: string, key: string): UserError {
  return new UserError({
    code: 'predictions-json-object',
    message: 'The object holds a key twice',
    file,
    expected: 'each key once',
    got: JSON.stringify(key),
    next: 'write the file again from a Python dict',
  });
}

function otherShape(
  file: string,
  sample: string,
  name: string,
  expected: readonly number[],
  got: Value | undefined,
): UserError {
  return new UserError({
    code: 'predictions-json-object',
    message: `The sample ${JSON.stringify(sample)} is not like the first`,
    file,
    expected: `${name} ${shapeText(expected)}`,
    got: got === undefined ? 'none' : `${name} ${shapeText(got.shape)}`,
    next: 'write every sample alike, or leave it out where it has no prediction',
  });
}
