/**
 * Files that are nothing but nested lists of numbers in JSON: FreiHAND's `evaluation_*.json` and `pred.json`. They
 * pass a gigabyte, a JavaScript string ends at half of one: they are read in chunks, with memory flat in their length.
 */
import { closeSync, readSync } from 'node:fs';
import { fileError } from '../../files/file-errors.js';
import { openFile, openFileSync } from '../../files/open-file.js';
import type { NumberJsonSummary, RecordBatch, RecordLayout } from './number-json-layout.js';
import { NumberJsonParser } from './number-json-parser.js';

export type { NumberJsonSummary, RecordBatch, RecordLayout } from './number-json-layout.js';

/** Small enough to stay in the second-level cache, large enough that the calls do not count. */
const CHUNK_BYTES = 256 * 1024;

export interface ReadNumberJsonOptions {
  /** The name for errors; needed where the source is not a path. */
  readonly file?: string;
  /** Records per batch, 256 when left out. */
  readonly batchSize?: number;
  /** Sees every chunk of the file in order, for a checksum or a progress bar; the bytes are reused afterwards. */
  readonly onChunk?: (chunk: Uint8Array) => void;
}

/**
 * Reads a path, or bytes as they come from a `Readable` or from `fileChunksSync`, batch by batch; the summary is the generator's return value.
 *
 * @throws UserError `file-missing`, `file-unreadable`, and the `json-*` codes of the parser
 */
export async function* readNumberJson(
  source: string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  layout: RecordLayout,
  options: ReadNumberJsonOptions = {},
): AsyncGenerator<RecordBatch, NumberJsonSummary, void> {
  const file = options.file ?? (typeof source === 'string' ? source : 'input');
  let batches: RecordBatch[] = [];
  const parser = new NumberJsonParser(layout, {
    file,
    onBatch: (batch) => batches.push(batch),
    ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
  });
  for await (const chunk of typeof source === 'string' ? fileChunks(source) : source) {
    options.onChunk?.(chunk);
    parser.push(chunk);
    if (batches.length === 0) continue;
    const ready = batches;
    batches = [];
    yield* ready;
  }
  const summary = parser.end();
  yield* batches;
  return summary;
}

/** The file's bytes in one buffer, filled again for every turn. */
async function* fileChunks(path: string): AsyncGenerator<Uint8Array, void, void> {
  const handle = await openFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null).catch((error: unknown) => {
        throw fileError(error, path);
      });
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/**
 * The same, read synchronously: a tenth less work for a thread that does nothing else.
 *
 * @throws UserError `file-missing`, `file-unreadable`
 */
export function* fileChunksSync(path: string): Generator<Uint8Array, void, void> {
  const io = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw fileError(error, path);
    }
  };
  const descriptor = io(() => openFileSync(path));
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let length; (length = io(() => readSync(descriptor, buffer, 0, buffer.length, null))) > 0;) {
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}
