/** The true meshes of the samples that are scored, in order: all of a file, several passes over it, or some of its records. */
import type { RecordBatch, RecordLayout } from '../../formats/json/number-json.js';
import { RecordStream } from '../../formats/json/record-stream.js';
import { SCORE_BATCH } from '../sample-batch.js';

const VERTICES: RecordLayout = { nesting: 'list', shape: ['any', 3], recordName: 'sample' };

export interface Meshes {
  /** count × V × 3, metres. */
  readonly values: Float64Array;
  readonly count: number;
  readonly vertexCount: number;
}

export interface TrueVerticesOptions {
  readonly file: string;
  /** How many times the file is gone through. */
  readonly repeats: number;
}

export class TrueVertices {
  private readonly options: TrueVerticesOptions;
  private stream: RecordStream;
  /** Passes begun. */
  private pass = 1;
  /** Position of the next record to be read, over all passes. */
  private position = 0;
  private wanted: { readonly indices: Int32Array; next: number } | null = null;
  private pending: Meshes | null = null;
  private busy = 0;

  /** Reading begins at once, so that it overlaps with whatever is opened meanwhile. */
  constructor(options: TrueVerticesOptions) {
    this.options = options;
    this.stream = this.open();
  }

  /** Milliseconds the readers worked, of passes that have ended. */
  get busyMs(): number {
    return this.busy;
  }

  /** Restricts the meshes to those at `indices`, ascending; to be called before the first is taken. */
  select(indices: Int32Array): void {
    this.wanted = { indices, next: 0 };
  }

  /** The next `count` meshes; fewer at the end, `null` after it. */
  async next(count: number): Promise<Meshes | null> {
    while ((this.pending?.count ?? 0) < count) {
      const meshes = await this.read();
      if (meshes === null) break;
      this.pending = this.pending === null ? meshes : joined(this.pending, meshes);
    }
    const { pending } = this;
    if (pending === null || pending.count <= count) {
      this.pending = null;
      return pending;
    }
    const width = pending.vertexCount * 3;
    const { vertexCount } = pending;
    this.pending = { values: pending.values.slice(count * width), count: pending.count - count, vertexCount };
    return { values: pending.values.slice(0, count * width), count, vertexCount };
  }

  async close(): Promise<void> {
    await this.stream.close();
  }

  private open(): RecordStream {
    return new RecordStream({ path: this.options.file, layout: VERTICES, batchSize: SCORE_BATCH });
  }

  /** The wanted meshes of the next batch that has any. */
  private async read(): Promise<Meshes | null> {
    for (;;) {
      if (this.wanted !== null && this.wanted.next >= this.wanted.indices.length) return null;
      const batch = await this.nextBatch();
      if (batch === null) return null;
      const first = this.position;
      this.position += batch.count;
      const meshes = this.wanted === null ? all(batch) : this.chosen(batch, first, this.wanted);
      if (meshes.count > 0) return meshes;
    }
  }

  private async nextBatch(): Promise<RecordBatch | null> {
    for (;;) {
      const batch = await this.stream.next();
      if (batch !== null) return batch;
      // An empty file would be gone through in vain.
      if (this.position === 0 || this.pass >= this.options.repeats) {
        this.busy += this.takeBusy();
        return null;
      }
      this.busy += this.takeBusy();
      await this.stream.close();
      this.stream = this.open();
      this.pass += 1;
    }
  }

  private counted = 0;

  /** The reader's time, once a pass. */
  private takeBusy(): number {
    if (this.counted === this.pass) return 0;
    this.counted = this.pass;
    return this.stream.summary().busyMs;
  }

  private chosen(
    batch: RecordBatch,
    first: number,
    wanted: { readonly indices: Int32Array; next: number },
  ): Meshes {
    const vertexCount = batch.shape[0]!;
    const width = vertexCount * 3;
    const from = wanted.next;
    while (wanted.next < wanted.indices.length && wanted.indices[wanted.next]! < first + batch.count)
      wanted.next++;
    const count = wanted.next - from;
    const values = new Float64Array(count * width);
    for (let k = 0; k < count; k++) {
      const at = (wanted.indices[from + k]! - first) * width;
      values.set(batch.values.subarray(at, at + width), k * width);
    }
    return { values, count, vertexCount };
  }
}

/** The reader has seen to it that all meshes of a file have as many vertices. */
function joined(first: Meshes, second: Meshes): Meshes {
  const values = new Float64Array(first.values.length + second.values.length);
  values.set(first.values);
  values.set(second.values, first.values.length);
  return { values, count: first.count + second.count, vertexCount: first.vertexCount };
}

function all({ values, count, shape }: RecordBatch): Meshes {
  return { values, count, vertexCount: shape[0]! };
}

/** How many meshes a file holds, over all passes; reads it to its end, so that a cut file is found before hours of work. */
export async function countVertices(
  { file, repeats }: TrueVerticesOptions,
  signal?: AbortSignal,
): Promise<number> {
  const stream = new RecordStream({ path: file, layout: VERTICES, batchSize: SCORE_BATCH });
  try {
    while ((await stream.next()) !== null) signal?.throwIfAborted();
    return stream.summary().counts[0]! * repeats;
  } finally {
    await stream.close();
  }
}
