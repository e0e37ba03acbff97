/**
 * JSON objects whose values are lists of numbers or texts, or objects of such: memory is flat in the length of the
 * lists of numbers.
 */
import { UserError } from '../../errors.js';
import { JsonCursor } from './json-cursor.js';
import { NumberJsonParser } from './number-json-parser.js';

/** A value, once it has ended. */
export interface ObjectEntry {
  /** One key, or two in an object within the object. */
  readonly path: readonly string[];
  /** Of a list. */
  readonly shape: readonly number[];
  /** `integers`: a flat list of them. */
  readonly holds: 'numbers' | 'integers' | 'texts' | 'other';
  readonly texts?: readonly string[];
}

/** Numbers of the entry that comes next, or the entry. */
export type ObjectPiece = { readonly numbers: Float64Array } | { readonly entry: ObjectEntry };

/** (N, 1, 21, 3) */
const MAX_AXES = 4;
/** Of a list that is not of numbers, which is held. */
const MAX_TEXT_BYTES = 2 ** 26;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;

/** @throws UserError the `json-*` codes */
export async function* readNumberObject(
  source: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<ObjectPiece, void, void> {
  const cursor = new JsonCursor(source, file);
  for await (const key of cursor.keys()) {
    if ((await cursor.peek()) !== OPEN_OBJECT) yield* readValue(cursor, [key], file);
    else for await (const inner of cursor.keys()) yield* readValue(cursor, [key, inner], file);
  }
  await cursor.end();
}

async function* readValue(
  cursor: JsonCursor,
  path: readonly string[],
  file: string,
): AsyncGenerator<ObjectPiece, void, void> {
  if ((await cursor.peek()) === OPEN_LIST)
    return yield* readList(cursor, path, `${file} (${path.join(', ')})`);
  for await (const piece of cursor.value()) void piece;
  yield { entry: { path, shape: [], holds: 'other' } };
}

async function* readList(
  cursor: JsonCursor,
  path: readonly string[],
  file: string,
): AsyncGenerator<ObjectPiece, void, void> {
  const { offset } = cursor;
  let ready: Float64Array[] = [];
  let isWhole = true;
  let parser: NumberJsonParser | null = null;
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of cursor.value()) {
    if (parser === null) {
      held = Buffer.concat([held, piece]);
      if (held.length > MAX_TEXT_BYTES) throw tooLong(file, offset);
      const axes = numberAxes(held);
      if (axes === null) continue;
      const shape = new Array<'any'>(Math.min(axes, MAX_AXES) - 1).fill('any');
      const onBatch = ({ values }: { values: Float64Array }): void => void ready.push(values);
      parser = new NumberJsonParser({ nesting: 'list', shape }, { file, offset, onBatch });
      parser.push(held);
    } else parser.push(piece);
    const numbers = ready;
    ready = [];
    for (const values of numbers) {
      isWhole &&= values.every(Number.isInteger);
      yield { numbers: values };
    }
  }
  if (parser === null) return yield { entry: textEntry(path, held.toString()) };
  const { counts, shapes } = parser.end();
  for (const values of ready) {
    isWhole &&= values.every(Number.isInteger);
    yield { numbers: values };
  }
  const shape = [counts[0]!, ...shapes[0]!];
  yield { entry: { path, shape, holds: isWhole && shape.length === 1 ? 'integers' : 'numbers' } };
}

/** How deep the numbers of a list are, by its start; null where what comes is no number, or not there yet. */
function numberAxes(start: Buffer): number | null {
  let axes = 0;
  for (const byte of start) {
    if (byte === OPEN_LIST) axes++;
    // A text, an object, or white space.
    else if (byte === 0x22 || byte === OPEN_OBJECT) return null;
    else if (byte > 0x20) return axes;
  }
  return null;
}

function textEntry(path: readonly string[], text: string): ObjectEntry {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { path, shape: [], holds: 'other' };
  }
  const list = value as unknown[];
  const isTexts = list.every((one) => typeof one === 'string');
  return isTexts
    ? { path, shape: [list.length], holds: 'texts', texts: list }
    : { path, shape: [list.length], holds: 'other' };
}

function tooLong(file: string, offset: number): UserError {
  return new UserError({
    code: 'json-type',
    message: 'A long list of something else than numbers',
    file,
    offset,
    expected: 'lists of numbers, or of as many texts as there are samples',
    got: `more than ${MAX_TEXT_BYTES} bytes`,
    next: 'write the file again with json.dump of lists of numbers',
  });
}
