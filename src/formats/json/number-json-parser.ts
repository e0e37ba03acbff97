/**
 * A push parser for JSON that is nothing but nested lists of numbers, of any length: it sees the file in chunks,
 * keeps one batch of records, and says exactly where a file departs from the layout it should have.
 */
import { Buffer } from 'node:buffer';
import { MAX_BATCH_NUMBERS, RecordCollector } from './number-json-batches.js';
import { MAX_TOKEN_BYTES, NumberJsonErrors, isTokenByte } from './number-json-errors.js';
import {
  checkLayout,
  sectionCount,
  sectionShape,
  type NumberJsonSummary,
  type RecordBatch,
  type RecordLayout,
} from './number-json-layout.js';
import { COMMON_BYTES, nextNumber, nextRow, scanAny, scanCommon, startsNumber } from './number-json-scan.js';

export interface NumberJsonParserOptions {
  /** The file's name, for errors. */
  readonly file: string;
  /** Records per batch; fewer where a batch would pass 2^25 numbers, and at the end of a section. */
  readonly batchSize?: number;
  readonly onBatch: (batch: RecordBatch) => void;
  /** Where in the file the list begins, for errors; at its start unless given. */
  readonly offset?: number;
}

const NO_DIMENSIONS = new Int32Array(0);

/** What may come next. The first two allow a value, the first and the third a closing bracket. */
const State = { afterOpen: 0, afterComma: 1, afterValue: 2, done: 3 } as const;
type State = (typeof State)[keyof typeof State];

const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const SPACE = 0x20;

/** Stands for 'any' until the first record has fixed it. */
const UNKNOWN = 0x7fffffff;
/** Long enough for every file signature and the byte order mark. */
const HEAD_BYTES = 8;
const DEFAULT_BATCH_SIZE = 256;

export class NumberJsonParser {
  readonly #layout: RecordLayout;
  readonly #errors: NumberJsonErrors;
  /** Brackets open while a record is awaited: 1 in a list, 2 in sections. */
  readonly #recordDepth: number;

  /** Where the file has been taken to, and whether the start has been looked at. */
  #bytes: number;
  #started = false;
  #byteOrderMark = false;
  /** The start of the file, or a number cut by the end of a chunk. */
  #carry: Buffer = Buffer.alloc(0);
  #carryOffset: number;

  #state: State = State.afterComma;
  /** Brackets open now. */
  #depth = 0;
  /** Brackets open where a number may stand in this section. */
  #leafDepth = 0;
  /** By depth (1-based): index of the current element, and how many elements are allowed. */
  readonly #index = new Int32Array(8);
  readonly #limit = new Int32Array(8).fill(UNKNOWN);
  readonly #batches: RecordCollector;

  constructor(layout: RecordLayout, options: NumberJsonParserOptions) {
    checkLayout(layout);
    this.#layout = layout;
    this.#bytes = options.offset ?? 0;
    this.#carryOffset = this.#bytes;
    this.#errors = new NumberJsonErrors(options.file, layout);
    this.#batches = new RecordCollector(layout, options.batchSize ?? DEFAULT_BATCH_SIZE, options.onBatch);
    this.#recordDepth = layout.nesting === 'list' ? 1 : 2;
    this.#limit[1] = layout.nesting === 'list' ? UNKNOWN : sectionCount(layout);
    this.#enterSection(0);
  }

  /** Takes the next bytes of the file; the chunk may be reused afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const offset = this.#bytes;
    this.#bytes += bytes.length;
    if (this.#started) this.#feed(bytes, offset);
    else {
      this.#carry = Buffer.concat([this.#carry, bytes]);
      if (this.#carry.length >= HEAD_BYTES) this.#start();
    }
  }

  /** Says that the file ends here. */
  end(): NumberJsonSummary {
    if (!this.#started) this.#start();
    if (this.#state !== State.done) {
      // A whole word at the very end, such as a file that says `null`, has an error of its own.
      if (this.#depth === 0 && this.#carry.length > 0) {
        this.#run(Buffer.concat([this.#carry, Buffer.from(' ')]), 0, this.#carry.length, this.#carryOffset);
      }
      throw this.#errors.truncated(this.#bytes, this.#path(), this.#batches.currentCount);
    }
    if (this.#carry.length > 0) throw this.#errors.trailing(this.#carry, 0, this.#carryOffset);
    return {
      ...this.#batches.summary(),
      bytes: this.#bytes,
      byteOrderMark: this.#byteOrderMark,
    };
  }

  #start(): void {
    this.#started = true;
    let head = this.#carry;
    let offset = this.#carryOffset;
    this.#carry = Buffer.alloc(0);
    if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) {
      this.#byteOrderMark = true;
      head = head.subarray(3);
      offset += 3;
    }
    this.#errors.refuseOtherFormats(head);
    this.#feed(head, offset);
  }

  /** Cuts the bytes so that no number reaches over the end of what `#run` sees. */
  #feed(bytes: Buffer, offset: number): void {
    let from = 0;
    if (this.#carry.length > 0) {
      while (from < bytes.length && isTokenByte(bytes[from]!)) from++;
      const whole = from < bytes.length;
      if (whole) from++;
      const joined = Buffer.concat([this.#carry, bytes.subarray(0, from)]);
      if (joined.length > MAX_TOKEN_BYTES) throw this.#errors.tooLong(this.#carryOffset, this.#path());
      if (!whole) {
        this.#carry = joined;
        return;
      }
      this.#carry = Buffer.alloc(0);
      this.#run(joined, 0, joined.length, this.#carryOffset);
    }
    let limit = bytes.length;
    while (limit > from && isTokenByte(bytes[limit - 1]!)) limit--;
    this.#run(bytes, from, limit, offset);
    if (limit < bytes.length) {
      this.#carry = Buffer.from(bytes.subarray(limit));
      this.#carryOffset = offset + limit;
      if (this.#carry.length > MAX_TOKEN_BYTES) throw this.#errors.tooLong(this.#carryOffset, this.#path());
    }
  }

  /**
   * The loop over the bytes. What is at `limit − 1` ends every token before it, so that a number is read without
   * asking for the end of the buffer at each digit.
   */
  #run(bytes: Buffer, from: number, limit: number, base: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let p = from;
    while (p < limit) {
      const c = bytes[p]!;
      if (c === SPACE || c === 0x0a || c === 0x0d || c === 0x09) {
        p++;
        continue;
      }
      if (this.#state <= State.afterComma && startsNumber(c)) {
        p = this.#numbers(bytes, view, p, limit, base);
        continue;
      }
      if (c === OPEN) this.#open(base + p, bytes, p);
      else if (c === CLOSE) this.#close(base + p);
      else if (c === COMMA && this.#state === State.afterValue) {
        this.#index[this.#depth]!++;
        this.#state = State.afterComma;
      } else this.#unexpected(bytes, p, base);
      p++;
    }
  }

  /**
   * The number at `from` and those after it, for as long as only a comma or the bounds of two rows separate them.
   * Returns the place after the last.
   */
  #numbers(bytes: Buffer, view: DataView, from: number, limit: number, base: number): number {
    const index = this.#index;
    const lastCommon = bytes.length - COMMON_BYTES;
    const depth = this.#depth;
    if (depth !== this.#leafDepth || depth === 0) {
      throw this.#errors.tooShallow(base + from, this.#path(), depth, this.#leafDepth);
    }
    const scalars = depth === this.#recordDepth;
    const batches = this.#batches;
    const allowed = this.#limit[depth]!;
    // Rows follow each other without a record's end between them, and the first one has fixed their length.
    const rows = depth - 1 > this.#recordDepth && allowed !== UNKNOWN ? this.#limit[depth - 1]! : 0;
    let values = batches.values;
    let used = batches.used;
    let element = index[depth]!;
    let p = from;
    for (;;) {
      if (element >= allowed) {
        index[depth] = element;
        throw this.#errors.tooMany(base + p, this.#path(), allowed);
      }
      if (used === values.length) {
        index[depth] = element;
        batches.used = used;
        values = this.#room(bytes, p, base);
      }
      let end = p <= lastCommon ? scanCommon(view, p, values, used) : -1;
      if (end < 0) end = scanAny(bytes, view, p, values, used);
      if (end < 0) {
        // An exponent, many digits, a rounding too close to call, or no number at all.
        index[depth] = element;
        values[used] = this.#slowNumber(bytes, p, base);
        end = p;
        while (isTokenByte(bytes[end]!)) end++;
      }
      p = end;
      used++;
      if (scalars) {
        batches.used = used;
        index[depth] = element;
        batches.endRecord(NO_DIMENSIONS);
        values = batches.values;
        used = batches.used;
      }
      const next = bytes[p]!;
      if (next === COMMA) {
        end = p + 2;
        if (end >= limit || bytes[p + 1] !== SPACE || !startsNumber(bytes[end]!)) {
          end = nextNumber(bytes, p + 1, limit);
          if (end < 0) break;
        }
        element++;
      } else {
        if (next !== CLOSE || element + 1 !== allowed || index[depth - 1]! + 1 >= rows) break;
        end = nextRow(bytes, p + 1, limit);
        if (end < 0) break;
        element = 0;
        index[depth - 1]!++;
      }
      p = end;
    }
    index[depth] = element;
    this.#state = State.afterValue;
    batches.used = used;
    return p;
  }

  #open(offset: number, bytes: Buffer, at: number): void {
    const depth = this.#depth;
    if (this.#state > State.afterComma) {
      if (this.#state === State.done) throw this.#errors.trailing(bytes, at, offset);
      throw this.#errors.noComma(offset, this.#path());
    }
    if (depth > 0) {
      if (depth === this.#leafDepth) throw this.#errors.tooDeep(offset, this.#path(), this.#leafDepth);
      if (this.#index[depth]! >= this.#limit[depth]!) {
        if (depth < this.#recordDepth) throw this.#errors.sections(offset, this.#index[depth]! + 1, true);
        throw this.#errors.tooMany(offset, this.#path(), this.#limit[depth]!);
      }
    }
    this.#depth = depth + 1;
    this.#index[depth + 1] = 0;
    this.#state = State.afterOpen;
    if (depth + 1 === this.#recordDepth) this.#enterSection(depth === 0 ? 0 : this.#index[depth]!);
  }

  #close(offset: number): void {
    const depth = this.#depth;
    if (this.#state === State.done || depth === 0)
      throw this.#errors.unexpectedClose(offset, this.#state === State.done);
    if (this.#state === State.afterComma) throw this.#errors.commaBeforeClose(offset, this.#path());
    const count = this.#state === State.afterOpen ? 0 : this.#index[depth]! + 1;
    if (depth > this.#recordDepth) {
      const limit = this.#limit[depth]!;
      if (limit === UNKNOWN) this.#limit[depth] = count;
      else if (count !== limit) throw this.#errors.tooFew(offset, this.#path(depth - 1), limit, count);
      this.#depth = depth - 1;
      if (depth - 1 === this.#recordDepth) this.#batches.endRecord(this.#dimensions());
    } else {
      if (depth < this.#recordDepth) {
        if (count !== sectionCount(this.#layout)) throw this.#errors.sections(offset, count, false);
      } else this.#batches.flush();
      this.#depth = depth - 1;
    }
    this.#state = this.#depth === 0 ? State.done : State.afterValue;
  }

  #enterSection(section: number): void {
    const shape = sectionShape(this.#layout, section);
    this.#batches.enterSection(section);
    this.#leafDepth = this.#recordDepth + shape.length;
    shape.forEach((n, i) => {
      this.#limit[this.#recordDepth + 1 + i] = n === 'any' ? UNKNOWN : n;
    });
  }

  /** The shape of the record that has just ended; an 'any' inside a list without elements is 0. */
  #dimensions(): Int32Array {
    const limits = this.#limit.subarray(this.#recordDepth + 1, this.#leafDepth + 1);
    return limits.map((n) => (n === UNKNOWN ? 0 : n));
  }

  #room(bytes: Buffer, at: number, base: number): Float64Array {
    const values = this.#batches.grow();
    if (values === undefined) {
      // Where there is no number to begin with, that is the error.
      this.#slowNumber(bytes, at, base);
      throw this.#errors.recordTooLarge(base + at, this.#path(), MAX_BATCH_NUMBERS);
    }
    return values;
  }

  /** The number at `start` by way of `Number(text)`, once its text obeys the grammar. */
  #slowNumber(bytes: Buffer, start: number, base: number): number {
    let end = start;
    while (isTokenByte(bytes[end]!)) end++;
    if (end - start > MAX_TOKEN_BYTES) throw this.#errors.tooLong(base + start, this.#path());
    const text = bytes.toString('latin1', start, end);
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) {
      throw this.#errors.badToken(text, base + start, this.#path());
    }
    const value = Number(text);
    if (!Number.isFinite(value)) throw this.#errors.overflow(text, base + start, this.#path());
    return value;
  }

  #unexpected(bytes: Buffer, at: number, base: number): never {
    const offset = base + at;
    if (this.#state === State.done) throw this.#errors.trailing(bytes, at, offset);
    let end = at;
    while (end < bytes.length && isTokenByte(bytes[end]!)) end++;
    const text = bytes.toString('latin1', at, Math.min(end, at + 40));
    if (this.#state !== State.afterValue)
      throw this.#errors.noValue(bytes[at]!, text, offset, this.#path(), this.#depth);
    // `1 2` lacks a comma; `01` and `1x` were no number to begin with, and `#slowNumber` has said so.
    throw text === ''
      ? this.#errors.stray(bytes[at]!, offset, this.#path())
      : this.#errors.noComma(offset, this.#path());
  }

  /** `[1][17][402][2]`: the place of the current element. */
  #path(depth = this.#depth): string {
    let path = '';
    for (let d = 1; d <= depth; d++) path += `[${this.#index[d]!}]`;
    return path;
  }
}
