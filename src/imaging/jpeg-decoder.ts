/**
 * libjpeg-turbo in WebAssembly: decodes ordinary JPEG files in the thread that calls it, for half of
 * what handing them to another library's threads costs. Its pixels are those of `decodeImage`. It
 * refuses whatever it is not sure of, and has no last word: `decodeImage` has.
 */
import load, { type JPEGDecoder } from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs';
import { toRgb, type RgbImage } from './rgb-image.js';

/** What a refusal leaves behind in its memory is small, but stays. */
const MOST_REFUSALS = 100;

export class JpegDecoder {
  readonly #decoder: JPEGDecoder;
  #refusals = 0;

  private constructor(decoder: JPEGDecoder) {
    this.#decoder = decoder;
  }

  /** One for a thread; it takes some 15 ms. */
  static async open(): Promise<JpegDecoder> {
    const { JPEGDecoder } = await load({ printErr: () => undefined });
    return new JpegDecoder(new JPEGDecoder());
  }

  /**
   * The photograph; its pixels are good until the next call.
   *
   * @returns null where the file is damaged, or of a kind that the decoder does not know.
   */
  decode(bytes: Uint8Array): RgbImage | null {
    if (this.#refusals >= MOST_REFUSALS) return null;
    try {
      this.#decoder.getEncodedBuffer(bytes.length).set(bytes);
      this.#decoder.decode();
    } catch {
      this.#refusals += 1;
      return null;
    }
    const { width, height, componentCount } = this.#decoder.getFrameInfo();
    const pixels = this.#decoder.getDecodedBuffer();
    if (pixels.length !== width * height * componentCount) return null;
    return { width, height, data: toRgb(pixels, width * height, componentCount) };
  }
}
