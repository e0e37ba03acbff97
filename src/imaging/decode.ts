/**
 * Photographs as RGB bytes, as the reference pipelines see them: `cv2.imread`
 * with `IMREAD_COLOR | IMREAD_IGNORE_ORIENTATION`, then BGR → RGB. No colour
 * management and no EXIF rotation: both would change the pixels.
 */
import { UserError } from '../errors.js';
import { refuseLfsPointer } from '../files/lfs-pointer.js';
import { readWhole } from '../files/open-file.js';
import { decodeWithoutEnd } from './jpeg-end.js';
import { jpegFrame } from './jpeg-header.js';
import { toRgb, type RgbImage } from './rgb-image.js';
import { loadSharp } from './sharp.js';

export type { RgbImage } from './rgb-image.js';

/**
 * How photographs are decoded; stands in run.json, since each of these can change a number.
 *
 * `failOn: 'error'` refuses a truncated file. OpenCV decodes one and leaves the rest grey, so the
 * reference pipelines would score half a photograph without a word; a benchmark folder with a
 * broken download should say so instead. A file whose end marker alone lacks is read as OpenCV reads it, and so is
 * what libjpeg itself only warns about (stray bytes between markers).
 */
export const DECODE_OPTIONS = {
  decoder: 'libjpeg-turbo in WebAssembly; sharp',
  formats: ['jpeg', 'png'],
  ignoreIcc: true,
  autoOrient: false,
  failOn: 'error',
  limitInputPixels: 100_000_000,
} as const;

/** Reads and decodes one photograph. The format is taken from the content, never from the name. */
export async function decodeImage(file: string): Promise<RgbImage> {
  return decodeBytes(await readPhotograph(file), file);
}

/** The bytes of a file that should be a photograph. */
export async function readPhotograph(file: string): Promise<Buffer> {
  try {
    return await readWhole(file);
  } catch (error) {
    throw unreadableFile(file, error);
  }
}

/** Decodes the bytes of `file`, which is only named in errors. */
export async function decodeBytes(bytes: Uint8Array, file: string): Promise<RgbImage> {
  const format = imageFormat(bytes);
  if (format === null) {
    refuseLfsPointer(bytes, file);
    throw new UserError({
      code: 'image-format',
      message: 'The file is neither a JPEG nor a PNG image',
      file,
      expected: 'a file that begins with the signature of a JPEG (ff d8 ff) or PNG (89 50 4e 47)',
      got: describeContent(bytes),
      next: 'replace the file by the photograph, as JPEG or PNG',
    });
  }
  if (format === 'jpeg' && jpegFrame(bytes)?.components === 4) {
    throw new UserError({
      code: 'image-cmyk',
      message: 'The JPEG image is CMYK; decoders disagree about its colours',
      file,
      expected: 'an RGB or grey JPEG',
      got: 'four colour components',
      next: 'convert the image to RGB with a tool whose colours you trust',
    });
  }
  // A missing library is no fault of the photograph.
  await loadSharp();
  try {
    return await decodeSharp(bytes);
  } catch (error) {
    const whole = format === 'jpeg' ? await decodeWithoutEnd(bytes, decodeSharp) : null;
    if (whole !== null) return { ...whole, lacksEnd: true };
    throw undecodable(file, error);
  }
}

async function decodeSharp(bytes: Uint8Array): Promise<RgbImage> {
  const sharp = await loadSharp();
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
}

/** The format by the file's first bytes, or null where it is neither. */
export function imageFormat(bytes: Uint8Array): 'jpeg' | 'png' | null {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
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
  const isOther = error instanceof UserError;
  return new UserError({
    code: missing ? 'image-missing' : 'image-unreadable',
    message: missing ? 'The image does not exist' : 'The image cannot be read',
    file,
    expected: 'a photograph',
    got: isFolder
      ? 'a folder'
      : isOther
        ? error.got!
        : error instanceof Error
          ? error.message
          : String(error),
    next: missing
      ? 'check that the dataset folder is complete'
      : isFolder
        ? 'put the photograph in the place of the folder'
        : isOther
          ? error.next!
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
