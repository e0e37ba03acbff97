/** PyTorch's format since 1.6: a zip of `NAME/data.pkl` and of storages that are stored as they are. */
import type { Entry } from 'yauzl';
import { UserError } from '../../errors.js';
import { runPickle } from '../pickle/pickle-machine.js';
import { PickleSource } from '../pickle/pickle-source.js';
import { offsetOf, openZip, readEntry, type OpenedZip } from '../zip/zip.js';
import { placed, readContent, type StoragePlace } from './torch-content.js';
import type { TensorTable } from './tensor.js';

/** A training checkpoint of a large network has some thousands. */
const MAX_ENTRIES = 1_000_000;
const MAX_PICKLE_BYTES = 256 * 2 ** 20;

export async function readZipTable(path: string, size: number): Promise<TensorTable> {
  const opened = await openZip(path, MAX_ENTRIES);
  try {
    const root = opened.entries.find(({ fileName }) => /(?:^|\/)data\.pkl$/.test(fileName));
    if (root === undefined) throw noCheckpoint(opened);
    const prefix = root.fileName.slice(0, -'data.pkl'.length);
    const byName = new Map(opened.entries.map((entry) => [entry.fileName, entry]));
    await checkByteOrder(opened, byName.get(`${prefix}byteorder`));
    if (byName.has(`${prefix}constants.pkl`)) throw scripted(opened, path);
    const bytes = await readEntry(opened, root, { maxBytes: MAX_PICKLE_BYTES });
    const content = readContent(runPickle(new PickleSource(bytes, path, { checkpoint: true })), path);
    const places = new Map<string, StoragePlace>();
    for (const key of new Set(content.views.map(({ storage }) => storage))) {
      const entry = byName.get(`${prefix}data/${key}`);
      if (entry !== undefined) places.set(key, await storagePlace(opened, entry));
    }
    return {
      format: 'torch-zip',
      tensors: placed(content.views, ({ storage }) => places.get(storage), size, path),
      others: content.others,
    };
  } finally {
    opened.zip.close();
  }
}

function noCheckpoint({ file, entries }: OpenedZip): UserError {
  return new UserError({
    code: 'checkpoint-content',
    message: 'The zip archive is no PyTorch checkpoint',
    file,
    expected: 'NAME/data.pkl in it',
    got:
      entries.length === 0
        ? 'nothing'
        : entries
            .slice(0, 5)
            .map(({ fileName }) => JSON.stringify(fileName))
            .join(', '),
    next: 'give the file that torch.save wrote; if it is in the archive, unpack it',
  });
}

function scripted({ file }: OpenedZip, path: string): UserError {
  return new UserError({
    code: 'checkpoint-scripted',
    message: 'The file is a TorchScript program, not a table of weights',
    file,
    expected: 'a file of torch.save(model.state_dict(), …)',
    got: 'an archive of torch.jit.save',
    next: `save its weights: torch.save(torch.jit.load(${JSON.stringify(path)}).state_dict(), "model.pth")`,
  });
}

async function checkByteOrder(opened: OpenedZip, entry: Entry | undefined): Promise<void> {
  if (entry === undefined) return;
  const order = (await readEntry(opened, entry, { maxBytes: 64 })).toString('latin1').trim();
  if (order === 'little') return;
  throw new UserError({
    code: 'checkpoint-byte-order',
    message: 'The checkpoint was written on a machine with the other order of bytes',
    file: opened.file,
    offset: offsetOf(opened, entry),
    expected: 'little',
    got: order,
    next: 'load and save it again on the machine you use',
  });
}

/** The local header tells where the bytes begin: PyTorch pads it, and the table of contents does not say so. */
async function storagePlace({ file, zip }: OpenedZip, entry: Entry): Promise<StoragePlace> {
  if (entry.compressionMethod !== 0 || entry.isEncrypted()) {
    throw new UserError({
      code: 'checkpoint-compressed',
      message: `${entry.fileName} is compressed inside the checkpoint`,
      file,
      offset: Math.min(entry.relativeOffsetOfLocalHeader, zip.fileSize),
      expected: 'storages as torch.save writes them: stored',
      got: `method ${entry.compressionMethod}`,
      next: 'give the file that torch.save wrote; a checkpoint that was packed again cannot be used in place',
    });
  }
  const offset = await new Promise<number>((done, fail) =>
    zip.readLocalFileHeader(entry, { minimal: true }, (error, header) =>
      error ? fail(damaged(file, entry, zip.fileSize, error)) : done(header.fileDataStart),
    ),
  );
  return { offset, length: entry.uncompressedSize };
}

function damaged(file: string, entry: Entry, size: number, error: Error): UserError {
  return new UserError({
    code: 'checkpoint-truncated',
    message: `${entry.fileName} is not where the checkpoint's table says`,
    file,
    offset: Math.min(entry.relativeOffsetOfLocalHeader, size),
    expected: 'the header of a stored file',
    got: error.message,
    next: 'copy or download the checkpoint again',
    cause: error,
  });
}
