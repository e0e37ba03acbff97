/** Gathers the numbers of consecutive records into batches of their own memory. */
import { sectionCount, sectionShape, type RecordBatch, type RecordLayout } from './number-json-layout.js';

/** 256 MiB of doubles: no record of this trade is longer, and a list that never ends must not fill the memory. */
export const MAX_BATCH_NUMBERS = 2 ** 25;
const FIRST_ROOM = 4096;
const EMPTY = new Float64Array(0);

export class RecordCollector {
  /** The batch being filled and how much of it is; the parser's loop writes here without a call per number. */
  values: Float64Array = EMPTY;
  used = 0;

  readonly #batchSize: number;
  readonly #onBatch: (batch: RecordBatch) => void;
  readonly #counts: number[];
  readonly #shapes: number[][];
  #section = 0;
  /** Numbers of one record, −1 until the first record of the section has ended. */
  #recordLength = -1;
  #firstOfBatch = 0;

  constructor(layout: RecordLayout, batchSize: number, onBatch: (batch: RecordBatch) => void) {
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(`batchSize must be a positive integer, not ${batchSize}`);
    }
    this.#batchSize = batchSize;
    this.#onBatch = onBatch;
    const sections = sectionCount(layout);
    this.#counts = new Array<number>(sections).fill(0);
    this.#shapes = Array.from({ length: sections }, (_, i) =>
      sectionShape(layout, i).map((n) => (n === 'any' ? 0 : n)),
    );
  }

  /** Whole records of the current section. */
  get currentCount(): number {
    return this.#counts[this.#section] ?? 0;
  }

  summary(): { counts: number[]; shapes: number[][] } {
    return { counts: [...this.#counts], shapes: this.#shapes.map((shape) => [...shape]) };
  }

  enterSection(section: number): void {
    this.#section = section;
    this.#recordLength = -1;
    this.#firstOfBatch = 0;
    this.values = EMPTY;
    this.used = 0;
  }

  /** @param dimensions the shape of the record; only looked at for the first one of a section, the others equal it */
  endRecord(dimensions: Int32Array): void {
    const section = this.#section;
    if (this.#recordLength < 0) {
      const shape = Array.from(dimensions);
      this.#shapes[section] = shape;
      this.#recordLength = shape.reduce((a, b) => a * b, 1);
      const first = this.values;
      if (this.used > 0) this.grow()?.set(first.subarray(0, this.used));
    }
    const count = ++this.#counts[section]!;
    // Records without numbers, too, are handed over a batch at a time.
    const full =
      this.used > 0 ? this.used === this.values.length : count - this.#firstOfBatch === this.#batchSize;
    if (full) this.flush();
  }

  /**
   * Makes room for a batch, or for the next numbers of a first record, whose length is not known yet; undefined where
   * that record is longer than any should be.
   */
  grow(): Float64Array | undefined {
    if (this.#recordLength < 0) {
      const old = this.values;
      if (old.length >= MAX_BATCH_NUMBERS) return undefined;
      this.values = new Float64Array(Math.max(FIRST_ROOM, old.length * 2));
      this.values.set(old);
    } else {
      const records = Math.floor(MAX_BATCH_NUMBERS / this.#recordLength);
      this.values = new Float64Array(Math.max(1, Math.min(this.#batchSize, records)) * this.#recordLength);
    }
    return this.values;
  }

  /** Hands over what there is; nothing where there is nothing. */
  flush(): void {
    const section = this.#section;
    const first = this.#firstOfBatch;
    const count = this.#counts[section]! - first;
    if (count === 0) return;
    // `slice` also where nothing was used: the receiver may detach the buffer, and EMPTY is everybody's.
    const full = this.used > 0 && this.used === this.values.length;
    const values = full ? this.values : this.values.slice(0, this.used);
    this.values = EMPTY;
    this.used = 0;
    this.#firstOfBatch = first + count;
    this.#onBatch({ section, first, count, shape: [...this.#shapes[section]!], values });
  }
}
