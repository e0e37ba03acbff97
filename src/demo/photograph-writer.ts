import { writeFileAtomic } from '../files/atomic-file.js';
import { loadSharp } from '../imaging/sharp.js';
import type { ImageSize } from './picture.js';

/** Photographs that are being encoded and written at a time. */
const IN_FLIGHT = 8;
const JPEG_QUALITY = 92;
/** Little is gained beyond, and much time lost. */
const PNG_COMPRESSION = 2;

/** Encodes and writes photographs a few at a time; the file's name says the format. */
export class PhotographWriter {
  readonly #writing = new Set<Promise<void>>();

  /** Runs `work`, which calls `add`, and waits for every file, also where `work` fails. */
  static async during(work: (writer: PhotographWriter) => Promise<void>): Promise<void> {
    const writer = new PhotographWriter();
    try {
      await work(writer);
      await Promise.all(writer.#writing);
    } finally {
      // After a failure or an interruption: no write may go on behind the caller's back.
      await Promise.allSettled(writer.#writing);
    }
  }

  /**
   * Takes a photograph, waiting while too many are under way.
   *
   * @param pixels height×width×3 bytes, sRGB
   */
  async add(file: string, pixels: Uint8Array<ArrayBuffer>, size: ImageSize): Promise<void> {
    const job: Promise<void> = write(file, pixels, size).finally(() => this.#writing.delete(job));
    this.#writing.add(job);
    while (this.#writing.size >= IN_FLIGHT) await Promise.race(this.#writing);
  }
}

async function write(file: string, pixels: Uint8Array<ArrayBuffer>, size: ImageSize): Promise<void> {
  const sharp = await loadSharp();
  const picture = sharp(pixels, { raw: { width: size.width, height: size.height, channels: 3 } });
  const encoded = file.endsWith('.png')
    ? picture.png({ compressionLevel: PNG_COMPRESSION })
    : picture.jpeg({ quality: JPEG_QUALITY });
  await writeFileAtomic(file, await encoded.toBuffer());
}
