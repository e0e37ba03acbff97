/**
 * `pred.json` as the challenges take it, piece by piece: `[[N × 21 × 3], [N × 778 × 3]]`, metres, positional, no ids.
 * The whole passes the longest string JavaScript has.
 */
import { JOINT_COUNT } from '../hand/joints.js';
import { longestNumber, writeFixed } from './fixed-decimals.js';

/** Hands in the order, joint order, axes and place that the benchmark wants. */
export interface Hands {
  readonly count: number;
  /** count × 21 × 3, metres. */
  readonly joints: Float64Array;
  readonly vertexCount: number;
  /** Vertices of the samples from `first` on, count × V × 3, metres; asked for in ascending order, each once. */
  vertices(first: number, count: number): Promise<Float64Array>;
}

export interface PredictionJsonOptions {
  readonly decimals: number;
  /** Hands a piece. */
  readonly batchSize: number;
  readonly signal: AbortSignal;
  /** Told how many meshes are written. */
  readonly onProgress: (done: number) => void;
}

const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;

export async function* predictionJson(
  hands: Hands,
  { decimals, batchSize, signal, onProgress }: PredictionJsonOptions,
): AsyncGenerator<Buffer, void, void> {
  yield Buffer.from('[[');
  const joints = new RecordWriter(JOINT_COUNT, batchSize, decimals);
  for (let first = 0; first < hands.count; first += batchSize) {
    signal.throwIfAborted();
    yield joints.write(hands.joints.subarray(first * JOINT_COUNT * 3, (first + batchSize) * JOINT_COUNT * 3));
  }
  yield Buffer.from('],[');
  const vertices = new RecordWriter(hands.vertexCount, batchSize, decimals);
  for (let first = 0; first < hands.count; first += batchSize) {
    signal.throwIfAborted();
    const count = Math.min(batchSize, hands.count - first);
    yield vertices.write(await hands.vertices(first, count));
    onProgress(first + count);
  }
  yield Buffer.from(']]');
}

/** Writes lists of `pointCount` points, with the commas between them. */
class RecordWriter {
  readonly #pointCount: number;
  readonly #decimals: number;
  readonly #scratch: Buffer;
  #isFirst = true;

  constructor(pointCount: number, batchSize: number, decimals: number) {
    this.#pointCount = pointCount;
    this.#decimals = decimals;
    // A number and its comma, three to a point; a point and a list have two brackets and a comma.
    const longest = pointCount * (3 * (longestNumber(decimals) + 1) + 3) + 3;
    this.#scratch = Buffer.allocUnsafe(batchSize * longest);
  }

  /** @param points whole records, at most a batch of them. */
  write(points: Float64Array): Buffer {
    const out = this.#scratch;
    const decimals = this.#decimals;
    const recordLength = this.#pointCount * 3;
    let at = 0;
    for (let record = 0; record < points.length; record += recordLength) {
      if (!this.#isFirst) out[at++] = COMMA;
      this.#isFirst = false;
      out[at++] = OPEN;
      for (let k = record; k < record + recordLength; k += 3) {
        if (k > record) out[at++] = COMMA;
        out[at++] = OPEN;
        at = writeFixed(points[k]!, decimals, out, at);
        out[at++] = COMMA;
        at = writeFixed(points[k + 1]!, decimals, out, at);
        out[at++] = COMMA;
        at = writeFixed(points[k + 2]!, decimals, out, at);
        out[at++] = CLOSE;
      }
      out[at++] = CLOSE;
    }
    // A copy: the stream that takes it may hold it while the next batch is written.
    return Buffer.from(out.subarray(0, at));
  }
}
