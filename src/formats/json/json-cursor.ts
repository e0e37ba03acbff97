/** Goes through a JSON object of any length, key by key; its values are handed on as bytes, never held as a whole. */
import { UserError } from '../../errors.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** No key of a prediction file is longer. */
const MAX_KEY_BYTES = 65536;

export class JsonCursor {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #file: string;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Of the chunk in the file. */
  #base = 0;

  constructor(source: AsyncIterable<Uint8Array>, file: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.#file = file;
  }

  /** Where in the file the next byte is. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** The keys of the object that begins here; each value must be taken before the next key. */
  async *keys(): AsyncGenerator<string, void, void> {
    await this.#expect(OPEN, 'an object');
    if ((await this.peek()) === CLOSE) return void this.#at++;
    for (;;) {
      const key = await this.#key();
      await this.#expect(COLON, "':' after a key");
      yield key;
      const next = await this.peek();
      if (next !== COMMA && next !== CLOSE) throw this.#wrong("',' or '}' after a value", next);
      this.#at++;
      if (next === CLOSE) return;
    }
  }

  /** The next byte that is no white space, which stays where it is; −1 at the end of the file. */
  async peek(): Promise<number> {
    for (;;) {
      while (this.#at < this.#chunk.length) {
        const byte = this.#chunk[this.#at]!;
        const isMark = this.offset < BYTE_ORDER_MARK.length && byte === BYTE_ORDER_MARK[this.offset];
        if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && !isMark) return byte;
        this.#at++;
      }
      if (!(await this.#fill())) return -1;
    }
  }

  /** The bytes of the next value, a list or an object to its closing bracket; each piece before the next is asked for. */
  async *value(): AsyncGenerator<Buffer, void, void> {
    const first = await this.peek();
    let depth = 0;
    let inText = false;
    let isEscaped = false;
    for (let isStart = true; ; isStart = false) {
      const from = this.#at;
      for (; this.#at < this.#chunk.length; this.#at++) {
        const byte = this.#chunk[this.#at]!;
        if (inText) {
          if (isEscaped) isEscaped = false;
          else if (byte === BACKSLASH) isEscaped = true;
          else if (byte === QUOTE) inText = false;
          if (inText || depth > 0) continue;
          this.#at++;
          return yield this.#chunk.subarray(from, this.#at);
        }
        if (byte === QUOTE) inText = true;
        else if (byte === OPEN || byte === OPEN_LIST) depth++;
        else if (byte === CLOSE || byte === CLOSE_LIST) {
          // The bracket that ends what this value stands in.
          if (depth === 0) return yield this.#chunk.subarray(from, this.#at);
          if (--depth > 0) continue;
          this.#at++;
          return yield this.#chunk.subarray(from, this.#at);
        } else if (byte === COMMA && depth === 0) return yield this.#chunk.subarray(from, this.#at);
      }
      if (this.#at > from) yield this.#chunk.subarray(from, this.#at);
      if (!(await this.#fill())) throw this.#wrong(isStart && first === -1 ? 'a value' : 'its end', -1);
    }
  }

  /** Nothing but white space may come. */
  async end(): Promise<void> {
    const next = await this.peek();
    if (next !== -1) throw this.#wrong('the end of the file', next);
  }

  async #key(): Promise<string> {
    if ((await this.peek()) !== QUOTE) throw this.#wrong('a key in quotes', await this.peek());
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of this.value()) {
      pieces.push(Buffer.from(piece));
      bytes += piece.length;
      if (bytes > MAX_KEY_BYTES) throw this.#wrong(`a key of at most ${MAX_KEY_BYTES} bytes`, QUOTE);
    }
    try {
      return JSON.parse(Buffer.concat(pieces).toString()) as string;
    } catch {
      throw this.#wrong('a key in quotes', QUOTE);
    }
  }

  async #expect(byte: number, what: string): Promise<void> {
    const found = await this.peek();
    if (found !== byte) throw this.#wrong(what, found);
    this.#at++;
  }

  async #fill(): Promise<boolean> {
    this.#base += this.#chunk.length;
    this.#at = 0;
    const step = await this.#source.next();
    const { buffer, byteOffset, length } = step.done === true ? Buffer.alloc(0) : step.value;
    this.#chunk = Buffer.from(buffer, byteOffset, length);
    return step.done !== true;
  }

  #wrong(expected: string, found: number): UserError {
    return new UserError({
      code: found === -1 ? 'json-truncated' : 'json-syntax',
      message: found === -1 ? 'The file ends in the middle of the object' : 'An unexpected character',
      file: this.#file,
      offset: this.offset,
      expected,
      got: found === -1 ? 'the end of the file' : JSON.stringify(String.fromCharCode(found)),
      next:
        found === -1
          ? 'copy or download the file again'
          : 'write the file again with json.dump of lists of numbers',
    });
  }
}
