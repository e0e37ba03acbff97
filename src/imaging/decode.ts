/**
 * Photographs as RGB bytes, as the reference pipelines see them: `cv2.imread`
 * with `IMREAD_COLOR | IMREAD_IGNORE_ORIENTATION`, then BGR → RGB. No colour
 * management and no EXIF rotation: both would change the pixels.
 */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { UserError } from '../errors.js';

/** A photograph in memory. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** height × width × 3, row-major, R G B. */
  readonly data: Uint8Array;
}

/**
 * How photographs are decoded; stands in run.json, since each of these can change a number.
 *
 * `failOn: 'error'` refuses a truncated file. OpenCV decodes one and leaves the rest grey, so the
 * reference pipelines would score half a photograph without a word; a benchmark folder with a
 * broken download should say so instead. What libjpeg itself only warns about (stray bytes
 * between markers) is read as OpenCV reads it.
 */
export const DECODE_OPTIONS = {
  decoder: 'sharp',
  formats: ['jpeg', 'png'],
  ignoreIcc: true,
  autoOrient: false,
  failOn: 'error',
  limitInputPixels: 100_000_000,
} as const;

// Every file is read once, and several are decoded side by side on libuv's threads: a cache would
// only grow and threads inside one small photograph cost more than they bring.
sharp.cache(false);
sharp.concurrency(1);

/** Reads and decodes one photograph. The format is taken from the content, never from the name. */
export async function decodeImage(file: string): Promise<RgbImage> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw unreadableFile(file, error);
  }
  return decodeBytes(bytes, file);
}

/** Decodes the bytes of `file`, which is only named in errors. */
export async function decodeBytes(bytes: Uint8Array, file: string): Promise<RgbImage> {
  const format = imageFormat(bytes);
  if (format === null) {
    throw new UserError({
      code: 'image-format',
      message: 'The file is neither a JPEG nor a PNG image',
      file,
      expected: 'a file that begins with the signature of a JPEG (ff d8 ff) or PNG (89 50 4e 47)',
      got: describeContent(bytes),
      next: 'replace the file by the photograph, as JPEG or PNG',
    });
  }
  if (format === 'jpeg' && jpegComponents(bytes) === 4) {
    throw new UserError({
      code: 'image-cmyk',
      message: 'The JPEG image is CMYK; decoders disagree about its colours',
      file,
      expected: 'an RGB or grey JPEG',
      got: 'four colour components',
      next: 'convert the image to RGB with a tool whose colours you trust',
    });
  }
  try {
    const { data, info } = await sharp(bytes, {
      ignoreIcc: DECODE_OPTIONS.ignoreIcc,
      autoOrient: DECODE_OPTIONS.autoOrient,
      failOn: DECODE_OPTIONS.failOn,
      limitInputPixels: DECODE_OPTIONS.limitInputPixels,
      sequentialRead: true,
    })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return {
      width: info.width,
      height: info.height,
      data: toRgb(data, info.width * info.height, info.channels),
    };
  } catch (error) {
    throw undecodable(file, error);
  }
}

/** The format by the file's first bytes, or null where it is neither. */
export function imageFormat(bytes: Uint8Array): 'jpeg' | 'png' | null {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  return null;
}

/** Grey is repeated, an alpha channel is dropped without blending, both as OpenCV does. */
function toRgb(data: Uint8Array, pixels: number, channels: number): Uint8Array {
  if (channels === 3) return data;
  const rgb = new Uint8Array(pixels * 3);
  const green = channels >= 3 ? 1 : 0;
  const blue = channels >= 3 ? 2 : 0;
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++, from += channels, to += 3) {
    rgb[to] = data[from]!;
    rgb[to + 1] = data[from + green]!;
    rgb[to + 2] = data[from + blue]!;
  }
  return rgb;
}

/** Colour components by the frame header (ITU T.81, B.2.2), or null where none is found. */
function jpegComponents(bytes: Uint8Array): number | null {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return bytes[at + 9]!;
    at += 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  return null;
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

function describeContent(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const head = bytes.subarray(0, 24);
  const isText = head.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
  if (isText) return `text: ${JSON.stringify(Buffer.from(head).toString('latin1'))}`;
  const hex = [...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `bytes ${hex}`;
}

function unreadableFile(file: string, error: unknown): UserError {
  const { code } = error as NodeJS.ErrnoException;
  const missing = code === 'ENOENT';
  const isFolder = code === 'EISDIR';
  return new UserError({
    code: missing ? 'image-missing' : 'image-unreadable',
    message: missing ? 'The image does not exist' : 'The image cannot be read',
    file,
    expected: 'a photograph',
    got: isFolder ? 'a folder' : error instanceof Error ? error.message : String(error),
    next: missing
      ? 'check that the dataset folder is complete'
      : isFolder
        ? 'put the photograph in the place of the folder'
        : 'check the permissions of the file',
    cause: error,
  });
}

function undecodable(file: string, error: unknown): UserError {
  const text = error instanceof Error ? error.message : String(error);
  const reason = text.split('\n')[0]!;
  if (reason.includes('exceeds pixel limit')) {
    return new UserError({
      code: 'image-too-large',
      message: 'The image has too many pixels',
      file,
      expected: `at most ${DECODE_OPTIONS.limitInputPixels.toLocaleString('en-US')} pixels`,
      got: reason,
      next: 'check that this is a photograph of the dataset',
      cause: error,
    });
  }
  return new UserError({
    code: 'image-damaged',
    message: 'The image cannot be decoded',
    file,
    expected: 'a whole JPEG or PNG image',
    got: reason,
    next: 'copy or download the file again: it is truncated or damaged',
    cause: error,
  });
}
