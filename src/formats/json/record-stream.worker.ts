/** The thread behind `RecordStream`: reads, hashes and parses one file. */
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { openStream } from '../../files/open-file.js';
import { handingOver, serve, startData } from '../../workers/worker-service.js';
import { fileChunksSync, readNumberJson, type NumberJsonSummary, type RecordBatch } from './number-json.js';
import type { ReaderService, ReaderStep, RecordStreamOptions, RecordStreamSummary } from './record-stream.js';

const { path, layout, batchSize, container, digest } = startData<RecordStreamOptions>();
const reading = read();
let busyMs = 0;

async function* read(): AsyncGenerator<RecordBatch, Omit<RecordStreamSummary, 'busyMs'>, void> {
  const hash = digest === true ? createHash('sha256') : null;
  let summary: NumberJsonSummary;
  if (container === 'zip') {
    const { openPredictionZip } = await import('../zip/zip.js');
    const { stream } = await openPredictionZip(path);
    summary = yield* readNumberJson(stream, layout, { file: `${path} (pred.json)`, batchSize });
    // The digest is the archive's, the numbers are its pred.json's.
    if (hash !== null) await pipeline(await openStream(path, 2 ** 16), hash);
  } else {
    const onChunk = (chunk: Uint8Array): void => void hash?.update(chunk);
    summary = yield* readNumberJson(fileChunksSync(path), layout, { file: path, batchSize, onChunk });
  }
  return { ...summary, sha256: hash?.digest('hex') ?? null };
}

serve<ReaderService>({
  async next(): Promise<ReaderStep> {
    const started = performance.now();
    const { done, value } = await reading.next();
    busyMs += performance.now() - started;
    if (done === true) return { batch: null, summary: { ...value, busyMs } };
    return handingOver({ batch: value }, [value.values.buffer as ArrayBuffer]);
  },
});
