/**
 * Writes nested lists of numbers as JSON, the way Python's `json.dump` lays them
 * out, fast enough for gigabytes: `String(x)` per number would take minutes.
 */

/** How the numbers of a file look. */
export interface TextStyle {
  /**
   * 17: what `json.dump` prints of a float32 widened to a double, but for a last digit now and then;
   * 6: as people round.
   */
  readonly decimals: 6 | 17;
  /** `json.dump(…, indent=2)`. */
  readonly indented: boolean;
}

export const FULL_DIGITS: TextStyle = { decimals: 17, indented: false };

const CHUNK_BYTES = 1 << 20;
/** More than three numbers with their separators and indentation ever need. */
const POINT_BYTES = 256;
/** Decimal digits of 0 … 9999, four bytes each. */
const FOUR_DIGITS = Buffer.from(
  Array.from({ length: 10_000 }, (_, value) => value.toString().padStart(4, '0')).join(''),
  'latin1',
);
const COMMA = 0x2c;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

export class NumberTextWriter {
  readonly #sink: (bytes: Uint8Array) => void;
  readonly #style: TextStyle;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #used = 0;
  #depth = 0;
  /** Nothing stands in the open list yet. */
  #first = true;

  /** @param sink receives the text in order; the bytes are reused afterwards. */
  constructor(sink: (bytes: Uint8Array) => void, style: TextStyle) {
    this.#sink = sink;
    this.#style = style;
  }

  open(): void {
    this.#reserve();
    this.#separate();
    this.#chunk[this.#used++] = OPEN;
    this.#depth++;
    this.#first = true;
  }

  close(): void {
    this.#reserve();
    this.#depth--;
    if (this.#style.indented && !this.#first) this.#newLine();
    this.#chunk[this.#used++] = CLOSE;
    this.#first = false;
  }

  /** One list of points, N×3. */
  points(values: Float64Array): void {
    this.open();
    for (let k = 0; k < values.length; k += 3) {
      this.open();
      for (let axis = 0; axis < 3; axis++) {
        this.#separate();
        this.#number(values[k + axis]!);
        this.#first = false;
      }
      this.close();
    }
    this.close();
  }

  /** Hands over what is left. */
  flush(): void {
    this.#sink(this.#chunk.subarray(0, this.#used));
    this.#used = 0;
  }

  #reserve(): void {
    if (this.#used + POINT_BYTES > CHUNK_BYTES) this.flush();
  }

  #separate(): void {
    if (this.#depth === 0) return;
    if (!this.#first) this.#chunk[this.#used++] = COMMA;
    if (this.#style.indented) this.#newLine();
    else if (!this.#first) this.#chunk[this.#used++] = SPACE;
  }

  #newLine(): void {
    this.#chunk[this.#used++] = NEWLINE;
    this.#chunk.fill(SPACE, this.#used, this.#used + 2 * this.#depth);
    this.#used += 2 * this.#depth;
  }

  /** Metres, so that nearly all numbers are below 1; the others take the slow way. */
  #number(value: number): void {
    const size = Math.abs(value);
    if (!(size < 1)) {
      this.#used += this.#chunk.write(value.toFixed(this.#style.decimals), this.#used, 'latin1');
      return;
    }
    if (value < 0) this.#chunk[this.#used++] = MINUS;
    this.#chunk[this.#used++] = ZERO;
    this.#chunk[this.#used++] = POINT;
    if (this.#style.decimals === 6) {
      const millionths = Math.min(999_999, Math.round(size * 1e6));
      this.#four(Math.trunc(millionths / 100));
      const last = millionths % 100;
      this.#chunk[this.#used++] = ZERO + Math.trunc(last / 10);
      this.#chunk[this.#used++] = ZERO + (last % 10);
      return;
    }
    // A float32 times 10^8 is exact in a double (24 + 19 bits), and so is what is left after its integer part.
    const scaled = size * 1e8;
    const high = Math.trunc(scaled);
    const low = Math.min(999_999_999, Math.round((scaled - high) * 1e9));
    this.#four(Math.trunc(high / 1e4));
    this.#four(high % 1e4);
    const middle = Math.trunc(low / 1e5);
    this.#four(middle);
    this.#four(Math.trunc((low % 1e5) / 10));
    this.#chunk[this.#used++] = ZERO + (low % 10);
    // Python prints no trailing zeros, and always one decimal.
    while (this.#chunk[this.#used - 1] === ZERO && this.#chunk[this.#used - 2] !== POINT) this.#used--;
  }

  #four(value: number): void {
    const from = value * 4;
    const chunk = this.#chunk;
    let used = this.#used;
    chunk[used++] = FOUR_DIGITS[from]!;
    chunk[used++] = FOUR_DIGITS[from + 1]!;
    chunk[used++] = FOUR_DIGITS[from + 2]!;
    chunk[used++] = FOUR_DIGITS[from + 3]!;
    this.#used = used;
  }
}
