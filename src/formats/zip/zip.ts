/**
 * Zip archives, read with suspicion: sizes are bounded before and while bytes are expanded, checksums are
 * verified, and no name in an archive is ever used as the name of a file.
 */
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { fromRandomAccessReaderPromise, type Entry, type ZipFile } from 'yauzl';
import { UserError } from '../../errors.js';
import { fileError } from '../../files/file-errors.js';
import { refuseLfsPointerFile } from '../../files/lfs-pointer.js';
import { ZipSource } from './zip-source.js';

export interface ZipLimits {
  /** Most bytes one entry may expand to; 8 GiB when left out. */
  readonly maxBytes?: number;
  /**
   * Most times larger than its compressed form an entry may be. 1,100 when left out: deflate itself ends at 1,032, and
   * an all-zero prediction comes near, so what this finds is a forged size; `maxBytes` is the bound that protects.
   */
  readonly maxRatio?: number;
}

const DEFAULT_ZIP_LIMITS: Required<ZipLimits> = { maxBytes: 8 * 2 ** 30, maxRatio: 1100 };

/** A submission's archive holds one file; whoever packed a data set by mistake gets an error, not a long wait. */
const MAX_ENTRIES = 10_000;
const INFLATE_CHUNK_BYTES = 256 * 1024;
const SHOWN_NAMES = 5;

const REPACK = 'pack it again with zip or Python zipfile';

export interface OpenedZip {
  readonly file: string;
  readonly zip: ZipFile;
  /** Every entry but folders and what macOS adds, in the order of the archive. */
  readonly entries: readonly Entry[];
}

export interface PredictionZip {
  /** The bytes of pred.json, bounded and checked; it ends with an error where the archive is damaged. */
  readonly stream: Readable;
  /** Length of pred.json in bytes. */
  readonly size: number;
  /** Its length inside the archive. */
  readonly compressedSize: number;
  /** CRC-32 of pred.json as the archive states it. */
  readonly crc32: number;
}

/** Opens an archive and reads its table of contents; close `zip` afterwards. */
export async function openZip(file: string, maxEntries = MAX_ENTRIES): Promise<OpenedZip> {
  const source = await ZipSource.open(file).catch((error: unknown) => {
    throw fileError(error, file);
  });
  let zip: ZipFile | undefined;
  try {
    zip = await fromRandomAccessReaderPromise(source, source.size, { autoClose: false });
    if (zip.entryCount > maxEntries) {
      throw new UserError({
        code: 'zip-too-many-entries',
        message: 'The archive holds too many entries',
        file,
        offset: source.at,
        expected: `at most ${maxEntries}`,
        got: `${zip.entryCount}`,
        next: 'check that this is the right file',
      });
    }
    // An error while closing the file comes after everything that matters, and must not end the program.
    zip.on('error', () => undefined);
    const entries: Entry[] = [];
    for await (const entry of zip.eachEntry()) if (!isClutter(entry.fileName)) entries.push(entry);
    return { file, zip, entries };
  } catch (error) {
    if (zip === undefined) source.close(() => undefined);
    else zip.close();
    await refuseLfsPointerFile(file);
    throw zipError(error, file, source.at);
  }
}

/** Folders hold no bytes; `__MACOSX/` and `.DS_Store` are added by the macOS Finder. */
function isClutter(name: string): boolean {
  return name.endsWith('/') || name.startsWith('__MACOSX/') || /(?:^|\/)\.DS_Store$/.test(name);
}

/**
 * Opens the `pred.json` of a Codalab submission.
 *
 * @throws UserError `zip-no-prediction`, `zip-duplicate`, `zip-unexpected-files`, `zip-encrypted`, `zip-method`,
 *   `zip-too-large`, `zip-invalid`, `file-missing`; the stream ends with `zip-damaged` or `zip-too-large`
 */
export async function openPredictionZip(file: string, limits: ZipLimits = {}): Promise<PredictionZip> {
  const opened = await openZip(file);
  try {
    const entry = findPrediction(opened);
    const stream = await openEntry(opened, entry, limits);
    // The archive stays open until its bytes have been read or given up.
    stream.once('close', () => opened.zip.close());
    return { stream, size: entry.uncompressedSize, compressedSize: entry.compressedSize, crc32: entry.crc32 };
  } catch (error) {
    opened.zip.close();
    throw error;
  }
}

function findPrediction({ file, zip, entries }: OpenedZip): Entry {
  const found = entries.filter((entry) => entry.fileName === 'pred.json');
  const others = entries.filter((entry) => entry.fileName !== 'pred.json');
  const expected = 'exactly one file, pred.json, at the top of the archive';
  if (found.length === 0) {
    const nested = others.some((entry) => entry.fileName.endsWith('/pred.json'));
    throw new UserError({
      code: 'zip-no-prediction',
      message:
        zip.entryCount === 0
          ? 'The zip archive is empty'
          : nested
            ? 'pred.json is inside a folder of the archive'
            : 'The archive holds no pred.json',
      file,
      expected,
      got: listNames(others),
      next: 'pack the file itself, from within its folder: zip pred.zip pred.json',
    });
  }
  if (found.length > 1) {
    throw new UserError({
      code: 'zip-duplicate',
      message: 'The archive holds several files of one name',
      file,
      expected,
      got: `${found.length} entries named pred.json`,
      next: 'pack the right one again: zip pred.zip pred.json',
    });
  }
  if (others.length > 0) {
    throw new UserError({
      code: 'zip-unexpected-files',
      message: 'The archive holds more than pred.json',
      file,
      expected,
      got: `also ${listNames(others)}`,
      next: 'pack pred.json alone: zip pred.zip pred.json',
    });
  }
  return found[0]!;
}

function listNames(entries: readonly Entry[]): string {
  if (entries.length === 0) return 'no files';
  const names = entries.slice(0, SHOWN_NAMES).map((entry) => JSON.stringify(entry.fileName));
  const more = entries.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Where errors about an entry point to: its place in the archive, or the end of the file where that lies outside. */
export function offsetOf({ zip }: OpenedZip, entry: Entry): number {
  return Math.min(entry.relativeOffsetOfLocalHeader, zip.fileSize);
}

/** The expanded bytes of one entry: length, ratio and CRC-32 are checked while they pass. */
export async function openEntry(opened: OpenedZip, entry: Entry, limits: ZipLimits = {}): Promise<Readable> {
  const { file } = opened;
  const offset = offsetOf(opened, entry);
  const bounds = { ...DEFAULT_ZIP_LIMITS, ...limits };
  if (entry.isEncrypted()) {
    throw new UserError({
      code: 'zip-encrypted',
      message: `${entry.fileName} is encrypted`,
      file,
      offset,
      expected: 'an archive without a password',
      got: 'an encrypted entry',
      next: REPACK,
    });
  }
  if (!entry.canDecodeFileData()) {
    throw new UserError({
      code: 'zip-method',
      message: `${entry.fileName} is packed by a method that is not supported`,
      file,
      offset,
      expected: 'stored (0) or deflate (8)',
      got: `method ${entry.compressionMethod}`,
      next: REPACK,
    });
  }
  const allowed = Math.min(bounds.maxBytes, Math.max(1, entry.compressedSize) * bounds.maxRatio);
  if (entry.uncompressedSize > allowed) {
    throw new UserError({
      code: 'zip-too-large',
      message: `${entry.fileName} expands to too many bytes`,
      file,
      offset,
      expected: `at most ${allowed} bytes`,
      got: `${entry.uncompressedSize} bytes from ${entry.compressedSize} in the archive`,
      next: entry.fileName.endsWith('.npy')
        ? 'check that this is the right file; an array on its own can be longer: numpy.save'
        : 'check that this is the right file; unpacked, pred.json can be given itself',
    });
  }
  // The packed bytes, so that inflating happens here, in large pieces and with the bound below.
  const packed = await opened.zip
    .openReadStreamPromise(entry, { decodeFileData: false })
    .catch((error: unknown) => {
      throw zipError(error, file, offset);
    });
  const checked = new CheckedBytes(file, entry);
  const fail = (error: Error): void => {
    checked.destroy(zipError(error, file, offset));
  };
  packed.on('error', fail);
  if (entry.compressionMethod === 0) packed.pipe(checked);
  else {
    // Short entries need no long buffer; 64 is the least that zlib takes.
    const chunkSize = Math.min(INFLATE_CHUNK_BYTES, Math.max(64, entry.uncompressedSize));
    const inflate = createInflateRaw({ chunkSize });
    inflate.on('error', fail);
    packed.pipe(inflate).pipe(checked);
    checked.once('close', () => inflate.destroy());
  }
  checked.once('close', () => packed.destroy());
  return checked;
}

/** All bytes of one entry. */
export async function readEntry(opened: OpenedZip, entry: Entry, limits: ZipLimits = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await openEntry(opened, entry, limits)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Hands bytes on while they agree with the table of contents. */
class CheckedBytes extends Transform {
  readonly #file: string;
  readonly #entry: Entry;
  #length = 0;
  #crc = 0;

  constructor(file: string, entry: Entry) {
    super({ highWaterMark: INFLATE_CHUNK_BYTES });
    this.#file = file;
    this.#entry = entry;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#length += chunk.length;
    const declared = this.#entry.uncompressedSize;
    if (this.#length > declared) {
      done(this.#damaged(`${declared} bytes, as the archive states`, 'more'));
      return;
    }
    this.#crc = crc32(chunk, this.#crc);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    const { uncompressedSize, crc32: declared } = this.#entry;
    if (this.#length !== uncompressedSize) {
      done(this.#damaged(`${uncompressedSize} bytes, as the archive states`, `${this.#length} bytes`));
    } else if (this.#crc !== declared) {
      done(this.#damaged(`CRC-32 ${hex(declared)}, as the archive states`, hex(this.#crc)));
    } else done();
  }

  #damaged(expected: string, got: string): UserError {
    return new UserError({
      code: 'zip-damaged',
      message: `${this.#entry.fileName} is damaged inside the archive`,
      file: this.#file,
      offset: this.#entry.relativeOffsetOfLocalHeader,
      expected,
      got,
      next: 'copy or download the file again, or pack it again',
    });
  }
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/** What yauzl and zlib throw, as the user's error. */
function zipError(error: unknown, file: string, offset: number): UserError {
  if (error instanceof UserError) return error;
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code?.startsWith('E') === true && !code.startsWith('ERR_')) return fileError(error, file);
  const inflating = code?.startsWith('Z_') === true;
  return new UserError({
    code: inflating ? 'zip-damaged' : 'zip-invalid',
    message: inflating ? 'The archive is damaged' : 'The file is no zip archive that can be read',
    file,
    offset,
    expected: inflating ? 'deflated bytes' : 'a whole zip archive',
    got: error instanceof Error ? error.message : String(error),
    next: 'copy or download the file again, or pack it again',
    cause: error,
  });
}
