/** The thread behind `RecordStream`: reads, hashes and parses one file. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../errors.js';
import {
  NumberJsonParser,
  readNumberJsonSync,
  type NumberJsonSummary,
  type RecordBatch,
} from './number-json.js';
import type { ReaderData, ReaderMessage } from './record-stream.js';

const data = workerData as ReaderData;
const port = parentPort!;
const taken = new Int32Array(data.taken);
let posted = 0;
let waitedMs = 0;
const started = performance.now();

try {
  const digest = data.digest === true ? createHash('sha256') : null;
  const summary = data.container === 'zip' ? await readZip() : readPlain();
  send({
    type: 'end',
    summary: { ...summary, sha256: digest?.digest('hex') ?? null, busyMs: busyMs() },
  });

  function readPlain(): NumberJsonSummary {
    return readNumberJsonSync(data.path, data.layout, {
      batchSize: data.batchSize,
      onBatch: hand,
      onChunk: (chunk) => digest?.update(chunk),
    });
  }

  /** The digest is the archive's, the numbers are its pred.json's. */
  async function readZip(): Promise<NumberJsonSummary> {
    const parser = new NumberJsonParser(data.layout, {
      file: `${data.path} (pred.json)`,
      batchSize: data.batchSize,
      onBatch: hand,
    });
    const { openPredictionZip } = await import('../zip/zip.js');
    const entry = await openPredictionZip(data.path);
    for await (const chunk of entry.stream) parser.push(chunk as Uint8Array);
    const summary = parser.end();
    if (digest !== null) await pipeline(createReadStream(data.path), digest);
    return summary;
  }
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  send({ type: 'user-error', error: error.toJson() });
}

function busyMs(): number {
  return performance.now() - started - waitedMs;
}

function send(message: ReaderMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Gives a batch away once the receiver is near enough. */
function hand(batch: RecordBatch): void {
  for (;;) {
    const seen = Atomics.load(taken, 0);
    if (posted - seen < data.readAhead) break;
    const from = performance.now();
    Atomics.wait(taken, 0, seen);
    waitedMs += performance.now() - from;
  }
  posted += 1;
  send({ type: 'batch', batch }, [batch.values.buffer as ArrayBuffer]);
}
