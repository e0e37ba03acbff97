/** NumPy's .npz: a zip archive of .npy files. The table of contents is read at once, each array when it is asked for. */
import type { Readable } from 'node:stream';
import type { Entry } from 'yauzl';
import { UserError } from '../../errors.js';
import type { PickleLimits } from '../pickle/pickle.js';
import { offsetOf, openEntry, openZip, readEntry, type OpenedZip, type ZipLimits } from '../zip/zip.js';
import { MAX_HEADER_BYTES, npyHeaderLength, parseNpyHeader, type NpyHeader } from './npy-header.js';
import { readNpyObjectTexts, readNpyObjects, type NpyObjects } from './npy-objects.js';
import { readNpy, readNpyStrings, type NpyArray } from './npy.js';

/** One array must fit into memory; a JavaScript buffer ends near 4 GiB. */
const DEFAULT_MAX_BYTES = 2 * 2 ** 30;
/** What is not held may be longer; what bounds it is the disk. */
const STREAMED: ZipLimits = { maxBytes: 2 ** 40 };
const SUFFIX = '.npy';
/** Names that an error lists. */
const MAX_LISTED = 30;

export class NpzFile {
  readonly file: string;
  /** Names of the arrays in the order of the archive, without `.npy`. */
  readonly names: readonly string[];
  readonly #opened: OpenedZip;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #limits: ZipLimits;

  constructor(opened: OpenedZip, entries: ReadonlyMap<string, Entry>, limits: ZipLimits) {
    this.file = opened.file;
    this.#opened = opened;
    this.#entries = entries;
    this.#limits = limits;
    this.names = [...entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The names for an error: in quotes where they are unusual, so that nothing reaches a terminal unseen. */
  listNames(): string {
    if (this.names.length === 0) return 'no arrays';
    const shown = this.names
      .slice(0, MAX_LISTED)
      .map((name) => (/^[\w./ -]+$/.test(name) ? name : JSON.stringify(name)));
    return this.names.length > MAX_LISTED
      ? `${shown.join(', ')}, … (${this.names.length})`
      : shown.join(', ');
  }

  /** How errors name an array: the archive, then what is inside. */
  place(name: string): string {
    return `${this.file}:${name}${SUFFIX}`;
  }

  /** Type and shape of an array without its elements. */
  async header(name: string): Promise<NpyHeader> {
    const place = this.place(name);
    const chunks: Buffer[] = [];
    let length = 0;
    let needed = 12;
    const stream = await openEntry(this.#opened, this.#entry(name), STREAMED);
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length >= 12) needed = npyHeaderLength(Buffer.concat(chunks), place);
      if (length >= needed || length > 2 * MAX_HEADER_BYTES) break;
    }
    return parseNpyHeader(Buffer.concat(chunks), place);
  }

  /** Numbers, in C order. */
  async read(name: string): Promise<NpyArray> {
    return readNpy(await this.bytes(name), this.place(name));
  }

  /** Text, integers, or objects that are text, as strings, flat in C order: image names and ids. */
  async strings(name: string): Promise<string[]> {
    const bytes = await this.bytes(name);
    const place = this.place(name);
    const { dtype } = parseNpyHeader(bytes, place);
    return dtype.kind === 'O' ? readNpyObjectTexts(bytes, place) : readNpyStrings(bytes, place);
  }

  /** Python objects as plain values and inert records, flat in C order. */
  async objects(name: string, limits: Omit<PickleLimits, 'start'> = {}): Promise<NpyObjects> {
    return readNpyObjects(await this.bytes(name), this.place(name), limits);
  }

  /** The .npy file itself, for types that are read elsewhere. */
  async bytes(name: string): Promise<Buffer> {
    return readEntry(this.#opened, this.#entry(name), this.#limits);
  }

  /** The same bytes as they come, checked on the way: for arrays that are too long to hold. */
  async stream(name: string): Promise<Readable> {
    return openEntry(this.#opened, this.#entry(name), STREAMED);
  }

  close(): void {
    this.#opened.zip.close();
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    throw new UserError({
      code: 'npz-array-missing',
      message: `The archive holds no array '${name}'`,
      file: this.file,
      expected: name,
      got: this.listNames(),
      next: 'check what wrote the file: numpy.savez(path, name=array)',
    });
  }
}

/**
 * Opens an archive; close it afterwards. Entries that are no `.npy` are left alone.
 *
 * @throws UserError the `zip-*` codes, `npz-duplicate`, `file-missing`; reading adds the `npy-*` codes, for objects
 *   the `pickle-*` codes, and `npz-array-missing`
 */
export async function readNpz(file: string, limits: ZipLimits = {}): Promise<NpzFile> {
  const opened = await openZip(file);
  const entries = new Map<string, Entry>();
  for (const entry of opened.entries) {
    if (!entry.fileName.endsWith(SUFFIX)) continue;
    const name = entry.fileName.slice(0, -SUFFIX.length);
    if (entries.has(name)) {
      opened.zip.close();
      throw new UserError({
        code: 'npz-duplicate',
        message: `The archive holds '${name}' more than once`,
        file,
        offset: offsetOf(opened, entry),
        expected: 'one array of each name',
        got: `several entries named ${entry.fileName}`,
        next: 'write it again with numpy.savez',
      });
    }
    entries.set(name, entry);
  }
  return new NpzFile(opened, entries, { maxBytes: DEFAULT_MAX_BYTES, ...limits });
}
