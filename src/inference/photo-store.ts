/**
 * Photographs in shared memory, decoded a few at a time. A photograph is held until every crop of it
 * is made; how many are held at once is bounded, so that a slow session or a slow crop thread stops
 * the decoding instead of filling the memory.
 */
import { decodeImage } from '../imaging/decode.js';
import type { SharedPhoto } from './crop-messages.js';
import type { StageTimings } from './timings.js';

export class PhotoStore {
  readonly #gate: Gate;
  readonly #signal: AbortSignal;
  readonly #timings: StageTimings;
  readonly #free: SharedArrayBuffer[] = [];

  /** @param limit  photographs being decoded or waiting for their crops at a time. */
  constructor(limit: number, signal: AbortSignal, timings: StageTimings) {
    this.#gate = new Gate(limit);
    this.#signal = signal;
    this.#timings = timings;
  }

  /**
   * Reads and decodes a photograph, after those asked for before it. It counts until it is given
   * back; one that cannot be read does not count.
   *
   * @throws UserError where it cannot be read; the signal's reason once that is aborted.
   */
  async take(file: string): Promise<SharedPhoto> {
    await this.#gate.enter();
    try {
      this.#signal.throwIfAborted();
      const started = performance.now();
      const { width, height, data } = await decodeImage(file);
      const pixels = this.#buffer(data.length);
      new Uint8Array(pixels).set(data);
      this.#timings.decodeMs += performance.now() - started;
      this.#timings.images += 1;
      return { width, height, pixels };
    } catch (error) {
      this.#gate.leave();
      throw error;
    }
  }

  giveBack({ pixels }: SharedPhoto): void {
    this.#free.push(pixels);
    this.#gate.leave();
  }

  /** One that was used before, where it is long enough; photographs of a dataset are mostly of one size. */
  #buffer(bytes: number): SharedArrayBuffer {
    const used = this.#free.pop();
    return used !== undefined && used.byteLength >= bytes ? used : new SharedArrayBuffer(bytes);
  }
}

/** Lets a number in at a time, first come first served. */
class Gate {
  #open: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#open = count;
  }

  async enter(): Promise<void> {
    if (this.#open > 0) this.#open -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#open += 1;
    else next();
  }
}
