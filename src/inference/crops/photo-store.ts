/**
 * Photographs on their way to the crop threads. Those that several batches show, and those that a
 * crop thread cannot decode, are decoded here into shared memory, a few at a time; each is held until
 * every crop of it is made. How many are held at once is bounded, so that a slow session or a slow
 * crop thread stops the decoding instead of filling the memory.
 */
import { decodeBytes, readPhotograph } from '../../imaging/decode.js';
import { Gate } from '../session/gate.js';
import type { StageTimings } from '../timings.js';
import type { SharedPhoto } from './crop-messages.js';

/** A photograph that is being read, or was. */
export interface Photograph {
  /** Rejects with a UserError where the file cannot be read, and with the signal's reason once that is aborted. */
  readonly bytes: Promise<Buffer>;
  /**
   * Decodes it, after those asked for before it; the same one each time. It counts until it is given
   * back; one that cannot be decoded does not count. Rejects like `bytes`.
   */
  decoded(): Promise<SharedPhoto>;
}

/** Files being read at a time. More wait for a slow disk or network than libuv has threads for. */
const READS_IN_FLIGHT = 16;

export class PhotoStore {
  readonly #reads = new Gate(READS_IN_FLIGHT);
  readonly #decodes: Gate;
  readonly #signal: AbortSignal;
  readonly #timings: StageTimings;
  readonly #free: SharedArrayBuffer[] = [];

  /** @param limit  photographs being decoded here or waiting for their crops at a time. */
  constructor(limit: number, signal: AbortSignal, timings: StageTimings) {
    this.#decodes = new Gate(limit);
    this.#signal = signal;
    this.#timings = timings;
  }

  /** Begins to read a file. */
  open(file: string): Photograph {
    const bytes = this.#read(file);
    bytes.catch(() => undefined); // told to whoever asks for them
    let photo: Promise<SharedPhoto> | null = null;
    return { bytes, decoded: () => (photo ??= this.#decode(file, bytes)) };
  }

  giveBack({ pixels }: SharedPhoto): void {
    this.#free.push(pixels);
    this.#decodes.leave();
  }

  async #read(file: string): Promise<Buffer> {
    await this.#reads.enter();
    try {
      this.#signal.throwIfAborted();
      return await readPhotograph(file);
    } finally {
      this.#reads.leave();
    }
  }

  async #decode(file: string, bytes: Promise<Buffer>): Promise<SharedPhoto> {
    await this.#decodes.enter();
    try {
      const read = await bytes;
      this.#signal.throwIfAborted();
      const started = performance.now();
      const { width, height, data, lacksEnd } = await decodeBytes(read, file);
      if (lacksEnd === true) (this.#timings.unended ??= []).push(file);
      const pixels = this.#buffer(data.length);
      new Uint8Array(pixels).set(data);
      this.#timings.decodeMs += performance.now() - started;
      this.#timings.images += 1;
      return { width, height, pixels };
    } catch (error) {
      this.#decodes.leave();
      throw error;
    }
  }

  /** One that was used before, where it is long enough; photographs of a dataset are mostly of one size. */
  #buffer(bytes: number): SharedArrayBuffer {
    const used = this.#free.pop();
    return used !== undefined && used.byteLength >= bytes ? used : new SharedArrayBuffer(bytes);
  }
}
