/**
 * The bytes of a pickle, a cursor, and the account of what reading them may cost. Every error names the opcode it
 * was found at. Lengths are compared with the bytes that are left before anything is allocated.
 */
import { constants } from 'node:buffer';
import { UserError } from '../../errors.js';
import type { PickleRecord } from './pickle-values.js';

export interface PickleLimits {
  /** Bytes of the pickle. Default 256 MiB. */
  readonly maxInputBytes?: number;
  /**
   * Estimated bytes of everything that is made of it. Nothing is ever taken off this account, so that it bounds
   * the work as well. Default 1 GiB.
   */
  readonly maxBytes?: number;
  /** Entries of the memo, the table of objects that the pickle may refer to again. Default 4 Mi. */
  readonly maxMemo?: number;
  /** How deeply values may be nested. Default 1,000, where Python's own pickler gives up. */
  readonly maxDepth?: number;
  /** Where the pickle begins, for one that stands inside another file. Default 0. */
  readonly start?: number;
  /** Where the bytes begin that are read, in the file that errors name. Default 0. */
  readonly fileStart?: number;
  /**
   * PyTorch's checkpoints: what is stored outside the pickle becomes a record named `persistent id`, and attributes
   * set on a dict (an OrderedDict's `_metadata`) are passed over. Refused unless given.
   */
  readonly checkpoint?: boolean;
}

const MIB = 2 ** 20;
/** What one entry of a list or of the stack is taken to cost: a pointer, its spare room and a boxed number. */
export const VALUE_COST = 24;
/** What an empty container or record is taken to cost, with what resolving it takes. */
export const OBJECT_COST = 256;
/** What an empty string or an entry of the memo is taken to cost. */
export const TEXT_COST = 48;
/** V8 holds at most 2^24 entries in one Map or Set. */
export const MAX_ENTRIES = 2 ** 24 - 1;
/** Names of modules and classes are short; a megabyte of name is an attack. */
export const MAX_NAME = 1024;

export interface PickleErrorDetails {
  /** The error's code without the prefix `pickle-`. */
  readonly code: string;
  readonly message: string;
  readonly expected: string;
  readonly got: string;
  readonly next: string;
}

export const WRITE_AGAIN = 'copy or download the file again, or write it again with pickle.dump';
/** What to do about a damaged checkpoint. */
export const COPY_AGAIN = 'copy or download the checkpoint again';

export class PickleSource {
  readonly bytes: Buffer;
  readonly file: string;
  readonly maxMemo: number;
  readonly maxDepth: number;
  readonly maxBytes: number;
  readonly checkpoint: boolean;
  readonly fileStart: number;
  /** What the pickle refers to outside itself, in the order of the file. */
  readonly persistentIds: PickleRecord[] = [];
  /** Where the next byte is read. */
  at: number;
  /** Where the opcode stands that is being carried out. */
  opcodeAt: number;
  opcodes = 0;
  /** Estimated bytes made so far. */
  allocated = 0;

  constructor(bytes: Uint8Array, file: string, limits: PickleLimits = {}) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.file = file;
    this.maxBytes = limits.maxBytes ?? 1024 * MIB;
    this.maxMemo = Math.min(limits.maxMemo ?? 4 * MIB, MAX_ENTRIES);
    this.maxDepth = limits.maxDepth ?? 1000;
    this.checkpoint = limits.checkpoint ?? false;
    this.fileStart = limits.fileStart ?? 0;
    this.at = limits.start ?? 0;
    this.opcodeAt = this.at;
    const length = bytes.length - this.at;
    const maxInput = limits.maxInputBytes ?? 256 * MIB;
    if (length > maxInput)
      throw this.tooLarge('The pickle is too long', `at most ${maxInput} bytes`, `${length}`);
  }

  error(details: PickleErrorDetails, offset = this.opcodeAt): UserError {
    const next = this.checkpoint && details.next === WRITE_AGAIN ? COPY_AGAIN : details.next;
    return new UserError({
      ...details,
      next,
      code: `pickle-${details.code}`,
      file: this.file,
      offset: this.fileStart + offset,
    });
  }

  tooLarge(message: string, expected: string, got: string): UserError {
    return this.error({
      code: 'too-large',
      message,
      expected,
      got,
      next: 'check what wrote the file; no dataset or model this program reads comes near the limit',
    });
  }

  /** Books `bytes` that are about to be allocated or gone through. */
  charge(bytes: number): void {
    this.allocated += bytes;
    if (this.allocated <= this.maxBytes) return;
    throw this.tooLarge(
      'The pickle would take too much memory',
      `at most ${this.maxBytes} bytes of values`,
      `${this.allocated} bytes and more`,
    );
  }

  /** Moves on to the next opcode and returns it. */
  opcode(): number {
    this.opcodeAt = this.at;
    this.opcodes++;
    return this.u8();
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Buffer {
    const left = this.bytes.length - this.at;
    if (length > left) throw this.#truncated(`${length} bytes`, `${left} bytes`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    return this.take(2).readUInt16LE(0);
  }

  i32(): number {
    return this.take(4).readInt32LE(0);
  }

  u32(): number {
    return this.take(4).readUInt32LE(0);
  }

  /** Exact up to 2^53; beyond, it is longer than any file anyway. */
  u64(): number {
    return Number(this.take(8).readBigUInt64LE(0));
  }

  f64(): number {
    return this.take(8).readDoubleBE(0);
  }

  /** A length that Python reads as signed. */
  signedLength(): number {
    const length = this.i32();
    if (length >= 0) return length;
    throw this.error({
      code: 'value',
      message: 'A length is negative',
      expected: 'a length of at least 0',
      got: `${length}`,
      next: WRITE_AGAIN,
    });
  }

  /** The rest of the line as Latin-1 text; the newline is consumed. */
  line(maxLength: number): string {
    return this.latin1(this.lineBytes(maxLength));
  }

  /** The rest of the line; the newline is consumed. */
  lineBytes(maxLength: number): Buffer {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) {
      throw this.#truncated(
        'a line of text ended by a newline',
        `${this.bytes.length - this.at} bytes, no newline`,
      );
    }
    const length = end - this.at;
    if (length > maxLength) {
      throw this.error({
        code: 'value',
        message: 'A line of the pickle is too long',
        expected: `at most ${maxLength} bytes`,
        got: `${length}`,
        next: WRITE_AGAIN,
      });
    }
    const bytes = this.take(length);
    this.at++;
    return bytes;
  }

  /** Python 2 `str` and raw lines: one character per byte. */
  latin1(bytes: Buffer): string {
    this.#chargeText(bytes.length);
    return bytes.toString('latin1');
  }

  utf8(bytes: Buffer): string {
    this.#chargeText(2 * bytes.length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.error({
        code: 'text',
        message: 'A text is not UTF-8',
        expected: 'UTF-8',
        got: `${bytes.length} bytes that are not: ${bytes.toString('hex', 0, 8)}…`,
        next: WRITE_AGAIN,
      });
    }
  }

  #chargeText(bytes: number): void {
    this.charge(TEXT_COST + bytes);
    if (bytes <= constants.MAX_STRING_LENGTH) return;
    throw this.tooLarge(
      'A text is too long',
      `at most ${constants.MAX_STRING_LENGTH} bytes`,
      `${bytes} bytes`,
    );
  }

  #truncated(expected: string, got: string): UserError {
    return this.error({
      code: 'truncated',
      message: 'The pickle ends too early',
      expected,
      got: `${got} to the end of the file`,
      next: WRITE_AGAIN,
    });
  }
}
