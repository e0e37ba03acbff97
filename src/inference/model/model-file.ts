/** The model as a file: is it there, and which one is it. */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../errors.js';
import { refuseLfsPointerFile } from '../../files/lfs-pointer.js';
import { openStream, otherKind } from '../../files/open-file.js';

/** @throws UserError where `file` is no file, or the pointer of one. */
export async function requireModelFile(file: string): Promise<void> {
  let info: Stats;
  try {
    info = await stat(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError({
      code: missing ? 'model-missing' : 'model-unreadable',
      message: missing ? 'The model does not exist' : 'The model cannot be read',
      file,
      expected: 'an ONNX file',
      got: error instanceof Error ? error.message : String(error),
      next: missing ? 'check the path' : 'check the permissions of the file',
      cause: error,
    });
  }
  if (!info.isFile()) {
    const other = otherKind(info);
    throw new UserError({
      code: 'model-no-file',
      message: 'The model is no file',
      file,
      expected: 'an ONNX file',
      got: other ?? 'a folder',
      next: other === null ? 'give the path of the .onnx file in it' : 'write the model to a file first',
    });
  }
  await refuseLfsPointerFile(file);
}

/** SHA-256 of a file in hexadecimal, read as a stream: checkpoints reach gigabytes. */
export async function sha256OfFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(await openStream(file, 1 << 20), hash, signal ? { signal } : {});
  return hash.digest('hex');
}
