/** PyTorch's format since 1.6: a zip of `NAME/data.pkl` and of storages that are stored as they are. */
import type { Entry } from 'yauzl';
import { UserError } from '../../errors.js';
import { runPickle } from '../pickle/pickle-machine.js';
import { COPY_AGAIN, PickleSource } from '../pickle/pickle-source.js';
import { offsetOf, openZip, readEntry, type OpenedZip } from '../zip/zip.js';
import type { TensorTable } from './tensor.js';
import { readContent } from './torch-content.js';
import type { StoragePlace } from './torch-storage.js';
import { placed } from './torch-tensor.js';

/** A training checkpoint of a large network has some thousands. */
const MAX_ENTRIES = 1_000_000;
const MAX_PICKLE_BYTES = 256 * 2 ** 20;

export async function readZipTable(path: string, size: number): Promise<TensorTable> {
  const opened = await openZip(path, MAX_ENTRIES).catch((error: unknown) => {
    throw isInvalidZip(error) ? cutOff(error) : error;
  });
  try {
    const root = opened.entries.find(({ fileName }) => /(?:^|\/)data\.pkl$/.test(fileName));
    if (root === undefined) throw noCheckpoint(opened);
    const prefix = root.fileName.slice(0, -'data.pkl'.length);
    const byName = namedEntries(opened);
    await checkByteOrder(opened, byName.get(`${prefix}byteorder`));
    if (byName.has(`${prefix}constants.pkl`)) throw scripted(opened, path);
    const { offset } = await memberPlace(opened, root);
    const bytes = await readEntry(opened, root, { maxBytes: MAX_PICKLE_BYTES });
    const source = new PickleSource(bytes, path, { checkpoint: true, fileStart: offset });
    const content = readContent(runPickle(source), source);
    const places = new Map<string, StoragePlace>();
    for (const key of new Set(content.views.map(({ storage }) => storage.key))) {
      const entry = byName.get(`${prefix}data/${key}`);
      if (entry !== undefined) places.set(key, await memberPlace(opened, entry));
    }
    return {
      format: 'torch-zip',
      tensors: placed(content.views, places, size, path),
      others: content.others,
    };
  } finally {
    opened.zip.close();
  }
}

function isInvalidZip(error: unknown): error is UserError {
  return error instanceof UserError && error.code === 'zip-invalid';
}

/** The table of contents stands at the end, which is what lacks when a download stops. */
function cutOff({ file = '', offset = 0, got = '', cause }: UserError): UserError {
  return new UserError({
    code: 'checkpoint-truncated',
    message: 'The checkpoint is cut off or damaged: its table of contents cannot be read',
    file,
    offset,
    expected: 'a table of contents at the end of the file',
    got,
    next: COPY_AGAIN,
    cause,
  });
}

function namedEntries(opened: OpenedZip): Map<string, Entry> {
  const byName = new Map<string, Entry>();
  for (const entry of opened.entries) {
    if (byName.has(entry.fileName)) {
      throw new UserError({
        code: 'checkpoint-damaged',
        message: `The checkpoint holds ${entry.fileName} more than once`,
        file: opened.file,
        offset: offsetOf(opened, entry),
        expected: 'one member of each name',
        got: 'several',
        next: COPY_AGAIN,
      });
    }
    byName.set(entry.fileName, entry);
  }
  return byName;
}

function noCheckpoint({ file, entries }: OpenedZip): UserError {
  return new UserError({
    code: 'checkpoint-content',
    message: 'The zip archive is no PyTorch checkpoint',
    file,
    offset: 0,
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
    offset: 0,
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
async function memberPlace(opened: OpenedZip, entry: Entry): Promise<StoragePlace> {
  const { file, zip } = opened;
  const offset = offsetOf(opened, entry);
  if (entry.compressionMethod !== 0 || entry.isEncrypted()) {
    throw new UserError({
      code: 'checkpoint-compressed',
      message: `${entry.fileName} is compressed inside the checkpoint`,
      file,
      offset,
      expected: 'members as torch.save writes them: stored',
      got: entry.isEncrypted() ? 'encrypted' : `method ${entry.compressionMethod}`,
      next: 'give the file that torch.save wrote; a checkpoint that was packed again cannot be used in place',
    });
  }
  const header = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch((cause: unknown) => {
    throw new UserError({
      code: 'checkpoint-truncated',
      message: `${entry.fileName} is not where the checkpoint's table says`,
      file,
      offset,
      expected: 'the header of a stored file',
      got: cause instanceof Error ? cause.message : String(cause),
      next: COPY_AGAIN,
      cause,
    });
  });
  return { offset: header.fileDataStart, length: entry.uncompressedSize };
}
